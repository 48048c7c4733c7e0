package sse_test

import (
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// flusher is a writer that can send on what it holds.
type flusher interface {
	io.Writer
	Flush() error
}

// coder is a writer in a coding.
func coder(name string, w io.Writer) flusher {
	switch name {
	case "gzip":
		return gzip.NewWriter(w)
	case "deflate":
		return zlib.NewWriter(w)
	case "br":
		return brotli.NewWriter(w)
	case "zstd":
		z, _ := zstd.NewWriter(w)
		return z
	}
	return nil
}

// serve is a server of events over HTTP/1.1. It counts the connections.
func serve(t *testing.T, connections *atomic.Int64) string {
	t.Helper()
	return serveAs(t, connections, func(s *httptest.Server) { s.Start() })
}

// serveAs is serve with another way to start.
func serveAs(t *testing.T, connections *atomic.Int64, start func(*httptest.Server)) string {
	t.Helper()
	mux := http.NewServeMux()
	begin := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "Text/Event-Stream ; charset") // as some servers write it
		w.WriteHeader(http.StatusOK)
	}
	flush := func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		for i := range 5 {
			for _, part := range []string{": hi\n", "event: price\n", "id: ", fmt.Sprint(i), "\r\nda", "ta: {\"n\":", fmt.Sprint(i), ",\ndata: \"after\": \"" + r.Header.Get("Last-Event-ID") + "\"}\n\n"} {
				_, _ = io.WriteString(w, part)
				flush(w)
			}
		}
	})
	mux.HandleFunc("POST /chat", func(w http.ResponseWriter, r *http.Request) {
		asked, _ := io.ReadAll(r.Body)
		if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept") != "text/event-stream" {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		begin(w)
		for _, token := range strings.Fields(string(asked)) {
			fmt.Fprintf(w, "data: %s\n\n", token)
			flush(w)
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
	})
	mux.HandleFunc("/coded/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.PathValue("name"))
		begin(w)
		z := coder(r.PathValue("name"), w)
		for i := range 3 {
			fmt.Fprintf(z, "data: %d\n\n", i)
			_ = z.Flush()
			flush(w)
			pause := 20 * time.Millisecond
			if i == 1 { // even a busy machine ends a span before the last event
				pause = 1500 * time.Millisecond
			}
			time.Sleep(pause)
		}
		<-r.Context().Done() // what was flushed must come all the same
	})
	mux.HandleFunc("/cut/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.PathValue("name"))
		begin(w)
		z := coder(r.PathValue("name"), w)
		_, _ = io.WriteString(z, "data: 0\n\n")
		_ = z.Flush() // the answer ends, and the coding does not
	})
	mux.HandleFunc("/half", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "sorry")
		flush(w)
		<-r.Context().Done()
	})
	mux.HandleFunc("/forever", func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "data: "+strings.Repeat("x", 1000)+"\n\n"); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/silent", func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		_, _ = io.WriteString(w, "data: half of an ev")
		flush(w)
		<-r.Context().Done()
	})
	mux.HandleFunc("/late", func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		_, _ = io.WriteString(w, "data: early\n\n")
		flush(w)
		time.Sleep(1100 * time.Millisecond)
		_, _ = io.WriteString(w, "data: late\n\n")
		flush(w)
		<-r.Context().Done()
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json") })
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/events", http.StatusFound) })
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) { http.SetCookie(w, &http.Cookie{Name: "s", Value: "1"}) })
	mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("s"); err != nil {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		begin(w)
		_, _ = io.WriteString(w, "data: yours\n\n")
	})
	server := httptest.NewUnstartedServer(mux)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew && connections != nil {
			connections.Add(1)
		}
	}
	start(server)
	t.Cleanup(server.Close)
	return server.URL
}

// Events are counted, checked and saved from; the connection of a stream that the server ended is used
// for the next.
func TestStreams(t *testing.T) {
	var connections atomic.Int64
	all := protocoltest.Run(t, `
target: {url: "`+serve(t, &connections)+`"}
load: {users: 3, spawn_rate: 1e9, run_time: 1200ms, rounds: 2}
users:
  - name: events
    fixed: 1
    wait: 2ms
    tasks:
      - sse: GET /events
        headers: {Last-Event-ID: "0"}
        messages:
          - {receive: 2, within: 5s, expect: {event: price, json: {n: exists, after: "0"}}, save: {last: {event: id}, kind: {event: type}, n: n}}
          - {receive: end, expect: {event: {type: "~ ^p", id: "> 1"}, text: after}}
      - steps:
          - {sse: GET /events, name: again, messages: [{receive: 2, save: {last: {event: id}}}, {receive: end}]}
          - {sse: GET /events, name: resumed, headers: {Last-Event-ID: "${last}"}, messages: [{receive: 1, expect: {json: {after: "1"}}}, {receive: end}]}
  - {name: chat, fixed: 1, wait: 2ms, tasks: [{sse: POST /chat, json: {say: "one two three"}, messages: [{receive: end, expect: {text: "~ ."}}]}]}
  - {name: private, fixed: 1, wait: 2ms, on_start: [{http: GET /login}], tasks: [{sse: GET /private, messages: [{receive: 1, expect: {text: == yours}}, {receive: end}]}]}
`)
	n := protocoltest.Ended(t, all, "SSE /events", tally.OK, "")
	if each := protocoltest.Ended(t, all, "SSE /events each message", tally.OK, ""); each < 4*n {
		t.Errorf("%d messages behind the first of %d streams", each, n)
	}
	for _, route := range []string{"SSE /events first message", "again", "resumed", "SSE POST /chat", "SSE POST /chat first message", "SSE /private"} {
		protocoltest.Ended(t, all, route, tally.OK, "")
	}
	if n := connections.Load(); n > 5 {
		t.Errorf("%d connections of 3 users, want one each, and one for the login", n)
	}
}

// Flushed events are read at once, in every coding.
func TestCodings(t *testing.T) {
	url := serve(t, nil)
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 10s}
load: {users: 1, run_time: 1s, rounds: 1}
users: [{name: u, wait: 5ms, tasks: [{sse: GET /coded/`+name+`, name: a, messages: [{receive: 2, expect: {text: "~ ^[01]$"}}, {receive: {for: 1ms}}, {receive: 1}]}]}]
`)
			protocoltest.Ended(t, all, "a first message", tally.OK, "")
			protocoltest.Ended(t, all, "a each message", tally.OK, "")
		})
	}
	for _, name := range []string{"gzip", "deflate", "br", "zstd"} {
		all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 10s}
load: {users: 1, run_time: 100ms, rounds: 1}
users: [{name: u, wait: 5ms, tasks: [{sse: GET /cut/`+name+`, name: a, messages: [{receive: end, expect: {text: "0"}}]}]}]
`)
		protocoltest.Ended(t, all, "a", tally.Transport, "the "+name+" of the body was cut off before its end")
	}
	all := protocoltest.Run(t, `
target: {url: "`+serve(t, nil)+`", timeout: 10s}
load: {users: 1, run_time: 3s, rounds: 1}
users: [{name: u, wait: 1h, tasks: [{sse: GET /events, name: a, messages: [{receive: {for: 5s}, expect: {json: {n: exists}}}]}]}]
`)
	protocoltest.Ended(t, all, "a", tally.Transport, "the server ended the stream before all awaited messages came")
}

// A stream that never ends lasts as long as its span, and the call's time is that of the first event.
func TestStreamsThatNeverEnd(t *testing.T) {
	url := serve(t, nil)
	all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 1s}
load: {users: 3, spawn_rate: 1e9, run_time: 1500ms, rounds: 1, stop_within: 500ms}
users:
  - {name: a, fixed: 1, wait: 5ms, tasks: [{sse: GET /forever, name: a, messages: [{receive: {for: 300ms}}, {wait: 50ms}, {receive: 10}]}]}
  - {name: b, fixed: 1, wait: 5ms, tasks: [{sse: GET /silent, name: b, messages: [{receive: 1}]}]}
  - {name: c, fixed: 1, wait: 5ms, tasks: [{sse: GET /silent, name: c, messages: [{receive: 1, within: 50ms}]}]}
`)
	protocoltest.Ended(t, all, "a", tally.OK, "")
	protocoltest.Ended(t, all, "c", tally.Expect, "no message within 50ms")
	protocoltest.Ended(t, all, "b", tally.Timeout, "no message in time (target.timeout is 1s)")
	if fastest := all.Routes["a"].Response.Min(); fastest >= 300*time.Millisecond {
		t.Errorf("a stream that a span ends counts as %v", fastest)
	}
}

// Each mistake of a server has a sentence. Its connection is kept if the answer was short.
func TestFaults(t *testing.T) {
	var connections atomic.Int64
	url := serve(t, &connections)
	for path, want := range map[string]struct {
		class tally.Class
		text  string
	}{
		"GET /nowhere": {tally.Status, "status 404 Not Found"},
		"GET /private": {tally.Status, "status 401 Unauthorized"},
		"GET /half":    {tally.Status, "status 503 Service Unavailable"},
		"GET /none":    {tally.Status, "status 204 No Content: the server has no events"},
		"GET /moved":   {tally.Status, "status 302 Found: a stream of events follows no redirect"},
		"GET /json":    {tally.Transport, `the Content-Type is "application/json", where text/event-stream was expected`},
		"GET /login":   {tally.Transport, "the answer has no Content-Type, where text/event-stream was expected"},
	} {
		before := connections.Load()
		all := protocoltest.Run(t, `
target: {url: "`+url+`"}
load: {users: 1, run_time: 200ms, rounds: 1}
users: [{name: u, wait: 5ms, tasks: [{sse: `+path+`, name: a, messages: [{receive: 1}]}]}]
`)
		n, made := protocoltest.Ended(t, all, "a", want.class, want.text), connections.Load()-before
		if kept := 2*made < n; n > 4 && kept != (path != "GET /half") {
			t.Errorf("%s: %d connections for %d calls", path, made, n)
		}
	}
}

// While the user waits, the PINGs of HTTP/2 are answered, and events that come are kept.
func TestWaitingOverHTTP2(t *testing.T) {
	all := protocoltest.Run(t, `
target: {url: "`+serveAs(t, nil, func(s *httptest.Server) {
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Config.HTTP2 = &http.HTTP2Config{SendPingTimeout: 20 * time.Millisecond, PingTimeout: 800 * time.Millisecond}
		s.Start()
	})+`", http: 2}
load: {users: 1, run_time: 2s, rounds: 1, stop_within: 5s}
users: [{name: u, wait: 1h, tasks: [{sse: GET /late, name: a, messages: [{wait: 1s}, {receive: 1, expect: {text: early}}, {receive: 1, expect: {text: late}}]}]}]
`)
	protocoltest.Ended(t, all, "a", tally.OK, "")
}

// Over HTTP/2 a stream is one of the user's connection, which goes on when the stream is ended from here.
func TestHTTP2(t *testing.T) {
	for name, c := range map[string]struct {
		start  func(*httptest.Server)
		target string
	}{
		"agreed on in TLS": {func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "tls: {insecure: true}"},
		"asked for in TLS": {func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "tls: {insecure: true}, http: 2"},
		"prior knowledge": {func(s *httptest.Server) {
			s.Config.Protocols = new(http.Protocols)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
		}, "http: 2"},
		"HTTP/1.1 in TLS": {func(s *httptest.Server) { s.StartTLS() }, "tls: {insecure: true}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int64
			all := protocoltest.Run(t, `
target: {url: "`+serveAs(t, &connections, c.start)+`", timeout: 10s, `+c.target+`}
load: {users: 6, spawn_rate: 1e9, run_time: 4s, rounds: 2, stop_within: 1s}
users:
  - {name: a, fixed: 1, wait: 5ms, tasks: [{sse: GET /events, headers: {Last-Event-ID: "${int(7,7)}"}, messages: [{receive: 5, expect: {event: {type: price, id: exists}, json: {after: "7"}}}, {receive: end}]}]}
  - {name: b, fixed: 1, wait: 5ms, tasks: [{sse: POST /chat, json: {say: "one ${word}"}, messages: [{receive: end, expect: {text: "~ ."}}]}]}
  - {name: c, fixed: 1, wait: 5ms, tasks: [{sse: GET /forever, messages: [{receive: 20}, {wait: 5ms}, {receive: {for: 10ms}}]}]}
  - {name: d, fixed: 1, wait: 5ms, tasks: [{sse: GET /coded/gzip, name: d, messages: [{receive: 2}]}]}
  - {name: e, fixed: 1, wait: 50ms, tasks: [{sse: GET /private, name: e, messages: [{receive: 1}]}]}
  - {name: f, fixed: 1, wait: 5ms, on_start: [{http: GET /login}], tasks: [{sse: GET /private, name: f, messages: [{receive: 1, expect: {text: == yours}}]}]}
`)
			for _, route := range []string{"SSE /events", "SSE POST /chat", "SSE /forever", "SSE /forever each message", "d", "f"} {
				protocoltest.Ended(t, all, route, tally.OK, "")
			}
			protocoltest.Ended(t, all, "e", tally.Status, "status 401 Unauthorized")
			if n := connections.Load(); strings.Contains(c.target, "2") && n > 10 {
				t.Errorf("%d connections of 6 users", n)
			}
		})
	}
}
