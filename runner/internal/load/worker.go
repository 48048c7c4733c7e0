package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// worker does tasks: it is a user of the closed model, or serves arrivals of the open one.
// One goroutine uses it.
type worker struct {
	run       *run
	lane      *lane
	behaviour int // index into the plan's
	choose    *plan.Chooser
	client    Client
	values    UserValues
	timer     *time.Timer // nil until the first sleep

	begun    bool          // on_start has succeeded
	refused  bool          // on_start has failed, and not succeeded since
	gone     bool          // its client is closed
	schedule schedule      // of its tasks, if it has a pace
	left     []plan.Step   // the rest of the task that the end of the stretch interrupted
	resume   time.Duration // when it continues with left, or begins the next task
}

// idleFrom is the shortest sleep that calls Client.Idle.
const idleFrom = time.Millisecond

// newWorker is the i-th worker, with the choices and values of a user or an arrival.
func (r *run) newWorker(i, index, behaviour int) *worker {
	b := &r.Plan.Behaviours[behaviour]
	return &worker{
		run: r, lane: r.lanes[i%len(r.lanes)], behaviour: behaviour, choose: r.Plan.Chooser(index),
		client: r.Client(), values: r.Values(index, b.Slots), schedule: schedule{period: b.Wait.Period},
	}
}

// perform does the steps of a task until the load ends; the first step is due at due. If a call
// fails to save its value, the rest of the task is skipped. It returns the instant at which the
// last step ended, and whether all steps were done and every call succeeded. What the end of the
// load broke off is left in w.left.
func (w *worker) perform(ctx context.Context, steps []plan.Step, due time.Duration) (ended time.Duration, good bool) {
	good = true
	w.left = nil
	for i := range steps {
		s, ok := &steps[i], true
		switch {
		case s.Wait != nil:
			ended, next := due, w.choose.Wait(*s.Wait, due)
			if due, ok = w.sleepUntil(next); !ok {
				w.left = steps[i+1:]
				w.rest(ended, next)
				return due, false
			}
		case i > 0 && (w.run.stopping.Load() || due >= w.run.Plan.Length()):
			w.left = steps[i:]
			w.rest(due, due)
			return due, false
		default:
			due, ok = w.send(ctx, s.Call, due)
			good = good && ok
			if !ok && s.Call.Saves {
				return due, false
			}
		}
	}
	return due, good
}

// send makes one call and gives the instant of its end.
func (w *worker) send(ctx context.Context, c *plan.Call, due time.Duration) (ended time.Duration, good bool) {
	if c.Messages != nil {
		return w.sendStream(ctx, c, due)
	}
	o := w.client.Do(ctx, c, w.values)
	s := w.run.sample(&o, due)
	within(&s, s.Service(), c.Within)
	w.run.count(w.lane, c.Route(), s)
	return s.Ended, succeeded(&s)
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
		Due: due, Sent: due, Class: o.Class, BytesReceived: o.BytesReceived, Error: o.Error,
		Resent: int64(o.Resent), Unfinished: o.Unfinished,
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

// sleepUntil sleeps until at and returns the instant at which it woke; not ok if the load ended
// first.
func (w *worker) sleepUntil(at time.Duration) (now time.Duration, ok bool) {
	now = w.run.now()
	if at >= w.run.Plan.Length() {
		w.client.Idle()
		<-w.run.stopped
		return at, false
	}
	if at > now {
		if at-now >= idleFrom {
			w.client.Idle()
		}
		if w.timer == nil {
			w.timer = time.NewTimer(at - now)
		} else {
			w.timer.Reset(at - now)
		}
		select {
		case <-w.timer.C:
			now = w.run.now()
		case <-w.run.stopped:
			return w.run.now(), false
		}
		w.run.late(w.lane, at, now)
	}
	return now, !w.run.stopping.Load()
}

// begin does on_start, repeating it until it succeeds; false if the user's time, or the load,
// ends first.
func (w *worker) begin(ctx context.Context, until time.Duration) bool {
	const pause = time.Second // after a failure: do not hammer a system that refuses
	steps := w.run.Plan.Behaviours[w.behaviour].OnStart
	for due := w.run.now(); len(steps) > 0; {
		ended, ok := w.perform(ctx, steps, due)
		w.refused = !ok && (w.refused || len(w.left) == 0 && ctx.Err() == nil)
		w.left, w.resume = nil, 0 // on_start begins again from its first step
		if ok {
			break
		}
		if due, ok = w.sleepUntil(ended + pause); !ok || due >= until {
			return false
		}
	}
	return true
}

// end does on_stop, even when the load is over, until calls are cut off.
func (w *worker) end(ctx context.Context) {
	due := w.run.now()
	for _, s := range w.run.Plan.Behaviours[w.behaviour].OnStop {
		if ctx.Err() != nil {
			return
		}
		if s.Call != nil { // waiting at the end helps nobody
			due, _ = w.send(ctx, s.Call, due)
		}
	}
}

// leave does on_stop if the worker had begun, and closes its client.
func (w *worker) leave(ctx context.Context) {
	if w.begun {
		w.end(ctx)
	}
	w.close()
	w.gone, w.begun, w.left, w.resume = true, false, nil, 0
}

// close closes the client.
func (w *worker) close() {
	_ = w.client.Close() // a connection that carries nothing more
}

// closed runs every user of the plan and waits for the last.
func (r *run) closed(ctx context.Context) (paced Paced) {
	if r.crew.users == nil {
		r.crew.users = make([]*worker, len(r.Plan.Users))
	}
	var users sync.WaitGroup
	for i := range r.Plan.Users {
		users.Go(func() { r.user(ctx, i) })
	}
	users.Wait()
	for _, w := range r.crew.users {
		if w != nil {
			paced.Add(w.schedule.Paced)
			w.schedule.Paced = Paced{}
		}
	}
	return paced
}

// user is what the i-th user of the plan does in this stretch.
func (r *run) user(ctx context.Context, i int) {
	u := &r.Plan.Users[i]
	w := r.crew.users[i]
	if w == nil {
		w = r.newWorker(i, u.Index, u.Behaviour)
		r.crew.users[i] = w
	}
	w.run = r
	for _, span := range u.Spans {
		if w.gone { // it comes back on a fresh connection and goes on with its tasks
			w.client, w.gone = r.Client(), false
			w.values.NextTask()
		}
		alive := w.work(ctx, span)
		if span.To < r.Plan.Length() {
			w.leave(ctx)
		}
		if !alive {
			return
		}
	}
}

// work lets a user work from its start to its end, or to the end of the stretch; false if the
// load ended before it could begin.
func (w *worker) work(ctx context.Context, span plan.Span) bool {
	from := max(span.From, w.resume)
	w.resume = max(from-w.run.Plan.Length(), 0)
	due, ok := w.sleepUntil(from)
	if !ok {
		return false
	}
	if !w.begun {
		if w.begun = w.begin(ctx, span.To); !w.begun {
			w.schedule.skip(from, w.run.judged(span))
			return true
		}
		due = w.run.now()
		from = due
	}
	wait := w.run.Plan.Behaviours[w.behaviour].Wait
	for planned, slept := from, true; due < span.To && !w.run.stopping.Load(); {
		steps := w.left
		if len(steps) == 0 {
			w.values.NextTask()
			steps = w.choose.Task(w.behaviour).Steps
			w.schedule.begin(planned, due, slept)
			w.schedule.counted(planned, w.run.judged(span), 1)
		}
		due, _ = w.perform(ctx, steps, due)
		if len(w.left) > 0 {
			w.schedule.skip(w.schedule.planned+w.schedule.period, w.run.judged(span))
			break
		}
		ended := due
		if planned, due, slept, ok = w.pause(span, wait, ended); !ok {
			w.rest(ended, planned)
			break
		}
	}
	return true
}

// pause waits between two tasks, the first of which has ended. It returns the instant planned for
// the second, the instant at which the wait was over, and whether there was one; not ok if the
// load ended first.
func (w *worker) pause(span plan.Span, wait profile.Wait, ended time.Duration) (planned, due time.Duration, slept, ok bool) {
	switch wait.Kind {
	case profile.WaitNone:
		return ended, ended, false, true
	case profile.WaitPace:
		planned = w.schedule.following(ended, w.run.judged(span))
	default:
		planned = w.choose.Wait(wait, ended)
	}
	until := planned
	if until >= span.To && span.To < w.run.Plan.Length() {
		until = span.To // it leaves
	}
	due, ok = w.sleepUntil(max(until, ended))
	if !ok || due >= span.To {
		w.schedule.counted(planned, w.run.judged(span), 0)
	}
	return planned, due, planned >= ended, ok
}

// rest notes how much of the time from ended to next is left over for the next stretch. If the
// stretch ended in the middle of a call, it ended for this worker with the answer.
func (w *worker) rest(ended, next time.Duration) {
	end := max(ended, w.run.Plan.Length())
	w.resume = max(next-end, 0)
	w.schedule.planned -= end
}
