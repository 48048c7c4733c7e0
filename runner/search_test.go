package runner_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// oneAtATime starts a server that answers one request at a time, each in 10 ms, so about 100 in a second, and logins at
// once.
func oneAtATime(t *testing.T) (target string, logins *atomic.Int64) {
	t.Helper()
	logins = &atomic.Int64{}
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			logins.Add(1)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}))
	t.Cleanup(s.Close)
	return "target: {url: \"" + s.URL + "\"}", logins
}

const loggedIn = `
users: [{name: u, wait: 100ms, on_start: [{http: POST /login}], tasks: [{http: GET /, name: work}], on_stop: [{http: GET /login, name: bye}]}]`

// searched makes trials of some loads, and returns the attempts.
func searched(t *testing.T, one runner.System, c runner.Searching, loads ...float64) (all []*runner.Attempt, r *result.Result, err error) {
	t.Helper()
	c.Answer = 100 * time.Millisecond
	c.Hopeless = func(second *tally.Tally) string {
		if second.Total().Response.Quantile(0.95) > time.Second {
			return "answers take a second"
		}
		return ""
	}
	c.Next = func(last *runner.Attempt) (runner.Trial, bool) {
		if last != nil {
			all = append(all, last)
		}
		if len(loads) == 0 {
			return runner.Trial{}, false
		}
		load := loads[0]
		loads = loads[1:]
		length := 2 * time.Second
		if load > 100 { // it is ended early
			length = 10 * time.Second
		}
		return runner.Trial{Load: load, Settle: 200 * time.Millisecond, Length: length}, true
	}
	r, err = runner.Search(t.Context(), one, c)
	return all, r, err
}

// Trials of a rate: each has its load, one that is hopeless is ended early, and the system has recovered before the next.
// All users have logged in before the trial that needs them.
func TestSearchForARate(t *testing.T) {
	t.Parallel()
	target, logins := oneAtATime(t)
	phases := map[string]bool{}
	all, r, err := searched(t, sideOf(t, "", target, "load: {users: 3}"+loggedIn), runner.Searching{
		Config: runner.Config{Progress: func(p runner.Progress) { phases[p.Phase] = true }},
	}, 20, 300, 20)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %d attempts", err, len(all))
	}
	if all[1].Cut != "answers take a second" || all[1].Round == nil || all[1].Round.Length >= 10*time.Second {
		t.Errorf("three times too much: %+v", all[1])
	}
	for _, i := range []int{0, 2} {
		a := all[i]
		if a.Cut != "" || a.Round == nil || a.Round.Length != 2*time.Second || a.Limited || a.Took <= a.Length {
			t.Fatalf("trial %d: %+v", i, a)
		}
		if n, load := a.Round.Total.Requests, a.Round.Readings["generator.tasks_per_sec"]; n < 20 || n > 70 || load != 20 {
			t.Errorf("trial %d: %d requests in 2 s at %g/s", i, n, load)
		}
		if a.Round.Total.Failures > 0 || a.Round.Total.P50 > 500*time.Millisecond && !busy(a) || a.Round.Figures["work"].Requests != a.Round.Total.Requests {
			t.Errorf("trial %d: %+v", i, a.Round)
		}
	}
	if len(r.Rounds) != 3 || len(r.Problems) > 0 || logins.Load() < 2*6 {
		t.Errorf("%d rounds, problems %v, %d logins and goodbyes", len(r.Rounds), r.Problems, logins.Load())
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	if !phases["trial at 300/s"] || !phases["warm-up"] {
		t.Errorf("phases %v", phases)
	}
}

// busy reports whether others used so much of the machine during a trial that answers may be late.
func busy(a *runner.Attempt) bool { return a.Round.Machine.Others > 0.3 }

// Trials of users: more users in each one, all of them logged in once.
func TestSearchForUsers(t *testing.T) {
	t.Parallel()
	target, logins := oneAtATime(t)
	all, r, err := searched(t, sideOf(t, "", target, "load: {users: 3}"+loggedIn), runner.Searching{Users: true}, 1, 4, 2)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v, %d attempts", err, len(all))
	}
	for i, users := range []float64{1, 4, 2} {
		// A user does about nine tasks in a second, as long as the system is not busy.
		a := all[i]
		if n := float64(a.Round.Total.Requests) / 2; a.Cut != "" || a.Round.Readings["generator.users"] != users || n < 3*users && !busy(a) || n > 10*users {
			t.Errorf("%g users: %g requests a second, %+v", users, n, a)
		}
	}
	if begun := r.WarmUp.Routes["POST /login"].Requests(); begun != 4 || logins.Load() != 8 {
		t.Errorf("%d users have begun, and %d requests were logins or the end of users", begun, logins.Load())
	}
}

// A limit of requests a second ends a trial of users.
func TestSearchWithinLimits(t *testing.T) {
	t.Parallel()
	target, _, _ := counting(t)
	all, _, err := searched(t, sideOf(t, "", target, "load: {users: 3}\nlimits: {rate: 10/s}\nusers: [{name: u, wait: 10ms, tasks: [{http: GET /}]}]"),
		runner.Searching{Users: true}, 4)
	if err != nil || len(all) != 1 || !all[0].Limited || !strings.Contains(all[0].Cut, "more than limits.rate allows (10/s)") {
		t.Errorf("%v, %+v", err, all)
	}
}

// The reasons why a search does not begin.
func TestSearchRefused(t *testing.T) {
	t.Parallel()
	for load, want := range map[string]string{
		"load: {rate: 1/s}\nusers: [{name: u, tasks: [{http: GET /}]}]":          "the profile has a rate, and no users to search for",
		"load: {users: 1}\nusers: [{name: u, fixed: 1, tasks: [{http: GET /}]}]": "each kind of user has a fixed number",
	} {
		target, asked, _ := counting(t)
		_, r, err := searched(t, sideOf(t, "", target, load), runner.Searching{Users: true}, 1)
		var refusal *runner.Refusal
		if r != nil || !errors.As(err, &refusal) || !strings.Contains(err.Error(), want) || asked.Load() > 0 {
			t.Errorf("%s: %v, %v, after %d requests", load, r, err, asked.Load())
		}
	}
}

// A login that does not succeed is told, and no load follows.
func TestSearchWithoutLogin(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for half a minute")
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	all, _, err := searched(t, sideOf(t, "", "target: {url: \""+s.URL+"\"}", "load: {users: 3}"+loggedIn), runner.Searching{Users: true}, 2)
	if err != nil || len(all) != 1 || all[0].Round != nil || !strings.Contains(all[0].Cut, "on_start did not succeed for 2 of the users") {
		t.Errorf("%v, %+v", err, all)
	}
}

// An interrupt and a system that ends leave the trials so far.
func TestSearchEndsEarly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(one runner.System, stop chan struct{})
		kind result.ProblemKind
		says string
	}{
		{"an interrupt", func(_ runner.System, stop chan struct{}) { close(stop) }, result.Interrupted, "whole trials: "},
		{"the system ends", func(one runner.System, _ chan struct{}) {
			_, _ = http.Get(one.Plan.Target.URL + "/die") // it hangs up
		}, result.TargetDied, "trial at 20/s)"},
	} {
		stop, trials := make(chan struct{}), 0
		one := sideOf(t, "", starting(t), "load: {users: 1}\nusers: [{name: u, tasks: [{http: GET /health, name: health}]}]")
		r, err := runner.Search(t.Context(), one, runner.Searching{Config: runner.Config{Stop: stop}, Next: func(*runner.Attempt) (runner.Trial, bool) {
			if trials++; trials == 2 {
				c.end(one, stop)
			}
			return runner.Trial{Load: 20, Settle: 100 * time.Millisecond, Length: time.Second}, trials < 5
		}})
		if err == nil || r == nil || len(r.Rounds) != 1 || len(r.Problems) != 1 || r.Problems[0].Kind != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %+v", c.name, err, r)
		}
		gone(t, one)
	}
}
