// Package http makes the HTTP calls of a plan.
//
// New makes Clients, the factory of one run, which is safe for concurrent use; its Client makes one
// user's client. New compiles each call once: a call without variables becomes a slice of bytes that
// is written as it is. HTTP/1.1 runs over a net.Conn without net/http, which would cost three times
// the processor time. A plain call allocates nothing, and an idle user owns a socket and no buffer.
// So does HTTP/2, over package h2. HTTP/3 uses quic-go, only where the profile asks for it: an Alt-Svc is
// not followed.
//
// A call measures what a user of the system would see. An answer is read to its end. Redirects are
// followed only as far as the plan allows, and only to hosts that may be loaded.
//
// A request is sent once, except in two cases, in which every client sends it again on a fresh
// connection. It is sent once more if a kept connection ended before the first byte of an answer, and
// either the method may be repeated (RFC 9110, section 9.2.2) or nothing was sent. It is sent up to
// five times more if an HTTP/2 server says that it has not processed it (RFC 9113, section 8.7). The
// outcome counts these (Resent), and its time counts from the first try.
//
// An answer is good if its status and its JSON are as the call expects; see package answer.
package http

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Clients makes the clients of one run. Safe for concurrent use.
type Clients struct {
	target plan.Target
	origin wire.Origin
	dialer *wire.Dialer
	calls  []*compiled // by plan.Call.Index; nil for calls of other protocols

	version atomic.Int32  // unsettled, version1, version2 or version3
	probing chan struct{} // holds a token while a user finds out the version

	buffers sync.Pool       // of *buffer
	shared  chan *wire.Conn // HTTP/1.1 with shared connections: the free ones; nil for one that must still be dialled

	// HTTP/2
	maker    *h2.Maker
	methods  map[string]*h2.Head // the beginning of redirected requests, by method
	buffers2 sync.Pool           // of *buffer2
	lines    []*line             // with shared connections
	users    atomic.Int64        // so far, of HTTP/3 too; they take the lines in turn

	lines3 []*line3 // HTTP/3 with shared connections
}

// The states of Clients.version.
const (
	unsettled int32 = iota
	version1
	version2
	version3
)

// Dialect is a protocol whose calls are requests of HTTP, and whose answers are judged in its own way. Its
// calls share the connections and the cookies of a user's HTTP calls.
type Dialect struct {
	// Request is the request that a content is sent as; nil for a content of another protocol.
	Request func(content any) *plan.HTTP
	// Judge checks a whole answer against what the call expects, and saves values from it. The body is
	// decoded. It returns tally.OK, or how the call failed; see load.Outcome.
	Judge func(a Reply, call *plan.Call, v load.Values) (class tally.Class, text, example string)
}

// Reply is an answer that a Dialect judges. It is valid until the user's next call.
type Reply struct {
	Status int
	answer.Answer
}

// New compiles the HTTP calls of a plan, and those of dialects. It connects to nothing. It fails if a
// literal part of a call cannot be sent.
func New(p *plan.Plan, d *wire.Dialer, dialects ...*Dialect) (*Clients, error) {
	f := &Clients{target: p.Target, origin: d.Target(), dialer: d, probing: make(chan struct{}, 1)}
	f.version.Store(settle(p.Target.HTTP, f.origin.Scheme))
	f.buffers.New = func() any { return &buffer{in: http1.NewReader()} }
	f.buffers2.New = func() any { return new(buffer2) }
	for range p.Target.Connections {
		f.lines, f.lines3 = append(f.lines, newSharedLine()), append(f.lines3, newLine3())
	}
	if p.Target.HTTP == profile.HTTP3 {
		if err := f.reachable3(); err != nil {
			return nil, err
		}
	}
	if n := p.Target.Connections; n > 0 {
		f.shared = make(chan *wire.Conn, n)
		for range n {
			f.shared <- nil
		}
	}
	var err error
	f.calls, err = compile(p, d, dialects)
	f.compile2()
	return f, err
}

// settle returns the version if no probe is needed to find it.
func settle(v profile.HTTPVersion, scheme string) int32 {
	switch {
	case v == profile.HTTP3:
		return version3
	case v == profile.HTTP2:
		return version2
	case v == profile.HTTP1 || scheme == "http":
		return version1
	default:
		return unsettled
	}
}

// Client makes the client of one user, who has these cookies.
func (f *Clients) Client(cookies *jar.Jar) load.Client {
	switch f.version.Load() {
	case version1:
		return newClient1(f, cookies)
	case version2:
		return newClient2(f, cookies)
	case version3:
		return newClient3(f, cookies)
	default:
		return &probing{clients: f, jar: cookies}
	}
}

// Spoken names the version in use: HTTP/1.1 until TLS has decided otherwise.
func (f *Clients) Spoken() string {
	switch f.version.Load() {
	case version2:
		return "HTTP/2"
	case version3:
		return "HTTP/3"
	}
	return "HTTP/1.1"
}

// Close closes the connections that users share. Close the clients first.
func (f *Clients) Close() error {
	var errs []error
	for range cap(f.shared) {
		select {
		case c := <-f.shared:
			if c != nil {
				errs = append(errs, c.Close())
			}
			f.shared <- nil
		default: // a client that has not returned still holds it
		}
	}
	for _, l := range f.lines {
		errs = append(errs, l.close())
	}
	for _, l := range f.lines3 {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
