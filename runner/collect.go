package runner

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Progress is how far a run has come.
type Progress struct {
	Phase     string // what is going on, such as "warm-up" or "round 2 of 6"
	Loading   bool   // whether the figures below mean anything yet
	Elapsed   time.Duration
	Remaining time.Duration
	Users     int // started so far
	Requests  int64
	Failures  int64
	PerSec    float64       // requests in the last second
	P95       time.Duration // response time in the last second
}

// collector gathers what the users count, by round. Safe for concurrent use.
type collector struct {
	plan  *plan.Plan
	start time.Time

	mu                 sync.Mutex // guards what follows
	rounds             map[int]*tally.Tally
	recent             tally.Tally // since the last Progress
	requests, failures int64

	failing time.Duration // how long failures have been past limits.abort; of watch alone
}

func newCollector(p *plan.Plan) *collector {
	return &collector{plan: p, start: time.Now(), rounds: map[int]*tally.Tally{}}
}

// take is the load's sink.
func (c *collector) take(round int, t *tally.Tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rounds[round] == nil {
		c.rounds[round] = &tally.Tally{}
	}
	c.rounds[round].Merge(t)
	c.recent.Merge(t)
}

// tick begins a new "last second". It gives how far the run has come, and the reason why it
// must end; empty for none.
func (c *collector) tick(since time.Duration) (Progress, string) {
	c.mu.Lock()
	recent := c.recent.Total()
	c.recent = tally.Tally{}
	c.requests += recent.Requests()
	c.failures += recent.Failures()
	requests, failures := c.requests, c.failures
	c.mu.Unlock()

	elapsed := time.Since(c.start)
	p := Progress{
		Phase: phase(c.plan, elapsed), Loading: true,
		Elapsed: elapsed, Remaining: max(c.plan.Length()-elapsed, 0),
		Requests: requests, Failures: failures,
		PerSec: float64(recent.Requests()) / since.Seconds(), P95: recent.Response.Quantile(0.95),
	}
	for _, u := range c.plan.Users {
		for _, span := range u.Spans {
			if span.From <= elapsed && elapsed < span.To {
				p.Users++
			}
		}
	}
	return p, c.watch(recent, since)
}

// watch holds what happened in a stretch of about a second against the limits, and gives the
// reason why the run must end; empty for none.
func (c *collector) watch(recent *tally.Route, since time.Duration) string {
	limits := c.plan.Limits
	sent := float64(recent.Requests() - recent.Outcomes[tally.Dropped] - recent.Outcomes[tally.Generator])
	// What ends in a stretch varies although what is sent does not.
	most := limits.Rate * since.Seconds()
	if slack := max(0.05*most, 4*math.Sqrt(most)); limits.Rate > 0 && sent > most+slack {
		return fmt.Sprintf("%.0f requests a second are more than limits.rate allows (%g/s)", sent/since.Seconds(), limits.Rate)
	}
	if limits.AbortFailureRate <= 0 {
		return ""
	}
	ended := recent.Requests()
	share := float64(recent.Failures()) / float64(max(ended, 1))
	switch {
	case ended == 0 && c.failing > 0, ended > 0 && share >= limits.AbortFailureRate:
		c.failing += since // a system that hangs fails in bursts, a time-out apart
	case ended > 0:
		c.failing = 0
	}
	if ended == 0 || c.failing.Round(100*time.Millisecond) < limits.AbortFor {
		return ""
	}
	return fmt.Sprintf("%.0f %% of the requests failed, and %g %% or more for %v: that is where limits.abort ends a run",
		100*share, 100*limits.AbortFailureRate, c.failing.Round(time.Second))
}

func phase(p *plan.Plan, elapsed time.Duration) string {
	if elapsed >= p.Length() {
		return "waiting for the last answers"
	}
	return p.RoundName(p.RoundAt(elapsed))
}

// fill puts the rounds that were over when the load ended into r. A round cut short is left
// out: its figures would be of another length.
func (c *collector) fill(r *result.Result, until time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.WarmUp = c.rounds[plan.WarmUpRound]
	for i := 0; i < c.plan.Rounds && c.plan.RoundStart(i+1) <= until; i++ {
		t := c.rounds[i]
		if t == nil {
			t = &tally.Tally{}
		}
		r.Rounds = append(r.Rounds, result.NewRound(c.plan.RoundStart(i), c.plan.RoundLength, t))
		r.Tally.Merge(t)
	}
}
