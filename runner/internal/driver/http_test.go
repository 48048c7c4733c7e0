package driver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/driver"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func do(t *testing.T, d load.Driver, r *plan.Request) load.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return d.Do(ctx, r)
}

func get(url string) *plan.Request { return &plan.Request{Method: "GET", URL: url} }

func TestHTTPSendsWhatIsAsked(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s %s %s [%v %d] %s", r.Method, r.URL, r.Host, r.Header.Get("X-Token"),
			r.Header.Get("Accept-Encoding"), r.TransferEncoding, r.ContentLength, body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "done")
	}))
	defer server.Close()
	d := driver.NewHTTP()
	defer d.Close()
	for _, c := range []struct {
		request plan.Request
		want    string
	}{
		{plan.Request{Method: "GET", URL: "/a?q=1"}, "GET /a?q=1 HOST   [[] 0] "},
		{plan.Request{Method: "HEAD", URL: "/a"}, "HEAD /a HOST   [[] 0] "},
		{plan.Request{Method: "POST", URL: "/b", Body: []byte("text"), Headers: []plan.Header{{Name: "x-token", Value: "t"}}}, "POST /b HOST t  [[] 4] text"},
		{plan.Request{Method: "POST", URL: "/b"}, "POST /b HOST   [[] 0] "},
		{plan.Request{Method: "DELETE", URL: "/b"}, "DELETE /b HOST   [[] 0] "},
		{plan.Request{Method: "PUT", URL: "/b", Headers: []plan.Header{{Name: "Host", Value: "shop.test"}}}, "PUT /b shop.test   [[] 0] "},
	} {
		c.request.URL = server.URL + c.request.URL
		outcome := do(t, d, &c.request)
		want := strings.ReplaceAll(c.want, "HOST", strings.TrimPrefix(server.URL, "http://"))
		if got != want {
			t.Errorf("server saw %q, want %q", got, want)
		}
		wantBytes := int64(len("done"))
		if c.request.Method == "HEAD" {
			wantBytes = 0
		}
		if outcome.Class != tally.OK || outcome.BytesReceived != wantBytes || outcome.Sent.IsZero() {
			t.Errorf("%s: outcome %+v", c.request.Method, outcome)
		}
	}
}

func TestHTTPStatus(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.Header().Set("Location", "/?status=500")
		w.WriteHeader(status)
	}))
	defer server.Close()
	d := driver.NewHTTP()
	defer d.Close()
	for _, c := range []struct {
		status int
		want   []int
		class  tally.Class
		text   string
	}{
		{200, nil, tally.OK, ""},
		{302, nil, tally.OK, ""}, // not followed
		{404, nil, tally.Status, "status 404 Not Found"},
		{404, []int{404}, tally.OK, ""},
		{200, []int{201, 202}, tally.Status, "status 200 OK, expected [201 202]"},
		{503, nil, tally.Status, "status 503 Service Unavailable"},
	} {
		r := get(fmt.Sprintf("%s/?status=%d", server.URL, c.status))
		r.Status = c.want
		if got := do(t, d, r); got.Class != c.class || got.Error != c.text {
			t.Errorf("status %d, expected %v: %v %q, want %v %q", c.status, c.want, got.Class, got.Error, c.class, c.text)
		}
	}
}

func TestHTTPKeepsOneConnectionAndCookies(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("seen"); err == nil {
			fmt.Fprint(w, cookie.Value)
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "before"})
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	d := driver.NewHTTP()
	defer d.Close()
	do(t, d, get(server.URL))
	if got := do(t, d, get(server.URL)); got.BytesReceived != int64(len("before")) {
		t.Errorf("the second request sent no cookie: %+v", got)
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections for two requests, want 1", connections.Load())
	}
}

// misbehave listens and treats each connection as told, after reading a request.
func misbehave(t *testing.T, treat func(net.Conn)) (url string, requests *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	requests = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for reader := bufio.NewReader(conn); ; {
					if _, err := http.ReadRequest(reader); err != nil {
						return
					}
					if requests.Add(1) > 100 {
						return
					}
					treat(conn)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), requests
}

func TestHTTPMisbehavingServers(t *testing.T) {
	for name, c := range map[string]struct {
		treat func(net.Conn)
		class tally.Class
	}{
		"garbage":     {func(c net.Conn) { fmt.Fprint(c, "hello\r\n\r\n"); c.Close() }, tally.Transport},
		"nothing":     {func(c net.Conn) { c.Close() }, tally.Transport},
		"silence":     {func(net.Conn) {}, tally.Timeout},
		"half a body": {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); c.Close() }, tally.Transport},
		"a slow body": {func(c net.Conn) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") }, tally.Timeout},
		"reset":       {func(c net.Conn) { c.(*net.TCPConn).SetLinger(0); c.Close() }, tally.Transport},
		"endless header": {func(c net.Conn) {
			for range 3 << 20 / 16 {
				if _, err := fmt.Fprint(c, "X-Padding: aaa\r\n"); err != nil {
					return
				}
			}
		}, tally.Transport},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := misbehave(t, c.treat)
			d := driver.NewHTTP()
			defer d.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if name != "silence" && name != "a slow body" {
				ctx = t.Context()
			}
			if got := d.Do(ctx, get(url)); got.Class != c.class || got.Error == "" || strings.Contains(got.Error, "\n") {
				t.Errorf("got %v %q, want %v", got.Class, got.Error, c.class)
			}
		})
	}
}

// A kept connection that the server closes under a request is a failure that the user would
// see: the request is not sent a second time behind the user's back.
func TestHTTPDoesNotRetry(t *testing.T) {
	var answered atomic.Bool
	url, requests := misbehave(t, func(c net.Conn) {
		if answered.CompareAndSwap(false, true) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			return
		}
		c.Close()
	})
	d := driver.NewHTTP()
	defer d.Close()
	if got := do(t, d, get(url)); got.Class != tally.OK {
		t.Fatalf("first request: %+v", got)
	}
	if got := do(t, d, get(url)); got.Class != tally.Transport {
		t.Errorf("second request: %+v, want a transport failure", got)
	}
	if requests.Load() != 2 {
		t.Errorf("the server saw %d requests, want 2", requests.Load())
	}
}

func TestHTTPNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	d := driver.NewHTTP()
	defer d.Close()
	got := do(t, d, get("http://"+listener.Addr().String()))
	if got.Class != tally.Transport || got.Error != "dial: connect: connection refused" || !got.Sent.IsZero() {
		t.Errorf("got %+v", got)
	}
	if got := do(t, d, get("http://no-such-host.invalid/")); got.Class != tally.Generator {
		t.Errorf("a name that cannot be looked up: got %+v, want a fault of the generator", got)
	}
}
