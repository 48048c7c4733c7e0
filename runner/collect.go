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

// collector gathers what the users count, by round. Safe for concurrent use.
type collector struct {
	plan  *plan.Plan
	start time.Time

	mu                 sync.Mutex // guards what follows
	rounds             map[int]*tally.Tally
	recent             tally.Tally // since the last Progress
	requests, failures int64

	failing time.Duration // how long failures have been past limits.abort; of the teller alone
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

// progress is how far the run has come, and how many requests failed in the last second; it
// begins a new one.
func (c *collector) progress(since time.Duration) (Progress, int64) {
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
	return p, recent.Failures()
}

// watch notes in how far a second was past a limit, and gives the reason why the run must
// end; empty for none.
func (c *collector) watch(p Progress, failures int64) string {
	limits := c.plan.Limits
	if limits.Rate > 0 && p.PerSec > limits.Rate {
		return fmt.Sprintf("%.0f requests a second are more than limits.rate allows (%g/s)", p.PerSec, limits.Rate)
	}
	share := float64(failures) / max(p.PerSec, 1)
	if limits.AbortFailureRate <= 0 || failures == 0 || share < limits.AbortFailureRate {
		c.failing = 0
		return ""
	}
	if c.failing += time.Second; c.failing < limits.AbortFor {
		return ""
	}
	return fmt.Sprintf("%.0f %% of the requests failed for %v, and limits.abort ends the run at %g %%", 100*share, c.failing, 100*limits.AbortFailureRate)
}

func phase(p *plan.Plan, elapsed time.Duration) string {
	if elapsed >= p.Length() {
		return "waiting for the last answers"
	}
	return p.RoundName(p.RoundAt(elapsed))
}

// teller tells the progress until it is ended.
type teller struct{ done, finished chan struct{} }

// tell gives the progress to f once a second, half a second after the load has handed over
// what it counted, and holds it against the limits.
func (c *collector) tell(f func(Progress), abort func(reason string)) teller {
	t := teller{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(t.finished)
		timer := time.NewTimer(1500 * time.Millisecond)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				timer.Reset(time.Second)
				now, failures := c.progress(time.Second)
				f(now)
				if reason := c.watch(now, failures); reason != "" {
					abort(reason)
				}
			case <-t.done:
				return
			}
		}
	}()
	return t
}

// end returns after the last progress was told.
func (t teller) end() {
	close(t.done)
	<-t.finished
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
