package runner_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// short is a load of three short rounds.
const short = `
load: {users: 4, spawn_rate: 100, warm_up: 100ms, run_time: 600ms, rounds: 3}
users: [{name: u, wait: 5ms..15ms, on_stop: [{http: GET /bye}], tasks: [{http: GET /health, name: health}]}]`

// counting starts a server that counts its requests, and those of on_stop.
func counting(t *testing.T) (target string, asked, byes *atomic.Int64) {
	t.Helper()
	asked, byes = &atomic.Int64{}, &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/bye" {
			byes.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	return "target: {url: \"" + s.URL + "\"}", asked, byes
}

// whole reports whether a run has all its rounds. It ignores that this machine was too busy to measure.
func whole(r *result.Result) bool {
	busy := len(r.Problems) == 1 && (r.Problems[0].Kind == result.Saturated || r.Problems[0].Kind == result.Busy)
	return len(r.Rounds) == r.PlannedRounds && (len(r.Problems) == 0 || busy)
}

// Every request is counted once by round, and once in the timeline. The warm-up counts those of on_stop.
func TestRunCountsEverything(t *testing.T) {
	target, asked, byes := counting(t)
	var last runner.Progress
	system := sideOf(t, "", target, short)
	r, err := runner.Run(t.Context(), system, runner.Config{Runner: "test", Progress: func(p runner.Progress) { last = p }})
	if err != nil || !whole(r) || len(r.Rounds) != 3 || r.Starts != 0 || r.Environment.Runner != "test" || r.Environment.Proxy != "" {
		t.Fatalf("%v, %+v", err, r)
	}
	judged, warmUp := r.Tally.Total().Requests(), r.WarmUp.Total().Requests()
	if judged+warmUp != asked.Load() || byes.Load() != 4 || r.WarmUp.Routes["GET /bye"].Requests() != 4 {
		t.Errorf("%d requests are judged and %d not, %d were sent, %d of them at the end", judged, warmUp, asked.Load(), byes.Load())
	}
	var sum int64
	var until time.Duration
	for _, s := range r.Timeline {
		if s.Start+time.Millisecond < until || s.Length <= 0 {
			t.Errorf("a second from %v of %v after %v", s.Start, s.Length, until)
		}
		sum, until = sum+s.Requests, s.Start+s.Length
	}
	if sum != asked.Load()-byes.Load() || until < system.Plan.Length() {
		t.Errorf("the timeline has %d requests until %v, %d were sent", sum, until, asked.Load())
	}
	if took := r.Finished.Sub(r.Started); took < system.Plan.Length() || took > time.Hour {
		t.Errorf("it took %v", took)
	}
	if !last.Loading || last.Requests != sum {
		t.Errorf("last shown: %+v", last)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

// The timeline has the percentiles of each second and the users at its end, and Window adds up to it.
func TestRunTellsWindows(t *testing.T) {
	target, _, _ := counting(t)
	var windows []runner.Window
	var all int64
	r, err := runner.Run(t.Context(), sideOf(t, "", target, short), runner.Config{Window: func(w runner.Window) {
		windows, all = append(windows, w), w.All.Requests()
	}})
	if err != nil || len(windows) == 0 || len(windows) != len(r.Timeline) {
		t.Fatalf("%v: %d windows, %d seconds", err, len(windows), len(r.Timeline))
	}
	var sum int64
	most := 0
	for _, s := range r.Timeline {
		sum, most = sum+s.Requests, max(most, s.Users)
		if s.Requests > 0 && !(0 < s.P50 && s.P50 <= s.P95 && s.P95 <= s.P99) {
			t.Errorf("a second has %d requests, p50 %v, p95 %v, p99 %v", s.Requests, s.P50, s.P95, s.P99)
		}
	}
	if most != 4 || all != sum {
		t.Errorf("at most %d of 4 users; the windows have %d requests, the timeline %d", most, all, sum)
	}
}

// In the open model the users of a second are the tasks in flight.
func TestRunTellsTasksInFlight(t *testing.T) {
	hold := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
	}))
	defer s.Close()
	defer close(hold)
	system := sideOf(t, "", "target: {url: \""+s.URL+"\"}", "\nload: {rate: 20/s, max_in_flight: 5, warm_up: 0s, run_time: 1500ms, rounds: 1, stop_within: 100ms}\nusers: [{name: u, tasks: [{http: GET /hold}]}]")
	r, err := runner.Run(t.Context(), system, runner.Config{})
	if r == nil || len(r.Timeline) == 0 || r.Timeline[0].Users != 5 {
		t.Fatalf("%v, %+v", err, r)
	}
}

// In a run that is stopped, users still do on_stop. When the context ends, they do not.
func TestRunEndsEarly(t *testing.T) {
	for _, by := range []string{"stop", "context"} {
		target, asked, byes := counting(t)
		ctx, cancel := context.WithCancel(t.Context())
		stop := make(chan struct{})
		system := sideOf(t, "", target, strings.Replace(short, "run_time: 600ms", "run_time: 10m", 1))
		r, err := runner.Run(ctx, system, runner.Config{Stop: stop, Progress: func(p runner.Progress) {
			if p.Requests == 0 || isClosed(stop) {
				return
			}
			if by == "context" {
				cancel()
			}
			close(stop)
		}})
		cancel()
		if !errors.Is(err, runner.ErrInterrupted) || r == nil || len(r.Rounds) != 0 || r.PlannedRounds != 3 || r.Problems[0].Kind != result.Interrupted {
			t.Errorf("%s: %v, %+v", by, err, r)
		}
		if graceful := by == "stop"; graceful != (byes.Load() == 4) || asked.Load() == 0 {
			t.Errorf("%s: %d requests, %d of them at the end", by, asked.Load(), byes.Load())
		}
	}
}

// If a request hangs until it is cut off, all users still have time for on_stop.
func TestRunEndsWithARequestThatHangs(t *testing.T) {
	byes := atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bye":
			byes.Add(1)
		case "/hang":
			<-r.Context().Done()
		}
	}))
	defer s.Close()
	system := sideOf(t, "", "target: {url: \""+s.URL+"\"}", `
load: {users: 4, spawn_rate: 100, run_time: 300ms, rounds: 1, stop_within: 1s}
users:
  - {name: u, fixed: 3, wait: 10ms, tasks: [{http: GET /}], on_stop: [{http: GET /bye}]}
  - {name: stuck, fixed: 1, tasks: [{http: GET /hang}], on_stop: [{http: GET /bye}]}`)
	_, err := runner.Run(t.Context(), system, runner.Config{})
	if err != nil || byes.Load() != 4 {
		t.Errorf("%v: %d of 4 users did on_stop", err, byes.Load())
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestRunWhenTheSystemDies(t *testing.T) {
	load := strings.Replace(short, "GET /health", "GET /die", 1)
	system := sideOf(t, "", starting(t), load)
	r, err := runner.Run(t.Context(), system, runner.Config{})
	var failure *runner.Failure
	if !errors.As(err, &failure) || !strings.HasPrefix(err.Error(), "the system under test exited on its own, with exit status 7") || !strings.Contains(failure.Output, "listens on") {
		t.Fatalf("%v", err)
	}
	if r == nil || r.Problems[0].Kind != result.TargetDied || r.Whole() {
		t.Errorf("%+v", r)
	}
}

// Builds and proxies use the environment of Config, not this process's own.
func TestRunInAnEnvironment(t *testing.T) {
	t.Setenv("OF_THIS_PROCESS", "seen")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	var asked atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1); r.URL.Host != "shop.example" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer proxy.Close()
	const target = `
limits: {hosts: [shop.example]}
target:
  url: http://shop.example
  start: {build: "/bin/sh -c 'echo $GREETING, $TOKEN, $OF_THIS_PROCESS.'", command: /bin/sleep 60, ready: {tcp: true}}`
	var log strings.Builder
	system := sideOf(t, "", target, short)
	r, err := runner.Run(t.Context(), system, runner.Config{
		Log: &log, Environ: []string{"GREETING=hello", "TOKEN=s3cret", "http_proxy=" + proxy.URL}, Secrets: []string{"s3cret"},
	})
	if err != nil || !whole(r) || r.Tally.Total().Failures() > 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if log.String() != "hello, ***, .\n" {
		t.Errorf("logged %q", log.String())
	}
	if r.Environment.Proxy != proxy.URL || asked.Load() == 0 {
		t.Errorf("the proxy %q was asked %d times", r.Environment.Proxy, asked.Load())
	}
}

// If another process answers at the target, the error names it, and nothing is started or measured.
func TestRunOfATakenAddress(t *testing.T) {
	target, asked, _ := counting(t)
	start := ", start: {build: touch built, command: touch started; exec sleep 60, ready: {http: GET /}}}"
	system := sideOf(t, "", strings.TrimSuffix(target, "}")+start, short)
	var failure *runner.Failure
	r, err := runner.Run(t.Context(), system, runner.Config{})
	if !errors.As(err, &failure) || r != nil || !strings.HasPrefix(err.Error(), "something listens at 127.0.0.1:") {
		t.Errorf("%v, %v", r, err)
	}
	if _, err := os.Stat(filepath.Join(system.Dir, "started")); err == nil || asked.Load() > 0 {
		t.Errorf("the system was started, or the other process got %d requests", asked.Load())
	}
}

// The control is loaded before and after a run, and after each pair. Its progress is not shown.
func TestControl(t *testing.T) {
	target, _, _ := counting(t)
	ofControl, controlled, _ := counting(t)
	show := func(p runner.Progress) {
		if strings.Contains(p.Phase, "control") {
			t.Errorf("shown: %+v", p)
		}
	}
	config := runner.Config{Control: sideOf(t, "", ofControl, sends).Plan, Progress: show}
	b, h, err := runner.Pair(t.Context(), sideOf(t, "base", target, sends), sideOf(t, "head", target, sends), runner.Pairing{
		Config: config, RoundLength: 300 * time.Millisecond, Rounds: 2,
	})
	if err != nil || len(b.Control) != 2 || len(h.Control) != 2 || b.Control[1].Requests == 0 {
		t.Fatalf("%v, %+v", err, b)
	}
	before := controlled.Load()
	if before < b.Control[0].Requests+b.Control[1].Requests {
		t.Errorf("the control was asked %d times, and %+v says otherwise", before, b.Control)
	}
	r, err := runner.Run(t.Context(), sideOf(t, "", target, short), config)
	if err != nil || len(r.Control) != 2 || r.Control[0].Requests == 0 || controlled.Load() == before {
		t.Errorf("%v, %+v", err, r)
	}
}

func TestRunThatCannotBegin(t *testing.T) {
	var failure *runner.Failure
	if r, err := runner.Run(t.Context(), sideOf(t, "", "target: {url: \"http://127.0.0.1:1\"}", short), runner.Config{}); !errors.As(err, &failure) || r != nil {
		t.Errorf("nobody there: %v, %v", r, err)
	}
	var refusal *runner.Refusal
	if r, err := runner.Run(t.Context(), sideOf(t, "", "target: {url: \"http://198.51.100.7\"}", short), runner.Config{}); !errors.As(err, &refusal) || r != nil {
		t.Errorf("a stranger's: %v, %v", r, err)
	}
	target, _, _ := counting(t)
	gone := runner.Config{Control: sideOf(t, "", "target: {url: \"http://127.0.0.1:1\"}", sends).Plan}
	if r, err := runner.Run(t.Context(), sideOf(t, "", target, short), gone); !errors.As(err, &failure) || r != nil || !strings.HasPrefix(err.Error(), "control: nothing answers") {
		t.Errorf("a control that is not there: %v, %v", r, err)
	}
}

// A load that this machine cannot send is refused before anything is sent.
func TestRunRefusesTooMuch(t *testing.T) {
	target, asked, _ := counting(t)
	system := sideOf(t, "", target, "\nload: {rate: 10/s, max_in_flight: 100000, run_time: 1s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
	system.Plan.Open.MaxInFlight = 1 << 30
	var refusal *runner.Refusal
	if _, err := runner.Run(t.Context(), system, runner.Config{}); !errors.As(err, &refusal) || !strings.HasPrefix(err.Error(), "1073741824 connections need ") || asked.Load() > 0 {
		t.Errorf("%v", err)
	}
	system.Plan.Target.Connections = 10 // they share
	if _, err := runner.Run(t.Context(), system, runner.Config{}); errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
}

// A run that is stopped before its system is up has no result.
func TestRunStoppedBeforeTheStart(t *testing.T) {
	stop := make(chan struct{})
	close(stop)
	for name, target := range map[string]string{"elsewhere": "target: {url: \"http://127.0.0.1:1\"}", "started": starting(t)} {
		if r, err := runner.Run(t.Context(), sideOf(t, "", target, short), runner.Config{Stop: stop}); !errors.Is(err, runner.ErrInterrupted) || r != nil {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}
