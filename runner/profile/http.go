package profile

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// HTTP is the content of an HTTP call.
type HTTP struct {
	Method  string
	Path    Template
	Headers []Header
	Body    Template
	HasBody bool
	JSON    bool // Body is JSON, so that the values put into it are to be escaped
	Status  []int
	Expect  []Condition // on the JSON answer
}

// Protocol is http.
func (h *HTTP) Protocol() string { return "http" }

// Route is the method and the path.
func (h *HTTP) Route() string { return h.Method + " " + string(h.Path) }

// Canonical is the call as the digest counts it.
func (h *HTTP) Canonical() any {
	var body *Template // an empty body is one
	if h.HasBody {
		body = &h.Body
	}
	return struct {
		Method  string
		Path    Template
		Headers []Header    `json:",omitempty"`
		Body    *Template   `json:",omitempty"`
		JSON    bool        `json:",omitempty"`
		Status  []int       `json:",omitempty"`
		Expect  []Condition `json:",omitempty"`
	}{h.Method, h.Path, h.Headers, body, h.JSON, h.Status, h.Expect}
}

// httpProtocol reads calls such as http: GET /products.
func httpProtocol() Protocol {
	return Protocol{Word: "http", Example: "http: GET /path", Read: readHTTP}
}

func readHTTP(r *CallReader) Words {
	h := &HTTP{}
	status := func(n *yaml.Node) { h.Status = append(h.Status, r.Int(n, 100, 599)) }
	return Words{
		Step: strict.Fields{
			"http":    func(n *yaml.Node) { h.read(r, n) },
			"headers": func(n *yaml.Node) { h.Headers = r.Headers(n) },
			"json":    func(n *yaml.Node) { h.Body, h.HasBody, h.JSON = r.JSON(n), true, true },
			"body":    func(n *yaml.Node) { h.Body, h.HasBody = r.Template(n), true },
		},
		Expect: strict.Fields{
			"status": func(n *yaml.Node) {
				if n.Kind == yaml.SequenceNode {
					r.Sequence(n, status)
					return
				}
				status(n)
			},
			"json": func(n *yaml.Node) { h.Expect = r.Conditions(n) },
			"code": func(n *yaml.Node) { r.Problem(n, "code is of gRPC; an HTTP answer has a status") },
		},
		Content: func(step *yaml.Node) Content {
			if has(step, "json") && has(step, "body") {
				r.Problem(step, "json and body are both given; a request has one of them")
			}
			return h
		},
	}
}

var method = regexp.MustCompile(`^[A-Z]{1,20}$`)

// read reads "GET /path".
func (h *HTTP) read(r *CallReader, n *yaml.Node) {
	text := r.Template(n)
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
	h.Method, h.Path = verb, Template(path)
}
