package profile

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

var (
	method   = regexp.MustCompile(`^[A-Z]{1,20}$`)
	variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// step reads a request or a wait; more are keys that the place allows besides.
func (r *reader) step(n *yaml.Node, more strict.Fields) Step {
	if has(n, "wait") && !has(n, "http") {
		var wait Wait
		r.Mapping(n, strict.Fields{"wait": func(n *yaml.Node) {
			if wait = r.wait(n); wait.Kind == WaitPace {
				r.Problem(n, "a step waits for a span (50ms or 10ms..50ms); a pace belongs to the user")
			}
		}})
		return Step{Wait: &wait}
	}
	q := &Request{Line: n.Line}
	later := func(n *yaml.Node) { r.Problem(n, "this version speaks HTTP; GraphQL and gRPC are not there yet") }
	var save *yaml.Node
	fields := strict.Fields{
		"http":    func(n *yaml.Node) { r.http(n, q) },
		"name":    func(n *yaml.Node) { q.Route = r.route(n) },
		"headers": func(n *yaml.Node) { q.Headers = r.headers(n) },
		"json":    func(n *yaml.Node) { r.json(n, q) },
		"body":    func(n *yaml.Node) { q.Body, q.HasBody = r.template(n), true },
		"expect":  func(n *yaml.Node) { r.expect(n, q) },
		"save":    func(n *yaml.Node) { save = n },
		"graphql": later, "grpc": later,
	}
	for name, read := range more {
		fields[name] = read
	}
	r.Mapping(n, fields)
	if save != nil { // last: what is saved cannot stand in the request itself
		r.In("save", func() { r.save(save, q) })
	}
	if !has(n, "graphql") && !has(n, "grpc") {
		r.required(n, map[string]string{"http": "a step sends a request (http: GET /path) or waits (wait: 50ms)"})
	}
	if has(n, "json") && has(n, "body") {
		r.Problem(n, "json and body are both given; a request has one of them")
	}
	if q.Route == "" {
		q.Route = q.Method + " " + string(q.Path)
	}
	return Step{Request: q}
}

// http reads "GET /path".
func (r *reader) http(n *yaml.Node, q *Request) {
	text := r.template(n)
	verb, path, _ := strings.Cut(string(text), " ")
	path = strings.TrimSpace(path)
	switch {
	case text == "": // said already
	case !method.MatchString(verb):
		r.Problem(n, "%q does not begin with a method; write for example GET /products", string(text))
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(Template(path).literals(), " \t\r\n"):
		r.Problem(n, "%q is not a path; it begins with / and holds no space", path)
	case strings.Contains(Template(path).literals(), "#"):
		r.Problem(n, "%q holds a #, which is never sent; write %%23 for the character", path)
	}
	q.Method, q.Path = verb, Template(path)
}

func (r *reader) route(n *yaml.Node) string {
	name := r.Text(n)
	if name == "*" {
		r.Problem(n, `"*" stands for all routes together and cannot be the name of one`)
	}
	return name
}

// json reads any value as the body.
func (r *reader) json(n *yaml.Node, q *Request) {
	var value any
	datesAsText(n)
	err := n.Decode(&value)
	var text []byte
	if err == nil {
		text, err = marshal(value)
	}
	if err != nil {
		r.Problem(n, "this cannot be written as JSON: %v", err)
		return
	}
	q.Body, q.HasBody, q.JSON = r.checkVariables(n, string(text)), true, true
}

// datesAsText makes a date that is written like 2024-01-02 the text that it is in JSON.
func datesAsText(n *yaml.Node) {
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, inner := range n.Content {
		datesAsText(inner)
	}
}

// marshal is JSON without the escapes that are meant for HTML.
func marshal(value any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

func (r *reader) expect(n *yaml.Node, q *Request) {
	status := func(n *yaml.Node) { q.Status = append(q.Status, r.Int(n, 100, 599)) }
	r.Mapping(n, strict.Fields{
		"status": func(n *yaml.Node) {
			if n.Kind == yaml.SequenceNode {
				r.Sequence(n, status)
				return
			}
			status(n)
		},
		"json": func(n *yaml.Node) {
			r.Entries(n, func(key, value *yaml.Node) { q.Expect = append(q.Expect, r.condition(key, value)) })
		},
		"within": func(n *yaml.Node) { q.Within = r.Duration(n, time.Microsecond) },
		"code":   func(n *yaml.Node) { r.Problem(n, "code is of gRPC; an HTTP answer has a status") },
	})
}

// operators, the longer ones first.
var operators = []Op{Equal, NotEqual, LessEqual, GreaterEqual, Less, Greater, Matches}

// condition reads what a part of the answer must be: a text that begins with an operator is
// a condition, anything else must be equal.
func (r *reader) condition(key, value *yaml.Node) Condition {
	datesAsText(value)
	if value.Kind == yaml.ScalarNode && value.Tag != "!!str" { // a number, true, false or null, however YAML spells it
		var plain any
		err := value.Decode(&plain)
		var text []byte
		if err == nil {
			text, err = marshal(plain)
		}
		if err != nil {
			r.Problem(value, "this cannot be written as JSON: %v", err)
		}
		return Condition{Path: key.Value, Op: Equal, Operand: string(text)}
	}
	c := Condition{Path: key.Value, Op: Equal, Operand: r.Text(value), Text: true}
	if strings.Contains(c.Operand, "${") {
		r.Problem(value, "variables are not put in here; write the value")
	}
	if c.Operand == string(Exists) {
		return Condition{Path: key.Value, Op: Exists}
	}
	for _, op := range operators {
		operand, ok := strings.CutPrefix(c.Operand, string(op))
		if !ok {
			continue
		}
		c.Op, c.Operand, c.Text = op, strings.TrimSpace(operand), false
		if quoted, err := strconv.Unquote(c.Operand); err == nil {
			c.Operand, c.Text = quoted, true
		}
		_, err := strconv.ParseFloat(c.Operand, 64)
		switch {
		case op == Matches:
			if _, err := regexp.Compile(c.Operand); err != nil {
				r.Problem(value, "%q is not a regular expression: %v", c.Operand, err)
			}
		case op != Equal && op != NotEqual && err != nil:
			r.Problem(value, "%s compares numbers, and %q is none", op, c.Operand)
		}
		return c
	}
	return c
}

// save reads which parts of the answer become which variables.
func (r *reader) save(n *yaml.Node, q *Request) {
	r.Entries(n, func(key, value *yaml.Node) {
		_, isGenerator, _ := ParseGenerator(key.Value)
		switch {
		case !variable.MatchString(key.Value):
			r.Problem(key, "%q cannot be the name of a variable; write letters, digits and underscores", key.Value)
		case isGenerator || key.Value == PortVariable:
			r.Problem(key, "${%s} has a meaning of its own; save under another name", key.Value)
		}
		path := r.Text(value)
		if path == "" {
			r.Problem(value, "the path is empty; write where in the JSON answer the value stands, such as items.0.id")
		}
		q.Save = append(q.Save, Save{key.Value, path})
		r.saved[key.Value] = true
	})
}

// has reports whether the mapping n holds a key.
func has(n *yaml.Node, key string) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}
