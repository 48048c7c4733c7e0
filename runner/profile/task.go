package profile

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

var method = regexp.MustCompile(`^[A-Z]{1,20}$`)

func (r *reader) tasks(n *yaml.Node) []Task {
	var tasks []Task
	r.Sequence(n, func(item *yaml.Node) { tasks = append(tasks, r.task(item)) })
	if n.Kind == yaml.SequenceNode && len(tasks) == 0 {
		r.Problem(n, "the list is empty; write at least one task")
	}
	return tasks
}

// task reads a task, in full with steps or in the short form of a single step.
func (r *reader) task(n *yaml.Node) Task {
	t := Task{Weight: 1}
	weight := func(n *yaml.Node) { t.Weight = r.Int(n, 1, 1_000_000) }
	if has(n, "steps") || !has(n, "http") {
		r.Mapping(n, strict.Fields{
			"name":   func(n *yaml.Node) { t.Name = r.Text(n) },
			"weight": weight,
			"steps": func(n *yaml.Node) {
				r.Sequence(n, func(item *yaml.Node) { t.Steps = append(t.Steps, r.step(item, nil)) })
			},
		})
		r.required(n, map[string]string{"steps": "a task is one step (http: GET /path) or a list of steps"})
		if sends := t.requests(); has(n, "steps") && sends == 0 {
			r.Problem(n, "no step of this task sends a request")
		}
		return t
	}
	step := r.step(n, strict.Fields{"weight": weight})
	t.Name = step.Request.Route
	t.Steps = []Step{step}
	return t
}

func (t Task) requests() int {
	n := 0
	for _, s := range t.Steps {
		if s.Request != nil {
			n++
		}
	}
	return n
}

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
	q := &Request{}
	fields := strict.Fields{
		"http":    func(n *yaml.Node) { r.http(n, q) },
		"name":    func(n *yaml.Node) { q.Route = r.route(n) },
		"headers": func(n *yaml.Node) { q.Headers = r.headers(n) },
		"json":    func(n *yaml.Node) { r.json(n, q) },
		"body":    func(n *yaml.Node) { q.Body = r.template(n) },
		"expect":  func(n *yaml.Node) { r.expect(n, q) },
	}
	for name, read := range more {
		fields[name] = read
	}
	r.Mapping(n, fields)
	r.required(n, map[string]string{"http": "a step sends a request (http: GET /path) or waits (wait: 50ms)"})
	if has(n, "json") && has(n, "body") {
		r.Problem(n, "json and body are both given; a request has one of them")
	}
	if q.JSON && !slices.ContainsFunc(q.Headers, func(h Header) bool { return strings.EqualFold(h.Name, "Content-Type") }) {
		q.Headers = append(q.Headers, Header{"Content-Type", "application/json"})
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
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n"):
		r.Problem(n, "%q is not a path; it begins with / and holds no space", path)
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
	err := n.Decode(&value)
	var text []byte
	if err == nil {
		text, err = marshal(value)
	}
	if err != nil {
		r.Problem(n, "this cannot be written as JSON: %v", err)
		return
	}
	q.Body, q.JSON = r.checkVariables(n, string(text)), true
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
