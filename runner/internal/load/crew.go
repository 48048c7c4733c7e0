package load

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Crew is the users of the closed model, or the servers of the open one, who live through
// several stretches of load. Between them they rest and keep their connection, cookies, saved
// values and choices: for a user the time between two stretches does not exist. It goes on
// with the rest of the wait and of the task that the end of the last stretch broke off. In
// the open model such a task ends there. Not safe for concurrent use.
type Crew struct {
	parts Parts
	lanes []*lane
	users []*worker // closed model, by place in the plan's Users; nil for who has not appeared yet
	pool  pool      // open model
}

// NewCrew is a crew of which nobody has begun. The Parts' Plan names the routes; what is sent
// when, the stretches say.
func NewCrew(parts Parts) *Crew {
	c := &Crew{parts: parts}
	for range runtime.GOMAXPROCS(0) {
		c.lanes = append(c.lanes, newLane(parts.Plan.Routes))
	}
	return c
}

// Work applies one stretch of load, a shift of the crew's plan, until its end,
// or until stop is closed or ctx ends. No call begins after that but those of on_stop; those under
// way get the plan's StopWithin before they are cut off, which counts as a time-out. When ctx ends
// they are cut off at once. It returns when no request is under way any more. Users do on_start
// in the stretch in which they first appear, and on_stop where their time ends before the
// stretch does.
func (c *Crew) Work(ctx context.Context, stop <-chan struct{}, shift *plan.Plan) Report {
	report := c.newRun(shift).apply(ctx, stop)
	for _, w := range c.present() {
		w.client.Idle() // the pause may be long enough for a server to hang up
	}
	return report
}

// Dismiss lets those who have begun do on_stop, which gets the plan's StopWithin, and closes
// the clients. When ctx ends, requests are cut off at once.
func (c *Crew) Dismiss(ctx context.Context) {
	r := c.newRun(c.parts.Plan)
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	r.start = r.start.Add(-r.Plan.Length()) // what is due now is due after the load
	r.stopping.Store(true)
	if ctx.Err() != nil {
		cutOff()
	}
	finished := make(chan struct{})
	var conductor, leaving sync.WaitGroup
	conductor.Go(func() { r.cutOffUnless(ctx, finished, cutOff) })
	for _, w := range c.present() {
		w.run = r
		leaving.Go(func() { w.leave(calls) })
	}
	leaving.Wait()
	close(finished)
	conductor.Wait()
	for _, l := range r.lanes {
		r.flush(l)
	}
}

// newRun prepares a stretch.
func (c *Crew) newRun(shift *plan.Plan) *run {
	parts := c.parts
	parts.Plan = shift
	return &run{Parts: parts, crew: c, start: time.Now(), stopped: make(chan struct{}), lanes: c.lanes}
}

// cutOffUnless cuts calls off that are not finished StopWithin from now, or when ctx ends.
func (r *run) cutOffUnless(ctx context.Context, finished <-chan struct{}, cutOff func()) {
	wait(r.Plan.StopWithin, finished, ctx.Done())
	select {
	case <-finished:
	default:
		cutOff()
	}
}

// present is everybody who has a client; nobody may be at work.
func (c *Crew) present() []*worker {
	var all []*worker
	for _, w := range c.users {
		if w != nil && !w.gone {
			all = append(all, w)
		}
	}
	for _, s := range slices.Concat(c.pool.idle...) {
		if !s.gone {
			all = append(all, s.worker)
		}
	}
	return all
}
