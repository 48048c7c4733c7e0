package openapi

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"
	api "github.com/plimsoll-ci/plimsoll/runner/openapi"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// drafter drafts a profile from a description.
type drafter struct {
	in    draft.Input
	d     *api.Description
	out   *draft.Draft
	plans []*plan
	// resources are the things that paths name by an id, by the path up to it.
	resources map[string]*resource
	ordered   []*resource       // by depth
	shared    []header          // of all requests
	keys      map[string]string // the variables of keys, by their place
	asked     []draft.Variable  // by the security of operations
	tables    map[string]int    // where each table is in out.Data
	upload    bool              // a file is sent
}

// header is a header with its value.
type header struct{ name, value string }

// plan is an operation and the step that it becomes.
type plan struct {
	*api.Operation
	parameters []*api.Parameter
	resources  []*resource // in the path, outermost first
	security   []api.Scheme
	base       string // that its path begins with, where it is not the same for all
	row        *draft.Row
	why        string // it is only a comment
	used       bool   // it is in a task
	bodiless   bool   // it was told that its body is left out
	unique     string // the property of its body that becomes an id, when the body decides it
	withoutID  string // the property of its body that the system decides
}

// maker makes the values of one request.
func (b *drafter) maker() *maker {
	return &maker{d: b.d, budget: maxBudget, open: map[*api.Node]bool{}, fill: b.toFill}
}

// toFill is a variable for values that only the user knows.
func (b *drafter) toFill(name, what string) string {
	return "${data." + b.table(draft.Table{Name: tableName(name), Fill: what}) + "}"
}

// table adds a table, or finds an equal one, and returns its name.
func (b *drafter) table(t draft.Table) string {
	base := t.Name
	for i := 2; ; i++ {
		at, taken := b.tables[t.Name]
		switch {
		case !taken:
			b.tables[t.Name] = len(b.out.Data)
			b.out.Data = append(b.out.Data, t)
			return t.Name
		case fmt.Sprint(b.out.Data[at].Values, b.out.Data[at].Fill, kindsOf(b.out.Data[at].Made)) == fmt.Sprint(t.Values, t.Fill, kindsOf(t.Made)):
			return t.Name
		}
		t.Name = fmt.Sprintf("%s_%d", base, i)
	}
}

// kindsOf are the types of values.
func kindsOf(values []any) (kinds string) {
	for _, v := range values {
		kinds += fmt.Sprintf("%T ", v)
	}
	return kinds
}

var notName = regexp.MustCompile(`[^A-Za-z0-9_]+`)

// tableName is a text as the name of a table or a variable.
func tableName(text string) string {
	name := strings.Trim(notName.ReplaceAllString(text, "_"), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "x" + name
	}
	return name
}

var inBraces = regexp.MustCompile(`\{[^{}/]*\}`)

// braced is the name in braces of a path, such as id of {id} or of {+id}.
func braced(text string) string { return strings.Trim(text, "{}+*?.;/") }

// step makes the step of an operation. ids are the texts for the resources in its path.
func (b *drafter) step(p *plan, ids map[*resource]string) (draft.Step, error) {
	m := b.maker()
	path, named, err := b.path(m, p, ids)
	if err != nil {
		return draft.Step{}, err
	}
	query, headers, err := b.parameters(m, p)
	if err != nil {
		return draft.Step{}, err
	}
	secret, own := b.secrets(p)
	query, headers = append(query, secret...), append(headers, own...)
	if len(query) > 0 {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		path += sign + strings.Join(query, "&")
		named = true
	}
	s := draft.Step{Row: p.row, Keys: draft.Map{{Key: "http", Value: p.Method + " " + draft.LiteralBefore(p.base) + path}}}
	body, err := b.body(p)
	if err != nil {
		return draft.Step{}, err
	}
	headers = append(headers, body.headers...)
	if named {
		s.Keys.Set("name", draft.Literal(p.Name()))
	}
	if len(headers) > 0 {
		s.Keys.Set("headers", asMap(headers))
	}
	if body.key != "" {
		s.Keys.Set(body.key, b.withKnownID(p, body.value, ids))
	}
	return s, nil
}

// asMap are headers as a mapping. Cookies share one.
func asMap(headers []header) (m draft.Map) {
	for _, h := range headers {
		if before, ok := m.Get(h.name).(string); ok && h.name == "Cookie" {
			m.Set(h.name, before+"; "+h.value)
			continue
		}
		m.Set(h.name, h.value)
	}
	return m
}

// path is the path with its values; named says that it differs from the path in the description.
func (b *drafter) path(m *maker, p *plan, ids map[*resource]string) (path string, named bool, err error) {
	var out strings.Builder
	rest, base := p.Path, ""
	rest, _, named = strings.Cut(rest, "#") // some tell operations of one path apart so; nothing behind a # is ever sent
	for {
		at := inBraces.FindStringIndex(rest)
		if at == nil {
			out.WriteString(escaped(draft.Literal(rest), inPath))
			return out.String(), named, nil
		}
		out.WriteString(escaped(draft.LiteralBefore(rest[:at[0]]), inPath))
		base += rest[:at[0]] + "{}"
		name := braced(rest[at[0]:at[1]])
		rest, named = rest[at[1]:], true
		if r := b.resources[base]; r != nil && ids[r] != "" {
			out.WriteString(p.styledID(name, ids[r]))
			continue
		}
		text, err := b.inPath(m, p, name, b.resources[base])
		if err != nil {
			return "", false, inside(name, err)
		}
		out.WriteString(text)
	}
}

// styledID is an id in the style of its parameter.
func (p *plan) styledID(name, id string) string {
	for _, q := range p.parameters {
		if q.In == "path" && q.Name == name {
			return named(q, name, id)
		}
	}
	return id
}

// inPath is the text of a parameter of the path that no other step knows: what the description says, or what the user
// fills in.
func (b *drafter) inPath(m *maker, p *plan, name string, r *resource) (string, error) {
	i := slices.IndexFunc(p.parameters, func(q *api.Parameter) bool { return q.In == "path" && q.Name == name })
	if i < 0 {
		return b.unknownID(name, r, "plimsoll"), nil
	}
	v, err := b.parameterValue(m, p.parameters[i])
	if err != nil {
		return "", err
	}
	if r != nil && !r.known {
		return named(p.parameters[i], name, b.unknownID(name, r, sample(v))), nil
	}
	return styled(p.parameters[i], v), nil
}

// unknownID is a variable for ids that only the user knows.
func (b *drafter) unknownID(name string, r *resource, made any) string {
	t := draft.Table{Name: tableName(name), Fill: "values of " + name + " that exist", Made: []any{made}}
	if r != nil {
		t.Name = r.name
	}
	return "${data." + b.table(t) + "}"
}

// sample is one of the values that a text with variables makes.
func sample(v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	var b strings.Builder
	for _, part := range profile.Template(text).Parts() {
		g, isGenerator, err := profile.ParseGenerator(part.Variable)
		switch {
		case part.Variable == "":
			b.WriteString(part.Literal)
		case !isGenerator || err != nil:
			b.WriteString("plimsoll")
		case g.Kind == profile.Int && part.Variable == text[2:len(text)-1]:
			return g.Integers[0]
		case g.Kind == profile.Int:
			fmt.Fprint(&b, g.Integers[0])
		case g.Kind == profile.Float:
			return g.Floats[0]
		case g.Kind == profile.UUID:
			b.WriteString("9b2d5c1e-7c0a-4f6b-8a53-2f1f6f0a3c11")
		case g.Kind == profile.Now:
			b.WriteString("2026-01-15T12:00:00.000Z")
		case g.Kind == profile.Email:
			b.WriteString("plimsoll@example.com")
		default:
			b.WriteString("plimsoll")
		}
	}
	return b.String()
}

// parameterValue is the value of a parameter. Of several that a schema lists, all are used in turn.
func (b *drafter) parameterValue(m *maker, p *api.Parameter) (any, error) {
	s, err := m.shapeOf(p.Schema)
	if err != nil {
		return nil, err
	}
	for _, example := range p.Examples {
		if m.fitsShape(example, s) {
			return m.literal(example, s), nil
		}
	}
	if values := b.oneEach(m, s); len(values) > 1 && p.Type == "" {
		return []any{"${data." + b.table(draft.Table{Name: tableName(p.Name), Values: values}) + "}"}, nil
	}
	if m.given(s) != nil && len(s.examples) == 0 && s.byFault == nil && s.constant == nil && len(s.enum) > 1 {
		var values []any
		for _, v := range few(s.enum) {
			if v.Kind != api.Null && m.fitsShape(v, s) {
				values = append(values, m.literal(v, s))
			}
		}
		if len(values) > 1 && !slices.ContainsFunc(values, isNested) {
			return "${data." + b.table(draft.Table{Name: tableName(p.Name), Values: values}) + "}", nil
		}
	}
	m.inForm, m.depth = true, 1 // an object of nothing would be no value
	defer func() { m.inForm, m.depth = false, 0 }()
	return m.value(p.Name, p.Schema)
}

// maxListed bounds the values of one list: more than all countries.
const maxListed = 300

// few are the first of the values that a schema lists, as many as a profile has place for.
func few(values []*api.Node) []*api.Node { return values[:min(len(values), maxListed)] }

// oneEach are the values of the items of a list that stands for itself with each of them.
func (b *drafter) oneEach(m *maker, s *shape) (values []any) {
	if !s.is("array") || s.minItems > 1 || len(s.items) == 0 || m.given(s) != nil {
		return nil
	}
	item, err := m.shapeOf(s.items...)
	if err != nil || len(item.examples) > 0 || item.byFault != nil {
		return nil
	}
	for _, v := range few(item.enum) {
		if v.Kind == api.Text || v.Kind == api.Number {
			values = append(values, m.literal(v, item))
		}
	}
	return values
}

func isNested(v any) bool {
	switch v.(type) {
	case draft.Map, []any:
		return true
	}
	return false
}

// parameters are the parts of the query and the headers that the operation requires.
func (b *drafter) parameters(m *maker, p *plan) (query []string, headers []header, err error) {
	for _, q := range p.parameters {
		if !q.Required || q.In == "path" {
			continue
		}
		if q.In == "header" && slices.Contains([]string{"accept", "content-type"}, strings.ToLower(q.Name)) {
			continue
		}
		if q.In == "header" && strings.EqualFold(q.Name, "authorization") { // which belongs into security
			if len(p.security) == 0 {
				c, _ := b.credential(api.Scheme{Type: "http", HTTP: "bearer"})
				headers = append(headers, header{c.name, c.value})
				b.asked = append(b.asked, c.variable)
			}
			continue
		}
		v, err := b.parameterValue(m, q)
		if err != nil {
			return nil, nil, inside(q.Name, err)
		}
		switch q.In {
		case "query":
			query = append(query, styled(q, v))
		case "header":
			if !headerName.MatchString(q.Name) {
				return nil, nil, fmt.Errorf("no header can have the name %s", strict.Quote(q.Name))
			}
			headers = append(headers, header{q.Name, styled(q, v)})
		case "cookie":
			headers = append(headers, header{"Cookie", q.Name + "=" + escaped(plainText(v), inQuery)})
		}
	}
	return query, headers, nil
}

// headerName is the form of the names of headers (RFC 9110, 5.6.2).
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

// hasBody reports whether requests of a method usually have a body.
func hasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}
