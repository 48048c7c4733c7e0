package load

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Tried is the outcome of one call of a Try.
type Tried struct {
	Call    *plan.Call
	Skipped bool       // it was not made: an earlier call did not save its value, or its guards do not hold
	Failed  *StepError // nil if it ended as expected
	Status  int        // of the answer, as in Outcome; 0 for a stream
}

// Try makes each call of the crew's plan once, without waits and repetitions, and returns their outcomes in the order
// of the plan: for each behaviour on_start, the tasks one after the other, and on_stop. Setup and teardown are not
// part of it. Nothing is counted. When ctx ends, the rest is skipped.
func (c *Crew) Try(ctx context.Context) (all []Tried) {
	for i := range c.parts.Plan.Behaviours {
		b := &c.parts.Plan.Behaviours[i]
		w := c.newOnce()
		w.values = c.parts.Values(i, b.Slots)
		w.inherit(c.shared)
		w.run.stopping.Store(true) // skips waits within streams
		w.endMost = c.parts.Plan.Target.Timeout
		heard := &listener{Client: w.client}
		w.client = heard
		t := trial{w, heard, all}
		w.values.Begin()
		t.steps(ctx, b.OnStart, false)
		for _, task := range b.Tasks {
			w.values.NextTask()
			t.steps(ctx, task.Steps, false)
		}
		w.values.Begin()
		t.steps(ctx, b.OnStop, false)
		w.close()
		all = t.all
	}
	return all
}

// trial is a worker that makes each call once.
type trial struct {
	*worker
	heard *listener
	all   []Tried
}

// listener is a client that remembers the status of its last answer.
type listener struct {
	Client
	status int32
}

// Do makes one call.
func (l *listener) Do(ctx context.Context, c *plan.Call, v Values) Outcome {
	o := l.Client.Do(ctx, c, v)
	l.status = o.Status
	return o
}

// Open begins a stream.
func (l *listener) Open(ctx context.Context, c *plan.Call, v Values) (Stream, Outcome) {
	return l.Client.(Opener).Open(ctx, c, v)
}

// steps does steps, or skips them. It reports whether the rest of the task must be skipped.
func (t *trial) steps(ctx context.Context, steps []plan.Step, skip bool) bool {
	for _, s := range steps {
		switch out := skip || s.If != nil && !t.values.Holds(s.If); {
		case s.Wait != nil:
		case s.Steps != nil:
			if t.steps(ctx, s.Steps, out) && !out {
				skip = true
			}
		case out || ctx.Err() != nil:
			t.all = append(t.all, Tried{Call: s.Call, Skipped: true})
		default:
			skip = t.try(ctx, s.Call)
		}
	}
	return skip
}

// try makes a call. It reports whether the call failed to save its value.
func (t *trial) try(ctx context.Context, c *plan.Call) (unsaved bool) {
	uncounted := *c
	uncounted.Routes = nil
	t.failed, t.heard.status = nil, 0
	_, ok := t.send(ctx, &uncounted, t.run.now())
	one := Tried{Call: c, Status: int(t.heard.status)}
	if !ok {
		one.Failed = t.failed
	}
	t.all = append(t.all, one)
	return !ok && c.Saves
}
