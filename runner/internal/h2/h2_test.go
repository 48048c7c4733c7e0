package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// line is a net.Conn with the deadlines that a sole connection sets.
type line struct{ net.Conn }

func (l line) Begin(until time.Time) { l.SetDeadline(until) }

func (l line) Beside(write func(io.Writer)) (end func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		write(l.Conn)
	}()
	return func() {
		select {
		case <-done:
		case <-time.After(10 * time.Millisecond):
			l.SetWriteDeadline(time.Unix(1, 0))
			<-done
		}
	}
}

// serve serves HTTP/2 without TLS.
func serve(t testing.TB, config *http.HTTP2Config, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.HTTP2 = config
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connect makes a connection driven one way or the other.
func connect(t testing.TB, m *h2.Maker, way, address string) *h2.Conn {
	t.Helper()
	var c *h2.Conn
	if way == "sole" {
		c = m.Sole(line{dial(t, address)})
	} else {
		c = m.Shared(dial(t, address))
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// each runs a test in both ways.
func each(t *testing.T, test func(t *testing.T, way string)) {
	for _, way := range []string{"sole", "shared"} {
		t.Run(way, func(t *testing.T) { test(t, way) })
	}
}

func fields(method, path string, more ...h2.Field) []h2.Field {
	return append([]h2.Field{{Name: ":method", Value: method}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "test"}, {Name: ":path", Value: path}}, more...)
}

func soon() time.Time { return time.Now().Add(10 * time.Second) }

func TestExchanges(t *testing.T) {
	address := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Seen", fmt.Sprint(r.Method, r.URL, r.Host, r.Header.Get("X-Secret"), r.Header.Get("X-Vary"), r.Header.Get("X-Extra"), len(body)))
		if r.Method != "HEAD" {
			w.Write(body)
		}
		w.Header().Set("X-Sum", "1")
	})
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		get := m.Head(fields("GET", "/a?b", h2.Field{Name: "x-secret", Value: "s", Secret: true}, h2.Field{Name: "x-vary", Varies: true}))
		head := m.Head(fields("HEAD", "/"))
		put := m.Head(fields("PUT", "/long/path/that/repeats"))
		c := connect(t, m, way, address)
		var s h2.Stream
		for i := range 3 {
			q := h2.Request{Head: get, Values: [][]byte{[]byte(fmt.Sprint("v", i))}, Extra: []h2.Field{{Name: "x-extra", Value: "e"}}, Deadline: soon()}
			if err := s.Do(c, &q); err != nil {
				t.Fatal(err)
			}
			if seen, _ := s.Header.Get("x-seen"); s.Status != 200 || string(seen) != fmt.Sprintf("GET/a?btestsv%de0", i) {
				t.Errorf("status %d, seen %q", s.Status, seen)
			}
			if sum, _ := s.Trailer.Get("x-sum"); string(sum) != "1" {
				t.Errorf("trailer %q", sum)
			}
			if err := s.Do(c, &h2.Request{Head: head, Deadline: soon()}); err != nil || s.Status != 200 {
				t.Fatal(err)
			}
			for _, size := range []int{1, 1 << 14, 1 << 20, 5 << 20} {
				body := bytes.Repeat([]byte("abcdefgh"), size/8+1)
				if err := s.Do(c, &h2.Request{Head: put, Body: body, Hold: 16 << 20, Deadline: soon()}); err != nil || !bytes.Equal(s.Body, body) {
					t.Fatal(size, len(s.Body), err)
				}
			}
			c.Rest()
		}
	})
}

func TestStreams(t *testing.T) {
	address := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		http.NewResponseController(w).Flush()
		buffer := make([]byte, 1<<16)
		for {
			n, err := r.Body.Read(buffer)
			w.Write(buffer[:n])
			http.NewResponseController(w).Flush()
			if err != nil {
				return
			}
		}
	})
	each(t, func(t *testing.T, way string) {
		m := h2.NewMaker()
		post := m.Head(fields("POST", "/"))
		c := connect(t, m, way, address)
		var s h2.Stream
		for range 2 {
			if err := s.Open(c, &h2.Request{Head: post, More: true, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
			if err := s.Answer(soon()); err != nil || s.Status != 200 {
				t.Fatal(err)
			}
			for _, size := range []int{1, 10, 1000, 100_000, 900_000} {
				sent := strings.Repeat("m", size)
				if err := s.Write([]byte(sent), h2.Goes, soon()); err != nil {
					t.Fatal(size, err)
				}
				for got := 0; got < size; {
					p, err := s.Receive(soon())
					if err != nil {
						t.Fatal(err)
					}
					got += len(p)
				}
			}
			if _, err := s.Receive(time.Now().Add(time.Millisecond)); err == nil || errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if err := s.Write([]byte("end"), h2.Last, soon()); err != nil {
				t.Fatal(err)
			}
			if p, err := s.Receive(soon()); string(p) != "end" || err != nil {
				t.Fatal(string(p), err)
			}
			if _, err := s.Receive(soon()); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if err := s.Open(c, &h2.Request{Head: post, More: true, Deadline: soon()}); err != nil {
				t.Fatal(err)
			}
			s.Reset(h2.Cancel)
		}
		if !c.Usable() || !c.Unused() {
			t.Error("the connection is not free")
		}
	})
}

func TestManyShare(t *testing.T) {
	address := serve(t, &http.HTTP2Config{MaxConcurrentStreams: 3}, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL) })
	m := h2.NewMaker()
	heads := []*h2.Head{m.Head(fields("GET", "/a")), m.Head(fields("GET", "/b"))}
	c := connect(t, m, "shared", address)
	var users sync.WaitGroup
	for i := range 40 {
		users.Go(func() {
			var s h2.Stream
			for range 50 {
				if err := s.Do(c, &h2.Request{Head: heads[i&1], Hold: 10, Deadline: soon()}); err != nil || string(s.Body) != []string{"/a", "/b"}[i&1] {
					t.Errorf("%q %v", s.Body, err)
				}
			}
		})
	}
	users.Wait()
}

// answers sends a body of a size.
func answers(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		part := make([]byte, 1<<16)
		for sent := 0; sent < size; sent += len(part) {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}
}
