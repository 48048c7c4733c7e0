package load

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// place is a position in a list of steps. The places in a task and in the groups around the present
// step form a stack, so a stretch can end anywhere in a task.
type place struct {
	steps []plan.Step
	next  int32 // index of the step that is next, or being repeated
	left  int32 // how often it is still due; -1 if not drawn yet
}

// perform does the steps of a task until the load ends; the first step is due at due. If a call fails
// to save its value, the rest of the task is skipped. It returns the instant at which the last step
// ended, and whether every call succeeded. If the load ends first, w.at keeps the place.
func (w *worker) perform(ctx context.Context, steps []plan.Step, due time.Duration) (ended time.Duration, good bool) {
	w.at = append(w.at[:0], place{steps: steps, left: -1})
	return w.goOn(ctx, due)
}

// goOn does the rest of a task; see perform.
func (w *worker) goOn(ctx context.Context, due time.Duration) (ended time.Duration, good bool) {
	good, w.idle = true, true
	for first := true; ; first = false {
		s := w.nextStep()
		switch {
		case s == nil:
			return due, good
		case s.Wait != nil:
			ended, next := due, w.choose.Pause(*s.Wait, due)
			w.idle = w.idle && next <= ended
			var awake bool
			if due, awake = w.sleepUntil(next); !awake {
				w.rest(ended, next)
				return due, good
			}
		case !first && (w.run.stopping.Load() || due >= w.run.Plan.Length()):
			w.putBack()
			w.rest(due, due)
			return due, good
		default:
			var ok bool
			due, ok = w.send(ctx, s.Call, due)
			good, w.idle = good && ok, false
			if !ok && s.Call.Saves {
				w.at = w.at[:0]
				return due, false
			}
		}
	}
}

// nextStep takes the next call or wait; nil if there is none. It enters and leaves groups, repeats
// steps, and leaves out those whose guards do not hold.
func (w *worker) nextStep() *plan.Step {
	for len(w.at) > 0 {
		at := &w.at[len(w.at)-1]
		if int(at.next) == len(at.steps) {
			w.at = w.at[:len(w.at)-1]
			continue
		}
		s := &at.steps[at.next]
		if at.left < 0 {
			if s.Repeat.Max == 0 && s.If == nil && s.Steps == nil { // as nearly all are
				at.next++
				return s
			}
			at.left = int32(w.choose.Times(s.Repeat))
		}
		if at.left == 0 {
			at.next, at.left = at.next+1, -1
			continue
		}
		at.left--
		switch {
		case s.If != nil && !w.values.Holds(s.If):
		case s.Steps != nil:
			w.at = append(w.at, place{steps: s.Steps, left: -1})
		default:
			return s
		}
	}
	return nil
}

// putBack makes the step that nextStep gave the next one again.
func (w *worker) putBack() {
	if at := &w.at[len(w.at)-1]; at.left < 0 {
		at.next--
	} else {
		at.left++
	}
}

// finish does steps even when the load is over, until ctx ends. It skips waits, which serve no purpose
// then. If a call fails to save its value, the rest is skipped. It returns the first call that failed;
// nil if none did.
func (w *worker) finish(ctx context.Context, steps []plan.Step) (failed *StepError) {
	w.at = append(w.at[:0], place{steps: steps, left: -1})
	defer func() { w.at = w.at[:0] }()
	for due := w.run.now(); ctx.Err() == nil; {
		s := w.nextStep()
		if s == nil {
			break
		}
		if s.Wait != nil {
			continue
		}
		var ok bool
		if due, ok = w.send(ctx, s.Call, due); ok {
			continue
		}
		if failed == nil {
			failed = w.failed
		}
		if s.Call.Saves {
			break
		}
	}
	return failed
}

// send makes one call and returns the instant of its end.
func (w *worker) send(ctx context.Context, c *plan.Call, due time.Duration) (ended time.Duration, good bool) {
	if c.Messages != nil {
		return w.sendStream(ctx, c, due)
	}
	o := w.client.Do(ctx, c, w.values)
	s := w.run.sample(&o, due)
	within(&s, s.Service(), c.Within)
	return s.Ended, w.counted(c, &s)
}

// counted counts a call, unless it is of setup or teardown, and reports whether it ended as expected.
func (w *worker) counted(c *plan.Call, s *tally.Sample) bool {
	good := succeeded(s)
	if route := c.Route(); route >= 0 {
		w.run.count(w.lane, route, *s)
	} else if !good {
		w.failed = newStepError(c, s)
	}
	return good
}

// succeeded reports whether a call ended as expected.
func succeeded(s *tally.Sample) bool { return s.Class == tally.OK && !s.Unfinished }

// within turns a good sample into a failure if it took longer than most; 0 allows any time.
func within(s *tally.Sample, took, most time.Duration) {
	if s.Class == tally.OK && most > 0 && took > most {
		s.Class, s.Error = tally.Expect, fmt.Sprintf("took longer than %v", most)
	}
}

// sample puts an outcome on the clock of the load.
func (r *run) sample(o *Outcome, due time.Duration) tally.Sample {
	s := tally.Sample{
		Due: due, Sent: due, Class: o.Class, BytesReceived: o.BytesReceived, Error: o.Error, Example: o.Example,
		Resent: int64(o.Resent), Unfinished: o.Unfinished,
	}
	if o.Class == tally.Timeout && !o.Unfinished {
		s.Error = fmt.Sprintf("%s (target.timeout is %v)", o.Error, r.Plan.Target.Timeout)
	}
	if !o.Sent.IsZero() {
		s.Sent = max(due, o.Sent.Sub(r.start))
	}
	if o.Ended.IsZero() {
		s.Ended = r.now()
	} else {
		s.Ended = max(s.Sent, o.Ended.Sub(r.start))
	}
	return s
}
