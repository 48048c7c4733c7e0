package openapi

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Doubts are mistakes in the description that do not keep it from being read: words that are probably misspelled, and
// values of the wrong kind. Each says what is made of it. Nothing that has a meaning in some version is a doubt.
func (d *Description) Doubts() strict.Problems {
	l := doubter{two: d.two}
	l.found = append(l.found, d.root.file.doubts...)
	l.object(d.root, rootForm)
	slices.SortStableFunc(l.found, func(a, b strict.Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return l.found
}

// types are the types of schemas; file comes from OpenAPI 2.0.
var types = []string{"string", "number", "integer", "boolean", "array", "object", "null", "file"}

// meant are types that other languages have.
var meant = map[string]string{
	"str": "string", "text": "string", "varchar": "string", "char": "string", "uuid": "string", "date": "string", "datetime": "string",
	"date-time": "string", "timestamp": "string", "enum": "string", "password": "string", "binary": "string", "url": "string", "email": "string",
	"int": "integer", "int32": "integer", "int64": "integer", "long": "integer", "short": "integer", "bigint": "integer",
	"float": "number", "double": "number", "decimal": "number", "bool": "boolean",
	"list": "array", "dict": "object", "map": "object", "json": "object",
}

// MeantType is the type that a schema names, or the one that it probably means; empty if nobody can tell.
func MeantType(name string) string {
	if slices.Contains(types, name) {
		return name
	}
	small := strings.ToLower(name)
	if slices.Contains(types, small) {
		return small
	}
	if known := meant[small]; known != "" {
		return known
	}
	near, _ := strict.Nearest(name, types)
	return near
}

// places are where a parameter may be; the last two come from OpenAPI 2.0.
var places = []string{"path", "query", "header", "cookie", "body", "formData"}

// styles are how parameters are written.
var styles = []string{"form", "simple", "label", "matrix", "spaceDelimited", "pipeDelimited", "deepObject"}

// doubter looks for doubts.
type doubter struct {
	two   bool
	found strict.Problems
}

// maxDoubts bounds the doubts about one description.
const maxDoubts = 20

func (l *doubter) doubt(n *Node, format string, args ...any) {
	if len(l.found) == maxDoubts {
		return
	}
	l.found = append(l.found, strict.Problem{File: n.file.name, Line: n.Line, Column: n.Column, Text: fmt.Sprintf(format, args...)})
}

// object looks at an object of a form, and at everything in it.
func (l *doubter) object(n *Node, name formName) {
	if n == nil || n.Kind != Map || n.Get("$ref").String() != "" || len(l.found) == maxDoubts {
		return
	}
	f := forms[name]
	for i, key := range n.Keys {
		if strings.HasPrefix(key, "x-") {
			continue
		}
		value := n.Items[i]
		w, known := f.words[key]
		if !known {
			l.unknown(value, key, f)
			continue
		}
		if value.Kind != Null && len(w.kinds) > 0 && !slices.Contains(w.kinds, value.Kind) {
			l.doubt(value, "%s: expected %s, found %s; it is passed over", key, kindNames[w.kinds[0]], kindNames[value.Kind])
			continue
		}
		switch {
		case w.of == "":
		case w.each && (value.Kind == Map || value.Kind == List):
			for _, inner := range value.Items {
				l.object(inner, w.of)
			}
		default:
			l.object(value, w.of)
		}
	}
	switch name {
	case rootForm:
		l.paths(n.Get("paths"))
	case parameterForm:
		l.parameter(n)
	case schemaForm:
		l.schema(n)
	}
}

// unknown looks at a key that the form does not have. It doubts only a key that is probably misspelled.
func (l *doubter) unknown(value *Node, key string, f form) {
	if len(key) < f.least {
		return
	}
	if near, ok := strict.Nearest(key, f.names); ok {
		l.doubt(value, "%s has no %s, and it is passed over; did you mean %q?", f.what, strict.Quote(key), near)
	}
}

// paths looks at the keys of paths.
func (l *doubter) paths(n *Node) {
	if n == nil || n.Kind != Map {
		return
	}
	for i, path := range n.Keys {
		if !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "x-") && n.Items[i].Kind == Map {
			l.doubt(n.Items[i], "paths: %s does not begin with /, and is passed over", strict.Quote(path))
		}
	}
}

// parameter looks at the words of a parameter.
func (l *doubter) parameter(n *Node) {
	in := n.Get("in")
	switch {
	case in == nil || in.Kind != Text:
		l.doubt(n, "the parameter %s has no in, and is left out; choose one of: %s", strict.Quote(n.Get("name").String()), strings.Join(places[:4], ", "))
	case !slices.Contains(places, in.Text):
		l.doubt(in, "in: %s is no place of a parameter, and it is left out%s", strict.Quote(in.Text), strict.Suggest(in.Text, places))
	case !l.two && slices.Index(places, in.Text) > 3:
		l.doubt(in, "in: %s is of OpenAPI 2.0, and the parameter is left out; write a requestBody", in.Text)
	}
	if style := n.Get("style"); style.String() != "" && !slices.Contains(styles, style.Text) {
		l.doubt(style, "style: %s is no style, and the usual one is taken%s", strict.Quote(style.Text), strict.Suggest(style.Text, styles))
	}
	if l.two {
		l.types(n.Get("type"))
	}
}

// schema looks at the words of a schema.
func (l *doubter) schema(n *Node) {
	l.types(n.Get("type"))
	if required := n.Get("required"); required != nil && required.Kind == Bool && required.Is() {
		l.doubt(required, "required: expected a list of names, found true; name the property under required of the object around it")
	}
}

// types looks at a type, or a list of types.
func (l *doubter) types(n *Node) {
	if n == nil {
		return
	}
	list := n.Items
	if n.Kind == Text {
		list = []*Node{n}
	}
	for _, t := range list {
		switch meant := MeantType(t.String()); {
		case t.Kind != Text || meant == t.Text:
		case meant == "":
			l.doubt(t, "type: %s is no type, and nothing is known of the value%s", strict.Quote(t.Text), strict.Suggest(t.Text, types[:7]))
		default:
			l.doubt(t, "type: %s is no type; %s is assumed", strict.Quote(t.Text), meant)
		}
	}
}
