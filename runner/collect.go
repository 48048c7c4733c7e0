package runner

import (
	"fmt"
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

// collector gathers what the users count, by round. Safe for concurrent use, but for begin.
type collector struct {
	plan   *plan.Plan
	start  time.Time
	ticked time.Time // the last time

	mu                 sync.Mutex // guards what follows
	rounds             map[int]*tally.Tally
	recent             tally.Tally // since the last Progress
	requests, failures int64

	// Of watch alone.
	failing   time.Duration // how long failures have been past limits.abort
	stretches []stretch     // the last ones
}

// stretch is how many requests ended in about a second.
type stretch struct {
	ended  int64
	length time.Duration
}

func newCollector(p *plan.Plan) *collector {
	c := &collector{rounds: map[int]*tally.Tally{}}
	c.begin(p)
	return c
}

// begin says that the load begins, or its next stretch.
func (c *collector) begin(p *plan.Plan) {
	c.plan, c.start = p, time.Now()
	c.ticked = c.start
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
	p, recent := c.progress(since)
	if p.Elapsed >= c.plan.Length() { // what ends now was sent before, or is on_stop's
		return p, ""
	}
	return p, c.watch(recent, since)
}

// end is the tick at the end of a stretch, which may be shorter than a second.
func (c *collector) end() (Progress, string) {
	since := time.Since(c.ticked)
	p, recent := c.progress(since)
	return p, c.watch(recent, since)
}

// progress is how far the load has come, and what was counted since the last time.
func (c *collector) progress(since time.Duration) (Progress, *tally.Route) {
	c.ticked = time.Now()
	c.mu.Lock()
	recent := c.recent.Total()
	c.recent = tally.Tally{}
	c.requests += recent.Requests()
	c.failures += recent.Failures()
	requests, failures := c.requests, c.failures
	c.mu.Unlock()

	elapsed := c.ticked.Sub(c.start)
	p := Progress{
		Phase: phase(c.plan, elapsed), Loading: true,
		Elapsed: elapsed, Remaining: max(c.plan.Length()-elapsed, 0),
		Requests: requests, Failures: failures,
		PerSec: float64(recent.Requests()) / max(since, time.Millisecond).Seconds(), P95: recent.Response.Quantile(0.95),
	}
	at := min(elapsed, c.plan.Length()-1)
	for _, u := range c.plan.Users {
		for _, span := range u.Spans {
			if span.From <= at && at < span.To {
				p.Users++
			}
		}
	}
	return p, recent
}

// watch holds what happened in a stretch of about a second against the limits, and gives the
// reason why the run must end; empty for none.
func (c *collector) watch(recent *tally.Route, since time.Duration) string {
	limits := c.plan.Limits
	if reason := c.tooFast(recent.Requests()-recent.Outcomes[tally.Generator], since); reason != "" {
		return reason
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

// rateWindow is how many stretches the rate is taken over.
const rateWindow = 10

// tooFast holds the requests of the last stretches against limits.rate. Those that end in a
// stretch were sent in it or before: in the closed model by no more than one for each user.
// What the open model sends was held against the limit before the run.
func (c *collector) tooFast(ended int64, since time.Duration) string {
	limit := c.plan.Limits.Rate
	if limit <= 0 || c.plan.Open != nil {
		return ""
	}
	c.stretches = append(c.stretches, stretch{ended, since})
	c.stretches = c.stretches[max(0, len(c.stretches)-rateWindow):]
	var all stretch
	for _, s := range c.stretches {
		all.ended += s.ended
		all.length += s.length
	}
	if most := 1.05 * limit * all.length.Seconds(); float64(all.ended) <= most+float64(len(c.plan.Users)) {
		return ""
	}
	return fmt.Sprintf("%.0f requests a second are more than limits.rate allows (%g/s)", float64(all.ended)/all.length.Seconds(), limit)
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

// seen is what was counted in a round until now, and not drained yet.
func (c *collector) seen(round int) *tally.Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := &tally.Tally{}
	if counted := c.rounds[round]; counted != nil {
		all.Merge(counted)
	}
	return all
}

// drain gives what was counted for a round, and forgets it.
func (c *collector) drain(round int) *tally.Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.rounds[round]
	if t == nil {
		t = &tally.Tally{}
	}
	delete(c.rounds, round)
	return t
}
