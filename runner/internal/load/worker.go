package load

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// worker does tasks: it is a user of the closed model, or serves arrivals of the open one.
// One goroutine uses it.
type worker struct {
	run       *run
	lane      *lane
	behaviour int // index into the plan's Behaviours
	choose    *plan.Chooser
	client    Client
	values    UserValues
	timer     *time.Timer // nil until the first sleep

	begun, begins bool // on_start has succeeded; on_start is under way, perhaps across stretches
	refused       bool // on_start has failed, and not succeeded since
	gone          bool // its client is closed
	idle          bool // its last task did nothing: all its steps were left out

	renewed  *time.Time    // when on_start last succeeded; nil if it is not renewed
	failed   *StepError    // the last failed call of setup or teardown
	endMost  time.Duration // how long it waits for the end of a stream; 0 for as long as the load lasts
	schedule schedule      // of its tasks
	at       []place       // where it is in its task; kept between stretches if one ended within the task
	resume   time.Duration // when it continues with that task, or begins the next
}

const (
	idleFrom = time.Millisecond // the shortest sleep that calls Client.Idle
	tryAgain = time.Second      // from a failed on_start or setup to the next try: do not hammer a system that refuses
	idleTask = time.Millisecond // the shortest time of a task that does nothing: all its steps are left out
)

// newWorker makes the i-th worker, with the choices and values of the user or arrival at index.
func (r *run) newWorker(i, index, behaviour int) *worker {
	b := &r.Plan.Behaviours[behaviour]
	w := &worker{
		run: r, lane: r.lanes[i%len(r.lanes)], behaviour: behaviour, choose: r.Plan.Chooser(index),
		client: r.Client(), values: r.Values(index, b.Slots), schedule: newSchedule(b.Wait.Period),
	}
	if r.crew != nil {
		w.inherit(r.crew.shared)
	}
	return w
}

// sleepUntil sleeps until at and returns the instant at which it woke. It is not ok if the load ended
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

// wake sleeps until from, or longer if the last stretch ended within a wait. It returns the instant
// that it slept for, and the one at which it woke. It is not ok if the load ends first.
func (w *worker) wake(from time.Duration) (at, now time.Duration, ok bool) {
	at = max(from, w.resume)
	w.resume = max(at-w.run.Plan.Length(), 0)
	now, ok = w.sleepUntil(at)
	return at, now, ok
}

// begin does on_start, and repeats it until it succeeds. It returns false if the user's time or the
// load ends first. on_start may take longer than a stretch: the next stretch continues it.
func (w *worker) begin(ctx context.Context, until time.Duration) bool {
	b := &w.run.Plan.Behaviours[w.behaviour]
	due, ok := w.run.now(), true
	if w.resume > 0 {
		if _, due, ok = w.wake(0); !ok {
			return false
		}
	}
	if !w.begins {
		w.begins, w.at = true, w.at[:0]
		w.values.Begin()
	}
	for len(b.OnStart) > 0 {
		if len(w.at) == 0 {
			w.at = append(w.at, place{steps: b.OnStart, left: -1})
		}
		ended, good := w.goOn(ctx, due)
		if good && len(w.at) > 0 { // the end of the stretch interrupted it
			return false
		}
		w.refused = !good && (w.refused || ctx.Err() == nil)
		if good {
			break
		}
		w.at = w.at[:0] // on_start begins again from its first step
		if due, ok = w.sleepUntil(ended + tryAgain); !ok || due >= until {
			w.rest(ended, ended+tryAgain)
			return false
		}
	}
	if w.begins = false; b.Renew > 0 {
		now := time.Now()
		w.renewed = &now
	}
	return true
}

// mustRenew reports whether it is time to do on_start again. Time between stretches counts: a token
// expires whether there is load or not.
func (w *worker) mustRenew() bool {
	every := w.run.Plan.Behaviours[w.behaviour].Renew
	return every > 0 && time.Since(*w.renewed) >= every
}

// end does on_stop, even when the load is over, until calls are cut off.
func (w *worker) end(ctx context.Context) {
	if steps := w.run.Plan.Behaviours[w.behaviour].OnStop; len(steps) > 0 {
		w.values.Begin()
		_ = w.finish(ctx, steps) // failures have been counted
	}
}

// leave does on_stop if the worker had begun, and closes its client.
func (w *worker) leave(ctx context.Context) {
	if w.begun {
		w.end(ctx)
	}
	w.close()
	w.gone, w.begun, w.begins, w.at, w.resume = true, false, false, w.at[:0], 0
}

// close closes the client.
func (w *worker) close() {
	_ = w.client.Close() // a connection that carries nothing more
}

// closed runs every user of the plan and waits for the last.
func (r *run) closed(ctx context.Context) (paced Paced) {
	for len(r.crew.users) < len(r.Plan.Users) { // a trial may have more users than the one before
		r.crew.users = append(r.crew.users, nil)
	}
	var users sync.WaitGroup
	for i := range r.Plan.Users {
		users.Go(func() { r.user(ctx, i) })
	}
	users.Wait()
	for _, w := range r.crew.users {
		if w != nil {
			paced.Add(w.schedule.take())
		}
	}
	return paced
}

// user takes the i-th user of the plan through this stretch.
func (r *run) user(ctx context.Context, i int) {
	u := &r.Plan.Users[i]
	w := r.crew.users[i]
	if w == nil {
		w = r.newWorker(i, u.Index, u.Behaviour)
		r.crew.users[i] = w
	}
	w.run = r
	for _, span := range u.Spans {
		if w.gone { // it comes back on a fresh connection and continues its tasks
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

// work lets a user work from its start to its end, or to the end of the stretch. It returns false if
// the load ended before the user could begin.
func (w *worker) work(ctx context.Context, span plan.Span) bool {
	from, due, ok := w.wake(span.From)
	if w.begins {
		from = span.From // tasks fell due during on_start
	}
	if !ok {
		w.asleep(span)
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
	w.schedule.plan(from, true)
	for due < span.To && !w.run.stopping.Load() {
		if len(w.at) == 0 || w.begins {
			if due, ok = w.turn(ctx, span, due); !ok {
				break
			}
		}
		next := w.schedule.planned + w.schedule.period
		due, _ = w.goOn(ctx, due)
		if len(w.at) > 0 { // the end of the stretch interrupted it
			w.schedule.skip(next, w.run.judged(span))
			break
		}
		if due, ok = w.pause(span, due); !ok {
			break
		}
	}
	return true
}

// asleep counts the tasks that fall due in a stretch which lies within one wait of a task or of
// on_start.
func (w *worker) asleep(span plan.Span) {
	switch {
	case w.begins:
		w.schedule.skip(span.From, w.run.judged(span))
	case len(w.at) > 0:
		w.schedule.skip(w.schedule.planned+w.schedule.period, w.run.judged(span))
		w.schedule.planned -= w.run.Plan.Length()
	}
}

// turn begins a task at due, and renews on_start first if it is time. It returns when the task really
// begins. It is not ok if the user's time or the load ends before.
func (w *worker) turn(ctx context.Context, span plan.Span, due time.Duration) (began time.Duration, ok bool) {
	if w.begins || w.mustRenew() {
		if !w.begin(ctx, span.To) {
			w.schedule.skip(w.schedule.next, w.run.judged(span))
			return due, false
		}
		due = w.run.now()
		w.schedule.reach(w.schedule.next, due, w.run.judged(span))
	}
	w.values.NextTask()
	w.schedule.begin(due)
	w.schedule.counted(1, w.run.judged(span))
	w.at = append(w.at, place{steps: w.choose.Task(w.behaviour).Steps, left: -1})
	return due, true
}

// pause waits between a task that has ended and the next. It returns the instant at which the wait was
// over. It is not ok if the load ended first.
func (w *worker) pause(span plan.Span, ended time.Duration) (due time.Duration, ok bool) {
	switch wait := w.run.Plan.Behaviours[w.behaviour].Wait; {
	case wait.Kind == profile.WaitPace:
		w.schedule.reach(w.schedule.planned+w.schedule.period, ended, w.run.judged(span))
	case w.idle:
		w.schedule.plan(max(w.choose.Wait(wait, ended), ended+idleTask), true)
	case wait.Kind == profile.WaitNone:
		w.schedule.plan(ended, false)
		return ended, true
	default:
		w.schedule.plan(w.choose.Wait(wait, ended), true)
	}
	until := w.schedule.next
	if until >= span.To && span.To < w.run.Plan.Length() {
		until = span.To // it leaves
	}
	due, ok = w.sleepUntil(max(until, ended))
	if !ok || due >= span.To {
		w.schedule.counted(0, w.run.judged(span))
	}
	if !ok {
		w.rest(ended, w.schedule.next)
	}
	return due, ok
}

// rest keeps for the next stretch whatever is left of the time from ended to next. For a worker in the
// middle of a call, the stretch ended with the answer.
func (w *worker) rest(ended, next time.Duration) {
	end := max(ended, w.run.Plan.Length())
	w.resume = max(next-end, 0)
	w.schedule.planned -= end
}
