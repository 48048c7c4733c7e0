package http_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// seen is what a server was sent, a line for each request.
type seen struct {
	mu    sync.Mutex // guards lines
	lines []string
}

func (s *seen) add(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, strings.TrimSpace(fmt.Sprintf("%s %s auth=%s cookie=%s type=%s %s", r.Method, r.RequestURI,
		r.Header.Get("Authorization"), r.Header.Get("Cookie"), r.Header.Get("Content-Type"), body)))
}

func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.lines
	s.lines = nil
	return lines
}

// redirecting sends /to?status=…&location=… there, and answers anything else with its path.
func redirecting(s *seen) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.add(r)
		if r.URL.Path != "/to" {
			fmt.Fprint(w, r.URL.Path)
			return
		}
		var status int
		fmt.Sscan(r.URL.Query().Get("status"), &status)
		w.Header()["Location"] = []string{r.URL.Query().Get("location")}
		w.WriteHeader(status)
	})
}

// versions runs a test against servers of all versions, whose handler it is.
func versions(t *testing.T, handler http.Handler, test func(t *testing.T, to plan.Target)) {
	t.Run("HTTP/1.1", func(t *testing.T) {
		server := httptest.NewServer(handler)
		defer server.Close()
		test(t, target(server.URL))
	})
	t.Run("h2c", func(t *testing.T) {
		server := httptest.NewUnstartedServer(handler)
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
		defer server.Close()
		to := target(server.URL)
		to.HTTP = profile.HTTP2
		test(t, to)
	})
	t.Run("HTTP/3", func(t *testing.T) { test(t, overQUIC(t, handler)) })
}

func TestRedirects(t *testing.T) {
	var s seen
	versions(t, redirecting(&s), func(t *testing.T, to plan.Target) {
		to.Redirects = 2
		auth := []plan.Header{header("Authorization", "me"), header("Cookie", "a=1"), header("Content-Type", "text/plain")}
		for _, c := range []struct {
			method, path string
			status       int
			want         []string
		}{
			{"GET", "/to?status=302&location=/b%3Fq=1", 200, []string{"GET /b?q=1 auth=me cookie=a=1 type="}},
			{"POST", "/to?status=302&location=b", 200, []string{"GET /b auth=me cookie=a=1 type="}},
			{"POST", "/to?status=303&location=b", 200, []string{"GET /b auth=me cookie=a=1 type="}},
			{"HEAD", "/to?status=301&location=b", 200, []string{"HEAD /b auth=me cookie=a=1 type="}},
			{"POST", "/to?status=307&location=b", 200, []string{"POST /b auth=me cookie=a=1 type=text/plain text"}},
			{"PUT", "/to?status=308&location=b", 200, []string{"PUT /b auth=me cookie=a=1 type=text/plain text"}},
			{"DELETE", "/to?status=301&location=b", 200, []string{"DELETE /b auth=me cookie=a=1 type="}},
			{"PUT", "/to?status=302&location=b", 200, []string{"PUT /b auth=me cookie=a=1 type=text/plain text"}},
			{"PATCH", "/to?status=301&location=b", 200, []string{"PATCH /b auth=me cookie=a=1 type=text/plain text"}},
			{"OPTIONS", "/to?status=302&location=b", 200, []string{"OPTIONS /b auth=me cookie=a=1 type="}},
			{"PUT", "/to?status=303&location=b", 200, []string{"GET /b auth=me cookie=a=1 type="}},
			{"DELETE", "/to?status=303&location=b", 200, []string{"GET /b auth=me cookie=a=1 type="}},
			{"HEAD", "/to?status=303&location=b", 200, []string{"HEAD /b auth=me cookie=a=1 type="}},
			{"POST", "/to?status=301&location=b", 200, []string{"GET /b auth=me cookie=a=1 type="}},
			{"GET", "/to?status=302&location=/b%3Fq=a%20b%26c=%C3%BC", 200, []string{"GET /b?q=a%20b&c=%C3%BC auth=me cookie=a=1 type="}},
			{"GET", "/to?status=302&location=/b%2520c/%C3%BC%22%23top", 200, []string{"GET /b%20c/%C3%BC%22 auth=me cookie=a=1 type="}},
			{"GET", "/to?status=302&location=%5Cb%5C..%5Cc", 200, []string{"GET /c auth=me cookie=a=1 type="}},
			{"GET", "/to?status=304&location=b", 304, nil},
			{"GET", "/to?status=302&location=", 302, nil},
			{"GET", "/to?status=302&location=/to%3Fstatus=302%26location=/c", 200,
				[]string{"GET /to?status=302&location=/c auth=me cookie=a=1 type=", "GET /c auth=me cookie=a=1 type="}},
			{"GET", "/to?status=302&location=/to%3Fstatus=302%26location=/to%3Fstatus=302", 302,
				[]string{"GET /to?status=302&location=/to?status=302 auth=me cookie=a=1 type=", "GET /to?status=302 auth=me cookie=a=1 type="}},
		} {
			r := &request{Method: c.method, Path: plan.Lit(c.path), Headers: auth}
			if c.method[0] == 'P' {
				r.Body = plan.Lit("text")
			} else {
				r.Headers = auth[:2]
			}
			s.take()
			o := once(t, to, r)
			if o.Class != tally.OK || o.Status != c.status {
				t.Errorf("%s %s: %+v, want status %d", c.method, c.path, o, c.status)
			}
			got := s.take()[1:]
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s %s led to\n%s\nwant\n%s", c.method, c.path, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
	})
}

// If an answer names two places, browsers follow neither.
func TestRedirectToTwoPlaces(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = strings.Split(r.URL.RawQuery, ",")
		if r.URL.Path != "/end" {
			w.WriteHeader(http.StatusFound)
		}
	})
	versions(t, handler, func(t *testing.T, to plan.Target) {
		for _, redirects := range []int{0, 3} {
			to.Redirects = redirects
			two := once(t, to, get("/?/end,/other"))
			if redirects > 0 {
				wantFailure(t, two, tally.Transport, "the answer redirects to two places")
			} else {
				wantOK(t, two, 302, "")
			}
		}
		wantOK(t, once(t, to, get("/?/end,/end")), 200, "")
		wantOK(t, once(t, to, get("/end?/a,/b")), 200, "")
	})
}

// Nothing is sent to a host outside of the limits, and nothing secret to another origin.
func TestRedirectElsewhere(t *testing.T) {
	var s, elsewhere seen
	other := httptest.NewServer(redirecting(&elsewhere))
	defer other.Close()
	for _, connections := range []int{0, 1} {
		server := httptest.NewServer(redirecting(&s))
		defer server.Close()
		to := target(server.URL)
		to.Redirects, to.Connections = 1, connections
		to.Hosts = []string{"127.0.0.1"}
		r := peek("/to?status=302&location=" + other.URL + "/there")
		r.Headers = []plan.Header{header("Authorization", "me"), header("Cookie", "a=1"), header("Host", "shop.test")}
		outside := peek("/to?status=307&location=http://Evil.Example:1/x")
		odd := peek("/to?status=302&location=ftp://127.0.0.1/x")
		broken := peek("/to?status=302&location=http://%25zz")
		d := newUser(t, newHTTP(t, to, r, outside, odd, broken))
		for range 3 { // the user's own connection outlives the journey
			wantOK(t, d.Call(r.call, values{}), 200, "/there")
			if got := elsewhere.take(); len(got) != 1 || got[0] != "GET /there auth= cookie= type=" {
				t.Errorf("elsewhere saw %q", got)
			}
			o := d.Call(outside.call, values{})
			if wantFailure(t, o, tally.Transport, "redirect to Evil.Example, which may not be loaded; if you are allowed to load it, add it to limits.hosts"); o.Sent.IsZero() {
				t.Error("the first request was sent, and its instant is lost")
			}
		}
		wantFailure(t, d.Call(odd.call, values{}), tally.Transport, "the Location of a redirect is not a valid address: the scheme is neither http nor https")
		wantFailure(t, d.Call(broken.call, values{}), tally.Transport, "the Location of a redirect is not a valid address: the host or the port is malformed")
	}
}

func TestCookies(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer fmt.Fprint(w, r.Header.Get("Cookie"))
		switch r.URL.Path {
		case "/set":
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "before", Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "deep", Value: "down", Path: "/deep"})
		case "/away":
			http.SetCookie(w, &http.Cookie{Name: "hop", Value: "1", Path: "/"})
			w.Header().Set("Location", "/deep/er")
			w.WriteHeader(http.StatusFound)
		}
	})
	versions(t, handler, func(t *testing.T, to plan.Target) {
		to.Cookies, to.Redirects = true, 1
		set, deep, away := peek("/set"), peek("/deep/x?a=b"), peek("/away")
		own := peek("/own")
		own.Headers = []plan.Header{header("Cookie", "mine=1"), header("X-Last", "1")}
		h := newHTTP(t, to, set, deep, own, away)
		d := newUser(t, h)
		wantOK(t, d.Call(own.call, values{}), 200, "mine=1")
		wantOK(t, d.Call(set.call, values{}), 200, "")
		wantOK(t, d.Call(set.call, values{}), 200, "seen=before")
		wantOK(t, d.Call(deep.call, values{}), 200, "deep=down; seen=before")
		wantOK(t, d.Call(own.call, values{}), 200, "mine=1; seen=before")
		wantOK(t, d.Call(away.call, values{}), 200, "deep=down; seen=before; hop=1")
		other := newUser(t, h)
		wantOK(t, other.Call(deep.call, values{}), 200, "") // a jar of its own
		to.Cookies = false
		none := newUser(t, newHTTP(t, to, set))
		none.Call(set.call, values{})
		wantOK(t, none.Call(set.call, values{}), 200, "")
	})
}

// As many connections as the plan allows carry the requests of all users.
func TestSharedConnections(t *testing.T) {
	var open, most atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		most.Store(max(most.Load(), open.Add(1)))
		defer open.Add(-1)
		for in := bufio.NewReader(c); ; {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			io.WriteString(c, ok)
		}
	})
	to := target("http://" + address.String())
	to.Connections = 2
	r := peek("/")
	h := newHTTP(t, to, r)
	var users sync.WaitGroup
	for i := range 20 {
		users.Go(func() {
			d := h.User(t.Context())
			defer d.Close()
			for range 50 {
				wantOK(t, d.Call(r.call, values{}), 200, "ok")
				if i%2 == 0 {
					d.Idle()
				}
			}
		})
	}
	users.Wait()
	if got := most.Load(); got > 2 || got < 1 {
		t.Errorf("%d connections at once, want at most 2", got)
	}
}

// Waiting for a shared connection ends with the time-out.
func TestSharedConnectionsAllTaken(t *testing.T) {
	release := make(chan struct{})
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			<-release
			io.WriteString(c, ok)
		}
	})
	to := target("http://" + address.String())
	to.Connections = 1
	r, hurried := peek("/"), peek("/")
	h := newHTTP(t, to, r)
	to.Timeout = 300 * time.Millisecond
	short := newHTTP(t, to, hurried)
	var users sync.WaitGroup
	users.Go(func() { wantOK(t, newUser(t, h).Call(r.call, values{}), 200, "ok") })
	users.Go(func() { newUser(t, short).Call(hurried.call, values{}) })
	for range 3 { // the call under way times out, and the next takes the same way
		o := newUser(t, short).Call(hurried.call, values{})
		if o.Class != tally.Timeout || (o.Error != "no shared connection became free in time" && o.Error != "no whole answer in time") {
			t.Errorf("got %+v", o)
		}
	}
	close(release)
	users.Wait()
}
