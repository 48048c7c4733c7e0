package http

import (
	"bytes"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
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

// step is where a redirect leads.
type step struct {
	at     origin
	path   string
	method string
	body   bool // the body is sent again
	secret bool // what the user sends to show who he is may be sent there
}

// next works out where a Location leads from a page. A host that may not be loaded is a
// fault, and nothing has been sent to it then.
func (h *HTTP) next(from origin, path, method string, status int, location string) (step, error) {
	page, err := url.Parse(from.url() + path)
	if err != nil {
		return step{}, errLocation
	}
	to, err := page.Parse(location)
	if err != nil {
		return step{}, errLocation
	}
	at, err := originOf(to)
	if err != nil {
		return step{}, errLocation
	}
	if !strings.EqualFold(at.host, h.origin.host) && !plan.Allowed(at.host, h.target.Hosts) {
		return step{}, fault("redirect to " + at.host + " is outside limits.hosts")
	}
	if strings.EqualFold(at.host, from.host) {
		at.host = from.host // so that origins that are the same compare equal
	}
	s := step{at: at, path: to.RequestURI(), method: method, body: true, secret: trusted(from, at)}
	if status <= 303 { // RFC 9110, section 15.4: as all clients do, also for 301 and 302
		s.body = false
		if method != "HEAD" {
			s.method = "GET"
		}
	}
	return s, nil
}

// trusted reports whether what is secret between the user and an origin may be told another:
// the same one, or the same host that asks for TLS, as Python's requests has it.
func trusted(from, to origin) bool {
	upgraded := origin{scheme: "https", host: from.host, port: "443"}
	return from == to || (from.scheme == "http" && from.port == "80" && to == upgraded)
}

// follow goes after redirects, as far as the plan lets it. The outcome tells of the last
// answer, and of all bytes and of the first instant of sending.
func (u *user1) follow(x *exchange, outcome load.Outcome) load.Outcome {
	first := outcome.Sent
	received := outcome.BytesReceived
	for range u.http.target.Redirects {
		location := u.buf.in.answer.location
		if outcome.Class != tally.OK || !redirects(outcome.Status) || location == "" {
			break
		}
		to, err := u.http.next(x.at, x.message.path(), x.message.method, outcome.Status, location)
		if err != nil {
			outcome = failed(err, false)
			break
		}
		x.message = u.http.redirected(x.at, x.message, to)
		x.at, x.now = to.at, time.Now()
		x.want.head = to.method == "HEAD"
		if !x.now.Before(x.deadline) {
			outcome = failed(context.DeadlineExceeded, u.ended.Load())
			break
		}
		outcome = u.exchange(x)
		received += outcome.BytesReceived
	}
	outcome.Sent, outcome.BytesReceived = first, received
	return outcome
}

// redirected is a message made anew for where it is sent on to.
func (h *HTTP) redirected(from origin, m message, to step) message {
	via := h.dialer.via(to.at)
	begin := to.method + " "
	if via.absolute() {
		begin += to.at.url()
	}
	next := message{method: to.method, pathAt: len(begin)}
	var header, cookie strings.Builder
	header.WriteString(begin + to.path + " HTTP/1.1")
	if from != to.at {
		header.WriteString("\r\nHost: " + to.at.authority())
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
	if auth := via.authorization(); auth != "" {
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

// kept reports whether a header goes along on a redirect; its name is in lower case.
func kept(name string, sameOrigin bool, to step) bool {
	switch name {
	case "host":
		return sameOrigin
	case "authorization", "cookie":
		return to.secret
	case "proxy-authorization":
		return false // made anew
	case "content-type", "content-encoding", "content-language", "content-location", "content-length":
		return to.body
	}
	return true
}
