package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	setupWithin = 10 * time.Second // how long a failing setup is tried again
	setupStream = time.Minute      // how long a stream of setup may take: no end of the load cuts it off
)

// StepError says which call of setup or teardown failed, and how.
type StepError struct {
	Section string // setup or teardown
	Call    string // its route, as in a task
	Class   tally.Class
	Text    string // of the error, as in a Tally
	Tries   int    // how often the whole section was tried
}

// newStepError says how a call failed.
func newStepError(c *plan.Call, s *tally.Sample) *StepError {
	if s.Unfinished {
		return &StepError{Call: c.Name, Class: tally.Timeout, Text: "not answered before it was cut off"}
	}
	return &StepError{Call: c.Name, Class: s.Class, Text: tally.ErrorText(cmp.Or(s.Example, s.Error))}
}

// Error names the call, its error and the number of tries.
func (e *StepError) Error() string {
	again := ""
	if e.Tries > 1 {
		again = fmt.Sprintf(" at the last of %d tries", e.Tries)
	}
	return fmt.Sprintf("%s: %s failed%s: %s (%s)", e.Section, e.Call, again, e.Text, e.Class)
}

// Setup does the plan's setup, before any user begins. If a call fails, it begins again from its first
// step each second, up to setupWithin, as on_start does. Every user gets a copy of what it saves. The
// error is a *StepError, or that of ctx. No call is counted. Setup does nothing if the plan has none,
// or after Inherit.
func (c *Crew) Setup(ctx context.Context) error {
	if len(c.parts.Plan.Setup) == 0 || c.shared != nil {
		return nil
	}
	w := c.newOnce()
	defer context.AfterFunc(ctx, w.run.stop)()
	for tries := 1; ; tries++ {
		ended, ok := w.perform(ctx, c.parts.Plan.Setup, w.run.now())
		switch {
		case ok && len(w.at) == 0:
			c.keep(w)
			return nil
		case ctx.Err() != nil:
			w.close()
			return ctx.Err()
		case ended >= setupWithin:
			w.close()
			w.failed.Section, w.failed.Tries = "setup", tries
			return w.failed
		}
		w.sleepUntil(ended + tryAgain)
	}
}

// keep takes the values that setup saved, and keeps its client with the cookies for teardown.
func (c *Crew) keep(w *worker) {
	c.shared = make([]profile.Value, c.parts.Plan.Shared)
	for slot := range c.shared {
		c.shared[slot] = w.values.Saved(slot)
	}
	if len(c.parts.Plan.Teardown) == 0 {
		w.close()
		return
	}
	w.client.Idle()
	c.once = w
}

// Shared returns the values that setup saved, by slot; nil before setup. Another shard can Inherit
// them.
func (c *Crew) Shared() []profile.Value { return c.shared }

// Inherit takes the values that another shard's setup saved. Call it before any user begins.
func (c *Crew) Inherit(shared []profile.Value) { c.shared = shared }

// Teardown does the plan's teardown, once, after Dismiss, within the plan's StopWithin. It does
// nothing if setup has not succeeded, since it would not know what to undo. The error is one sentence.
func (c *Crew) Teardown(ctx context.Context) error {
	if len(c.parts.Plan.Teardown) == 0 || c.down || len(c.parts.Plan.Setup) > 0 && c.shared == nil {
		return nil
	}
	c.down = true
	w := c.once
	if w == nil {
		w = c.newOnce()
		w.inherit(c.shared)
	}
	c.once = nil
	defer w.close()
	w.run.stopping.Store(true) // skips waits within a stream too, like those between calls
	calls, cutOff := context.WithCancel(ctx)
	defer cutOff()
	defer time.AfterFunc(c.parts.Plan.StopWithin, cutOff).Stop()
	if failed := w.finish(calls, c.parts.Plan.Teardown); failed != nil {
		failed.Section = "teardown"
		return failed
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("teardown was cut short: the run or the system ended first")
	case calls.Err() != nil:
		return fmt.Errorf("teardown did not finish within stop_within (%v)", c.parts.Plan.StopWithin)
	}
	return nil
}

// newOnce makes a worker for setup and teardown. Its calls are not counted, and its time has no end.
func (c *Crew) newOnce() *worker {
	whole := *c.parts.Plan
	whole.WarmUp, whole.Rounds, whole.RoundLength = 0, 1, math.MaxInt64
	r := c.newRun(&whole)
	r.lanes = []*lane{newLane(nil)}
	w := &worker{
		run: r, lane: r.lanes[0], choose: whole.Chooser(0),
		client: r.Client(), values: r.Once(whole.Slots), endMost: setupStream,
	}
	w.values.Begin()
	return w
}

// inherit copies the values that setup saved to a worker.
func (w *worker) inherit(shared []profile.Value) {
	for slot, v := range shared {
		w.values.Save(slot, v)
	}
}
