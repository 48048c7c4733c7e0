package http_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A server may answer before it has read the whole request, and need not read the rest.
func TestEarlyAnswer(t *testing.T) {
	const refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
	body := strings.Repeat("a", 8<<20)
	for name, serve := range map[string]func(net.Conn){
		"and reads no more": func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, refusal)
			time.Sleep(20 * time.Second) // nothing but the answer ends the request
		},
		"and reads on": func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, strings.Replace(refusal, "\r\n", "\r\nConnection: close\r\n", 1))
			io.Copy(io.Discard, c)
		},
		"and half closes": func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, refusal)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		},
		"and closes": func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, refusal)
		},
		"after an interim one": func(c net.Conn) {
			c.Read(make([]byte, 100))
			io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			io.WriteString(c, refusal)
			time.Sleep(20 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int64
			address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
				connections.Add(1)
				serve(c)
			})
			for _, method := range []string{"POST", "PUT"} {
				connections.Store(0)
				r := &request{Method: method, Path: plan.Lit("/"), Body: plan.Lit(body), Save: []plan.Save{{}}}
				d := newUser(t, newHTTP(t, target("http://"+address.String()), r))
				for range 2 {
					wantOK(t, d.Call(r.call, values{}), 413, "no")
				}
				if got := connections.Load(); got != 2 {
					t.Errorf("%d connections for two requests, want 2: the first has half a request on it", got)
				}
			}
		})
	}
}

// If the server reads a large request to its end, the connection is kept, in TLS too.
func TestLargeRequests(t *testing.T) {
	var connections atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	plain, secure := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	for _, s := range []*httptest.Server{plain, secure} {
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
	}
	plain.Start()
	secure.StartTLS()
	defer plain.Close()
	defer secure.Close()
	for _, s := range []*httptest.Server{plain, secure} {
		for _, size := range []int{16 << 10, 1 << 20, 16 << 20} {
			connections.Store(0)
			to := target(s.URL)
			to.HTTP, to.TLS.Insecure = "1.1", true
			r := &request{Method: "PUT", Path: plan.Lit("/"), Body: plan.Lit(string(bytes.Repeat([]byte("a"), size))), Save: []plan.Save{{}}}
			d := newUser(t, newHTTP(t, to, r))
			for range 3 {
				wantOK(t, d.Call(r.call, values{}), 200, fmt.Sprint(size))
			}
			if got := connections.Load(); got != 1 {
				t.Errorf("%d bytes to %s: %d connections for 3 requests, want 1", size, s.URL, got)
			}
		}
	}
}

// Over TLS and over HTTP/2 too, the answer counts, whatever became of the request.
func TestEarlyAnswerOfHandlers(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		io.WriteString(w, "no")
	})
	secure := httptest.NewTLSServer(handler)
	defer secure.Close()
	r := &request{Method: "PUT", Path: plan.Lit("/"), Body: plan.Lit(strings.Repeat("a", 8<<20)), Save: []plan.Save{{}}}
	try := func(t *testing.T, to plan.Target) {
		d := newUser(t, newHTTP(t, to, r))
		for range 3 {
			wantOK(t, d.Call(r.call, values{}), 413, "no")
		}
	}
	versions(t, handler, try)
	t.Run("TLS", func(t *testing.T) {
		to := target(secure.URL)
		to.HTTP, to.TLS.Insecure = "1.1", true
		try(t, to)
	})
}

// A large body that never changes is sent whole after a header that does change: with cookies, with
// redirects, and again on a fresh connection.
func TestLargeBodyApart(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 1<<16)
	var n atomic.Int64
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		if string(got) != body || r.ContentLength != int64(len(body)) || r.Header.Get("X-Token") != "t" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "n", Value: fmt.Sprint(n.Add(1)), Path: "/"})
		if r.URL.Path == "/away" {
			w.Header().Set("Location", "/here")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	})
	versions(t, handler, func(t *testing.T, to plan.Target) {
		n.Store(0)
		to.Cookies, to.Redirects = true, 1
		r := &request{Method: "PUT", Path: plan.Lit("/away"), Body: plan.Lit(body), Save: []plan.Save{{}}, Headers: []plan.Header{{Name: "X-Token", Value: saved(0)}}}
		d := newUser(t, newHTTP(t, to, r))
		for i := range 3 {
			wantOK(t, d.Call(r.call, values{"t"}), 200, fmt.Sprintf("n=%d", 2*i+1))
		}
	})
	m := newMortal(closes)
	r := &request{Method: "PUT", Path: plan.Lit("/"), Body: plan.Lit(body), Headers: []plan.Header{{Name: "X-Token", Value: saved(0)}}}
	d := newUser(t, newHTTP(t, target("http://"+listen(t, "tcp", "127.0.0.1:0", m.serve).String()), r))
	for range 3 {
		if o := d.Call(r.call, values{"t"}); o.Class != tally.OK {
			t.Errorf("%+v", o)
		}
	}
}

// An answer may begin with the request and end with it: neither waits for the other.
func TestEcho(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 1<<19) // more than the sockets of both sides hold
	var connections atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		connections.Add(1)
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", r.ContentLength)
			io.Copy(c, r.Body)
		}
	})
	r := &request{Method: "POST", Path: plan.Lit("/"), Body: plan.Lit(body), Save: []plan.Save{{}}}
	d := newUser(t, newHTTP(t, target("http://"+address.String()), r))
	for range 3 {
		o := d.Call(r.call, values{})
		if o.Class != tally.OK || string(o.Body) != body {
			t.Errorf("%v %q, %d bytes, want %d", o.Class, o.Error, len(o.Body), len(body))
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections for 3 requests, want 1", got)
	}
}
