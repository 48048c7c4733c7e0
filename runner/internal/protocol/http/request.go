package http

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// compiled is a call before its values are filled in: as fields for HTTP/2, and as text for HTTP/1.1.
// Both take the same values in the same order.
type compiled struct {
	content     *plan.HTTP
	dialect     *Dialect // nil for a call of HTTP
	target      *plan.Target
	host        plan.Text
	fields      []plan.Header // the user's and those that we add, in the order sent
	cookie      plan.Text     // the value of the Cookie header; nil for none
	looksAtBody bool          // the body of the answer matters
	looksAtHead bool          // its header or its cookies matter
	body        []byte        // if nothing in it varies

	// HTTP/1.1
	static message   // the whole message if nothing varies; otherwise its bytes are nil
	begin  string    // of the request line, up to the path
	head   plan.Text // the rest of it, from the known part of the path on, and the header without the last line end
	length bool      // a Content-Length is sent, even if it is 0
	closes bool      // the user asks for Connection: close

	form2 form2 // HTTP/2
}

// message is a request that is ready to be sent, except for the cookies of the user's jar.
type message struct {
	bytes    []byte
	apart    []byte // a large body that never changes, sent after bytes; nil if bytes holds the body
	method   string
	pathAt   int // where the path begins, up to the next space
	cookieAt int // the end of the header's last line, before its line end
	cookie   bool
	bodyAt   int
}

// path is the path in the request line, without the origin that a proxy needs.
func (m message) path() string {
	path, _, _ := strings.Cut(string(m.bytes[m.pathAt:m.cookieAt]), " ")
	return path
}

// cookies is the value of its own Cookie header, which is the last line; empty for none.
func (m message) cookies() string {
	if !m.cookie {
		return ""
	}
	head := m.bytes[:m.cookieAt]
	_, value, _ := strings.Cut(string(head[bytes.LastIndex(head, []byte("\r\n")):]), ":")
	return value
}

// body is the message's.
func (m message) body() []byte {
	if m.apart != nil {
		return m.apart
	}
	return m.bytes[m.bodyAt:]
}

// withCookies is the message's bytes with the jar's cookies added.
func (m message) withCookies(cookies string) []byte {
	if cookies == "" {
		return m.bytes
	}
	joint := "\r\nCookie: "
	if m.cookie {
		joint = "; "
	}
	return slices.Concat(m.bytes[:m.cookieAt], []byte(joint), []byte(cookies), m.bytes[m.cookieAt:])
}

// compile compiles all HTTP calls of a plan.
func compile(p *plan.Plan, d *wire.Dialer, dialects []*Dialect) ([]*compiled, error) {
	calls := make([]*compiled, len(p.Calls))
	for i, call := range p.Calls {
		h, dialect := requestOf(call.Content, dialects)
		if h == nil { // another protocol's
			continue
		}
		if err := sendable(h, call.Name); err != nil {
			return nil, err
		}
		calls[i] = newCompiled(h, &p.Target, d, d.Via(d.Target()))
		calls[i].dialect = dialect
		calls[i].looksAtBody = dialect != nil || answer.NeedsBody(h.Expect, call.Save)
		calls[i].looksAtHead = answer.NeedsHead(h.Expect, call.Save)
	}
	return calls, nil
}

// requestOf is the request that a content is sent as; nil for none.
func requestOf(content any, dialects []*Dialect) (*plan.HTTP, *Dialect) {
	if h, ok := content.(*plan.HTTP); ok {
		return h, nil
	}
	for _, dialect := range dialects {
		if h := dialect.Request(content); h != nil {
			return h, dialect
		}
	}
	return nil, nil
}

// sendable refuses literal parts of a call that would break the framing of HTTP. Variables are made
// safe when they are filled in.
func sendable(h *plan.HTTP, route string) error {
	path := literals(h.Path)
	switch {
	case !httpguts.ValidHeaderFieldName(h.Method): // both are tokens
		return fmt.Errorf("%q is not a method of HTTP", h.Method)
	case strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return fmt.Errorf("%s: the path must not hold a space or a control character", route)
	}
	for _, field := range h.Headers {
		if !httpguts.ValidHeaderFieldName(field.Name) || !httpguts.ValidHeaderFieldValue(literals(field.Value)) {
			return fmt.Errorf("%s: the header %q cannot be sent", route, field.Name)
		}
	}
	return nil
}

// literals is a text without its variables.
func literals(t plan.Text) string {
	var b strings.Builder
	for _, part := range t {
		if part.Kind == plan.Literal {
			b.WriteString(part.Literal)
		}
	}
	return b.String()
}

func newCompiled(h *plan.HTTP, target *plan.Target, d *wire.Dialer, via wire.Via) *compiled {
	t := &compiled{content: h, target: target, host: plan.Lit(d.Target().Authority())}
	t.length = h.Body != nil || h.Method == "POST" || h.Method == "PUT" || h.Method == "PATCH"
	given := map[string]bool{}
	for _, field := range h.Headers {
		name := strings.ToLower(field.Name)
		given[name] = true
		switch name {
		case "content-length", "transfer-encoding": // only this package decides where a message ends
			continue
		case "host":
			t.host = field.Value
			continue
		case "cookie": // last, as the jar's cookies are added to it; a second line is not allowed
			if t.cookie != nil {
				t.cookie = plan.Join(t.cookie, plan.Lit("; "))
			}
			t.cookie = append(plan.Text{}, plan.Join(t.cookie, field.Value)...)
			continue
		case "connection":
			t.closes = http1.HasToken([]byte(literals(field.Value)), "close")
		}
		t.fields = append(t.fields, field)
	}
	for _, ours := range [][2]string{{"User-Agent", "plimsoll"}, {"Authorization", d.Authorization()}, {"Proxy-Authorization", via.Authorization()}} {
		if ours[1] != "" && !given[strings.ToLower(ours[0])] {
			t.fields = append(t.fields, plan.Header{Name: ours[0], Value: plan.Lit(ours[1])})
		}
	}
	t.asText(via)
	return t
}

// asText compiles the form of HTTP/1.1.
func (t *compiled) asText(via wire.Via) {
	t.begin = t.content.Method + " " + via.Prefix()
	head := []plan.Text{t.content.Path, plan.Lit(" HTTP/1.1\r\nHost: "), t.host}
	for _, field := range t.fields {
		head = append(head, plan.Lit("\r\n"+field.Name+": "), field.Value)
	}
	if t.cookie != nil {
		head = append(head, plan.Lit("\r\nCookie: "), t.cookie)
	}
	t.head = plan.Join(head...)
	body, bodyStatic := t.content.Body.Static()
	if bodyStatic && body != "" {
		t.body = []byte(body)
	}
	_, headStatic := t.head.Static()
	if headStatic && bodyStatic && t.content.From == nil {
		t.static, _, _ = t.render(nil, constant{})
	}
}

// message fills in values. If anything varies, it writes into out, and returns out, perhaps grown.
// It fails if a value is no path where one is needed.
func (t *compiled) message(out []byte, v load.Values) (message, []byte, error) {
	if t.static.bytes != nil {
		return t.static, out, nil
	}
	return t.render(out, v)
}

// render writes the body first, since the header needs its length, and then the message behind it. A
// large body that never changes is left where it is.
func (t *compiled) render(out []byte, v load.Values) (message, []byte, error) {
	var apart []byte
	if len(t.body) > atOnce {
		apart, out = t.body, out[:0]
	} else {
		out = v.Append(out[:0], t.content.Body)
	}
	start := len(out)
	out = append(out, t.begin...)
	if t.content.From != nil {
		path, err := t.from(v)
		if err != nil {
			return message{}, out, err
		}
		out = append(out, path...)
	}
	out = v.Append(out, t.head)
	m := message{apart: apart, method: t.content.Method, cookie: t.cookie != nil, pathAt: len(t.begin), cookieAt: len(out) - start}
	out = append(out, "\r\n"...)
	if t.length {
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, int64(start+len(apart)), 10)
		out = append(out, "\r\n"...)
	}
	out = append(out, "\r\n"...)
	m.bodyAt = len(out) - start
	out = append(out, out[:start]...)
	m.bytes = out[start:]
	return m, out, nil
}

// from is the beginning of a path that is a value.
func (t *compiled) from(v load.Values) (string, error) {
	path, wrong := t.target.Path(string(v.Append(nil, t.content.From)))
	if wrong != "" {
		return "", unfit(wrong)
	}
	return path, nil
}

// constant fills in texts without variables.
type constant struct{}

// Append adds the literals of t.
func (constant) Append(dst []byte, t plan.Text) []byte {
	for _, part := range t {
		dst = append(dst, part.Literal...)
	}
	return dst
}

// Save keeps nothing.
func (constant) Save(int, profile.Value) {}
