package http

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// wire is a call compiled into what goes over an HTTP/1.1 connection.
type wire struct {
	request   *plan.HTTP
	needsBody bool      // the body of the answer is looked at
	static    message   // the whole, when nothing varies: its bytes are then not nil
	head      plan.Text // request line and header, without the last line end
	cookie    bool      // the last line of head is a Cookie header
	length    bool      // there is to be a Content-Length, be it 0
	closes    bool      // the user asks for Connection: close
	gzip      bool      // the user asks for an encoding, so that a gzip answer is to be undone
	pathAt    int       // where in head the path begins
}

// message is a request that is ready to be sent. Cookies of the user's jar are not in it yet.
type message struct {
	bytes    []byte
	method   string
	pathAt   int // where the path begins, up to the next space
	cookieAt int // where the last line of the header ends, without its line end
	cookie   bool
	bodyAt   int
}

// path is what stands in the request line, without the origin that a proxy needs.
func (m message) path() string {
	path, _, _ := strings.Cut(string(m.bytes[m.pathAt:m.cookieAt]), " ")
	return path
}

// withCookies is the message's bytes with cookies of the jar put in.
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

// wireTarget is what all requests of a plan have in common.
type wireTarget struct {
	origin
	prefix    string // of the path, for a proxy
	proxyAuth string // a Proxy-Authorization, for a proxy
	user      *url.Userinfo
}

// compile makes the wires of all calls of a plan.
func compile(p *plan.Plan, t wireTarget) ([]*wire, error) {
	wires := make([]*wire, len(p.Calls))
	for i, call := range p.Calls {
		content, ok := call.Content.(*plan.HTTP)
		if !ok { // another protocol's
			continue
		}
		if err := sendable(content, p.Routes[call.Route()].Name); err != nil {
			return nil, err
		}
		wires[i] = newWire(content, t)
		wires[i].needsBody = len(content.JSON) > 0 || len(call.Save) > 0
	}
	return wires, nil
}

// sendable looks at the literal parts of a request: what would break the framing of HTTP can
// not be sent. Variables are made safe when they are put in.
func sendable(r *plan.HTTP, route string) error {
	path := literals(r.Path)
	switch {
	case !httpguts.ValidHeaderFieldName(r.Method): // both are tokens
		return fmt.Errorf("%q is no method that can be sent", r.Method)
	case strings.ContainsFunc(path, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return fmt.Errorf("%s: a path holds no space and no control character", route)
	}
	for _, h := range r.Headers {
		if !httpguts.ValidHeaderFieldName(h.Name) || !httpguts.ValidHeaderFieldValue(literals(h.Value)) {
			return fmt.Errorf("%s: the header %q can not be sent", route, h.Name)
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

func newWire(r *plan.HTTP, t wireTarget) *wire {
	w := &wire{request: r, pathAt: len(r.Method) + 1 + len(t.prefix)}
	w.length = r.Body != nil || r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH"
	var cookie plan.Text
	head := []plan.Text{plan.Lit(r.Method + " " + t.prefix), r.Path, plan.Lit(" HTTP/1.1"), w.host(t)}
	for _, h := range headers(r, t) {
		line := plan.Join(plan.Lit("\r\n"+h.Name+": "), h.Value)
		switch strings.ToLower(h.Name) {
		case "host":
			continue
		case "cookie": // last, so that those of the jar can follow; a second line is not allowed
			if w.cookie {
				line = plan.Join(plan.Lit("; "), h.Value)
			}
			cookie, w.cookie = plan.Join(cookie, line), true
			continue
		case "connection":
			w.closes = hasToken([]byte(literals(h.Value)), "close")
		case "accept-encoding":
			w.gzip = true
		}
		head = append(head, line)
	}
	w.head = plan.Join(append(head, cookie)...)
	_, headStatic := w.head.Static()
	_, bodyStatic := r.Body.Static()
	if headStatic && bodyStatic {
		w.static, _ = w.render(nil, constant{})
	}
	return w
}

// host is the Host header: the user's, or the target's.
func (w *wire) host(t wireTarget) plan.Text {
	for _, h := range w.request.Headers {
		if strings.EqualFold(h.Name, "Host") {
			return plan.Join(plan.Lit("\r\nHost: "), h.Value)
		}
	}
	return plan.Lit("\r\nHost: " + t.authority())
}

// headers are those that the user gave and those that he left to us, without the ones that
// say where a message ends: we alone know.
func headers(r *plan.HTTP, t wireTarget) []plan.Header {
	given := map[string]bool{}
	var list []plan.Header
	for _, h := range r.Headers {
		name := strings.ToLower(h.Name)
		if name != "content-length" && name != "transfer-encoding" {
			list = append(list, h)
			given[name] = true
		}
	}
	add := func(name, value string) {
		if value != "" && !given[strings.ToLower(name)] {
			list = append(list, plan.Header{Name: name, Value: plan.Lit(value)})
		}
	}
	add("User-Agent", "plimsoll")
	add("Authorization", basic(t.user))
	add("Proxy-Authorization", t.proxyAuth)
	return list
}

// basic is what a user in an address comes to in a header (RFC 7617); empty for none.
func basic(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// message puts values into the request. It uses the memory of out, if anything varies at all,
// and gives it back, grown or not.
func (w *wire) message(out []byte, v load.Values) (message, []byte) {
	if w.static.bytes != nil {
		return w.static, out
	}
	return w.render(out, v)
}

// render writes the body first, whose length the header tells, then the message behind it.
func (w *wire) render(out []byte, v load.Values) (message, []byte) {
	out = v.Append(out[:0], w.request.Body)
	start := len(out)
	out = v.Append(out, w.head)
	m := message{method: w.request.Method, cookie: w.cookie, pathAt: w.pathAt, cookieAt: len(out) - start}
	out = append(out, "\r\n"...)
	if w.length {
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, int64(start), 10)
		out = append(out, "\r\n"...)
	}
	out = append(out, "\r\n"...)
	m.bodyAt = len(out) - start
	out = append(out, out[:start]...)
	m.bytes = out[start:]
	return m, out
}

// constant puts nothing into texts that have no variables.
type constant struct{}

// Append adds the literals of t.
func (constant) Append(dst []byte, t plan.Text) []byte {
	for _, part := range t {
		dst = append(dst, part.Literal...)
	}
	return dst
}
