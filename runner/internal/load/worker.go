package load

import (
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
	driver    Driver
	values    UserValues
	timer     *time.Timer // nil until the first sleep
}

// idleFrom is the shortest sleep that the driver is told of.
const idleFrom = time.Millisecond

// newWorker is the i-th worker, with the choices and values of a user or an arrival.
func (r *run) newWorker(i, index, behaviour int) *worker {
	return &worker{
		run: r, lane: r.lanes[i%len(r.lanes)], behaviour: behaviour, choose: r.Plan.Chooser(index),
		driver: r.Driver(r.requests), values: r.Values(index, r.Plan.Behaviours[behaviour].Slots),
	}
}

// perform does the steps of a task, the first of which is due at due, until the load ends.
// The steps after one that did not bring what it was to save are left out. It gives the
// instant at which the last ended; good when all were done and every request succeeded.
func (w *worker) perform(steps []plan.Step, due time.Duration) (ended time.Duration, good bool) {
	good = true
	for i := range steps {
		s, ok := &steps[i], true
		switch {
		case s.Wait != nil:
			if due, ok = w.sleepUntil(w.choose.Wait(*s.Wait, due, due)); !ok {
				return due, false
			}
		case i > 0 && (w.run.stopping.Load() || due >= w.run.Plan.Length()):
			return due, false
		default:
			due, ok = w.send(s.Request, due)
			good = good && ok
			if !ok && len(s.Request.Save) > 0 {
				return due, false
			}
		}
	}
	return due, good
}

// send makes one request and gives the instant of its end.
func (w *worker) send(q *plan.Request, due time.Duration) (ended time.Duration, good bool) {
	o := w.driver.Do(q, w.values)
	s := tally.Sample{Due: due, Sent: due, Ended: w.run.now(), Class: o.Class, BytesReceived: o.BytesReceived, Error: o.Error}
	if !o.Sent.IsZero() {
		s.Sent = max(due, o.Sent.Sub(w.run.start))
	}
	if o.Class == tally.OK {
		s.Class, s.Error = check(q, &o, s.Service(), w.values)
	}
	w.run.count(w.lane, q.Route, s)
	return s.Ended, s.Class == tally.OK
}

// sleepUntil waits for an instant, and gives the one at which it woke; false when the load
// ends before.
func (w *worker) sleepUntil(at time.Duration) (now time.Duration, ok bool) {
	now = w.run.now()
	if at >= w.run.Plan.Length() {
		w.driver.Idle()
		<-w.run.stopped
		return at, false
	}
	if at > now {
		if at-now >= idleFrom {
			w.driver.Idle()
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

// begin does what a user does at first, again until it succeeds; false when its time, or the
// load, ends before.
func (w *worker) begin(until time.Duration) bool {
	const pause = time.Second // after a failure: a system that refuses is not to be stormed
	steps := w.run.Plan.Behaviours[w.behaviour].OnStart
	for due := w.run.now(); len(steps) > 0; {
		ended, ok := w.perform(steps, due)
		if ok {
			break
		}
		if due, ok = w.sleepUntil(ended + pause); !ok || due >= until {
			return false
		}
	}
	return true
}

// end does what a user does at last, also when the load is over, until requests are cut off.
func (w *worker) end() {
	due := w.run.now()
	for _, s := range w.run.Plan.Behaviours[w.behaviour].OnStop {
		if w.run.requests.Err() != nil {
			return
		}
		if s.Request != nil { // a wait at the end serves nobody
			due, _ = w.send(s.Request, due)
		}
	}
}

// close gives back what the worker holds.
func (w *worker) close() {
	_ = w.driver.Close() // a connection that carries nothing more
}

// closed lets every user of the plan work, and returns after the last.
func (r *run) closed() {
	var users sync.WaitGroup
	for i := range r.Plan.Users {
		users.Go(func() { r.user(i) })
	}
	users.Wait()
}

// user is the life of the i-th user of the plan.
func (r *run) user(i int) {
	u := &r.Plan.Users[i]
	w := r.newWorker(i, u.Index, u.Behaviour)
	for n, span := range u.Spans {
		if n > 0 { // it comes back: with a connection of its own, and goes on with what it does
			w.driver = r.Driver(r.requests)
			w.values.NextTask()
		}
		alive := w.work(span)
		w.close()
		if !alive {
			return
		}
	}
}

// work is a user's life from its start to its end; false when the load ended before the span
// began.
func (w *worker) work(span plan.Span) bool {
	if _, ok := w.sleepUntil(span.From); !ok {
		return false
	}
	if !w.begin(span.To) {
		return true
	}
	defer w.end()
	due := w.run.now()
	for due < span.To && !w.run.stopping.Load() {
		began := due
		w.values.NextTask()
		ended, _ := w.perform(w.choose.Task(w.behaviour).Steps, due)
		due = ended
		wait := w.run.Plan.Behaviours[w.behaviour].Wait
		if wait.Kind == profile.WaitNone {
			continue
		}
		next := w.choose.Wait(wait, began, ended)
		if next >= span.To && span.To < w.run.Plan.Length() {
			next = span.To
		}
		var ok bool
		if due, ok = w.sleepUntil(next); !ok {
			return true
		}
	}
	return true
}
