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

// collector gathers what the users count, by round, and by about a second. Safe for concurrent use,
// but for begin.
type collector struct {
	shift  *plan.Plan    // of the present stretch
	start  time.Time     // of the present stretch
	offset time.Duration // of start, since the load began
	ticked time.Time     // the last time

	mu                 sync.Mutex // guards what follows
	rounds             map[int]*tally.Tally
	recent             tally.Tally // since the last tick
	requests, failures int64
	timeline           []result.Second // what was not handed over yet

	// Of watch alone.
	failing time.Duration // how long failures have been past limits.abort
	last    []ended       // the last ones
}

// ended is how many requests ended in about a second.
type ended struct {
	requests int64
	length   time.Duration
}

func newCollector(p *plan.Plan) *collector {
	return &collector{shift: p, rounds: map[int]*tally.Tally{}}
}

// begin says that a stretch of load begins, so long after the load.
func (c *collector) begin(shift *plan.Plan, offset time.Duration) {
	c.shift, c.offset, c.start = shift, offset, time.Now()
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

// tick ends a second of the load. It gives how far that has come, and why it must end; nil for no
// reason.
func (c *collector) tick(since time.Duration) (Progress, error) {
	now, recent := c.second(since)
	if now.Elapsed >= c.shift.Length() { // what ends now was sent before, or is on_stop's
		return now, nil
	}
	return now, c.watch(recent, since)
}

// end is the tick at the end of a stretch, which may be shorter than a second.
func (c *collector) end() (Progress, error) {
	since := time.Since(c.ticked)
	now, recent := c.second(since)
	return now, c.watch(recent, since)
}

// second puts what ended since the last tick into the timeline.
func (c *collector) second(since time.Duration) (Progress, *tally.Route) {
	c.ticked = time.Now()
	elapsed := c.ticked.Sub(c.start)
	c.mu.Lock()
	recent := c.recent.Total()
	c.recent = tally.Tally{}
	c.requests += recent.Requests()
	c.failures += recent.Failures()
	requests, failures := c.requests, c.failures
	if since > 0 {
		c.timeline = append(c.timeline, result.Second{
			Start: max(c.offset+elapsed-since, 0), Length: since,
			Requests: recent.Requests(), Failures: recent.Failures(), P95: recent.Response.Quantile(0.95),
		})
	}
	c.mu.Unlock()

	return Progress{
		Phase: phase(c.shift, elapsed), Loading: true,
		Elapsed: elapsed, Remaining: max(c.shift.Length()-elapsed, 0), Users: users(c.shift, elapsed),
		Requests: requests, Failures: failures,
		PerSec: float64(recent.Requests()) / max(since, time.Millisecond).Seconds(), P95: recent.Response.Quantile(0.95),
	}, recent
}

// users is how many are at work.
func users(shift *plan.Plan, elapsed time.Duration) (n int) {
	at := min(elapsed, shift.Length()-1)
	for _, u := range shift.Users {
		for _, span := range u.Spans {
			if span.From <= at && at < span.To {
				n++
			}
		}
	}
	return n
}

// watch holds what happened in about a second against the limits, and says why the load must end;
// nil for no reason.
func (c *collector) watch(recent *tally.Route, since time.Duration) error {
	limits := c.shift.Limits
	if reason := c.tooFast(recent.Requests()-recent.Outcomes[tally.Generator], since); reason != nil {
		return reason
	}
	if limits.AbortFailureRate <= 0 {
		return nil
	}
	requests := recent.Requests()
	share := float64(recent.Failures()) / float64(max(requests, 1))
	switch {
	case requests == 0 && c.failing > 0, requests > 0 && share >= limits.AbortFailureRate:
		c.failing += since // a system that hangs fails in bursts, a time-out apart
	case requests > 0:
		c.failing = 0
	}
	if requests == 0 || c.failing.Round(100*time.Millisecond) < limits.AbortFor {
		return nil
	}
	return fmt.Errorf("%.0f %% of the requests failed, and %g %% or more for %v: that is where limits.abort ends a run",
		100*share, 100*limits.AbortFailureRate, c.failing.Round(time.Second))
}

// rateWindow is over how many seconds the rate is taken.
const rateWindow = 10

// tooFast holds the requests of the last seconds against limits.rate. Those that end in a second
// were sent in it or before: in the closed model by no more than one for each user. What the open
// model sends was held against the limit before the run.
func (c *collector) tooFast(requests int64, since time.Duration) error {
	limit := c.shift.Limits.Rate
	if limit <= 0 || c.shift.Open != nil {
		return nil
	}
	c.last = append(c.last, ended{requests, since})
	c.last = c.last[max(0, len(c.last)-rateWindow):]
	var all ended
	for _, e := range c.last {
		all.requests += e.requests
		all.length += e.length
	}
	if most := 1.05 * limit * all.length.Seconds(); float64(all.requests) <= most+float64(len(c.shift.Users)) {
		return nil
	}
	return fmt.Errorf("%.0f requests a second are more than limits.rate allows (%g/s)", float64(all.requests)/all.length.Seconds(), limit)
}

func phase(p *plan.Plan, elapsed time.Duration) string {
	if elapsed >= p.Length() {
		return "waiting for the last answers"
	}
	return p.RoundName(p.RoundAt(elapsed))
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

// seconds gives what was added to the timeline, and forgets it.
func (c *collector) seconds() []result.Second {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := c.timeline
	c.timeline = nil
	return added
}
