package runner_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// Each call is made once, in the order of the profile, and its answer is reported. What needs a value that was not saved,
// and what its guard excludes, is skipped.
func TestTry(t *testing.T) {
	var mu sync.Mutex // guards sent
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = append(sent, r.Method+" "+r.URL.Path)
		mu.Unlock()
		switch r.URL.Path {
		case "/made":
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"id": 7}`)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: 1\n\n")
		case "/graphql":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"data": {"top": 1}}`)
		}
	}))
	defer server.Close()
	answers, err := runner.Try(t.Context(), sideOf(t, "", "target: {url: \""+server.URL+"\"}", `
load: {users: 20, spawn_rate: 100, run_time: 1h}
setup: [{http: POST /made, save: {tenant: id}}]
users:
  - name: u
    on_start: [{http: "GET /in/${tenant}"}]
    tasks:
      - steps:
          - {http: POST /made, save: {id: id}, repeat: 3}
          - {wait: 1h}
          - steps: [{http: "GET /items/${id}", name: item}]
            repeat: 1000
          - {http: GET /never, if: {id: "== 8"}}
      - steps: [{http: GET /gone, save: {x: x}}, {http: "GET /after/${x}", name: after}]
      - {sse: GET /events, messages: [{receive: 1}]}
      - {graphql: "{ top }"}
      - {http: GET /gone, name: wanted, expect: {status: 410}}
    on_stop: [{http: GET /out}]
teardown: [{http: "DELETE /tenants/${tenant}"}]`), runner.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, one := range answers {
		skipped := ""
		if one.Skipped {
			skipped = "skipped"
		}
		told = append(told, strings.TrimSpace(one.Route+": "+one.Answer+one.Problem+skipped))
	}
	want := []string{
		"GET /in/${tenant}: 200", "POST /made: 201", "item: 200", "GET /never: skipped", "GET /gone: status 410 Gone", "after: skipped",
		"SSE /events:", "query { top }: 200", "wanted: 410", "GET /out: 200",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told is\n%s, want\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	wantSent := []string{"POST /made", "GET /in/7", "POST /made", "GET /items/7", "GET /gone", "GET /events", "POST /graphql", "GET /gone", "GET /out", "DELETE /tenants/7"}
	if !slices.Equal(sent, wantSent) {
		t.Errorf("sent is %q, want %q", sent, wantSent)
	}
}
