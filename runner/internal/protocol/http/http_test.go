package http_test

import (
	"bufio"
	"bytes"
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

	"golang.org/x/net/http/httpproxy"

	calls "github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// values are the values of Saved variables, by slot.
type values []string

func (v values) Append(dst []byte, t plan.Text) []byte {
	for _, p := range t {
		if p.Kind == plan.Literal {
			dst = append(dst, p.Literal...)
			continue
		}
		dst = append(dst, v[p.Slot]...)
	}
	return dst
}

// Save keeps nothing.
func (v values) Save(int, profile.Value) {}

// saved is a text that is a variable.
func saved(slot int) plan.Text { return plan.Text{{Kind: plan.Saved, Slot: slot}} }

// request is a call as the tests write it.
type request struct {
	Method  string
	From    plan.Text
	Path    plan.Text
	Headers []plan.Header
	Body    plan.Text
	Save    []plan.Save
	Expect  []plan.Condition

	call *plan.Call // once it is part of a plan
}

// planOf is a plan of some requests.
func planOf(target plan.Target, requests ...*request) *plan.Plan {
	p := &plan.Plan{Target: target, Routes: []plan.Route{{Name: "a route"}}}
	for i, r := range requests {
		content := &plan.HTTP{Method: r.Method, From: r.From, Path: r.Path, Headers: r.Headers, Body: r.Body, Expect: r.Expect}
		r.call = &plan.Call{Index: i, Name: "a route", Routes: []int{0}, Save: r.Save, Content: content}
		p.Calls = append(p.Calls, r.call)
	}
	return p
}

// get is a plain request, and peek one whose body is looked at.
func get(path string) *request { return &request{Method: "GET", Path: plan.Lit(path)} }

func peek(path string) *request {
	r := get(path)
	r.Save = []plan.Save{{Path: "any"}}
	return r
}

func header(name, value string) plan.Header { return plan.Header{Name: name, Value: plan.Lit(value)} }

// target is the target of a test's server.
func target(url string) plan.Target {
	return plan.Target{URL: url, Timeout: 10 * time.Second, HTTP: profile.HTTPAuto}
}

// newClients makes the clients of a plan, with the proxies of the environment.
func newClients(p *plan.Plan) (*calls.Clients, error) {
	d, err := wire.NewDialer(p.Target, httpproxy.FromEnvironment().ProxyFunc())
	if err != nil {
		return nil, err
	}
	return calls.New(p, d)
}

// newHTTP makes the factory of a plan with some requests.
func newHTTP(t testing.TB, target plan.Target, requests ...*request) *calls.Clients {
	t.Helper()
	h, err := newClients(planOf(target, requests...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// newUser makes one user of it.
func newUser(t testing.TB, h *calls.Clients) *calls.User {
	t.Helper()
	d := h.User(t.Context())
	t.Cleanup(func() { d.Close() })
	return d
}

// once sends one request as a user of its own.
func once(t testing.TB, target plan.Target, r *request) calls.Answer {
	t.Helper()
	d := newHTTP(t, target, r).User(t.Context())
	defer d.Close()
	outcome := d.Call(r.call, values{})
	outcome.Body = bytes.Clone(outcome.Body)
	return outcome
}

// wantOK fails unless an outcome is an answer with a body.
func wantOK(t testing.TB, o calls.Answer, status int, body string) {
	t.Helper()
	if o.Class != tally.OK || o.Status != status || string(o.Body) != body || o.Error != "" || o.Sent.IsZero() {
		t.Errorf("got %v %q status %d body %q sent %v, want ok, status %d, body %q", o.Class, o.Error, o.Status, o.Body, o.Sent, status, body)
	}
}

// wantFailure fails unless an outcome is a failure with a text.
func wantFailure(t testing.TB, o calls.Answer, class tally.Class, text string) {
	t.Helper()
	if o.Class != class || o.Error != text || o.Status != 0 || o.Body != nil {
		t.Errorf("got %v %q status %d body %q, want %v %q", o.Class, o.Error, o.Status, o.Body, class, text)
	}
}

// wantLate fails unless a request runs out of time with a text. A busy machine may not get as far as that in a moment, and
// then gets longer.
func wantLate(t testing.TB, to plan.Target, r *request, text string) {
	t.Helper()
	var o calls.Answer
	for to.Timeout = 200 * time.Millisecond; to.Timeout < 10*time.Second; to.Timeout *= 5 {
		if o = once(t, to, r); o.Class != tally.Timeout || o.Error == text {
			break
		}
	}
	wantFailure(t, o, tally.Timeout, text)
}

// listen hands connections to serve, one goroutine each, and ends them with the test.
func listen(t testing.TB, network, address string, serve func(net.Conn)) net.Addr {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { c.Close() })
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return listener.Addr()
}

// answers serves raw answers, one for each request, the last one for all that follow.
func answers(t testing.TB, texts ...string) (url string) {
	t.Helper()
	var requests atomic.Int64
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			n := int(requests.Add(1))
			io.WriteString(c, texts[min(n, len(texts))-1])
		}
	})
	return "http://" + address.String()
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestSendsWhatIsAsked(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s %s token=%s agent=%s encoding=%s cookie=%s [%v %d] %s", r.Method, r.RequestURI, r.Host, r.Header.Get("X-Token"),
			r.UserAgent(), r.Header.Get("Accept-Encoding"), r.Header.Get("Cookie"), r.TransferEncoding, r.ContentLength, body)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, "done")
	}))
	defer server.Close()
	for _, c := range []struct {
		request request
		want    string
	}{
		{request{Method: "GET", Path: plan.Lit("/a?q=1")}, "GET /a?q=1 HOST token= agent=plimsoll encoding= cookie= [[] 0] "},
		{request{Method: "HEAD", Path: plan.Lit("/a")}, "HEAD /a HOST token= agent=plimsoll encoding= cookie= [[] 0] "},
		{request{Method: "POST", Path: plan.Lit("/b"), Body: plan.Lit("text"), Headers: []plan.Header{header("x-token", "t")}},
			"POST /b HOST token=t agent=plimsoll encoding= cookie= [[] 4] text"},
		{request{Method: "POST", Path: plan.Lit("/b"), Body: plan.Join(plan.Lit("<"), saved(0), plan.Lit(">")), Headers: []plan.Header{{Name: "X-Token", Value: saved(1)}}},
			"POST /b HOST token=second agent=plimsoll encoding= cookie= [[] 7] <first>"},
		{request{Method: "GET", Path: plan.Join(plan.Lit("/"), saved(0))}, "GET /first HOST token= agent=plimsoll encoding= cookie= [[] 0] "},
		{request{Method: "POST", Path: plan.Lit("/b")}, "POST /b HOST token= agent=plimsoll encoding= cookie= [[] 0] "},
		{request{Method: "DELETE", Path: plan.Lit("/b")}, "DELETE /b HOST token= agent=plimsoll encoding= cookie= [[] 0] "},
		{request{Method: "PUT", Path: plan.Lit("/b"), Headers: []plan.Header{header("Host", "shop.test"), header("user-agent", "me"), header("Content-Length", "9"), header("Transfer-Encoding", "chunked")}},
			"PUT /b shop.test token= agent=me encoding= cookie= [[] 0] "},
		{request{Method: "GET", Path: plan.Lit("/"), Headers: []plan.Header{header("Cookie", "a=1"), header("Accept-Encoding", "gzip"), header("X-Token", "t")}},
			"GET / HOST token=t agent=plimsoll encoding=gzip cookie=a=1 [[] 0] "},
	} {
		outcome := newUser(t, newHTTP(t, target(server.URL), &c.request)).Call(c.request.call, values{"first", "second"})
		if want := strings.ReplaceAll(c.want, "HOST", strings.TrimPrefix(server.URL, "http://")); got != want {
			t.Errorf("server saw %q, want %q", got, want)
		}
		wantBytes := int64(len("done"))
		if c.request.Method == "HEAD" {
			wantBytes = 0
		}
		if wantOK(t, outcome, 201, ""); outcome.BytesReceived != wantBytes {
			t.Errorf("%s: %d bytes, want %d", c.request.Method, outcome.BytesReceived, wantBytes)
		}
	}
}

// newError is what New finds wrong with a plan of one request.
func newError(to plan.Target, r *request) error {
	_, err := newClients(planOf(to, r))
	return err
}
