package runner

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Progress says how far a run is.
type Progress struct {
	Phase     string // such as "warm-up" or "round 2 of 6"
	Loading   bool   // the figures below are valid
	Elapsed   time.Duration
	Remaining time.Duration
	Users     int // started so far
	Requests  int64
	Failures  int64
	PerSec    float64       // requests in the last second
	P95       time.Duration // response time in the last second
}

// collector gathers the counts of the users, by round and by second. Safe for concurrent use, except for
// begin.
type collector struct {
	shift  *plan.Plan    // of the present stretch
	start  time.Time     // when the stretch began
	offset time.Duration // of start, since the load began
	ticked time.Time     // when the last second ended
	flying func() int    // counts the tasks in flight, in the open model
	recall *recall       // for Config.Window; nil without it

	mu                 sync.Mutex // guards the fields below
	rounds             map[int]*tally.Tally
	recent             tally.Tally // since the last tick
	latest             tally.Tally // between the two ticks before
	requests, failures int64
	answered           int64           // requests, up to the last tick
	timeline           []result.Second // not handed over yet

	// Used by watch alone.
	failing time.Duration // how long failures have been past limits.abort
	slow    time.Duration // how long response times have been
	last    []ended       // the last rateWindow seconds
}

// ended is how many requests ended in about a second.
type ended struct {
	requests int64
	length   time.Duration
}

func newCollector(p *plan.Plan) *collector {
	return &collector{shift: p, rounds: map[int]*tally.Tally{}}
}

// begin starts a stretch; offset is the time since the load began.
func (c *collector) begin(shift *plan.Plan, offset time.Duration) {
	c.shift, c.offset, c.start = shift, offset, time.Now()
	c.ticked = c.start
}

// take is the load's sink. Its tallies count from the start of the stretch.
func (c *collector) take(round int, t *tally.Tally) {
	t.Delay(c.offset)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rounds[round] == nil {
		c.rounds[round] = &tally.Tally{}
	}
	c.rounds[round].Merge(t)
	c.recent.Merge(t)
}

// forget restarts the counts for limits.abort.
func (c *collector) forget() { c.failing, c.slow, c.last = 0, 0, nil }

// tick ends a second. It returns the progress, and an error if the load must end.
func (c *collector) tick(since time.Duration) (Progress, error) {
	now, recent := c.second(since)
	if now.Elapsed >= c.shift.Length() { // only answers to earlier requests still come in
		return now, nil
	}
	return now, c.watch(recent, since)
}

// end is the tick at the end of a stretch. Its second may be shorter than the others.
func (c *collector) end() (Progress, error) {
	since := time.Since(c.ticked)
	now, recent := c.second(since)
	return now, c.watch(recent, since)
}

// second adds the counts since the last tick to the timeline.
func (c *collector) second(since time.Duration) (Progress, *tally.Route) {
	c.ticked = time.Now()
	elapsed := c.ticked.Sub(c.start)
	working := users(c.shift, elapsed)
	busy := working
	if c.shift.Open != nil && c.flying != nil {
		busy = c.flying()
	}
	c.mu.Lock()
	recent := c.recent.Total()
	c.latest, c.recent = c.recent, tally.Tally{}
	c.requests += recent.Requests()
	c.failures += recent.Failures()
	c.answered += answersIn(recent)
	requests, failures := c.requests, c.failures
	one := result.Second{
		Start: max(c.offset+elapsed-since, 0), Length: since, Users: busy,
		Requests: recent.Requests(), Failures: recent.Failures(),
		P50: recent.Response.Quantile(0.50), P95: recent.Response.Quantile(0.95), P99: recent.Response.Quantile(0.99),
	}
	if since > 0 {
		c.timeline = append(c.timeline, one)
	}
	c.mu.Unlock()
	if c.recall != nil && since > 0 {
		c.recall.second(c.ticked, one, recent)
	}

	return Progress{
		Phase: phase(c.shift, elapsed), Loading: true,
		Elapsed: elapsed, Remaining: max(c.shift.Length()-elapsed, 0), Users: working,
		Requests: requests, Failures: failures,
		PerSec: float64(recent.Requests()) / max(since, time.Millisecond).Seconds(), P95: one.P95,
	}, recent
}

// users counts the users at work.
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

// watch compares about a second of load with the limits. It returns an error if the load must end.
func (c *collector) watch(recent *tally.Route, since time.Duration) error {
	limits := c.shift.Limits
	if reason := c.tooFast(recent.Requests()-recent.Outcomes[tally.Generator], since); reason != nil {
		return reason
	}
	if reason := c.tooSlow(recent, since); reason != nil || limits.Abort.FailureRate <= 0 {
		return reason
	}
	requests := recent.Requests()
	share := float64(recent.Failures()) / float64(max(requests, 1))
	switch {
	case requests == 0 && c.failing > 0, requests > 0 && share >= limits.Abort.FailureRate:
		c.failing += since // a system that hangs fails in bursts, one each time-out
	case requests > 0:
		c.failing = 0
	}
	if requests == 0 || !lasts(c.failing, limits.Abort) {
		return nil
	}
	return fmt.Errorf("%.0f %% of the requests failed, and %g %% or more for %v: limits.abort ends the run",
		100*share, 100*limits.Abort.FailureRate, c.failing.Round(time.Second))
}

// lasts reports whether something has lasted as long as it must to end the run. Seconds are not exact.
func lasts(span time.Duration, limit profile.Abort) bool {
	return span > 0 && span.Round(100*time.Millisecond) >= limit.For
}

// tooSlow compares the response times of about a second with limits.abort.p95. A second without an answer leaves open
// whether the system is slow.
func (c *collector) tooSlow(recent *tally.Route, since time.Duration) error {
	limit := c.shift.Limits.Abort
	if limit.P95 <= 0 || recent.Requests() == 0 {
		return nil
	}
	p95 := recent.Response.Quantile(0.95)
	if p95 < limit.P95 {
		c.slow = 0
		return nil
	}
	if c.slow += since; !lasts(c.slow, limit) {
		return nil
	}
	return fmt.Errorf("the p95 response time is %v, and was %v or more for %v: limits.abort ends the run",
		p95.Round(time.Millisecond), limit.P95, c.slow.Round(time.Second))
}

// rateWindow is the number of seconds that the rate is averaged over.
const rateWindow = 10

var errTooFast = errors.New("more than limits.rate allows")

// tooFast compares the requests of the last seconds with limits.rate. It allows one request more for each
// user of the closed model: a request that ends in the window may have been sent before it. The rate of
// the open model was checked before the run.
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
	return fmt.Errorf("%.0f requests a second are %w (%g/s)", float64(all.requests)/all.length.Seconds(), errTooFast, limit)
}

func phase(p *plan.Plan, elapsed time.Duration) string {
	if elapsed >= p.Length() {
		return "waiting for the last answers"
	}
	return p.RoundName(p.RoundAt(elapsed))
}

// seen copies the counts of a round that were not drained yet.
func (c *collector) seen(round int) *tally.Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := &tally.Tally{}
	if counted := c.rounds[round]; counted != nil {
		all.Merge(counted)
	}
	return all
}

// drain returns the counts of a round, and forgets them.
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

// seconds returns the new part of the timeline, and forgets it.
func (c *collector) seconds() []result.Second {
	c.mu.Lock()
	defer c.mu.Unlock()
	added := c.timeline
	c.timeline = nil
	return added
}
