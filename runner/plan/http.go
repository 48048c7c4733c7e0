package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// HTTP is the content of an HTTP call.
type HTTP struct {
	Method string
	// From is a value that the path begins with: the path is Target.Path of this value, followed by Path.
	// Without From, Path is the whole path, and includes that of target.url.
	From    Text
	Path    Text // of the request line
	Headers []Header
	Body    Text        // nil for none; forms and files are encoded in it
	Status  []int       // expected statuses; empty for all below 400
	Expect  []Condition // on the answer; see package answer
}

// Header is one header field. The name is as the user wrote it.
type Header struct {
	Name  string
	Value Text
}

func httpContent(r *Resolver, c *profile.Call) any { return r.http(c.Content.(*profile.HTTP)) }

// http resolves a request.
func (r *Resolver) http(h *profile.HTTP) *HTTP {
	common := r.profile.Target.Headers
	resolved := &HTTP{Method: h.Method, Status: h.Status}
	resolved.From, resolved.Path = r.path(h.Path)
	isForm := h.Sends == profile.FormBody || h.Sends == profile.MultipartBody
	for _, header := range common {
		if !named(h.Headers, header.Name) && !(isForm && strings.EqualFold(header.Name, "Content-Type")) {
			resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
		}
	}
	for _, header := range h.Headers {
		resolved.Headers = append(resolved.Headers, Header{header.Name, r.Text(header.Value, HeaderValue)})
	}
	body, contentType := r.body(h)
	if resolved.Body = body; contentType != "" && !named(h.Headers, "Content-Type") && (isForm || !named(common, "Content-Type")) {
		resolved.Headers = append(resolved.Headers, Header{"Content-Type", Lit(contentType)})
	}
	resolved.Expect = newConditions(h.Expect)
	return resolved
}

func named(headers []profile.Header, name string) bool {
	return slices.ContainsFunc(headers, func(h profile.Header) bool { return strings.EqualFold(h.Name, name) })
}

// path resolves the path of a request.
func (r *Resolver) path(t profile.Template) (from, path Text) {
	if strings.HasPrefix(string(t), "/") {
		return nil, Join(Lit(r.basePath), r.Text(t, URL))
	}
	first, rest, _ := strings.Cut(string(t), "}")
	path = r.Text(profile.Template(rest), URL)
	from = r.Text(profile.Template(first+"}"), Plain)
	fixed, ok := from.Static()
	if !ok {
		return from, path
	}
	begin, wrong := r.plan.Target.Path(fixed)
	if wrong != "" {
		r.failEnv(strings.TrimPrefix(first, "${env."), "%s}: %s", first, wrong)
	}
	return nil, Join(Lit(begin), path)
}

// body is the body of a request, nil for none, with its Content-Type.
func (r *Resolver) body(h *profile.HTTP) (body Text, contentType string) {
	switch h.Sends {
	case profile.TextBody:
		body = r.Text(h.Body, Plain)
	case profile.JSONBody:
		body, contentType = r.Tree(h.JSON).JSON(nil), "application/json"
	case profile.FormBody:
		body, contentType = r.form(h.Fields), "application/x-www-form-urlencoded"
	case profile.MultipartBody:
		boundary := boundary(h.Fields)
		body, contentType = r.multipart(h.Fields, boundary), "multipart/form-data; boundary="+boundary
	case profile.FileBody:
		body = Lit(string(h.File.Content))
	default:
		return nil, ""
	}
	return append(Text{}, body...), contentType // not nil, even when empty
}

func (r *Resolver) form(fields []profile.FormField) Text {
	var form Text
	for i, f := range fields {
		if i > 0 {
			form = append(form, Part{Literal: "&"})
		}
		form = append(append(append(form, r.Text(f.Name, Form)...), Part{Literal: "="}), r.Text(f.Value, Form)...)
	}
	return Join(form)
}

// multipart is a body of RFC 7578.
func (r *Resolver) multipart(fields []profile.FormField, boundary string) Text {
	var body Text
	add := func(texts ...Text) { body = append(body, slices.Concat(texts...)...) }
	for _, f := range fields {
		add(Lit("--"+boundary+"\r\nContent-Disposition: form-data; name=\""), r.Text(f.Name, Quoted))
		if f.File == nil {
			add(Lit("\"\r\n\r\n"), r.Text(f.Value, Plain))
		} else {
			add(Lit("\"; filename=\""), r.Text(f.File.Name, Quoted))
			add(Lit("\"\r\nContent-Type: "+orElse(f.File.Type, "application/octet-stream")+"\r\n\r\n"), Lit(string(f.File.Content)))
		}
		add(Lit("\r\n"))
	}
	add(Lit("--" + boundary + "--\r\n"))
	return Join(body)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// boundary separates the parts of a multipart body. It is a hash of the fields, so none of them contains
// it.
func boundary(fields []profile.FormField) string {
	sum := sha256.New()
	for _, f := range fields {
		sum.Write([]byte(f.Name))
		sum.Write([]byte(f.Value))
		if f.File != nil {
			sum.Write(f.File.Content)
		}
	}
	return "plimsoll-" + hex.EncodeToString(sum.Sum(nil)[:20])
}
