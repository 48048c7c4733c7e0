package http

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/uri"
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
}

// next works out where a Location leads. A host that may not be loaded is a fault; nothing is
// sent to it. The method and the body change as in the Fetch standard (section 4.4, HTTP-redirect
// fetch): as browsers and curl change them.
func (f *Clients) next(from wire.Origin, path, method string, status int, location string) (hop, error) {
	page := uri.Address{Scheme: from.Scheme, Host: from.Authority(), Target: path}
	to, err := uri.Resolve(page, location)
	if err != nil {
		return hop{}, wire.Fault("the Location of a redirect is not a valid address: " + err.Error())
	}
	at, err := f.originOf(from, page, to)
	if err != nil {
		return hop{}, err
	}
	s := hop{at: at, path: to.Target, method: method, body: true}
	switch {
	case status == http.StatusSeeOther && method != "GET" && method != "HEAD",
		(status == http.StatusMovedPermanently || status == http.StatusFound) && method == "POST":
		s.method, s.body = "GET", false
	}
	return s, nil
}

// originOf is the origin of the next hop, if it may be loaded.
func (f *Clients) originOf(from wire.Origin, page, to uri.Address) (wire.Origin, error) {
	if to.Scheme == page.Scheme && to.Host == page.Host {
		return from, nil
	}
	u, err := url.Parse(to.Scheme + "://" + to.Host)
	if err != nil {
		return wire.Origin{}, wire.Fault("the Location of a redirect is not a valid address: " + uri.ErrAuthority.Error())
	}
	at, err := wire.OriginOf(u)
	if err != nil {
		return wire.Origin{}, wire.Fault("the Location of a redirect is not a valid address: " + err.Error())
	}
	if at.Scheme == from.Scheme && strings.EqualFold(at.Authority(), from.Authority()) {
		return from, nil // equal origins must compare equal; and no Location has the zone of an address
	}
	if !f.dialer.Allowed(at.Host) {
		return wire.Origin{}, wire.Fault("redirect to " + at.Host + ", which may not be loaded; if you are allowed to load it, add it to limits.hosts")
	}
	return at, nil
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
	body := m.body()
	if !to.body {
		body = nil
	}
	hadLength := bytes.Contains(m.bytes[m.cookieAt:m.bodyAt], []byte("Content-Length"))
	if to.body && hadLength {
		header.WriteString("\r\nContent-Length: " + strconv.Itoa(len(body)))
	}
	header.WriteString("\r\n\r\n")
	next.bodyAt = header.Len()
	if next.bytes = []byte(header.String()); len(body) > atOnce {
		next.apart = body
	} else {
		next.bytes = append(next.bytes, body...)
	}
	return next
}

// kept reports whether a redirected request keeps the header with a name in lower case. Headers that
// identify the user stay with the origin that they were meant for.
func kept(name string, sameOrigin bool, to hop) bool {
	switch name {
	case "host", "authorization", "cookie":
		return sameOrigin
	case "proxy-authorization":
		return false // written anew
	case "expect", "transfer-encoding":
		return to.body
	}
	return to.body || !strings.HasPrefix(name, "content-")
}
