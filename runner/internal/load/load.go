// Package load applies a plan: it decides when each call falls due, has a Client make it, and
// counts the outcome.
//
// In the closed model a user makes its next call when the last one is answered and its wait is
// over. The call is due at the instant the user turns to it. In the open model tasks arrive on a
// fixed schedule: the first call of a task is due when the task is, so waiting for a worker, a
// connection or this machine is part of its response time (see package tally). How late this
// machine turned to a user or an arrival is counted as lag. Lag is the generator's own fault;
// where it is large, the figures say nothing about the system.
//
// A call belongs to the round in which it was due, even if its answer comes in a later round or after
// the load. Throughput is the exception: each round gets the share of the call's time that lies in it
// (see tally.Route.Served). Every call that was due is counted. That includes arrivals that were
// dropped, and calls that the end of the load cut off: those are unfinished, not failed. Only arrivals
// that this machine did not turn to before the load ended make no call: they are lag, and missed. A call
// that is a stream is counted once; its messages are counted beside it, as parts.
//
// The protocol decides what goes over the wire and whether an answer is good. A Crew applies one or
// more stretches of load. In between, its users rest and keep their state. A Crew owns every goroutine
// that it starts and waits for all of them.
package load

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Parts are the inputs of a load.
type Parts struct {
	Plan   *plan.Plan
	Client func() Client                     // makes the client of a new user
	Values func(index, slots int) UserValues // makes the values of a user, with this many slots for saved ones
	Once   func(slots int) UserValues        // makes the values of setup and teardown; a plan without them needs none
	Sink   Sink
	// Tick, unless nil, is called about once a second, once Sink has caught up; since is the time
	// since the last Tick. Calls do not overlap.
	Tick func(since time.Duration)
	// Precise times arrivals with the kernel's finest timer, if it has one. Timers of package
	// time are up to a millisecond late on an idle machine.
	Precise bool
}

// UserValues are one user's values, as the load drives them.
type UserValues interface {
	Values
	Begin()                         // on_start, perhaps a repeated one, or on_stop begins
	NextTask()                      // a task begins
	Reset(index int)                // another arrival begins
	Holds(guards []plan.Guard) bool // whether all guards of a step hold
	Saved(slot int) profile.Value   // the value in the slot
}

// Sink takes new counts of one round of the plan, at least once a second. plan.WarmUpRound also stands
// for whatever falls due after the last round. The tally belongs to the sink from then on. Calls do
// not overlap.
type Sink func(round int, t *tally.Tally)

// Stretch is how a stretch of load went, beside its counts.
type Stretch struct {
	Until time.Duration  // how long load was applied: the plan's Length, or less
	Lag   hist.Histogram // how late the load turned to users and arrivals, in judged time
	Paced Paced          // how much of the requested rate was reached, in judged time
	// Driver is what another program used in judged time to make the load; zero if this program made it.
	Driver Driver
}

// Driver is the CPU time of another program that made a load, over a length of time.
type Driver struct {
	Made        bool // there was one
	CPU, Length time.Duration
}

// Cores is how many cores the program used on average; 0 if that is not known.
func (d Driver) Cores() float64 {
	if d.Length <= 0 {
		return 0
	}
	return float64(d.CPU) / float64(d.Length)
}

// flushEvery is the interval at which counts go to the sink.
const flushEvery = time.Second

// apply loads until the end of the stretch, and returns after the last request.
func (r *run) apply(ctx context.Context, stop <-chan struct{}) Stretch {
	finished := make(chan struct{})
	// Only cutOff ends calls. After a normal end it stays alive, because each user still watches it.
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	var report Stretch
	var conductor sync.WaitGroup
	conductor.Go(func() {
		wait(r.Plan.Length(), stop, ctx.Done())
		report.Until = min(r.now(), r.Plan.Length())
		r.until = report.Until
		if ctx.Err() != nil {
			cutOff() // before any user turns to on_stop
		}
		r.stop()
		r.cutOffUnless(ctx, finished, cutOff)
	})
	conductor.Go(func() { r.flushEach(finished) })
	if r.Plan.Open != nil {
		report.Paced = r.open(calls)
	} else {
		report.Paced = r.closed(calls)
	}
	close(finished)
	conductor.Wait()
	for _, l := range r.lanes {
		r.flush(l)
		l.lag.Drain(&report.Lag)
	}
	return report
}

// stop ends the load: no user begins a new call or a new wait.
func (r *run) stop() {
	r.stopping.Store(true)
	close(r.stopped)
}

// wait returns after a time, or when one of two channels is closed.
func wait(d time.Duration, a, b <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a:
	case <-b:
	}
}

// run is one stretch of load at work.
type run struct {
	Parts
	crew     *Crew
	start    time.Time     // of the stretch; all offsets count from it
	until    time.Duration // when it ended; read it only once stopping is set
	stopping atomic.Bool   // set before stopped is closed
	stopped  chan struct{}
	lanes    []*lane
	sinking  sync.Mutex // guards calls of Sink
}

// now is the offset of this instant.
func (r *run) now() time.Duration { return time.Since(r.start) }

// round is the round that a request belongs to.
func (r *run) round(due time.Duration) int {
	if due >= r.Plan.Length() {
		return plan.WarmUpRound
	}
	return r.Plan.RoundAt(due)
}

// lane counts for some of the workers. With one lane for each core, its lock is hardly ever
// contended, and memory does not grow with the number of users.
type lane struct {
	mu     sync.Mutex // guards the fields below
	counts [2]counts  // of even and odd rounds: some requests end after the next round has begun
	lag    hist.Recorder
}

type counts struct {
	*tally.Recorder
	round int
	some  bool
}

func newLane(routes []plan.Route) *lane {
	names := make([]tally.Name, len(routes))
	for i, route := range routes {
		names[i] = tally.Name{Route: route.Name, Part: route.Part}
	}
	return &lane{counts: [2]counts{{Recorder: tally.NewRecorder(names)}, {Recorder: tally.NewRecorder(names)}}}
}

// count counts one sample of a route. It ignores route -1.
func (r *run) count(l *lane, route int, s tally.Sample) {
	if route < 0 {
		return
	}
	round := r.round(s.Due)
	l.mu.Lock()
	defer l.mu.Unlock()
	r.counts(l, round).Add(route, s)
	if s.Class == tally.OK && s.Ended > r.Plan.RoundStart(round+1) && s.Due < r.Plan.Length() && !s.Unfinished {
		Carry(r.Plan, round, s, func(round int, parts int64) { r.counts(l, round).Carry(route, parts) })
	}
}

// counts returns the counts of a round. The caller holds the lane's lock.
func (r *run) counts(l *lane, round int) *counts {
	c := &l.counts[round&1]
	if c.round != round {
		r.drain(c)
		c.round = round
	}
	c.some = true
	return c
}

// Carry divides a request that began in a round and ended after it among the rounds that its response time spans. It gives
// put the parts of each round, in units of 1/tally.Whole of a request: what the first round loses is negative. Time past the
// end of the load counts for no round.
func Carry(p *plan.Plan, round int, s tally.Sample, put func(round int, parts int64)) {
	until := func(t time.Duration) int64 { return int64(tally.Whole * float64(t-s.Due) / float64(s.Response())) }
	done := until(p.RoundStart(round + 1))
	put(round, done-tally.Whole)
	for round++; round < p.Rounds && done < tally.Whole; round++ {
		more := until(min(p.RoundStart(round+1), s.Ended)) - done
		put(round, more)
		done += more
	}
}

// late records the lag of something that was due in judged time.
func (r *run) late(l *lane, due, now time.Duration) {
	if due < r.Plan.WarmUp {
		return
	}
	l.mu.Lock()
	l.lag.Record(now - due)
	l.mu.Unlock()
}

func (r *run) flushEach(finished <-chan struct{}) {
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	for last := r.now(); ; {
		select {
		case <-ticker.C:
			for _, l := range r.lanes {
				r.flush(l)
			}
			now := r.now()
			if r.Tick != nil {
				r.Tick(now - last)
			}
			last = now
		case <-finished:
			return
		}
	}
}

func (r *run) flush(l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.counts {
		r.drain(&l.counts[i])
	}
}

// drain hands the counts to the sink. The caller holds the lane's lock.
func (r *run) drain(c *counts) {
	if !c.some {
		return
	}
	r.sinking.Lock()
	defer r.sinking.Unlock()
	r.Sink(c.round, c.Drain())
	c.some = false
}
