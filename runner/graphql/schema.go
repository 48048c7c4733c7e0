package graphql

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// Schema is what a service knows.
type Schema struct {
	*ast.Schema
	// Notes say what was passed over to read it, a sentence each.
	Notes []string
}

// ParseSchema reads a schema: SDL, or the JSON of an introspection. Published schemas may define something
// twice, or use directives that they do not define. Those are passed over, with a note.
func ParseSchema(name string, data []byte) (*Schema, *Problem) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch {
	case len(data) > maxSchema:
		return nil, &Problem{name, 1, 1, "the schema is larger than 64 MiB"}
	case len(bytes.TrimSpace(data)) == 0:
		return nil, &Problem{name, 1, 1, "the schema is empty"}
	}
	introspected := bytes.HasPrefix(bytes.TrimSpace(data), []byte("{"))
	text := string(data)
	if introspected {
		var wrong string
		if text, wrong = fromIntrospection(data); wrong != "" {
			return nil, &Problem{name, 1, 1, wrong}
		}
	}
	source := &ast.Source{Name: name, Input: text}
	doc, err := parser.ParseSchemaWithLimit(source, maxWords)
	if err != nil {
		return nil, schemaProblem(source, err, introspected)
	}
	s := &Schema{}
	s.clean(doc)
	prelude := validator.PreludeDocument()
	prelude.Definitions = slices.DeleteFunc(prelude.Definitions, func(d *ast.Definition) bool { return doc.Definitions.ForName(d.Name) != nil })
	prelude.Merge(doc)
	if s.Schema, err = validator.ValidateSchemaDocument(prelude); err != nil {
		return nil, schemaProblem(source, err, introspected)
	}
	if s.Query == nil {
		return nil, &Problem{name, 1, 1, "the schema has no type Query; is it a part of one?"}
	}
	return s, nil
}

func schemaProblem(source *ast.Source, err error, introspected bool) *Problem {
	p := syntaxProblem(source, gqlerror.WrapIfUnwrapped(err), inSchemas)
	if introspected { // its line is in generated SDL, which nobody has seen
		p.Line, p.Column = 1, 1
	}
	return &p
}

// note adds a sentence to Notes.
func (s *Schema) note(at *ast.Position, format string, args ...any) {
	const most = 20
	if len(s.Notes) < most {
		s.Notes = append(s.Notes, fmt.Sprintf("%s:%d:%d: ", at.Src.Name, at.Line, at.Column)+fmt.Sprintf(format, args...))
	}
}

// clean drops second definitions, and directives on definitions: servers put their own there. It keeps
// the three that change what a client may send.
func (s *Schema) clean(doc *ast.SchemaDocument) {
	seen := map[string]bool{}
	twice := func(at *ast.Position, what string) bool {
		if seen[what] {
			s.note(at, "%s is there twice; the first counts", what)
			return true
		}
		seen[what] = true
		return false
	}
	doc.Definitions = slices.DeleteFunc(doc.Definitions, func(d *ast.Definition) bool { return twice(d.Position, "the type "+d.Name) })
	doc.Directives = slices.DeleteFunc(doc.Directives, func(d *ast.DirectiveDefinition) bool { return twice(d.Position, "the directive @"+d.Name) })
	for _, defs := range []ast.DefinitionList{doc.Definitions, doc.Extensions} {
		for _, def := range defs {
			def.Directives = known(def.Directives)
			def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool {
				f.Directives = known(f.Directives)
				for _, a := range f.Arguments {
					a.Directives = known(a.Directives)
				}
				return twice(f.Position, "the field "+def.Name+"."+f.Name)
			})
			def.EnumValues = slices.DeleteFunc(def.EnumValues, func(v *ast.EnumValueDefinition) bool {
				v.Directives = known(v.Directives)
				return twice(v.Position, "the value "+def.Name+"."+v.Name)
			})
		}
	}
	for _, defs := range []ast.SchemaDefinitionList{doc.Schema, doc.SchemaExtension} {
		for _, def := range defs {
			def.Directives = nil
		}
	}
	for _, def := range doc.Directives {
		for _, a := range def.Arguments {
			a.Directives = known(a.Directives)
		}
	}
}

// known are the directives that change what a client may send.
func known(all ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(all, func(d *ast.Directive) bool {
		return !slices.Contains([]string{"deprecated", "oneOf", "specifiedBy"}, d.Name)
	})
}

// SDL is a schema as SDL: the data itself, or what an introspection says. The data must have been read by
// ParseSchema.
func SDL(data []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return data
	}
	sdl, _ := fromIntrospection(data)
	return []byte(sdl)
}
