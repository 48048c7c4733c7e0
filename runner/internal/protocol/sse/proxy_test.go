package sse_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/sse"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// nothing is the values of a user who has none.
type nothing struct{}

func (nothing) Append(dst []byte, t plan.Text) []byte {
	for _, part := range t {
		dst = append(dst, part.Literal...)
	}
	return dst
}

func (nothing) Save(int, profile.Value) {}

// A proxy is asked for a stream in plain HTTP as for any page: with the whole address, and its own
// credentials.
func TestProxy(t *testing.T) {
	asked := ""
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization") + " " + r.Header.Get("Accept")
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: through\n\n")
	}))
	defer proxy.Close()
	target := plan.Target{URL: "http://shop.test", Shown: "http://shop.test", Hosts: []string{"*"}, Timeout: 5 * time.Second}
	d, err := wire.NewDialer(target, func(*url.URL) (*url.URL, error) {
		return url.Parse(strings.Replace(proxy.URL, "http://", "http://ada:pw@", 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	request := &plan.HTTP{Method: "GET", Path: plan.Lit("/events"), Headers: []plan.Header{{Name: "Accept", Value: plan.Lit("text/event-stream")}}}
	c := &plan.Call{Name: "events", Content: &plan.SSE{Request: request}}
	clients, err := sse.New(&plan.Plan{Target: target, Calls: []*plan.Call{c}}, d)
	if err != nil {
		t.Fatal(err)
	}
	u := clients.Client(new(jar.Jar)).(load.Opener)
	defer u.Close()
	s, o := u.Open(t.Context(), c, nothing{})
	if o.Class != tally.OK {
		t.Fatalf("%v %s", o.Class, o.Error)
	}
	defer s.End()
	if r := s.Receive(&plan.Message{Content: &plan.Payload{}}, nothing{}, time.Now().Add(target.Timeout)); r.Event != load.Answered {
		t.Errorf("%v %s", r.Event, r.Error)
	}
	if want := "GET http://shop.test/events Basic YWRhOnB3 text/event-stream"; asked != want {
		t.Errorf("the proxy was asked %q, want %q", asked, want)
	}
}
