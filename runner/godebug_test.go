package runner_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/pprof"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// A run tells at which line the requests of a Go service wait. What it has no page for is named.
func TestGoServiceIsRead(t *testing.T) {
	pool := make(chan bool, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {
		pool <- true
		time.Sleep(10 * time.Millisecond) // a busy machine brings more requests than that lets pass
		<-pool
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	words := "target: {url: \"" + server.URL + "\"}\nmonitor: {every: 200ms, go: \"" + server.URL + "/debug/\"}"
	load := `
load: {users: 16, spawn_rate: 1000, warm_up: 100ms, run_time: 3s, rounds: 1}
users: [{name: u, tasks: [{http: GET /pool}]}]`
	r, err := runner.Run(t.Context(), sideOf(t, "", words, load), runner.Config{})
	if err != nil || len(r.Rounds) != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	found := ""
	for name, n := range r.Rounds[0].Readings {
		if strings.HasPrefix(name, "system.waiting.runner/godebug_test.go:") && n >= 8 {
			found = name
		}
	}
	if r.Watch.Facts[found] != "a channel" {
		t.Errorf("readings %v, facts %v", r.Rounds[0].Readings, r.Watch.Facts)
	}
	named := false
	for _, a := range r.Watch.Absent {
		named = named || a.Source == "go vars"
	}
	if !named { // the page of expvar is a page of the service, and holds nothing
		t.Errorf("absent %v", r.Watch.Absent)
	}
}

// Only hosts of limits.hosts are asked for readings.
func TestForeignHostsAreNotAsked(t *testing.T) {
	target, _, _ := counting(t)
	for _, words := range []string{`go: "http://198.51.100.7/debug"`, `prometheus: [{url: "http://198.51.100.7/metrics", as: x}]`} {
		_, err := runner.Run(t.Context(), sideOf(t, "", target, short+"\nmonitor: {"+words+"}"), runner.Config{})
		key, _, _ := strings.Cut(words, ":")
		if err == nil || !strings.Contains(err.Error(), "198.51.100.7, which monitor."+key+" names, may not be asked") {
			t.Errorf("%s: %v", words, err)
		}
	}
}
