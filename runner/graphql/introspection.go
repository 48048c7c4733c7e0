package graphql

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Introspection is the query that asks a service for its schema.
const Introspection = `query IntrospectionQuery {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name
      fields(includeDeprecated: true) { name isDeprecated args { ...Value } type { ...Type } }
      inputFields { ...Value }
      interfaces { name }
      enumValues(includeDeprecated: true) { name isDeprecated }
      possibleTypes { name }
    }
    directives { name locations args { ...Value } }
  }
}
fragment Value on __InputValue { name type { ...Type } defaultValue }
fragment Type on __Type {
  kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } }
}`

// Introspections are the queries that ask a service for its schema, to be tried in this order. The second
// does not ask for isOneOf, which services before 2025 do not know.
func Introspections() []string {
	return []string{strings.Replace(Introspection, "      kind name\n", "      kind name isOneOf\n", 1), Introspection}
}

// The parts of an introspection that matter here.
type (
	introspected struct {
		QueryType, MutationType, SubscriptionType *struct{ Name string }
		Types                                     []introType
		Directives                                []struct {
			Name         string
			IsRepeatable bool
			Locations    []string
			Args         []introValue
		}
	}
	introType struct {
		Kind, Name    string
		IsOneOf       bool
		Fields        []introField
		InputFields   []introValue
		Interfaces    []struct{ Name string }
		EnumValues    []introField
		PossibleTypes []struct{ Name string }
	}
	introField struct {
		Name         string
		IsDeprecated bool
		Args         []introValue
		Type         *introRef
	}
	introValue struct {
		Name         string
		Type         *introRef
		DefaultValue *string
	}
	introRef struct {
		Kind, Name string
		OfType     *introRef
	}
)

// fromIntrospection is the schema of an introspection as SDL. wrong says why there is none.
func fromIntrospection(data []byte) (sdl, wrong string) {
	type answer struct {
		Schema *introspected `json:"__schema"`
	}
	var all struct {
		answer
		Data   *answer
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return "", "the introspection is not valid JSON: " + err.Error()
	}
	schema := all.Schema
	if all.Data != nil && all.Data.Schema != nil {
		schema = all.Data.Schema
	}
	switch {
	case schema == nil && len(all.Errors) > 0:
		return "", fmt.Sprintf("introspection is off (%s): give the schema as a file", quote(all.Errors[0].Message))
	case schema == nil:
		return "", "the JSON is no introspection: it has neither __schema nor data.__schema"
	}
	w := &sdlWriter{}
	w.schema(schema)
	if w.wrong != "" {
		return "", w.wrong
	}
	return w.String(), ""
}

// sdlWriter writes an introspection as SDL.
type sdlWriter struct {
	strings.Builder
	wrong string
}

func (w *sdlWriter) add(format string, args ...any) { fmt.Fprintf(&w.Builder, format, args...) }

func (w *sdlWriter) schema(s *introspected) {
	w.add("schema {")
	for _, root := range []struct {
		of   string
		name *struct{ Name string }
	}{{"query", s.QueryType}, {"mutation", s.MutationType}, {"subscription", s.SubscriptionType}} {
		if root.name != nil {
			w.add(" %s: %s", root.of, root.name.Name)
		}
	}
	w.add(" }\n")
	for _, t := range s.Types {
		if !strings.HasPrefix(t.Name, "__") {
			w.typeOf(t)
		}
	}
	for _, d := range s.Directives {
		if len(d.Locations) == 0 {
			continue
		}
		w.add("directive @%s", d.Name)
		w.arguments(d.Args)
		if d.IsRepeatable {
			w.add(" repeatable")
		}
		w.add(" on %s\n", strings.Join(d.Locations, " | "))
	}
}

func (w *sdlWriter) typeOf(t introType) {
	names := func(all []struct{ Name string }, with, between string) string {
		var list []string
		for _, one := range all {
			list = append(list, one.Name)
		}
		if len(list) == 0 {
			return ""
		}
		return with + strings.Join(list, between)
	}
	switch t.Kind {
	case "SCALAR":
		w.add("scalar %s\n", t.Name)
	case "OBJECT":
		w.add("type %s%s", t.Name, names(t.Interfaces, " implements ", " & "))
		w.fields(t.Fields)
	case "INTERFACE":
		w.add("interface %s%s", t.Name, names(t.Interfaces, " implements ", " & "))
		w.fields(t.Fields)
	case "UNION":
		w.add("union %s%s\n", t.Name, names(t.PossibleTypes, " = ", " | "))
	case "ENUM":
		w.add("enum %s {", t.Name)
		for _, v := range t.EnumValues {
			w.add(" %s%s", v.Name, deprecated(v))
		}
		w.add(" }\n")
	case "INPUT_OBJECT":
		w.add("input %s", t.Name)
		if t.IsOneOf {
			w.add(" @oneOf")
		}
		w.add(" {\n")
		for _, f := range t.InputFields {
			w.value(f)
			w.add("\n")
		}
		w.add("}\n")
	default:
		w.wrong = fmt.Sprintf("the introspection has a type %s of the unknown kind %s", quote(t.Name), quote(t.Kind))
	}
}

func deprecated(f introField) string {
	if f.IsDeprecated {
		return " @deprecated"
	}
	return ""
}

func (w *sdlWriter) fields(fields []introField) {
	w.add(" {\n")
	for _, f := range fields {
		w.add("  %s", f.Name)
		w.arguments(f.Args)
		w.add(": %s%s\n", w.ref(f.Type, f.Name), deprecated(f))
	}
	w.add("}\n")
}

func (w *sdlWriter) arguments(args []introValue) {
	if len(args) == 0 {
		return
	}
	w.add("(")
	for _, a := range args {
		w.value(a)
		w.add(" ")
	}
	w.add(")")
}

func (w *sdlWriter) value(v introValue) {
	w.add("  %s: %s", v.Name, w.ref(v.Type, v.Name))
	if v.DefaultValue != nil {
		w.add(" = %s", *v.DefaultValue)
	}
}

// ref is a reference to a type.
func (w *sdlWriter) ref(t *introRef, of string) string {
	switch {
	case t == nil, t.Kind != "LIST" && t.Kind != "NON_NULL" && t.Name == "":
		w.wrong = fmt.Sprintf("the introspection does not say of what type %s is: it was asked for too few levels of ofType", quote(of))
		return "String"
	case t.Kind == "LIST":
		return "[" + w.ref(t.OfType, of) + "]"
	case t.Kind == "NON_NULL":
		return w.ref(t.OfType, of) + "!"
	}
	return t.Name
}
