// Package delay is a proxy that makes one route of a system slower, or gives the system more to
// do, for trying a gate on a change of a known size.
//
// A Proxy forwards requests over plain HTTP/1.1, with one kept connection for each client
// connection. It delays the requests of one route; the route and the delay may change while it
// runs. The load names each request's route in a header (Header), which the proxy removes. It can
// also send a share of the GET requests twice, at the same time, and drop the second answer: then
// the system uses that share of CPU time more for each answer that the load sees. Each side of a
// comparison has its own proxy, so the proxy's own cost is on both sides. Safe for concurrent use.
package delay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"sync"
	"time"
)

// Header names the route of a request.
const Header = "X-Plimsoll-Route"

// patience is how long a system may take until it listens, since the proxy starts before the system, and how long a
// second request may take.
const patience = 30 * time.Second

// Proxy forwards to a system. New makes one; the caller must Close it.
type Proxy struct {
	server   *http.Server
	listener net.Listener
	served   chan struct{}

	forward  *httputil.ReverseProxy
	repeated sync.WaitGroup // second requests on their way

	mu     sync.Mutex // guards the fields below
	route  string
	by     time.Duration
	share  float64 // of the GET requests that are sent twice
	owed   float64 // second requests, up to now
	closed bool    // no more second requests
}

// New starts a proxy on a free port of loopback. It forwards to target, such as
// http://127.0.0.1:8080, which need not listen yet.
func New(target string) (*Proxy, error) {
	to, err := url.Parse(target)
	if err != nil || to.Scheme != "http" {
		return nil, fmt.Errorf("delay: %q is not the address of a plain HTTP server", target)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("delay: %w", err)
	}
	p := &Proxy{listener: listener, served: make(chan struct{})}
	p.forward = forwardTo(to)
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { // ends with Close
		defer close(p.served)
		_ = p.server.Serve(listener) // ErrServerClosed
	}()
	return p, nil
}

// forwardTo forwards requests to a system.
func forwardTo(system *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(system)
			r.Out.Host = r.In.Host
			r.Out.Header.Del(Header)
		},
		Transport: &http.Transport{
			DialContext: dialPatiently, MaxIdleConnsPerHost: 100_000, DisableCompression: true, IdleConnTimeout: time.Minute,
		},
		ErrorLog: log.New(io.Discard, "", 0), // the load sees an error as a 502
	}
}

// ServeHTTP delays, repeats and forwards a request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	by, twice := p.changes(r)
	wait(r.Context(), by)
	if twice {
		go p.again(r.Clone(context.Background())) // the first answer ends r; Close waits for the second
	}
	p.forward.ServeHTTP(w, r)
}

// again sends a request and drops the answer.
func (p *Proxy) again(r *http.Request) {
	defer p.repeated.Done()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p.forward.ServeHTTP(nowhere{http.Header{}}, r.WithContext(ctx))
}

// nowhere drops an answer.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header            { return n.header }
func (n nowhere) Write(body []byte) (int, error) { return len(body), nil }
func (n nowhere) WriteHeader(int)                {}

// spin is the last part of a wait, which does not sleep: timers are late by about as much.
const spin = 200 * time.Microsecond

// wait returns after a time, or when ctx ends. It costs CPU time to be exact to some microseconds:
// the change must have the size that the user was told.
func wait(ctx context.Context, d time.Duration) {
	due := time.Now().Add(d)
	if d > spin {
		select {
		case <-time.After(d - spin):
		case <-ctx.Done():
			return
		}
	}
	for time.Now().Before(due) {
		runtime.Gosched()
	}
}

// dialPatiently connects, and waits while the system does not listen yet.
func dialPatiently(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	deadline := time.Now().Add(patience)
	for {
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil || time.Now().After(deadline) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// changes says how long a request is delayed, and whether it is sent twice.
func (p *Proxy) changes(r *http.Request) (by time.Duration, twice bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if route := r.Header.Get(Header); route != "" && route == p.route {
		by = p.by
	}
	if r.Method == http.MethodGet {
		p.owed += p.share
	}
	if twice = p.owed >= 1 && !p.closed; twice {
		p.owed--
		p.repeated.Add(1)
	}
	return by, twice
}

// Slow delays the requests of one route and no others.
func (p *Proxy) Slow(route string, by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.route, p.by = route, by
}

// Repeat sends a share of the GET requests twice, evenly spread: 0 for none, at most 1 for all.
func (p *Proxy) Repeat(share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.share, p.owed = min(share, 1), 0
}

// URL is where the proxy listens.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// Close ends the proxy and its connections.
func (p *Proxy) Close() error {
	err := p.server.Close()
	<-p.served
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.repeated.Wait()
	return err
}
