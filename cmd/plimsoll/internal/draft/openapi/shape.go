package openapi

import (
	"math"
	"slices"
	"strconv"
	"strings"

	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
)

// shape combines the schemas that one value must fit: a schema and its allOf.
type shape struct {
	types    []string // empty for any
	nullable bool
	readOnly bool
	nothing  bool // the schema false

	examples []*api.Node
	byFault  *api.Node // default
	constant *api.Node
	enum     []*api.Node

	format   string
	patterns []string
	min, max *bound
	multiple string
	minLen   int
	maxLen   int // -1 for any

	items              []*api.Node
	prefix             []*api.Node
	minItems, maxItems int // maxItems: -1 for any
	unique             bool

	names    []string // of the properties, in the order written
	props    map[string][]*api.Node
	required []string
	extra    *api.Node // additionalProperties
	minProps int

	choices       []choice
	discriminator *api.Node
	component     string // the name of the schema that a $ref led to first
}

// bound is a bound of numbers.
type bound struct {
	text   string
	strict bool // the bound itself is outside
}

func (b *bound) float() float64 {
	f, _ := strconv.ParseFloat(b.text, 64) // of a number, at worst infinite
	return f
}

// choice is a oneOf or an anyOf.
type choice struct {
	branches []*api.Node
	one      bool // oneOf
}

// component is the name at the end of a $ref.
func component(n *api.Node) string {
	ref := n.Get("$ref").String()
	return ref[strings.LastIndex(ref, "/")+1:]
}

// shapeOf puts schemas together.
func (m *maker) shapeOf(nodes ...*api.Node) (*shape, error) {
	s := &shape{maxLen: -1, maxItems: -1, props: map[string][]*api.Node{}}
	seen := map[*api.Node]bool{}
	for _, n := range nodes {
		if err := m.add(s, n, seen); err != nil {
			return nil, err
		}
	}
	if len(s.types) == 0 {
		s.types = s.guessed()
	}
	return s, nil
}

// add adds a schema to a shape.
func (m *maker) add(s *shape, n *api.Node, seen map[*api.Node]bool) error {
	if n == nil || seen[n] {
		return nil
	}
	seen[n] = true
	if n.Kind == api.Bool {
		s.nothing = s.nothing || !n.Is()
		return nil
	}
	if ref := n.Get("$ref"); ref != nil && ref.Kind == api.Text {
		if s.component == "" {
			s.component = component(n)
		}
		target, err := m.d.Resolve(n)
		if err != nil {
			return err
		}
		if err := m.add(s, target, seen); err != nil || len(n.Keys) == 1 {
			return err
		}
	}
	s.scalars(n)
	s.object(n)
	s.array(n)
	for _, key := range []string{"oneOf", "anyOf"} {
		if branches := n.Get(key).List(); len(branches) > 0 {
			s.choices = append(s.choices, choice{branches, key == "oneOf"})
		}
	}
	for _, inner := range n.Get("allOf").List() {
		if err := m.add(s, inner, seen); err != nil {
			return err
		}
	}
	return nil
}

// scalars adds the words of a schema about single values.
func (s *shape) scalars(n *api.Node) {
	if t := n.Get("type"); t != nil {
		types := t.Strings()
		if t.Kind == api.Text {
			types = []string{t.Text}
		}
		s.ofTypes(meantTypes(types))
	}
	s.nullable = s.nullable || n.Get("nullable").Is() || n.Get("x-nullable").Is()
	s.readOnly = s.readOnly || n.Get("readOnly").Is()
	for _, key := range []string{"example", "x-example"} {
		if e := n.Get(key); e != nil {
			s.examples = append(s.examples, e)
		}
	}
	s.examples = append(s.examples, n.Get("examples").List()...)
	s.byFault, s.constant = first(s.byFault, n.Get("default")), first(s.constant, n.Get("const"))
	if enum := n.Get("enum").List(); len(enum) > 0 {
		switch {
		case s.enum == nil:
			s.enum = enum
		case len(s.enum)*len(enum) < maxCompared:
			s.enum = slices.DeleteFunc(slices.Clone(s.enum), func(v *api.Node) bool { return !isOneOf(v, enum) })
		}
	}
	if format := n.Get("format").String(); format != "" {
		s.format = format
	}
	if s.format == "" && (n.Get("contentMediaType").String() != "" || n.Get("contentEncoding").String() != "") {
		s.format = "binary"
		if n.Get("contentEncoding").String() == "base64" {
			s.format = "byte"
		}
	}
	if pattern := n.Get("pattern").String(); pattern != "" {
		s.patterns = append(s.patterns, pattern)
	}
	s.bounds(n)
	s.minLen = max(s.minLen, whole(n.Get("minLength"), 0))
	s.maxLen = least(s.maxLen, whole(n.Get("maxLength"), -1))
}

// meantTypes are the types that are known, or probably meant.
func meantTypes(names []string) (types []string) {
	for _, name := range names {
		if meant := api.MeantType(name); meant != "" {
			types = append(types, meant)
		}
	}
	return types
}

// ofTypes keeps the types that are allowed by all schemas.
func (s *shape) ofTypes(types []string) {
	types = slices.Clone(types)
	if slices.Contains(types, "null") && len(types) > 1 {
		s.nullable = true
		types = slices.DeleteFunc(types, func(t string) bool { return t == "null" })
	}
	if len(s.types) == 0 {
		s.types = types
		return
	}
	var both []string
	for _, t := range types {
		if slices.Contains(s.types, t) || t == "integer" && slices.Contains(s.types, "number") {
			both = append(both, t)
		}
	}
	if len(both) > 0 {
		s.types = both
	}
}

// bounds adds bounds of numbers. In OpenAPI 3.0 exclusiveMinimum says whether minimum itself is outside; in 3.1 it is a
// bound of its own.
func (s *shape) bounds(n *api.Node) {
	read := func(plain, exclusive string) *bound {
		b, e := n.Get(plain), n.Get(exclusive)
		found := &bound{strict: true}
		switch {
		case e != nil && e.Kind == api.Number:
			found.text = e.Text
		case b != nil && b.Kind == api.Number:
			found = &bound{b.Text, e.Is()}
		default:
			return nil
		}
		if math.IsInf(found.float(), 0) { // it bounds nothing
			return nil
		}
		return found
	}
	if low := read("minimum", "exclusiveMinimum"); low != nil && (s.min == nil || low.float() >= s.min.float()) {
		s.min = low
	}
	if high := read("maximum", "exclusiveMaximum"); high != nil && (s.max == nil || high.float() <= s.max.float()) {
		s.max = high
	}
	if multiple := n.Get("multipleOf"); multiple != nil && multiple.Kind == api.Number {
		s.multiple = multiple.Text
	}
}

// object adds the words of a schema about objects.
func (s *shape) object(n *api.Node) {
	if props := n.Get("properties"); props != nil && props.Kind == api.Map {
		for i, name := range props.Keys {
			if s.props[name] == nil {
				s.names = append(s.names, name)
			}
			s.props[name] = append(s.props[name], props.Items[i])
		}
	}
	for _, name := range n.Get("required").Strings() {
		if !slices.Contains(s.required, name) {
			s.required = append(s.required, name)
		}
	}
	s.extra = first(s.extra, n.Get("additionalProperties"))
	s.minProps = max(s.minProps, whole(n.Get("minProperties"), 0))
	s.discriminator = first(s.discriminator, n.Get("discriminator"))
}

// array adds the words of a schema about arrays.
func (s *shape) array(n *api.Node) {
	if items := n.Get("items"); items != nil {
		s.items = append(s.items, items)
	}
	if prefix := n.Get("prefixItems").List(); prefix != nil && s.prefix == nil {
		s.prefix = prefix
	}
	s.minItems = max(s.minItems, whole(n.Get("minItems"), 0))
	s.maxItems = least(s.maxItems, whole(n.Get("maxItems"), -1))
	s.unique = s.unique || n.Get("uniqueItems").Is()
}

// guessed are the types that a schema without a type is probably of.
func (s *shape) guessed() []string {
	switch {
	case len(s.names) > 0 || len(s.required) > 0 || s.extra != nil && s.extra.Kind == api.Map || s.minProps > 0:
		return []string{"object"}
	case len(s.items) > 0 || s.prefix != nil:
		return []string{"array"}
	case s.format != "" && (strings.HasPrefix(s.format, "int") || s.format == "float" || s.format == "double"):
		if strings.HasPrefix(s.format, "int") {
			return []string{"integer"}
		}
		return []string{"number"}
	case len(s.patterns) > 0 || s.format != "" || s.minLen > 0 || s.maxLen >= 0:
		return []string{"string"}
	case s.min != nil || s.max != nil || s.multiple != "":
		return []string{"number"}
	}
	return nil
}

// is reports whether values of a type are allowed.
func (s *shape) is(name string) bool { return slices.Contains(s.types, name) }

func first(a, b *api.Node) *api.Node {
	if a != nil {
		return a
	}
	return b
}

// least is the smaller of two bounds, where -1 is none.
func least(a, b int) int {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// whole is a number that is not negative, or otherwise.
func whole(n *api.Node, otherwise int) int {
	if n == nil || n.Kind != api.Number {
		return otherwise
	}
	f, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || f < 0 {
		return otherwise
	}
	return int(min(f, 1e9))
}

// maxCompared bounds how many pairs of values are compared to find those that two schemas list.
const maxCompared = 10_000_000

// isOneOf reports whether a value is one of a list.
func isOneOf(v *api.Node, list []*api.Node) bool {
	return slices.ContainsFunc(list, func(has *api.Node) bool { return equal(v, has) })
}

// equal reports whether two values are the same.
func equal(a, b *api.Node) bool {
	if a.Kind != b.Kind || len(a.Items) != len(b.Items) {
		return false
	}
	switch a.Kind {
	case api.Number:
		x, _ := strconv.ParseFloat(a.Text, 64)
		y, _ := strconv.ParseFloat(b.Text, 64)
		return a.Text == b.Text || x == y
	case api.Map:
		for i, key := range a.Keys {
			other := b.Get(key)
			if other == nil || !equal(a.Items[i], other) {
				return false
			}
		}
		return true
	case api.List:
		for i := range a.Items {
			if !equal(a.Items[i], b.Items[i]) {
				return false
			}
		}
		return true
	}
	return a.Text == b.Text
}
