package strict

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Field is a key of a mapping and how its value is read. Key, Need and Refused make one.
type Field struct {
	name, doc string
	read      Read
	missing   string // what to write when it is not there; empty when it may be left out
	refused   bool
	prefix    bool // name is the beginning of keys that are passed over
}

// Key is a key that may be left out. The doc is shown by editors.
func Key(name, doc string, read Read) Field { return Field{name: name, doc: doc, read: read} }

// Need is a key that must be there; missing says what to write.
func Need(name, doc, missing string, read Read) Field {
	return Field{name: name, doc: doc, read: read, missing: missing}
}

// Refused is a key that somebody may expect and that is not accepted; why says so. It is
// neither suggested nor in the schema.
func (r *Reader) Refused(name, why string) Field {
	return Field{name: name, refused: true, read: func(n *yaml.Node) { r.Problem(n, "%s", why) }}
}

// Aside passes over every key that begins with prefix: a place for anchors.
func Aside(prefix, doc string) Field {
	return Field{name: prefix, doc: doc, prefix: true, read: func(*yaml.Node) {}}
}

// Mapping reads the keys of n. A key that is not among the fields, or comes twice, is a problem.
func (r *Reader) Mapping(n *yaml.Node, fields ...Field) {
	if s := r.describing(n); s != nil {
		r.describeMapping(s, fields)
		return
	}
	byName := map[string]Field{}
	var known, aside []string
	for _, f := range fields {
		switch {
		case f.prefix:
			aside = append(aside, f.name)
			continue
		case !f.refused:
			known = append(known, f.name)
		}
		byName[f.name] = f
	}
	if one := resolve(n); one.Kind != yaml.MappingNode {
		r.Problem(one, "expected a mapping%s, found %s", withKeys(known), found(one))
		return
	}
	slices.Sort(known)
	r.Entries(n, func(key, value *yaml.Node) {
		f, ok := byName[key.Value]
		if !ok && slices.ContainsFunc(aside, func(prefix string) bool { return strings.HasPrefix(key.Value, prefix) }) {
			return
		}
		if !ok {
			r.Problem(key, "unknown key%s", Suggest(key.Value, known))
			return
		}
		f.read(value)
	})
	for _, f := range fields {
		if f.missing != "" && !Has(n, f.name) {
			r.In(f.name, func() { r.Problem(n, "missing; %s", f.missing) })
		}
	}
}

// mostKeys is how many keys a problem names as examples.
const mostKeys = 3

// withKeys says which keys a mapping may have, in the order of the documentation.
func withKeys(known []string) string {
	switch n := len(known); {
	case n == 0:
		return ""
	case n == 1:
		return " with the key " + known[0]
	case n <= mostKeys:
		return " with " + strings.Join(known[:n-1], ", ") + " or " + known[n-1]
	}
	return " with such keys as " + strings.Join(known[:mostKeys-1], ", ") + " and " + known[mostKeys-1]
}

// Has reports whether the mapping n holds a key.
func Has(n *yaml.Node, key string) bool {
	return keyOf(n, key) != nil
}

// Get returns the value of a key, nil when the mapping n does not hold it.
func Get(n *yaml.Node, key string) *yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

// Keys are the keys of the mapping n; none of anything else.
func Keys(n *yaml.Node) (keys []string) {
	if n = resolve(n); n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			keys = append(keys, n.Content[i].Value)
		}
	}
	return keys
}

// keyOf returns the node of a key, nil when the mapping n does not hold it.
func keyOf(n *yaml.Node, key string) *yaml.Node {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i]
		}
	}
	return nil
}

// Later keeps a node, to be read once other keys of the mapping have been.
func Later(to **yaml.Node) Read { return func(n *yaml.Node) { *to = n } }

// Entries reads a mapping with keys of the user's choice. A key that comes twice is a problem.
func (r *Reader) Entries(n *yaml.Node, each func(key, value *yaml.Node)) {
	if s := r.describing(n); s != nil {
		name, value := &Schema{any: true}, &Schema{}
		s.Type, s.AdditionalProperties = "object", value
		each(r.stand(name), r.stand(value))
		if name.Pattern != "" {
			s.PropertyNames = &Schema{Pattern: name.Pattern, PatternHint: name.PatternHint}
		}
		return
	}
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "expected a mapping, found %s", found(n))
		return
	}
	first := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.Problem(key, "expected text as a key, found %s", found(resolve(key)))
			continue
		}
		r.In(key.Value, func() {
			if before, twice := first[key.Value]; twice {
				r.Problem(key, "duplicate key %s; the first is on line %d", Quote(key.Value), before.Line)
				return
			}
			first[key.Value] = key
			each(key, resolve(value))
		})
	}
}

// Filled reads a mapping of at least one key; empty says what to write.
func (r *Reader) Filled(empty string, read Read) Read {
	return func(n *yaml.Node) {
		switch s := r.describing(n); {
		case s != nil:
			read(n)
			s.MinProperties = 1
		case n.Tag == "!!null", n.Kind == yaml.MappingNode && len(n.Content) == 0:
			r.Problem(n, "nothing is written here; %s", empty)
		default:
			read(n)
		}
	}
}

// Sequence reads the items of a list, which may be empty.
func (r *Reader) Sequence(n *yaml.Node, each Read) {
	if s := r.describing(n); s != nil {
		s.Type, s.Items = "array", &Schema{}
		each(r.stand(s.Items))
		return
	}
	n = resolve(n)
	if n.Kind != yaml.SequenceNode {
		r.Problem(n, "expected a list, found %s", found(n))
		return
	}
	for i, item := range n.Content {
		r.In(fmt.Sprintf("[%d]", i), func() { each(resolve(item)) })
	}
}

// NonEmpty reads a list of at least one item; empty says what to write.
func (r *Reader) NonEmpty(n *yaml.Node, empty string, each Read) {
	if n.Tag == "!!null" {
		r.Problem(n, "nothing is written here; %s", empty)
		return
	}
	r.Sequence(n, each)
	if s := r.describing(n); s != nil {
		s.MinItems = 1
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		r.Problem(n, "the list is empty; %s", empty)
	}
}

// OneOrMore reads a value, or a list of such values.
func (r *Reader) OneOrMore(each Read) Read {
	return func(n *yaml.Node) {
		if s := r.describing(n); s != nil {
			one, more := &Schema{}, &Schema{}
			each(r.stand(one))
			r.NonEmpty(r.stand(more), "", each)
			s.AnyOf = append(s.AnyOf, one, more)
			return
		}
		if n.Kind == yaml.SequenceNode {
			r.NonEmpty(n, "write at least one value", each)
			return
		}
		each(n)
	}
}

// Either reads a mapping in its full form, and anything else in its short one.
func (r *Reader) Either(n *yaml.Node, short, full Read) {
	switch s := r.describing(n); {
	case s != nil:
		one, other := &Schema{}, &Schema{}
		short(r.stand(one))
		full(r.stand(other))
		s.AnyOf = append(s.AnyOf, one, other)
	case n.Kind == yaml.MappingNode:
		full(n)
	default:
		short(n)
	}
}

// Choice reads n with one of several readers: pick returns its index.
func (r *Reader) Choice(n *yaml.Node, pick func(n *yaml.Node) int, reads ...Read) {
	s := r.describing(n)
	if s == nil {
		reads[pick(n)](n)
		return
	}
	for _, read := range reads {
		one := &Schema{}
		read(r.stand(one))
		s.AnyOf = append(s.AnyOf, one)
	}
}

// Form is one of several forms of a mapping: the one that holds Key.
type Form struct {
	Key     string
	Read    Read
	Refused string // why this form is not accepted; it is neither read nor in the schema
}

// Forms reads n in the first form whose key it holds; none says what to write when it holds no
// such key.
func (r *Reader) Forms(n *yaml.Node, none string, forms ...Form) {
	if s := r.describing(n); s != nil {
		r.describeForms(s, forms)
		return
	}
	if n = resolve(n); n.Kind != yaml.MappingNode {
		r.Problem(n, "expected a mapping, found %s: %s", found(n), none)
		return
	}
	for _, form := range forms {
		switch key := keyOf(n, form.Key); {
		case key == nil:
			continue
		case form.Refused != "":
			r.Problem(key, "%s", form.Refused)
		default:
			form.Read(n)
		}
		return
	}
	r.Problem(n, "%s%s", none, r.misspelt(n, forms))
}

// Named reads n as read does. The schema has what read accepts only once, under the name, and refers
// to it: several keys may have values of one kind.
func (r *Reader) Named(n *yaml.Node, name string, read Read) {
	s := r.describing(n)
	if s == nil {
		read(n)
		return
	}
	if r.defs[name] == nil {
		r.defs[name] = &Schema{}
		read(r.stand(r.defs[name]))
	}
	s.Ref = "#/$defs/" + name
}

// misspelt ends a sentence with the key of a form that a key of n was probably meant to be.
func (r *Reader) misspelt(n *yaml.Node, forms []Form) string {
	var known []string
	for _, form := range forms {
		if form.Refused == "" {
			known = append(known, form.Key)
		}
	}
	for i := 0; i < len(n.Content) && i < 40; i += 2 {
		if name, ok := Nearest(n.Content[i].Value, known); ok {
			return fmt.Sprintf("; did you mean %q instead of %q?", name, n.Content[i].Value)
		}
	}
	return ""
}

// Exclude notes a problem when the mapping n holds both keys.
func (r *Reader) Exclude(n *yaml.Node, a, b, why string) {
	if s := r.describing(n); s != nil {
		s.AllOf = append(s.AllOf, &Schema{Not: &Schema{Required: []string{a, b}}})
	}
	if Has(n, a) && Has(n, b) {
		r.Problem(n, "%s and %s cannot be combined: %s", a, b, why)
	}
}

// Together notes a problem when the mapping n holds one of the keys without the other.
func (r *Reader) Together(n *yaml.Node, a, b, why string) {
	if s := r.describing(n); s != nil {
		s.DependentRequired = map[string][]string{a: {b}, b: {a}}
	}
	if Has(n, a) != Has(n, b) {
		r.Problem(n, "%s", why)
	}
}

// ExactlyOne notes a problem when the mapping n does not hold exactly one of the keys.
func (r *Reader) ExactlyOne(n *yaml.Node, why string, keys ...string) {
	r.choose(n, 1, why, keys)
}

// AtMostOne notes a problem when the mapping n holds several of the keys.
func (r *Reader) AtMostOne(n *yaml.Node, why string, keys ...string) {
	r.choose(n, 0, why, keys)
}

func (r *Reader) choose(n *yaml.Node, least int, why string, keys []string) {
	if s := r.describing(n); s != nil {
		var held []*Schema
		for _, key := range keys {
			held = append(held, &Schema{Required: []string{key}})
		}
		rule := &Schema{OneOf: held}
		if least == 0 {
			rule.OneOf = append(slices.Clone(held), &Schema{Not: &Schema{AnyOf: held}})
		}
		s.AllOf = append(s.AllOf, rule)
		return
	}
	var held []string
	for _, key := range keys {
		if Has(n, key) {
			held = append(held, key)
		}
	}
	if n = resolve(n); n.Kind != yaml.MappingNode || len(held) == 1 || len(held) == least {
		return
	}
	if len(held) > 1 {
		why = strings.Join(held, " and ") + " cannot be combined: " + why
	}
	r.Problem(n, "%s", why)
}
