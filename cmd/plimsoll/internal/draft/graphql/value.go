package graphql

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// valuer makes up values of types.
type valuer struct {
	schema  *graphql.Schema
	kind    graphql.Kind
	within  []string // the input objects around
	unknown []unknown
}

// value is a value of a type, for an argument or a field with a name. path tells it from others of the name.
func (v *valuer) value(t *ast.Type, name, path string) any {
	if t.Elem != nil {
		before := len(v.unknown)
		list := []any{v.value(t.Elem, name, path)}
		for i := range v.unknown[before:] {
			u := &v.unknown[before+i]
			u.many = u.many || u.name == path
		}
		return list
	}
	switch t.NamedType {
	case "Int":
		return v.number(name, path, t)
	case "Float":
		return json.Number("1.5")
	case "Boolean":
		return true
	case "ID":
		return v.miss(path, t)
	case "String":
		return v.text(name, path, t)
	}
	switch def := v.schema.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		for _, value := range def.EnumValues {
			if value.Directives.ForName("deprecated") == nil {
				return value.Name
			}
		}
		return def.EnumValues[0].Name
	case ast.InputObject:
		return v.input(def, path)
	}
	return v.custom(t, path)
}

// miss notes that a value is unknown, and returns what stands in its place.
func (v *valuer) miss(path string, t *ast.Type) string {
	mark := "unknown " + strconv.Itoa(len(v.unknown))
	v.unknown = append(v.unknown, unknown{name: path, mark: mark, of: t.Name()})
	return mark
}

func (v *valuer) number(name, path string, t *ast.Type) any {
	if draft.IsID(name) {
		return v.miss(path, t)
	}
	return draft.NumberFor(name)
}

// text is a text. What a query looks up must exist; what a mutation writes need not.
func (v *valuer) text(name, path string, t *ast.Type) any {
	free := draft.IsEmail(name) || draft.IsSearch(name)
	if !free && (v.kind != graphql.Mutation || draft.IsID(name) || draft.IsSecret(name)) {
		return v.miss(path, t)
	}
	return draft.TextFor(name)
}

// input is an input object with the fields that it needs. The schema has no cycle of such fields.
func (v *valuer) input(def *ast.Definition, path string) any {
	object := draft.Map{}
	if slices.Contains(v.within, def.Name) {
		return object
	}
	v.within = append(v.within, def.Name)
	oneOf := def.Directives.ForName("oneOf") != nil
	for _, f := range def.Fields {
		if oneOf || f.Type.NonNull && f.DefaultValue == nil {
			object = append(object, draft.Entry{Key: f.Name, Value: v.value(f.Type, f.Name, path+"."+f.Name)})
		}
		if oneOf {
			break
		}
	}
	v.within = v.within[:len(v.within)-1]
	return object
}

// customs are scalars that services define, by what their names say.
var customs = []struct {
	name  *regexp.Regexp
	value any
}{
	{regexp.MustCompile(`(?i)date_?time|timestamp|instant`), "${now}"},
	{regexp.MustCompile(`(?i)date`), "2026-01-01"},
	{regexp.MustCompile(`(?i)uuid|guid`), "${uuid}"},
	{regexp.MustCompile(`(?i)ur[il]`), "https://example.com/"},
	{regexp.MustCompile(`(?i)email`), "${email}"},
	{regexp.MustCompile(`(?i)^json|object$|^any$|^map$`), draft.Map{}},
	{regexp.MustCompile(`(?i)big_?int|long|int64|uint|unsigned`), 1},
	{regexp.MustCompile(`(?i)decimal|money|price|float|number`), json.Number("1.5")},
	{regexp.MustCompile(`(?i)html|markdown|text`), "${word}"},
}

func (v *valuer) custom(t *ast.Type, path string) any {
	for _, c := range customs {
		if c.name.MatchString(t.NamedType) {
			return c.value
		}
	}
	return v.miss(path, t)
}
