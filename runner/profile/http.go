package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// HTTP is the content of an HTTP call.
type HTTP struct {
	Method  string
	Path    Template // it begins with a / or with a variable that holds a path
	Headers []Header
	Sends   BodyKind
	Body    Template    // TextBody
	JSON    Tree        // JSONBody
	Fields  []FormField // FormBody, MultipartBody
	File    *File       // FileBody
	Status  []int
	Expect  []Condition // on the answer
}

// BodyKind is how a body is written.
type BodyKind uint8

// The kinds of bodies. NoBody is the zero value.
const (
	NoBody BodyKind = iota
	TextBody
	JSONBody // the values put into it are escaped
	FormBody // application/x-www-form-urlencoded
	MultipartBody
	FileBody // sent as it is
)

// Protocol is http.
func (h *HTTP) Protocol() string { return "http" }

// Route is the method and the path.
func (h *HTTP) Route() string { return h.Method + " " + string(h.Path) }

// Canonical is the call as the digest counts it.
func (h *HTTP) Canonical() any {
	var body *Template // an empty body is one
	switch h.Sends {
	case TextBody:
		body = &h.Body
	case JSONBody:
		body = new(h.JSON.JSON())
	}
	v := struct {
		Method    string
		Path      Template
		Headers   []Header    `json:",omitempty"`
		Body      *Template   `json:",omitempty"`
		JSON      bool        `json:",omitempty"`
		Status    []int       `json:",omitempty"`
		Expect    []Condition `json:",omitempty"`
		Form      *[]formV1   `json:",omitempty"` // an empty form is one
		Multipart *[]formV1   `json:",omitempty"`
		File      *fileV1     `json:",omitempty"`
	}{h.Method, h.Path, h.Headers, body, h.Sends == JSONBody, h.Status, h.Expect, nil, nil, nil}
	fields := each(h.Fields, FormField.digestV1)
	switch h.Sends {
	case FormBody:
		v.Form = &fields
	case MultipartBody:
		v.Multipart = &fields
	case FileBody:
		v.File = h.File.digestV1()
	}
	return v
}

func (h *HTTP) sends() (Content, string) {
	sent := *h
	sent.Status, sent.Expect = nil, nil
	return &sent, fmt.Sprintf("%s %s %s", h.Method, h.Path, h.Body+h.JSON.JSON())
}

func (h *HTTP) expects() (string, []Condition) {
	if len(h.Status) == 0 {
		return "", h.Expect
	}
	return fmt.Sprintf("status %v", h.Status), h.Expect
}

// httpProtocol reads calls such as http: GET /products.
func httpProtocol() Protocol {
	return Protocol{Word: "http", Example: "http: GET /path", Read: readHTTP}
}

func readHTTP(r *CallReader) Words {
	h := &HTTP{}
	var body Template
	var form, multipart []FormField
	return Words{
		Step: []strict.Field{
			strict.Need("http", "Method and path of a request, such as GET /products.", "write for example: http: GET /products", h.read(r)),
			strict.Key("headers", "Headers of this request.", r.Headers(&h.Headers)),
			strict.Key("json", "The body, sent as JSON with the Content-Type of JSON.", r.Tree(&h.JSON)),
			strict.Key("form", "The body, sent as a form: names and values. A mapping in it is sent as a[b].", r.Form(&form)),
			strict.Key("multipart", "The body, sent as multipart/form-data: names and values, or {file: cat.png} with name and type.", r.Multipart(&multipart)),
			strict.Key("body", "The body as text, or {file: payload.bin}, which is sent as it is.", r.Body(&body, &h.File)),
		},
		Expect: append(r.answer(&h.Status, &h.Expect), r.Refused("code", "an HTTP answer has a status; code belongs to gRPC"),
			r.Refused("errors", "errors belongs to graphql; with http, say what must be there, for example: json: {\"data.top\": exists}")),
		Sources: []Source{OfText, OfHeader, OfCookie},
		Content: func(step *yaml.Node) Content {
			r.AtMostOne(step, "a request has one body", "json", "form", "multipart", "body")
			switch {
			case strict.Has(step, "json"):
				h.Sends = JSONBody
			case strict.Has(step, "form"):
				h.Sends, h.Fields = FormBody, form
			case strict.Has(step, "multipart"):
				h.Sends, h.Fields = MultipartBody, multipart
				if slices.ContainsFunc(h.Headers, func(h Header) bool { return strings.EqualFold(h.Name, "Content-Type") }) {
					r.Problem(strict.Get(step, "headers"), "multipart sets the Content-Type itself, because it contains the boundary; remove that header")
				}
			case h.File != nil:
				h.Sends = FileBody
			case strict.Has(step, "body"):
				h.Sends, h.Body = TextBody, body
			}
			return h
		},
	}
}

// answer are the keys that say what an HTTP answer must be.
func (r *CallReader) answer(status *[]int, expect *[]Condition) []strict.Field {
	return []strict.Field{
		strict.Key("status", "The expected status, or a list of them; any below 400 when it is left out.", r.OneOrMore(func(n *yaml.Node) {
			var one int
			r.Int(&one, 100, 599)(n)
			*status = append(*status, one)
		})),
		strict.Key("json", "What the JSON answer must be: GJSON path to a value, or to a condition such as > 0, != x, ~ ^SKU or exists.", r.Conditions(OfJSON, expect)),
		strict.Key("headers", "What headers of the answer must be: name to a value or a condition.", r.Conditions(OfHeader, expect)),
		strict.Key("cookies", "What cookies that the answer sets must be: name to a value or a condition.", r.Conditions(OfCookie, expect)),
		strict.Key("text", "What the body must contain, or a condition (~ regular expression, == all of it, != x), or a list of them.", r.TextConditions(expect)),
		strict.Key("size", "The length of the decoded body in bytes: a number, or a condition such as > 1000.", r.SizeCondition(expect)),
	}
}

var (
	httpMethod = regexp.MustCompile(`^[A-Z]{1,20}$`)
	// httpCall is a method and a path, which may begin with a variable. A variable may contain anything.
	httpCall = strict.NewPattern(`^[A-Z]{1,20} +(/|\$\{[^}]*\})`+pathRest, "a method and a path such as GET /products").Explained(explainCall)
)

// pathRest is the rest of a path, behind its first / or variable.
const pathRest = `(\$(\$\$)*\{[^}]*\}|(\$\$)+\{|\$+[^\s#${]|[^\s#$])*\$*\s*$`

// explainCall says what is wrong with a method and a path.
func explainCall(text string) string {
	method, path, _ := strings.Cut(text, " ")
	path = strings.TrimSpace(path)
	switch {
	case !httpMethod.MatchString(method):
		return fmt.Sprintf("%s does not begin with a method in capital letters; write for example GET /products", strict.Quote(text))
	case strings.Contains(Template(path).literals(), "#"):
		return fmt.Sprintf("%s contains a #, but a fragment is never sent; write %%23 for the character itself", strict.Quote(path))
	default:
		return fmt.Sprintf("%s is not a path: a path begins with / and contains no space", strict.Quote(path))
	}
}

// read reads "GET /path".
func (h *HTTP) read(r *CallReader) strict.Read {
	return r.reader.templateForm(httpCall, func(n *yaml.Node, text Template) {
		method, path, _ := strings.Cut(string(text), " ")
		h.Method, h.Path = method, Template(strings.TrimSpace(path))
		if parts := h.Path.Parts(); len(parts) > 0 && parts[0].Variable != "" {
			r.reader.checkPath(n, parts[0].Variable)
		}
	})
}

// checkPath checks the variable that a path begins with, as far as its values are known.
func (r *reader) checkPath(n *yaml.Node, variable string) {
	_, isPort := PortName(variable)
	if _, isGenerator, _ := ParseGenerator(variable); isGenerator || isPort {
		r.Problem(n, "the path begins with ${%s}, but its values are not paths; write a / in front of it", variable)
		return
	}
	name, column, ok := DataColumn(variable)
	if !ok {
		return
	}
	for _, table := range r.data {
		if table.Name != name {
			continue
		}
		at := max(slices.Index(table.Columns, column), 0)
		for i, row := range table.Rows {
			if text := row[at].Text; !strings.HasPrefix(text, "/") && !strings.Contains(text, "://") {
				r.Problem(n, "the path begins with ${%s}, but its value in row %d, %s, is not a path: a path begins with /", variable, i+1, strict.Quote(text))
				return
			}
		}
	}
}
