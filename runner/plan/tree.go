package plan

import (
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Tree is a profile.Tree with its variables resolved. Its texts are not escaped: whoever sends the tree
// escapes them for their place.
type Tree struct {
	Kind  profile.TreeKind
	Text  Text   // of a text; the JSON of a number, a truth value or null
	Keys  []Text // of a mapping, one for each of Items
	Items []Tree
	Place strict.Place
	Named strict.Place // where its key stands, if it has one
}

// Tree resolves a tree.
func (r *Resolver) Tree(t profile.Tree) Tree {
	return treeOf(t, func(t profile.Template) Text { return r.Text(t, Plain) })
}

// treeOf is a tree with its texts made by text.
func treeOf(t profile.Tree, text func(profile.Template) Text) Tree {
	made := Tree{Kind: t.Kind, Place: t.Place, Named: t.Named}
	switch t.Kind {
	case profile.TextTree:
		made.Text = text(t.Text)
	case profile.NumberTree, profile.BoolTree, profile.NullTree:
		made.Text = Lit(string(t.Text))
	}
	for _, key := range t.Keys {
		made.Keys = append(made.Keys, text(key))
	}
	for _, item := range t.Items {
		made.Items = append(made.Items, treeOf(item, text))
	}
	return made
}

// Scalar says how a value of a type is written in JSON.
type Scalar uint8

// The types of scalars. Anything is the zero value, and stands for lists and mappings too.
const (
	Anything Scalar = iota // a text that is one variable is sent as what the variable holds
	String                 // a text stays one, whatever its variables hold
	Number                 // a text that reads as a number loses its quotes
	Boolean                // a text that reads as true or false loses its quotes
)

// Declared is the type that something declares for a tree, such as a GraphQL operation for its
// variables. A nil Declared is unknown: anything.
type Declared interface {
	Scalar() Scalar
	Field(name string) Declared // of a mapping's value
	Item() Declared             // of a list's values
}

// JSON is the tree as JSON. Texts are written as their declared type asks, everything else as in the
// profile.
func (t Tree) JSON(declared Declared) Text { return Join(t.json(declared)) }

func (t Tree) json(declared Declared) Text {
	switch t.Kind {
	case profile.TextTree:
		scalar := Anything
		if declared != nil {
			scalar = declared.Scalar()
		}
		return t.Text.inJSON(scalar)
	case profile.ListTree:
		var item Declared
		if declared != nil {
			item = declared.Item()
		}
		list := Lit("[")
		for i, each := range t.Items {
			list = append(append(list, comma(i)...), each.json(item)...)
		}
		return append(list, Lit("]")...)
	case profile.MappingTree:
		mapping := Lit("{")
		for i, each := range t.Items {
			var field Declared
			if name, fixed := t.Keys[i].Static(); declared != nil && fixed {
				field = declared.Field(name)
			}
			mapping = append(append(mapping, comma(i)...), t.Keys[i].quoted()...)
			mapping = append(append(mapping, Lit(":")...), each.json(field)...)
		}
		return append(mapping, Lit("}")...)
	}
	return t.Text
}

// comma separates the i-th item from the one before.
func comma(i int) Text {
	if i == 0 {
		return nil
	}
	return Lit(",")
}

// inJSON is a text as JSON for a declared type. For Anything, generated texts and literals get quotes; saved
// values, cells and numbers get them only if they need them.
func (t Text) inJSON(declared Scalar) Text {
	if fixed, ok := t.Static(); ok {
		if declared == Number && profile.IsNumber(fixed) || declared == Boolean && isBool(fixed) {
			return Lit(fixed)
		}
		return t.quoted()
	}
	if len(t) > 1 {
		return t.quoted()
	}
	whole := t[0]
	switch isNumber := whole.Kind == Generated && whole.Generator.Kind.Numeric(); {
	case declared == String:
		whole.Escape = JSONText
	case isNumber: // or an array of them: as it is
	case declared == Anything:
		whole.Escape = JSONWhole
	default:
		whole.Escape = JSONBare
	}
	return Text{whole}
}

// quoted is a text as a string of JSON.
func (t Text) quoted() Text {
	quoted := Lit(`"`)
	for _, part := range t {
		if part.Kind == Literal {
			part.Literal = escapeLiteral(part.Literal, JSON)
		}
		part.Escape = JSON
		quoted = append(quoted, part)
	}
	return append(quoted, Lit(`"`)...)
}

// IsBare reports whether a text reads as a number or a truth value of JSON.
func IsBare(text string) bool { return isBool(text) || profile.IsNumber(text) }

func isBool(text string) bool { return text == "true" || text == "false" }

// IsWhole reports whether the text is a whole value of JSON, with quotes only if it needs them.
func (e Escape) IsWhole() bool { return e == JSONWhole || e == JSONText || e == JSONBare }

// IsZero reports whether nothing was written.
func (t Tree) IsZero() bool { return t.Kind == profile.NoTree }
