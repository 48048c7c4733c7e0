package message

import (
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Template compiles a message that the method takes. The zero Tree is an empty message; at is its place.
func (m *Method) Template(t plan.Tree, at strict.Place) (*Template, strict.Problems) {
	if t.IsZero() {
		t.Kind, t.Place = profile.MappingTree, at
	}
	c := &compiler{types: m.types, root: t.Place.Key}
	if i := strings.LastIndexByte(c.root, '.'); i >= 0 {
		c.root = c.root[:i+1]
	}
	nodes := c.whole(t, m.of.Input())
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return &Template{join(nodes)}, nil
}

// compiler turns one tree into nodes.
type compiler struct {
	types    *Types
	root     string // the part that sentences of a run leave out of paths
	problems strict.Problems
}

func (c *compiler) problem(t plan.Tree, format string, args ...any) {
	c.problems = append(c.problems, t.Place.Problem(format, args...))
}

// wrong is the sentence about a value that does not fit during the run.
func (c *compiler) wrong(t plan.Tree, what string) string {
	return strings.TrimPrefix(t.Place.Key, c.root) + ": the value is no " + what
}

// whole compiles a message without a tag and a length.
func (c *compiler) whole(t plan.Tree, d protoreflect.MessageDescriptor) []node {
	switch {
	case isWellKnown(d):
		return c.wellKnown(t, d)
	case t.Kind == profile.TextTree && isVariable(t.Text):
		return []node{{kind: someJSON, text: t.JSON(nil), parse: d, types: c.types, wrong: c.wrong(t, string(d.FullName()))}}
	case t.Kind != profile.MappingTree:
		c.problem(t, "expected a mapping with the fields of %s, found %s", d.FullName(), shown(t))
		return nil
	}
	return c.fields(t, d)
}

// isVariable reports whether a text is one variable.
func isVariable(t plan.Text) bool { return len(t) == 1 && t[0].Kind != plan.Literal }

// fields compiles the keys of a mapping.
func (c *compiler) fields(t plan.Tree, d protoreflect.MessageDescriptor) (nodes []node) {
	given := map[protoreflect.FieldNumber]string{}
	chosen := map[protoreflect.Name]string{}
	for i, key := range t.Keys {
		name, fixed := key.Static()
		value := t.Items[i]
		wrong := func(format string, args ...any) {
			c.problems = append(c.problems, value.Named.Problem(format, args...))
		}
		if !fixed {
			wrong("the name of a field cannot contain variables")
			continue
		}
		f := c.field(d, name)
		if f == nil {
			wrong("%s has no field %s%s", d.FullName(), strict.Quote(name), strict.Suggest(name, fieldNames(d)))
			continue
		}
		if before, twice := given[f.Number()]; twice {
			wrong("%s and %s are the same field; give one", before, name)
			continue
		}
		given[f.Number()] = name
		if isNull(value, f) {
			continue
		}
		if one := f.ContainingOneof(); one != nil && !one.IsSynthetic() {
			if other := chosen[one.Name()]; other != "" {
				c.problem(t, "the oneof %s has %s and %s; give one", one.Name(), other, name)
			}
			chosen[one.Name()] = name
		}
		nodes = append(nodes, c.of(value, f)...)
	}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if _, there := given[f.Number()]; f.Cardinality() == protoreflect.Required && !there {
			c.problem(t, "%s needs the field %s, which is required", d.FullName(), f.Name())
		}
	}
	return nodes
}

// isNull reports whether a value leaves its field out. Two types have null as a value.
func isNull(t plan.Tree, f protoreflect.FieldDescriptor) bool {
	if t.Kind != profile.NullTree || f.IsList() || f.IsMap() {
		return t.Kind == profile.NullTree
	}
	isValue := f.Message() != nil && f.Message().FullName() == dynamicValue
	return !isValue && (f.Enum() == nil || f.Enum().FullName() != nullValue)
}

// field finds a field by its name in JSON or in the .proto, and an extension by its full name in brackets.
func (c *compiler) field(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if full, ok := strings.CutPrefix(name, "["); ok && strings.HasSuffix(full, "]") {
		extension, err := c.types.types.FindExtensionByName(protoreflect.FullName(strings.TrimSuffix(full, "]")))
		if err != nil || extension.TypeDescriptor().ContainingMessage().FullName() != d.FullName() {
			return nil
		}
		return extension.TypeDescriptor()
	}
	return fieldByName(d, name)
}

// fieldByName finds a field by its name in JSON or in the .proto.
func fieldByName(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	if f := d.Fields().ByTextName(name); f != nil {
		return f
	}
	return d.Fields().ByName(protoreflect.Name(name))
}

func fieldNames(d protoreflect.MessageDescriptor) (names []string) {
	for i := range d.Fields().Len() {
		names = append(names, d.Fields().Get(i).TextName())
	}
	return names
}

// of compiles the value of a field.
func (c *compiler) of(t plan.Tree, f protoreflect.FieldDescriptor) []node {
	switch {
	case f.IsList() || f.IsMap():
		if t.Kind == profile.TextTree && isVariable(t.Text) {
			return c.variable(t, f)
		}
		if f.IsMap() {
			return c.entries(t, f)
		}
		return c.list(t, f)
	case f.Message() != nil:
		return c.message(t, f)
	}
	return c.scalar(t, f, tagOf(f))
}

func tagOf(f protoreflect.FieldDescriptor) []byte {
	return protowire.AppendTag(nil, f.Number(), scalarType(f))
}

func scalarType(f protoreflect.FieldDescriptor) protowire.Type {
	return (&scalar{kind: f.Kind()}).wireType()
}

// variable compiles a list or a map that is one variable.
func (c *compiler) variable(t plan.Tree, f protoreflect.FieldDescriptor) []node {
	isFloats := t.Text[0].Kind == plan.Generated && t.Text[0].Generator.Kind == profile.Floats
	isFloat := f.Kind() == protoreflect.FloatKind || f.Kind() == protoreflect.DoubleKind
	if isFloats && isFloat && f.IsPacked() && f.IsList() {
		tag := protowire.AppendTag(nil, f.Number(), protowire.BytesType)
		return []node{{kind: aVector, literal: tag, text: t.Text, scalar: scalarOf(f), wrong: c.wrong(t, "list of "+f.Kind().String())}}
	}
	name := f.JSONName()
	if f.IsExtension() {
		name = "[" + string(f.FullName()) + "]"
	}
	text := plan.Join(plan.Lit(`{`+profile.QuoteJSON(name)+`:`), t.JSON(nil), plan.Lit(`}`))
	what := "list"
	if f.IsMap() {
		what = "map"
	}
	return []node{{kind: someJSON, text: text, parse: f.ContainingMessage(), partly: true, types: c.types, wrong: c.wrong(t, what+" for "+string(f.Name()))}}
}

// list compiles the values of a repeated field.
func (c *compiler) list(t plan.Tree, f protoreflect.FieldDescriptor) (nodes []node) {
	if t.Kind != profile.ListTree {
		c.problem(t, "expected a list, found %s", shown(t))
		return nil
	}
	for _, item := range t.Items {
		switch {
		case isNull(item, single{f}):
			c.problem(item, "a list cannot contain null")
		case f.Message() != nil:
			nodes = append(nodes, c.message(item, f)...)
		case f.IsPacked():
			nodes = append(nodes, c.scalar(item, f, nil)...)
		default:
			nodes = append(nodes, c.scalar(item, f, tagOf(f))...)
		}
	}
	if f.IsPacked() && len(nodes) > 0 {
		return []node{{kind: aMessage, literal: protowire.AppendTag(nil, f.Number(), protowire.BytesType), children: nodes}}
	}
	return nodes
}

// single is an item of a list.
type single struct{ protoreflect.FieldDescriptor }

// IsList is false.
func (single) IsList() bool { return false }

// entries compiles the entries of a map.
func (c *compiler) entries(t plan.Tree, f protoreflect.FieldDescriptor) (nodes []node) {
	if t.Kind != profile.MappingTree {
		c.problem(t, "expected a mapping, found %s", shown(t))
		return nil
	}
	for i, key := range t.Keys {
		value := t.Items[i]
		entry := c.scalar(plan.Tree{Kind: profile.TextTree, Text: key, Place: value.Place}, f.MapKey(), tagOf(f.MapKey()))
		if isNull(value, f.MapValue()) {
			c.problem(value, "a map cannot contain null")
			continue
		}
		entry = append(entry, c.of(value, f.MapValue())...)
		nodes = append(nodes, node{kind: aMessage, literal: protowire.AppendTag(nil, f.Number(), protowire.BytesType), children: entry})
	}
	return nodes
}

// message compiles a message with its tag, and its length or its end.
func (c *compiler) message(t plan.Tree, f protoreflect.FieldDescriptor) []node {
	if _, fixed := t.Text.Static(); f.Message().FullName() == timestamp && t.Kind == profile.TextTree && !fixed {
		return c.scalar(t, f, tagOf(f))
	}
	inner := c.whole(t, f.Message())
	if f.Kind() == protoreflect.GroupKind {
		begin := node{literal: protowire.AppendTag(nil, f.Number(), protowire.StartGroupType)}
		end := node{literal: protowire.AppendTag(nil, f.Number(), protowire.EndGroupType)}
		return append(append([]node{begin}, inner...), end)
	}
	tag := protowire.AppendTag(nil, f.Number(), protowire.BytesType)
	if len(inner) == 1 && inner[0].kind == someJSON && inner[0].parse == f.Message() {
		inner[0].kind, inner[0].literal, inner[0].leaves = aJSON, tag, mayLack(f)
		return inner
	}
	wrapper := isWrapper(f.Message()) && len(inner) == 1
	if wrapper {
		inner[0].leaves = mayLack(f)
	}
	return []node{{kind: aMessage, literal: tag, children: inner, wrapper: wrapper}}
}

// mayLack reports whether a field may be left out: it is no item of a list, no value of a map and not required.
func mayLack(f protoreflect.FieldDescriptor) bool {
	return f.Cardinality() == protoreflect.Optional && !f.ContainingMessage().IsMapEntry()
}

// scalar compiles a value with its tag. Items of a packed list have none.
func (c *compiler) scalar(t plan.Tree, f protoreflect.FieldDescriptor, tag []byte) []node {
	s := scalarOf(f)
	if t.Kind == profile.NullTree && s.name == nullValue {
		return []node{{literal: append(tag, 0)}}
	}
	if wrong := s.mismatch(t); wrong != "" {
		c.problem(t, "%s", wrong)
		return nil
	}
	text, fixed := t.Text.Static()
	if !fixed {
		if wrong := s.never(t.Text); wrong != "" {
			c.problem(t, "%s", wrong)
			return nil
		}
		value, null := t.Text, plan.Text(nil)
		if isVariable(value) {
			null = t.JSON(nil)
		}
		if null != nil && !s.isText() {
			value, null = null, nil
		}
		return []node{{kind: aScalar, literal: tag, text: value, null: null, leaves: mayLack(f), scalar: s, valid: alwaysValid(value), wrong: c.wrong(t, s.name)}}
	}
	wire, ok := s.append(tag[:len(tag):len(tag)], []byte(text))
	if !ok {
		c.problem(t, "%s", s.explain(text))
		return nil
	}
	return []node{{literal: wire}}
}

// alwaysValid reports whether a text is UTF-8 whatever its values are: generated values are.
func alwaysValid(t plan.Text) bool {
	return !slices.ContainsFunc(t, func(p plan.Part) bool {
		return p.Kind != plan.Generated && (p.Kind != plan.Literal || !utf8.ValidString(p.Literal))
	})
}

// join merges neighbouring literals, and messages that consist of them.
func join(nodes []node) (joined []node) {
	for _, n := range nodes {
		if n.kind == aMessage {
			if n.children = join(n.children); len(n.children) == 0 || len(n.children) == 1 && n.children[0].kind == aLiteral {
				var content []byte
				if len(n.children) == 1 {
					content = n.children[0].literal
				}
				n = node{literal: protowire.AppendBytes(n.literal, content)}
			}
		}
		last := len(joined) - 1
		switch {
		case n.kind != aLiteral || last < 0 || joined[last].kind != aLiteral:
			joined = append(joined, n)
		default:
			joined[last].literal = append(joined[last].literal[:len(joined[last].literal):len(joined[last].literal)], n.literal...)
		}
	}
	return joined
}
