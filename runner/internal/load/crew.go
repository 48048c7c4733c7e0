package load

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Crew is the users of the closed model, or the servers of the open one, across several stretches of
// load. Between stretches they rest and keep their connections, cookies, saved values and choices. For
// a user that time does not exist: the next stretch resumes the wait or task that the last one
// interrupted. In the open model an interrupted task is not resumed. Not safe for concurrent use.
type Crew struct {
	parts Parts
	lanes []*lane
	users []*worker // closed model, by index into the plan's Users; nil for a user that has not appeared yet
	pool  pool      // open model

	shared []profile.Value // the values that setup saved, by slot; all users get them
	once   *worker         // did setup, and will do teardown; nil before setup and after teardown
	down   bool            // teardown was done
}

// NewCrew makes a crew whose users have not begun. The plan in parts gives the routes; the plan of
// each stretch says what to send, and when.
func NewCrew(parts Parts) *Crew {
	c := &Crew{parts: parts}
	for range runtime.GOMAXPROCS(0) {
		c.lanes = append(c.lanes, newLane(parts.Plan.Routes))
	}
	return c
}

// Work applies one stretch of load, a shift of the crew's plan, until its end or until stop is
// closed. After that only on_stop makes new calls. Calls under way get the plan's StopWithin;
// then they are cut off and count as unfinished. When ctx ends they are cut off at once. Work
// returns when the last call has ended. Users do on_start in the stretch in which they first
// appear, and on_stop in the stretch in which their time ends.
func (c *Crew) Work(ctx context.Context, stop <-chan struct{}, shift *plan.Plan) Stretch {
	report := c.newRun(shift).apply(ctx, stop)
	for _, w := range c.present() {
		w.client.Idle() // the pause may be long enough for a server to hang up
	}
	return report
}

// InFlight returns the number of open-model tasks in flight now. It may be called while Work runs.
func (c *Crew) InFlight() int { return c.pool.flying() }

// Dismiss lets every user that has begun do on_stop, within the plan's StopWithin, and closes the
// clients. When ctx ends, calls are cut off at once.
func (c *Crew) Dismiss(ctx context.Context) {
	r := c.newRun(c.parts.Plan)
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	r.start = r.start.Add(-r.Plan.Length()) // anything due from now on is due after the load
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

// cutOffUnless cuts calls off after StopWithin, or when ctx ends, unless finished is closed before.
func (r *run) cutOffUnless(ctx context.Context, finished <-chan struct{}, cutOff func()) {
	wait(r.Plan.StopWithin, finished, ctx.Done())
	select {
	case <-finished:
	default:
		cutOff()
	}
}

// present lists the workers that have a client. No worker may be at work.
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
