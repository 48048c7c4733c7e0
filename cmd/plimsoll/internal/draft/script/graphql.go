package script

import (
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	"github.com/plimsoll-ci/plimsoll/runner/graphql"
)

// operation is the operation of GraphQL that a request posts; nil if it posts anything else, or what a graphql step
// cannot send as it is.
func (m *Machine) operation(s *Step) (o *graphql.Operation, body *Dict) {
	body, is := s.Body.(*Dict)
	if s.Protocol != "http" || s.Method != "POST" || s.Sends != "json" || !is {
		return nil, nil
	}
	for _, key := range body.Keys {
		if !slices.Contains([]string{"query", "variables", "operationName", "extensions"}, key) {
			return nil, nil
		}
	}
	query, ok := m.StringOf(body.m["query"])
	name, named := m.StringOf(body.m["operationName"])
	if !ok || !named && body.m["operationName"] != nil || slices.ContainsFunc(s.Status, func(status int) bool { return status != 200 }) {
		return nil, nil
	}
	if o = draft.Operation(query, name); o == nil || !m.variablesFit(o, body.m["variables"]) {
		return nil, nil
	}
	return o, body
}

// variablesFit reports whether the values of an operation's variables have the kinds that it declares.
func (m *Machine) variablesFit(o *graphql.Operation, values Value) bool {
	if row, is := values.(*Row); is {
		values = row.dict()
	}
	given, is := values.(*Dict)
	if !is && values != nil {
		return false
	}
	for _, key := range given.keys() {
		if !slices.ContainsFunc(o.Variables, func(v graphql.Variable) bool { return v.Name == key }) {
			return false
		}
	}
	for _, v := range o.Variables {
		value, there := given.Get(v.Name)
		if (!there || value == nil) && v.Required || there && !fits(v.Type.String(), value) {
			return false
		}
	}
	return true
}

// fits reports whether a value can be one of a type.
func fits(kind string, v Value) bool {
	needed := strings.HasSuffix(kind, "!")
	kind = strings.TrimSuffix(kind, "!")
	switch v := v.(type) {
	case nil:
		return !needed
	case *Part, *Var, *Turn:
		return true
	case *List:
		inner, isList := strings.CutPrefix(kind, "[")
		return isList && !slices.ContainsFunc(v.Items, func(item Value) bool { return !fits(strings.TrimSuffix(inner, "]"), item) })
	}
	_, isText := v.(string)
	_, isBool := v.(bool)
	whole := false
	switch n := v.(type) {
	case int64:
		whole = true
	case *Drawn:
		whole = n.Integer
	}
	_, isFloat := v.(float64)
	d, isDrawn := v.(*Drawn)
	isFloat = isFloat || isDrawn && !d.Integer
	switch kind {
	case "Int":
		return whole
	case "Float":
		return whole || isFloat
	case "Boolean":
		return isBool
	case "ID":
		return isText || whole || isWritten(v)
	case "String":
		return isText || isWritten(v)
	}
	return !strings.HasPrefix(kind, "[")
}

// isWritten reports whether a value is a text that is made of others.
func isWritten(v Value) bool {
	switch v.(type) {
	case *Text, *JSON, *Base64, *File:
		return true
	}
	return false
}

// graphql writes the keys of a request that posts an operation of GraphQL; nil for any other request.
func (w *writer) graphql(s *Step, place string) draft.Map {
	o, body := w.m.operation(s)
	if o == nil || strings.Contains(place, "?") || strings.HasPrefix(place, "${") {
		return nil
	}
	query, _ := w.m.StringOf(body.m["query"])
	document := draft.Literal(strings.TrimSpace(query))
	if strings.Contains(document, "\n") {
		document += "\n"
	}
	keys := draft.Map{{Key: "graphql", Value: document}}
	if name, _ := w.m.StringOf(body.m["operationName"]); name != "" && draft.Operation(query, "") == nil {
		keys = append(keys, draft.Entry{Key: "operation", Value: name})
	}
	label := w.labels.Of(o)
	if s.Name != "" {
		label = draft.OneLine(s.Name)
	}
	if label != "" && label != o.Label() {
		keys = append(keys, draft.Entry{Key: "name", Value: label})
	}
	variables := body.m["variables"]
	if row, is := variables.(*Row); is {
		variables = row.dict()
	}
	if m, is := w.value(variables).(draft.Map); is && len(m) > 0 {
		keys = append(keys, draft.Entry{Key: "variables", Value: m})
	}
	if place != "/graphql" {
		keys = append(keys, draft.Entry{Key: "path", Value: place})
	}
	return keys
}
