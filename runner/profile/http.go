package profile

import (
	"fmt"
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
	var body, json Template
	return Words{
		Step: []strict.Field{
			strict.Need("http", "Method and path of a request, such as GET /products.", "write for example: http: GET /products", h.read(r)),
			strict.Key("headers", "Headers of this request.", r.Headers(&h.Headers)),
			strict.Key("json", "The body, sent as JSON with the Content-Type of JSON.", r.JSON(&json)),
			strict.Key("body", "The body as text.", r.Template(&body)),
		},
		Expect: []strict.Field{
			strict.Key("status", "The expected status, or a list of them; any below 400 when it is left out.", r.OneOrMore(func(n *yaml.Node) {
				var status int
				r.Int(&status, 100, 599)(n)
				h.Status = append(h.Status, status)
			})),
			strict.Key("json", "What the JSON answer must be: GJSON path to a value, or to a condition such as > 0, != x, ~ ^SKU or exists.", r.Conditions(&h.Expect)),
			r.Refused("code", "an HTTP answer has a status; code belongs to gRPC"),
		},
		Content: func(step *yaml.Node) Content {
			r.Exclude(step, "json", "body", "a request has one body")
			h.HasBody, h.JSON = strict.Has(step, "json") || strict.Has(step, "body"), strict.Has(step, "json")
			if h.Body = body; h.JSON {
				h.Body = json
			}
			return h
		},
	}
}

var (
	httpMethod = regexp.MustCompile(`^[A-Z]{1,20}$`)
	// httpCall is a method and a path. A variable may contain anything.
	httpCall = strict.NewPattern(`^[A-Z]{1,20} +/(\$\{[^}]*\}|[^\s#])*\s*$`, "a method and a path such as GET /products").Explained(explainCall)
)

// explainCall says what is wrong with a method and a path.
func explainCall(text string) string {
	method, path, _ := strings.Cut(text, " ")
	path = strings.TrimSpace(path)
	switch {
	case !httpMethod.MatchString(method):
		return fmt.Sprintf("%s does not begin with a method in capital letters; write for example GET /products", strict.Quote(text))
	case strings.Contains(Template(path).literals(), "#"):
		return fmt.Sprintf("%s contains a #, and what follows it is never sent; write %%23 for the character itself", strict.Quote(path))
	default:
		return fmt.Sprintf("%s is not a path: a path begins with / and contains no space", strict.Quote(path))
	}
}

// read reads "GET /path".
func (h *HTTP) read(r *CallReader) strict.Read {
	return r.reader.templateForm(httpCall, func(_ *yaml.Node, text Template) {
		method, path, _ := strings.Cut(string(text), " ")
		h.Method, h.Path = method, Template(strings.TrimSpace(path))
	})
}
