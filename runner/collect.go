package runner

import (
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

// progress is how far the run has come; it begins a new "last second".
func (c *collector) progress(since time.Duration) Progress {
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
		if u.StartAt <= elapsed {
			p.Users++
		}
	}
	return p
}

func phase(p *plan.Plan, elapsed time.Duration) string {
	if elapsed >= p.Length() {
		return "waiting for the last answers"
	}
	return p.RoundName(p.RoundAt(elapsed))
}

// teller tells the progress until it is ended.
type teller struct{ done, finished chan struct{} }

// tell gives the progress to f once a second.
func (c *collector) tell(f func(Progress)) teller {
	t := teller{make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(t.finished)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for last := c.start; ; {
			select {
			case now := <-ticker.C:
				f(c.progress(now.Sub(last)))
				last = now
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
