package http_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// overQUIC starts an HTTP/3 server and returns it as a target.
func overQUIC(t testing.TB, handler http.Handler) plan.Target {
	t.Helper()
	to, _ := startQUIC(t, &http3.Server{Handler: handler}, func(*tls.Config) {})
	return to
}

// quicConn is the key of a request's connection.
type quicConn struct{}

// startQUIC starts an HTTP/3 server, and says how many connections it has had.
func startQUIC(t testing.TB, server *http3.Server, change func(*tls.Config)) (to plan.Target, connections *atomic.Int64) {
	t.Helper()
	to, connections, _ = stoppable(t, server, change)
	return to, connections
}

// stoppable is startQUIC for a server that the test stops: its socket is gone then, and it has said nothing.
func stoppable(t testing.TB, server *http3.Server, change func(*tls.Config)) (to plan.Target, connections *atomic.Int64, stop func()) {
	t.Helper()
	ours := newAuthority(t)
	cert, key := ours.sign(t, "127.0.0.1", time.Now().Add(time.Hour))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ours.certificate)
	connections = new(atomic.Int64)
	server.TLSConfig = http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool})
	change(server.TLSConfig)
	server.ConnContext = func(ctx context.Context, c *quic.Conn) context.Context {
		connections.Add(1)
		return context.WithValue(ctx, quicConn{}, c)
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	stop = sync.OnceFunc(func() {
		socket.Close()
		<-served
		server.Close()
	})
	t.Cleanup(stop)
	to = target("https://" + socket.LocalAddr().String())
	to.HTTP, to.TLS.CA = profile.HTTP3, ours.pem
	return to, connections, stop
}

func TestHTTP3(t *testing.T) {
	var bodies sync.Map
	server := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies.Store(r.URL.Path, fmt.Sprintf("%s %s %d %s", r.Method, r.Host, r.ContentLength, body))
		if r.Method == "HEAD" {
			w.Header().Set("Content-Length", "100")
			return
		}
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprintf(w, "%s %s", r.Proto, r.RequestURI)
	})}
	to, connections := startQUIC(t, server, func(*tls.Config) {})
	requests := requestsOf(&request{Method: "PUT", Path: plan.Lit("/large"), Body: plan.Lit(strings.Repeat("x", 1<<20)), Save: []plan.Save{{}}})
	for _, c := range []struct {
		shared      int
		connections int64 // of 3 users
	}{{0, 3}, {1, 1}, {2, 2}} {
		connections.Store(0)
		to.Connections = c.shared
		threeUsers(t, newHTTP(t, to, requests...), "HTTP/3", requests)
		if got := connections.Load(); got != c.connections {
			t.Errorf("%d shared: %d connections, want %d", c.shared, got, c.connections)
		}
	}
	if got, _ := bodies.Load("/b"); got != "POST shop.test 4 text" {
		t.Errorf("the server saw %q", got)
	}
}

func TestHTTP3TLS(t *testing.T) {
	others := newAuthority(t)
	plain, _ := startQUIC(t, &http3.Server{Handler: protocol}, func(*tls.Config) {})
	mutual, _ := startQUIC(t, &http3.Server{Handler: protocol}, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	var settings *tls.Config
	other, _ := startQUIC(t, &http3.Server{Handler: protocol}, func(c *tls.Config) { settings = c.Clone() })
	settings.GetConfigForClient, settings.NextProtos = nil, []string{"doq"}
	names, err := quic.ListenAddr("127.0.0.1:0", settings, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	other.URL = "https://" + names.Addr().String()
	cert, key := others.sign(t, "me", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		to     plan.Target
		change func(*profile.TLS)
		body   string
		text   string
	}{
		"good":               {plain, func(*profile.TLS) {}, "HTTP/3.0 nobody", ""},
		"unknown authority":  {plain, func(s *profile.TLS) { s.CA = others.pem }, "", "the certificate is signed by an unknown authority"},
		"anything":           {plain, func(s *profile.TLS) { s.CA, s.Insecure = nil, true }, "HTTP/3.0 nobody", ""},
		"another name":       {plain, func(s *profile.TLS) { s.ServerName = "shop.internal" }, "", "the certificate is not for shop.internal"},
		"mutual":             {mutual, func(s *profile.TLS) { s.Cert, s.Key = cert, key }, "HTTP/3.0 me", ""},
		"mutual without":     {mutual, func(*profile.TLS) {}, "", "the server refuses TLS: certificate required"},
		"not HTTP over QUIC": {other, func(*profile.TLS) {}, "", "the server does not speak HTTP/3"},
	} {
		t.Run(name, func(t *testing.T) {
			c.change(&c.to.TLS)
			if o := once(t, c.to, peek("/")); c.text == "" {
				wantOK(t, o, 200, c.body)
			} else {
				wantFailure(t, o, tally.Transport, c.text)
			}
		})
	}
}

// A request that the server says it has not processed is sent again, whatever its method; one that died with a
// kept connection is sent again if its method allows it. Nothing else is.
func TestHTTP3Resends(t *testing.T) {
	reset := func(code http3.ErrCode) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			stream, _ := w.(http3.HTTPStreamer).HTTPStream()
			stream.CancelRead(quic.StreamErrorCode(code))
			stream.CancelWrite(quic.StreamErrorCode(code))
		}
	}
	closes := func(code http3.ErrCode) func(http.ResponseWriter, *http.Request) {
		return func(_ http.ResponseWriter, r *http.Request) {
			r.Context().Value(quicConn{}).(*quic.Conn).CloseWithError(quic.ApplicationErrorCode(code), "")
		}
	}
	for _, c := range []struct {
		name    string
		method  string
		first   int64 // the first request that is treated so; those before are answered
		bad     int64 // how many are treated so
		treat   func(http.ResponseWriter, *http.Request)
		text    string // of the last call; empty if it is answered
		resent  int
		further int64 // connections besides the first
	}{
		{"rejected", "POST", 1, 1, reset(http3.ErrCodeRequestRejected), "", 1, 1},
		{"rejected always", "POST", 1, 99, reset(http3.ErrCodeRequestRejected), "the stream was reset: H3_REQUEST_REJECTED (sent again 5 times, as the server had not processed it)", 5, 5},
		{"reset", "GET", 1, 1, reset(http3.ErrCodeInternalError), "the stream was reset: H3_INTERNAL_ERROR", 0, 0},
		{"kept and closed, GET", "GET", 2, 1, closes(http3.ErrCodeNoError), "", 1, 1},
		{"kept and closed, POST", "POST", 2, 1, closes(http3.ErrCodeNoError), "the server closed the connection: H3_NO_ERROR", 0, 0},
		{"fresh and closed", "GET", 1, 1, closes(http3.ErrCodeExcessiveLoad), "the server closed the connection: H3_EXCESSIVE_LOAD", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var requests atomic.Int64
			to, connections := startQUIC(t, &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if n := requests.Add(1); n >= c.first && n < c.first+c.bad {
					c.treat(w, r)
				}
			})}, func(*tls.Config) {})
			r := &request{Method: c.method, Path: plan.Lit("/")}
			d := newUser(t, newHTTP(t, to, r))
			for range c.first - 1 {
				wantOK(t, d.Call(r.call, values{}), 200, "")
			}
			o := d.Call(r.call, values{})
			if c.text == "" {
				wantOK(t, o, 200, "")
			} else {
				wantFailure(t, o, tally.Transport, c.text)
			}
			if o.Resent != c.resent || connections.Load() != 1+c.further {
				t.Errorf("sent again %d times over %d connections, want %d and %d", o.Resent, connections.Load(), c.resent, 1+c.further)
			}
		})
	}
}

// The server says goodbye between two calls: the next one goes over a new connection, and nothing was sent twice.
func TestHTTP3Goodbye(t *testing.T) {
	began, release := make(chan bool, 1), make(chan bool)
	server := &http3.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			began <- true
			<-release
		}
	})}
	to, _ := startQUIC(t, server, func(*tls.Config) {})
	r := &request{Method: "POST", Path: plan.Lit("/slow")}
	d := newUser(t, newHTTP(t, to, r))
	ended := make(chan bool)
	go func() {
		defer close(ended)
		o := d.Call(r.call, values{})
		if wantOK(t, o, 200, ""); o.Resent != 0 {
			t.Errorf("a call under way at the goodbye was sent again %d times", o.Resent)
		}
	}()
	<-began
	shut := make(chan error, 1)
	go func() { shut <- server.Shutdown(t.Context()) }()
	close(release)
	<-ended
	if err := <-shut; err != nil {
		t.Error(err)
	}
}

// Whatever a call waits for ends in time: an answer, the rest of one, a connection, a place among the streams.
func TestHTTP3Late(t *testing.T) {
	hang := make(chan bool)
	server := &http3.Server{QUICConfig: &quic.Config{MaxIncomingStreams: 1}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		<-hang
	})}
	to, _ := startQUIC(t, server, func(*tls.Config) {})
	t.Cleanup(func() { close(hang) })
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	wantLate(t, to, peek("/"), "no whole answer in time")
	wantLate(t, to, peek("/half"), "no whole answer in time")
	nobody := to
	nobody.URL = "https://" + silent.LocalAddr().String()
	wantLate(t, nobody, peek("/"), "no answer over UDP in time, where HTTP/3 is spoken")

	to.Timeout, to.Connections = 10*time.Second, 1
	r := get("/")
	h := newHTTP(t, to, r)
	ctx, cancel := context.WithCancel(t.Context())
	var users sync.WaitGroup
	for range 2 { // one has the only place, and the other waits for it
		users.Go(func() {
			d := h.User(ctx)
			defer d.Close()
			if o := d.Call(r.call, values{}); o.Class != tally.Timeout || !o.Unfinished || o.Error != "not answered before the load ended" {
				t.Errorf("cut off: %v %q, unfinished %v", o.Class, o.Error, o.Unfinished)
			}
		})
	}
	time.Sleep(50 * time.Millisecond)
	cancel()
	users.Wait()
}

func TestHTTP3NeedsUDPAndTLS(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.internal:1")
	for want, change := range map[string]func(*plan.Target){
		"give an address that begins with https://": func(to *plan.Target) { to.URL = "http://127.0.0.1:1" },
		"leave target.socket out":                   func(to *plan.Target) { to.Socket = "/tmp/x.sock" },
		"name the host in NO_PROXY":                 func(to *plan.Target) { to.URL = "https://shop.internal" },
	} {
		to := target("https://127.0.0.1:1")
		to.HTTP = profile.HTTP3
		change(&to)
		if err := newError(to, get("/")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
