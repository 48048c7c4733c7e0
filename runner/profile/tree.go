package profile

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Tree is a value of YAML as it was written: a mapping, a list, or a scalar with its kind. Texts and keys
// hold variables. How a value is sent is decided later, where its declared type is known: "${id}" in a
// JSON body is the value itself, but in a protobuf string it is a text.
type Tree struct {
	Kind  TreeKind
	Text  Template   // TextTree; NumberTree, BoolTree and NullTree have their JSON here, a number with all its digits
	Keys  []Template // MappingTree: in the order of the file, one for each of Items
	Items []Tree     // MappingTree and ListTree
	Place strict.Place
	Named strict.Place // where its key stands, if it has one
}

// TreeKind is the kind of a Tree.
type TreeKind uint8

// The kinds. NoTree is the zero value: nothing was written.
const (
	NoTree TreeKind = iota
	TextTree
	NumberTree
	BoolTree
	NullTree
	ListTree
	MappingTree
)

// Tree reads any value that has a form in JSON. An empty one is a mistake: the null of JSON is written out.
func (r *CallReader) Tree(to *Tree) strict.Read {
	return r.Any(func(n *yaml.Node) {
		if n.Tag == "!!null" && n.Value == "" {
			r.Problem(n, "nothing is written here; write the value, which is null for the null of JSON")
			return
		}
		if t, good := r.reader.tree(n); good {
			*to = t
		}
	})
}

// tree reads a value, and reports whether it has a form in JSON.
func (r *reader) tree(n *yaml.Node) (t Tree, good bool) {
	t.Place, good = r.Place(n), true
	item := func(key, n *yaml.Node) {
		inner, ok := r.tree(n)
		if key != nil {
			inner.Named = r.Place(key)
		}
		t.Items, good = append(t.Items, inner), good && ok
	}
	switch n.Kind {
	case yaml.MappingNode:
		t.Kind = MappingTree
		r.Entries(n, func(key, value *yaml.Node) {
			good = r.checkText(key, key.Value) && good
			t.Keys = append(t.Keys, Template(key.Value))
			item(key, value)
		})
	case yaml.SequenceNode:
		t.Kind = ListTree
		r.Sequence(n, func(n *yaml.Node) { item(nil, n) })
	default:
		kind, text := r.scalar(n)
		t.Kind, t.Text = scalarTrees[kind], Template(text)
		good = kind != NoValue && (kind != TextValue || r.checkText(n, text))
	}
	return t, good
}

var scalarTrees = map[ValueKind]TreeKind{TextValue: TextTree, NumberValue: NumberTree, BoolValue: BoolTree, NullValue: NullTree}

// JSON is the value as JSON. Its variables stay as they are.
func (t Tree) JSON() Template {
	var b strings.Builder
	t.json(&b)
	return Template(b.String())
}

func (t Tree) json(b *strings.Builder) {
	switch t.Kind {
	case MappingTree, ListTree:
		brackets := "[]"
		if t.Kind == MappingTree {
			brackets = "{}"
		}
		b.WriteByte(brackets[0])
		for i, item := range t.Items {
			if i > 0 {
				b.WriteByte(',')
			}
			if t.Kind == MappingTree {
				b.WriteString(quoteTemplate(string(t.Keys[i])) + ":")
			}
			item.json(b)
		}
		b.WriteByte(brackets[1])
	case TextTree:
		b.WriteString(quoteTemplate(string(t.Text)))
	default:
		b.WriteString(string(t.Text))
	}
}

// MarshalJSON returns the JSON that the digest covers: the order of keys and all digits matter. The zero Tree
// is null.
func (t Tree) MarshalJSON() ([]byte, error) {
	if t.Kind == NoTree {
		return []byte("null"), nil
	}
	return []byte(t.JSON()), nil
}

// quoteTemplate is a text with variables as JSON writes it. The variables stay as they are.
func quoteTemplate(text string) string {
	parts := Template(text).Parts()
	for i, part := range parts {
		if part.Variable == "" {
			quoted := QuoteJSON(part.Literal)
			parts[i].Literal = quoted[1 : len(quoted)-1]
		}
	}
	return `"` + string(templateOf(parts)) + `"`
}

// QuoteJSON is a text as JSON writes it, without escapes for HTML.
func QuoteJSON(text string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic("profile: " + err.Error()) // a text
	}
	return strings.TrimSuffix(b.String(), "\n")
}
