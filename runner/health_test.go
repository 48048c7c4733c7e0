package runner

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A process that only counts uses its whole core, and health shows it.
func TestHealthSeesThisProcess(t *testing.T) {
	h := newHealth()
	began := time.Now()
	h.begin()
	h.edge(0)
	for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
	}
	h.stop()
	judged := time.Since(began)
	time.Sleep(20 * time.Millisecond) // the last answers
	var report load.Stretch
	report.Lag.Record(3 * time.Millisecond)
	report.Paced = load.Paced{Due: 10, Begun: 8, Missed: 1}
	h.end(&report)
	if h.latest.length > judged {
		t.Errorf("measured for %v, want the judged time, %v", h.latest.length, judged)
	}
	var round result.Round
	h.round(pairRound, &round)
	if round.Lag != 3*time.Millisecond || round.CPUShare <= 0 {
		t.Errorf("round %+v", round)
	}
	var r result.Result
	for range 2 { // a second call changes nothing
		h.whole(&r)
		if g := r.Generator; g.Cores < 1 || g.CPUShare <= 0 || g.CPUShare > 1.5 || g.LagMax != 3*time.Millisecond || g.Paced != (result.Paced{Due: 10, Begun: 8, Missed: 1}) {
			t.Errorf("generator %+v", g)
		}
	}
}

// The rate and the failures of each second are compared with the limits.
func TestWatch(t *testing.T) {
	c := newCollector(&plan.Plan{Users: make([]plan.User, 20), Limits: plan.Limits{Rate: 100, Abort: profile.Abort{FailureRate: 0.5, For: 2 * time.Second}}})
	for i, second := range []struct {
		good, failed int64
		says         string
	}{
		{100, 0, ""}, {104, 0, ""}, {20, 60, ""}, {70, 10, ""}, {20, 60, ""},
		{0, 0, ""}, // a system that hangs has not recovered
		{40, 40, "50 % of the requests failed, and 50 % or more for 3s: limits.abort ends the run"},
		{70, 0, ""}, {0, 0, ""}, {0, 60, ""},
		{200, 0, ""}, // requests that had to wait
		{900, 0, "155 requests a second are more than limits.rate allows (100/s)"},
	} {
		recent := &tally.Route{Outcomes: map[tally.Class]int64{tally.OK: second.good, tally.Timeout: second.failed}}
		if got := c.watch(recent, time.Second); (got == nil) != (second.says == "") || got != nil && got.Error() != second.says {
			t.Errorf("second %d: %v, want %q", i, got, second.says)
		}
	}
}

// In every stretch, the times of errors count from the start of the whole load.
func TestCollectorDelaysErrors(t *testing.T) {
	p := &plan.Plan{Rounds: 1, RoundLength: time.Second}
	c := newCollector(p)
	for _, offset := range []time.Duration{0, time.Minute} {
		c.begin(p, offset)
		var counted tally.Tally
		counted.Add(tally.Sample{Route: "GET /", Ended: time.Second, Class: tally.Timeout, Error: "no answer"})
		c.take(0, &counted)
	}
	seen := c.drain(0).Routes["GET /"].Errors["no answer"]
	if want := (tally.Seen{Count: 2, First: time.Second, Last: time.Minute + time.Second}); seen != want {
		t.Errorf("seen %+v, want %+v", seen, want)
	}
}
