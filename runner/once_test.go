package runner_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// tenants is a server that makes tenants. asked lists its requests in order.
func tenants(t *testing.T, teardown int) (target string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex // guards all
	var all []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if what := r.Method + " " + r.URL.Path; len(all) == 0 || all[len(all)-1] != what {
			all = append(all, what)
		}
		switch r.Method {
		case http.MethodPost:
			fmt.Fprint(w, `{"id": 7}`)
		case http.MethodDelete:
			w.WriteHeader(teardown)
		}
	}))
	t.Cleanup(s.Close)
	return "target: {url: \"" + s.URL + "\"}", func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(all) }
}

const once = `
load: {users: 3, spawn_rate: 100, warm_up: 100ms, run_time: 400ms, rounds: 2}
setup: [{http: POST /tenants, save: {tenant: id}}]
teardown: [{http: "DELETE /tenants/${tenant}"}]
users: [{name: u, wait: 5ms..15ms, on_stop: [{http: GET /bye}], tasks: [{group: Pages, steps: [{steps: [{http: "GET /tenants/${tenant}", name: one}]}, {http: GET /two, name: two, if: {tenant: "== 8"}}]}]}]`

// Setup runs once before the users, teardown once after them. No figure counts them.
func TestSetupAndTeardown(t *testing.T) {
	target, asked := tenants(t, http.StatusNoContent)
	r, err := runner.Run(t.Context(), sideOf(t, "", target, once), runner.Config{})
	if err != nil || !whole(r) || len(r.Notes) > 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if want := []string{"POST /tenants", "GET /tenants/7", "GET /bye", "DELETE /tenants/7"}; !slices.Equal(asked(), want) {
		t.Errorf("asked %q, want %q", asked(), want)
	}
	if got := r.Routes(); !slices.Equal(got, []string{"one"}) {
		t.Errorf("counted: %q", got)
	}
	if want := []string{"one", "two"}; !slices.Equal(r.PlannedRoutes, want) {
		t.Errorf("planned: %q, want %q", r.PlannedRoutes, want)
	}
	if r.Load != (result.Load{SpawnRate: 100}) {
		t.Errorf("load: %+v", r.Load)
	}
	if got := r.Groups; len(got) != 1 || !slices.Equal(got["Pages"], []string{"one", "two"}) {
		t.Errorf("groups: %q", got)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

// If teardown fails, the run has a note and stays whole.
func TestTeardownThatFails(t *testing.T) {
	target, _ := tenants(t, http.StatusConflict)
	r, err := runner.Run(t.Context(), sideOf(t, "", target, once), runner.Config{})
	if err != nil || !whole(r) || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], "teardown: DELETE /tenants/") || !strings.Contains(r.Notes[0], "409") {
		t.Fatalf("%v, %+v", err, r)
	}
}

// If setup fails, nothing is loaded.
func TestSetupThatFails(t *testing.T) {
	var asked sync.Map
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Method, true)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer s.Close()
	stop := make(chan struct{})
	time.AfterFunc(300*time.Millisecond, func() { close(stop) })
	system := sideOf(t, "", "target: {url: \""+s.URL+"\"}", once)
	if r, err := runner.Run(t.Context(), system, runner.Config{Stop: stop}); !errors.Is(err, runner.ErrInterrupted) || r != nil {
		t.Errorf("interrupted: %v, %+v", err, r)
	}
	var failure *runner.Failure
	if r, err := runner.Run(t.Context(), system, runner.Config{}); !errors.As(err, &failure) || r != nil || !strings.HasPrefix(err.Error(), "setup: POST /tenants failed at the last of ") || !strings.Contains(err.Error(), "403") {
		t.Errorf("%v, %+v", err, r)
	}
	if _, loaded := asked.Load(http.MethodGet); loaded {
		t.Error("users came after a setup that failed")
	}
}
