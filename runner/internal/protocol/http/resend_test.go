package http_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// mortal answers the first request of each connection. It reads the second one and then ends the
// connection.
type mortal struct {
	die      func(net.Conn)
	requests atomic.Int64
	gone     chan struct{} // gets a token for each connection that has ended
}

func newMortal(die func(net.Conn)) *mortal { return &mortal{die: die, gone: make(chan struct{}, 100)} }

func (m *mortal) serve(c net.Conn) {
	defer func() {
		c.Close()
		m.gone <- struct{}{}
	}()
	in := bufio.NewReader(c)
	for n := 0; ; n++ {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		m.requests.Add(1)
		if n > 0 {
			m.die(c)
			return
		}
		answer := ok
		if r.Method == "HEAD" {
			answer = strings.TrimSuffix(ok, "ok")
		}
		io.WriteString(c, answer)
	}
}

func closes(net.Conn) {}

// timesOut tells a client whose request it has not seen that it waited long enough, as HAProxy does.
func timesOut(c net.Conn) {
	io.WriteString(c, "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}

// A request is sent again, once, if its kept connection ends before the first byte of an answer and
// its method allows it; nothing else is.
func TestResends(t *testing.T) {
	const closed = "the connection was closed without an answer"
	interim := text("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
	for _, c := range []struct {
		name, method string
		die          func(net.Conn)
		fails        string // empty for one that is sent again
	}{
		{"closed", "GET", closes, ""},
		{"closed", "HEAD", closes, ""},
		{"closed", "OPTIONS", closes, ""},
		{"closed", "TRACE", closes, ""},
		{"closed", "PUT", closes, ""},
		{"closed", "DELETE", closes, ""},
		{"closed", "POST", closes, closed},
		{"closed", "PATCH", closes, closed},
		{"closed", "PURGE", closes, closed},
		{"reset", "GET", reset, ""},
		{"reset", "POST", reset, "read: connection reset by peer"},
		{"408", "GET", timesOut, ""},
		{"half an answer", "GET", text("HTTP/1.1 2"), "the connection was closed within the header"},
		{"an interim answer", "GET", interim, closed},
		{"half a body", "GET", text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), "the connection was closed within the body"},
	} {
		t.Run(c.name+" "+c.method, func(t *testing.T) {
			m := newMortal(c.die)
			r := &request{Method: c.method, Path: plan.Lit("/")}
			if c.method[0] == 'P' {
				r.Body = plan.Lit("text")
			}
			d := newUser(t, newHTTP(t, target("http://"+listen(t, "tcp", "127.0.0.1:0", m.serve).String()), r))
			if o := d.Call(r.call, values{}); o.Class != tally.OK || o.Resent != 0 {
				t.Fatalf("the first: %+v", o)
			}
			o := d.Call(r.call, values{})
			if c.fails == "" {
				if o.Class != tally.OK || o.Status != 200 || o.Resent != 1 {
					t.Errorf("got %+v, want it sent again", o)
				}
			} else if wantFailure(t, o, tally.Transport, c.fails); o.Resent != 0 {
				t.Errorf("it was sent again %d times", o.Resent)
			}
			want := int64(2)
			if c.fails == "" {
				want = 3
			}
			if got := m.requests.Load(); got != want {
				t.Errorf("the server saw %d requests, want %d", got, want)
			}
		})
	}
}

// A 408 to a POST is an answer, as the server may have begun with it.
func TestTimeOutAnswerToPost(t *testing.T) {
	m := newMortal(timesOut)
	r := &request{Method: "POST", Path: plan.Lit("/"), Body: plan.Lit("text")}
	d := newUser(t, newHTTP(t, target("http://"+listen(t, "tcp", "127.0.0.1:0", m.serve).String()), r))
	d.Call(r.call, values{})
	if o := d.Call(r.call, values{}); o.Status != 408 || o.Resent != 0 {
		t.Errorf("got %+v, want 408", o)
	}
}

// A request that fails on a fresh connection is not sent again.
func TestFreshConnectionsAreNotRetried(t *testing.T) {
	var requests atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		http.ReadRequest(bufio.NewReader(c))
		requests.Add(1)
	})
	o := once(t, target("http://"+address.String()), get("/"))
	if wantFailure(t, o, tally.Transport, "the connection was closed without an answer"); o.Resent != 0 || requests.Load() != 1 {
		t.Errorf("resent %d, the server saw %d requests", o.Resent, requests.Load())
	}
}

// If the second try fails too, that is one failure, and its text names both faults.
func TestResendFails(t *testing.T) {
	var requests atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			if _, err := http.ReadRequest(in); err != nil || requests.Add(1) > 1 {
				return
			}
			io.WriteString(c, ok)
		}
	})
	r := peek("/")
	d := newUser(t, newHTTP(t, target("http://"+address.String()), r))
	wantOK(t, d.Call(r.call, values{}), 200, "ok")
	o := d.Call(r.call, values{})
	wantFailure(t, o, tally.Transport, "the connection was closed without an answer (sent again, as the server had closed a kept connection)")
	if o.Resent != 1 || requests.Load() != 3 {
		t.Errorf("resent %d, the server saw %d requests; want 1 and 3", o.Resent, requests.Load())
	}
}

// A server that closes silently after an answer causes no failure: its end is seen before a POST, and
// a GET is sent again.
func TestSilentCloses(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PATCH"} {
		for _, connections := range []int{0, 1} {
			m := newMortal(closes)
			address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
				in := bufio.NewReader(c)
				r, _ := http.ReadRequest(in)
				io.Copy(io.Discard, r.Body)
				m.requests.Add(1)
				io.WriteString(c, ok)
				c.Close()
				m.gone <- struct{}{}
			})
			to := target("http://" + address.String())
			to.Connections = connections
			r := &request{Method: method, Path: plan.Lit("/"), Body: plan.Lit("text"), Save: []plan.Save{{}}}
			d := newUser(t, newHTTP(t, to, r))
			for i := range 3 {
				if i > 0 {
					<-m.gone
					time.Sleep(50 * time.Millisecond) // until the end has come over loopback
				}
				o := d.Call(r.call, values{})
				resent := 0
				if method == "GET" && i > 0 { // a GET can be sent again, so nothing looks at its connection first
					resent = 1
				}
				if wantOK(t, o, 200, "ok"); o.Resent != resent {
					t.Errorf("%s %d: resent %d, want %d", method, i, o.Resent, resent)
				}
			}
			if got := m.requests.Load(); got != 3 {
				t.Errorf("%s: the server saw %d requests, want 3", method, got)
			}
		}
	}
}

// Requests are sent again over TLS, unix sockets, proxies and shared connections too.
func TestResendsEverywhere(t *testing.T) {
	ours := newAuthority(t)
	secure := func(m *mortal) func(net.Conn) {
		config := ours.secure(t, "shop.test", time.Now().Add(time.Hour), false, nil).TLS
		return func(c net.Conn) { m.serve(tls.Server(c, config)) }
	}
	for name, c := range map[string]struct {
		network, scheme string
		die             func(net.Conn)
		proxy           string
		connections     int
	}{
		"TLS, close_notify": {"tcp", "https", closes, "", 0},
		"TLS, reset":        {"tcp", "https", func(c net.Conn) { reset(c.(*tls.Conn).NetConn()) }, "", 0},
		"TLS, just the end": {"tcp", "https", func(c net.Conn) { c.(*tls.Conn).NetConn().Close() }, "", 0},
		"unix socket":       {"unix", "http", closes, "", 0},
		"CONNECT":           {"tcp", "https", closes, "http", 0},
		"SOCKS":             {"tcp", "http", closes, "socks5", 0},
		"shared":            {"tcp", "http", closes, "", 1},
		"shared, unix":      {"unix", "http", closes, "", 2},
		"shared, TLS":       {"tcp", "https", closes, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMortal(c.die)
			serve := m.serve
			if c.scheme == "https" {
				serve = secure(m)
			}
			place := "127.0.0.1:0"
			if c.network == "unix" {
				place = filepath.Join(t.TempDir(), "s")
			}
			address := listen(t, c.network, place, serve).String()
			to := target(c.scheme + "://shop.test")
			to.HTTP, to.TLS.CA, to.Connections = "1.1", ours.pem, c.connections
			switch {
			case c.network == "unix":
				to.Socket = address
			case c.proxy == "http":
				t.Setenv("HTTPS_PROXY", "http://"+proxy(t, address, make(chan string, 100)))
			case c.proxy == "socks5":
				var asked atomic.Value
				t.Setenv("HTTP_PROXY", "socks5://me:secret@"+socks(t, address, &asked))
			default:
				to.URL, to.TLS.ServerName = c.scheme+"://"+address, "shop.test"
			}
			r := peek("/")
			h := newHTTP(t, to, r)
			var users sync.WaitGroup
			var resent atomic.Int64
			for range max(c.connections, 1) {
				users.Go(func() {
					d := h.User(t.Context())
					defer d.Close()
					for range 6 {
						o := d.Call(r.call, values{})
						wantOK(t, o, 200, "ok")
						resent.Add(int64(o.Resent))
					}
				})
			}
			users.Wait()
			if resent.Load() == 0 {
				t.Error("nothing was sent again")
			}
		})
	}
}

// The second request of a redirect is sent again like the first.
func TestResendsAfterRedirect(t *testing.T) {
	var requests atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			switch n := requests.Add(1); {
			case r.URL.Path == "/":
				io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")
			case n == 2:
				return
			default:
				io.WriteString(c, ok)
			}
		}
	})
	to := target("http://" + address.String())
	to.Redirects = 1
	o := once(t, to, peek("/"))
	if wantOK(t, o, 200, "ok"); o.Resent != 1 || requests.Load() != 3 {
		t.Errorf("resent %d, the server saw %d requests; want 1 and 3", o.Resent, requests.Load())
	}
}

// The time of a request that is sent again counts from its first try.
func TestResendKeepsItsStart(t *testing.T) {
	m := newMortal(func(net.Conn) { time.Sleep(30 * time.Millisecond) })
	r := peek("/")
	d := newUser(t, newHTTP(t, target("http://"+listen(t, "tcp", "127.0.0.1:0", m.serve).String()), r))
	wantOK(t, d.Call(r.call, values{}), 200, "ok")
	o := d.Call(r.call, values{})
	if wantOK(t, o, 200, "ok"); o.Resent != 1 || o.Ended.Sub(o.Sent) < 30*time.Millisecond {
		t.Errorf("resent %d, took %v: the first try is not counted", o.Resent, o.Ended.Sub(o.Sent))
	}
}

// A request that meets a closed port after a kept connection has ended does not count as sent again.
func TestResendMeetsNobody(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		http.ReadRequest(in)
		listener.Close()
		io.WriteString(c, ok)
		http.ReadRequest(in)
	}()
	r := get("/")
	d := newUser(t, newHTTP(t, target("http://"+listener.Addr().String()), r))
	wantOK(t, d.Call(r.call, values{}), 200, "")
	o := d.Call(r.call, values{})
	if wantFailure(t, o, tally.Transport, "connect: connection refused (after the server had closed a kept connection)"); o.Resent != 0 {
		t.Errorf("it was sent again %d times", o.Resent)
	}
}
