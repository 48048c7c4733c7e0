package http

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// redirects reports whether a status sends the user elsewhere.
func redirects(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// hop is the next request of a redirect.
type hop struct {
	at     wire.Origin
	path   string
	method string
	body   bool // the body is sent again
	secret bool // credentials and cookies may be sent there
}

const errLocation wire.Fault = "the Location of a redirect is no address"

// next works out where a Location leads. A host that may not be loaded is a fault; nothing is
// sent to it.
func (f *Clients) next(from wire.Origin, path, method string, status int, location string) (hop, error) {
	page, err := url.Parse(from.URL() + path)
	if err != nil {
		return hop{}, errLocation
	}
	to, err := page.Parse(location)
	if err != nil {
		return hop{}, errLocation
	}
	at, err := wire.OriginOf(to)
	if err != nil {
		return hop{}, errLocation
	}
	if !f.dialer.Allowed(at.Host) {
		return hop{}, wire.Fault("redirect to " + at.Host + " is outside limits.hosts")
	}
	if strings.EqualFold(at.Host, from.Host) {
		at.Host = from.Host // equal origins must compare equal
	}
	s := hop{at: at, path: to.RequestURI(), method: method, body: true, secret: trusted(from, at)}
	if status <= 303 { // RFC 9110, section 15.4: as all clients do, also for 301 and 302
		s.body = false
		if method != "HEAD" {
			s.method = "GET"
		}
	}
	return s, nil
}

// trusted reports whether secrets shared with one origin may be sent to another: the same origin,
// or the same host over TLS, as in Python's requests.
func trusted(from, to wire.Origin) bool {
	upgraded := wire.Origin{Scheme: "https", Host: from.Host, Port: "443"}
	return from == to || (from.Scheme == "http" && from.Port == "80" && to == upgraded)
}

// follow follows redirects as far as the plan allows. The response has the status of the last
// answer, the bytes of all, and the instant at which the first request was sent.
func (u *client1) follow(ctx context.Context, x *exchange, r *response) {
	first, received := r.Sent, r.BytesReceived
	for range u.clients.target.Redirects {
		location := u.buf.in.Answer().Location
		if r.Class != tally.OK || !redirects(r.status) || location == "" {
			break
		}
		to, err := u.clients.next(x.at, x.message.path(), x.message.method, r.status, location)
		if err != nil {
			r.fail(err)
			break
		}
		x.message = u.clients.redirected(x.at, x.message, to)
		x.at, x.now = to.at, time.Now()
		x.want.Head = to.method == "HEAD"
		if !x.now.Before(x.deadline) {
			r.fail(u.cause(context.DeadlineExceeded))
			break
		}
		u.exchange(ctx, x, r)
		received += r.BytesReceived
	}
	r.Sent, r.BytesReceived = first, received
}

// redirected is the message rewritten for the next hop.
func (f *Clients) redirected(from wire.Origin, m message, to hop) message {
	via := f.dialer.Via(to.at)
	begin := to.method + " " + via.Prefix()
	next := message{method: to.method, pathAt: len(begin)}
	var header, cookie strings.Builder
	header.WriteString(begin + to.path + " HTTP/1.1")
	if from != to.at {
		header.WriteString("\r\nHost: " + to.at.Authority())
	}
	_, lines, _ := bytes.Cut(m.bytes[:m.cookieAt], []byte("\r\n"))
	for line := range strings.SplitSeq(string(lines), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		switch kind := strings.ToLower(name); {
		case !kept(kind, from == to.at, to):
		case kind == "cookie":
			next.cookie = true
			cookie.WriteString("\r\n" + line)
		default:
			header.WriteString("\r\n" + line)
		}
	}
	if auth := via.Authorization(); auth != "" {
		header.WriteString("\r\nProxy-Authorization: " + auth)
	}
	header.WriteString(cookie.String())
	next.cookieAt = header.Len()
	body := m.bytes[m.bodyAt:]
	if !to.body {
		body = nil
	}
	hadLength := bytes.Contains(m.bytes[m.cookieAt:m.bodyAt], []byte("Content-Length"))
	if to.body && hadLength {
		header.WriteString("\r\nContent-Length: " + strconv.Itoa(len(body)))
	}
	header.WriteString("\r\n\r\n")
	next.bodyAt = header.Len()
	next.bytes = append([]byte(header.String()), body...)
	return next
}

// kept reports whether a redirected request keeps a header, whose name is in lower case.
func kept(name string, sameOrigin bool, to hop) bool {
	switch name {
	case "host":
		return sameOrigin
	case "authorization", "cookie":
		return to.secret
	case "proxy-authorization":
		return false // written anew
	case "content-type", "content-encoding", "content-language", "content-location", "content-length":
		return to.body
	}
	return true
}
