// Package http sends the requests of a plan over the network.
//
// New makes an HTTP, the factory of one run, which is safe for concurrent use; User makes one
// user's load.Driver from it. Requests are compiled once, in New: one without variables is a
// slice of bytes that is written as it stands. HTTP/1.1 is spoken over a net.Conn without
// net/http, which costs three times the processor's time, and allocates nothing for a plain
// request; a user that is idle owns a socket and no buffer. HTTP/2 stands on net/http's
// ClientConn.
//
// What the user would see is what is counted: a request is sent once and never again, an
// answer is read to its end, redirects are followed only as far as the plan allows and only
// to hosts that it may load. A connection that the server closed while the user did nothing
// is replaced, as every client does, before anything is sent on it.
//
// An Outcome's text is the same for the same fault: it names no port and no address of this
// machine. A fault of this machine, as of its name service, is tally.Generator.
//
// The framing of HTTP/1.1 is that of RFC 9112; where an answer is ambiguous it is refused.
// Left out: pipelining, trailers (read, not shown), upgrades, and answers to CONNECT.
package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// HTTP makes the drivers of one run. Safe for concurrent use.
type HTTP struct {
	target plan.Target
	origin origin
	proxy  string // what absolute-form requests to origin begin with; empty without such a proxy
	dialer *dialer
	wires  []*wire // by plan.Call.Index

	version atomic.Int32  // unsettled, http1 or http2
	probing chan struct{} // holds one token, for who finds the version out

	buffers sync.Pool  // of *buffer
	shared  chan *conn // HTTP/1.1 with shared connections: all that are free; nil ones are to be dialled

	transport *http.Transport // makes the connections of HTTP/2; never pools
	lines     []*line         // HTTP/2 with shared connections
	users     atomic.Int64    // of HTTP/2, dealt out to lines
}

// The states of HTTP.version.
const (
	unsettled int32 = iota
	http1
	http2
)

// New compiles the requests of a plan. It connects to nothing yet. It fails when the target's
// address, certificates or a literal part of a request can not be sent.
func New(p *plan.Plan) (*HTTP, error) {
	u, err := url.Parse(p.Target.URL)
	if err != nil {
		var parse *url.Error // it quotes the address, in which a password may stand
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, fmt.Errorf("target.url: %w", err)
	}
	at, err := originOf(u)
	if err != nil {
		return nil, fmt.Errorf("target.url %s: %w", p.Target.Shown, err)
	}
	d, err := newDialer(p.Target, at)
	if err != nil {
		return nil, err
	}
	h := &HTTP{target: p.Target, origin: at, dialer: d, probing: make(chan struct{}, 1)}
	h.version.Store(settle(p.Target.HTTP, at.scheme))
	h.buffers.New = func() any { return newBuffer() }
	h.transport = h.newTransport()
	for range p.Target.Connections {
		h.lines = append(h.lines, newLine())
	}
	if n := p.Target.Connections; n > 0 {
		h.shared = make(chan *conn, n)
		for range n {
			h.shared <- nil
		}
	}
	via := d.via(at)
	if via.absolute() {
		h.proxy = at.url()
	}
	h.wires, err = compile(p, wireTarget{origin: at, prefix: h.proxy, proxyAuth: via.authorization(), user: u.User})
	return h, err
}

// settle tells the version that needs no probe.
func settle(v profile.HTTPVersion, scheme string) int32 {
	switch {
	case v == profile.HTTP2:
		return http2
	case v == profile.HTTP1 || scheme == "http":
		return http1
	default:
		return unsettled
	}
}

// User makes the driver of one user. When ctx ends, the request under way is cut off.
func (h *HTTP) User(ctx context.Context) load.Driver {
	switch h.version.Load() {
	case http1:
		return newUser1(ctx, h)
	case http2:
		return newUser2(ctx, h)
	default:
		return &probing{http: h, ctx: ctx}
	}
}

// Protocol names the version that is spoken; where TLS is to decide, HTTP/1.1 until it has.
func (h *HTTP) Protocol() string {
	if h.version.Load() == http2 {
		return "HTTP/2"
	}
	return "HTTP/1.1"
}

// Close closes the connections that users share. It is called after the users' own Close.
func (h *HTTP) Close() error {
	var errs []error
	for range cap(h.shared) {
		select {
		case c := <-h.shared:
			if c != nil {
				errs = append(errs, c.Close())
			}
			h.shared <- nil
		default: // a user that has not returned still holds it
		}
	}
	for _, l := range h.lines {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}

// origin is whom a connection leads to.
type origin struct{ scheme, host, port string }

// originOf reads the origin of an address, its host in the form that goes over the wire.
func originOf(u *url.URL) (origin, error) {
	at := origin{scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	ports := map[string]string{"http": "80", "https": "443"}
	switch {
	case ports[u.Scheme] == "":
		return at, errScheme
	case at.host == "":
		return at, errNoHost
	}
	ascii, err := httpguts.PunycodeHostPort(at.host)
	if err != nil {
		return at, errNoHost
	}
	at.host, at.port = ascii, cmp.Or(at.port, ports[u.Scheme])
	return at, nil
}

// address is what is dialled.
func (o origin) address() string { return net.JoinHostPort(o.host, o.port) }

// authority is what stands in the Host header: without a port that goes without saying.
func (o origin) authority() string {
	if o.port == map[string]string{"http": "80", "https": "443"}[o.scheme] {
		bracketed := net.JoinHostPort(o.host, "")
		return bracketed[:len(bracketed)-1]
	}
	return o.address()
}

// url is the origin as an address begins with it.
func (o origin) url() string { return o.scheme + "://" + o.authority() }

// failed is the outcome of a request that an error ended. cut says that the load ended it.
func failed(err error, cut bool) load.Outcome {
	class, text := classify(err, cut)
	return load.Outcome{Class: class, Error: text}
}

// versioned is a driver whose request may have begun before it was known which it would be.
type versioned interface {
	load.Driver
	// do is Do with the request's deadline; the zero Time stands for one from now.
	do(c *plan.Call, v load.Values, deadline time.Time) load.Outcome
}
