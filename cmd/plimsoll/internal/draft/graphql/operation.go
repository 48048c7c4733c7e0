package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// op is an operation of one root field.
type op struct {
	kind      graphql.Kind
	field     *ast.FieldDefinition
	arguments ast.ArgumentDefinitionList // those that are given
	variables draft.Map
	selection string
	unknown   []unknown
}

// unknown is a value that the schema does not say.
type unknown struct {
	name string // of the argument, or of a field in it: item.id
	mark string // what stands in its place
	of   string // its type
	many bool   // it is a list
}

// operation makes the operation of a root field.
func (w *writer) operation(kind graphql.Kind, f *ast.FieldDefinition) *op {
	o := &op{kind: kind, field: f, selection: w.selectionOf(f.Type.Name())}
	v := &valuer{schema: w.schema, kind: kind}
	for _, a := range f.Arguments {
		required := a.Type.NonNull && a.DefaultValue == nil
		if !required && !isPaging(a) {
			continue
		}
		o.arguments = append(o.arguments, a)
		o.variables = append(o.variables, draft.Entry{Key: a.Name, Value: v.value(a.Type, a.Name, a.Name)})
	}
	o.unknown = v.unknown
	return o
}

// isPaging reports whether an argument bounds a list. Services such as GitHub's demand it, whatever its type
// says.
func isPaging(a *ast.ArgumentDefinition) bool {
	return a.Name == "first" && a.Type.Name() == "Int" && a.Type.Elem == nil
}

// name is the name of the operation.
func (o *op) name() string { return strings.ToUpper(o.field.Name[:1]) + o.field.Name[1:] }

// document is the operation in GraphQL.
func (o *op) document() string {
	var declared, given []string
	for _, a := range o.arguments {
		declared = append(declared, "$"+a.Name+": "+a.Type.String())
		given = append(given, a.Name+": $"+a.Name)
	}
	in := func(list []string) string {
		if len(list) == 0 {
			return ""
		}
		return "(" + strings.Join(list, ", ") + ")"
	}
	head := string(o.kind) + " " + o.name() + in(declared) + " {"
	field := o.field.Name + in(given)
	switch {
	case o.selection == "":
		return head + " " + field + " }"
	case !strings.Contains(o.selection, "\n") && len(head)+len(field)+len(o.selection) < 90:
		return head + " " + field + " { " + strings.TrimSpace(o.selection) + " } }"
	}
	return head + "\n  " + field + " {\n" + o.selection + "\n  }\n}\n"
}

// step is the step that sends the operation.
func (o *op) step() draft.Step {
	s := draft.Step{Keys: draft.Map{{Key: "graphql", Value: o.document()}}}
	if len(o.variables) > 0 {
		s.Keys.Set("variables", o.variables)
	}
	return s
}

// replace puts a text in the place of a mark in the variables.
func (o *op) replace(mark, text string) { replaceIn(o.variables, mark, text) }

func replaceIn(value any, mark, text string) any {
	switch v := value.(type) {
	case draft.Map:
		for i := range v {
			v[i].Value = replaceIn(v[i].Value, mark, text)
		}
	case []any:
		for i := range v {
			v[i] = replaceIn(v[i], mark, text)
		}
	case string:
		if v == mark {
			return text
		}
	}
	return value
}

// Bounds on a selection: descriptions such as GitHub's have objects with a hundred fields.
const (
	maxLeaves  = 15
	maxObjects = 5
)

// selectionOf is the selection of a root field of a type.
func (w *writer) selectionOf(name string) string {
	text, known := w.selections[name]
	if !known {
		text = w.selection(w.schema.Types[name], "    ")
		w.selections[name] = text
	}
	return text
}

// selection lists the fields to ask of a type, in indented lines; empty for a scalar. A type that holds a
// list of others is looked through once.
func (w *writer) selection(def *ast.Definition, indent string) string {
	if def == nil || def.IsLeafType() {
		return ""
	}
	f, of := w.listField(def)
	if f == nil {
		return w.item(def, indent)
	}
	inner := w.item(of, indent+"  ")
	if f.Name == "edges" {
		node := w.schema.Types[of.Fields.ForName("node").Type.Name()]
		inner = indent + "  node {\n" + w.item(node, indent+"    ") + "\n" + indent + "  }"
	}
	lines := append(wrap(w.leaves(def), indent), indent+f.Name+" {\n"+inner+"\n"+indent+"}")
	return strings.Join(lines, "\n")
}

// item lists the fields to ask of an object: its leaves, and those of the objects in it.
func (w *writer) item(def *ast.Definition, indent string) string {
	lines := wrap(w.leaves(def), indent)
	for _, f := range w.objects(def) {
		lines = append(lines, indent+f.Name+" { "+strings.Join(w.leaves(w.schema.Types[f.Type.Name()]), " ")+" }")
	}
	if len(lines) == 0 {
		return indent + "__typename"
	}
	return strings.Join(lines, "\n")
}

// wrap writes names in lines of a bounded length.
func wrap(names []string, indent string) (lines []string) {
	const most = 100
	for _, name := range names {
		if n := len(lines); n > 0 && len(lines[n-1])+len(name) < most {
			lines[n-1] += " " + name
		} else {
			lines = append(lines, indent+name)
		}
	}
	return lines
}

// leaves are the names of the fields of a type that are scalars.
func (w *writer) leaves(def *ast.Definition) (names []string) {
	for _, f := range def.Fields {
		if w.schema.Types[f.Type.Name()].IsLeafType() && isFree(f) && len(names) < maxLeaves {
			names = append(names, f.Name)
		}
	}
	return names
}

// objects are the fields of a type that are one object each, with leaves.
func (w *writer) objects(def *ast.Definition) (list []*ast.FieldDefinition) {
	for _, f := range def.Fields {
		of := w.schema.Types[f.Type.Name()]
		if f.Type.Elem == nil && isFree(f) && (of.Kind == ast.Object || of.Kind == ast.Interface) && len(w.leaves(of)) > 0 && len(list) < maxObjects {
			if lists, _ := w.listField(of); lists == nil {
				list = append(list, f)
			}
		}
	}
	return list
}

// isFree reports whether a field can be asked for without arguments.
func isFree(f *ast.FieldDefinition) bool {
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil {
			return false
		}
	}
	return !isDeprecated(f) && !strings.HasPrefix(f.Name, "__")
}

// listNames are the fields in which a type holds a list of others, such as a connection of Relay.
var listNames = []string{"nodes", "edges", "items", "results", "data", "list", "records", "entries", "objects"}

// listField is the field in which a type holds a list, and the type of its items; nil if it is no such type.
func (w *writer) listField(def *ast.Definition) (*ast.FieldDefinition, *ast.Definition) {
	for _, name := range listNames {
		f := def.Fields.ForName(name)
		if f == nil || f.Type.Elem == nil || !isFree(f) {
			continue
		}
		of := w.schema.Types[f.Type.Name()]
		if of.IsLeafType() || name == "edges" && !w.isEdge(of) {
			continue
		}
		return f, of
	}
	return nil, nil
}

// isEdge reports whether a type is an edge of Relay: it has a node, which is an object.
func (w *writer) isEdge(def *ast.Definition) bool {
	node := def.Fields.ForName("node")
	return node != nil && isFree(node) && !w.schema.Types[node.Type.Name()].IsLeafType()
}
