// Package load applies a plan: it decides when each request falls due, sends it through a
// Driver and counts what happened.
//
// The model is closed: each user turns to its next request when the one before has been
// answered and its wait is over. A request is due at that instant, so that what the request
// spends on a connection, or on this machine being late to wake the user, is part of its
// response time (see package tally). A request belongs to the round in which it was due;
// every request that was due is counted, also those that never end.
//
// Run owns every goroutine that it starts and returns after the last one.
package load

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Driver sends the requests of one user. Do is never called twice at once.
type Driver interface {
	// Do sends one request and reads the whole answer. A Driver does not retry.
	Do(ctx context.Context, r *plan.Request) Outcome
	Close() error
}

// Outcome is what became of a request.
type Outcome struct {
	Sent          time.Time // when the first byte left; zero when none did
	Class         tally.Class
	BytesReceived int64
	Error         string // one line; empty when Class is tally.OK
}

// Sink takes what one user counted since its last call, at most about once a second, for a
// round of the plan or plan.WarmUpRound. The tally is the sink's from then on. Calls do not
// overlap.
type Sink func(round int, t *tally.Tally)

// flushEvery is how often a user hands over what it counted.
const flushEvery = time.Second

// Run loads until the plan's end, or until stop is closed: no request begins after that, and
// those under way get the plan's StopWithin before they are cut off, which counts as a
// time-out. When ctx ends, they are cut off at once. It returns until when load was applied:
// the plan's Length, or less when it was ended early.
func Run(ctx context.Context, stop <-chan struct{}, p *plan.Plan, newDriver func() Driver, sink Sink) time.Duration {
	start := time.Now()
	sending, stopSending := context.WithCancel(ctx)
	requests, cutOff := context.WithCancel(ctx)
	finished := make(chan struct{})

	var until time.Duration
	var users, conductor sync.WaitGroup
	conductor.Go(func() {
		wait(p.Length(), stop, ctx.Done())
		until = min(time.Since(start), p.Length())
		stopSending()
		wait(p.StopWithin, finished, ctx.Done())
		cutOff()
	})
	var flushing sync.Mutex // guards calls of sink
	for _, u := range p.Users {
		users.Go(func() {
			w := &user{
				plan: p, choose: p.Chooser(u), start: start, behaviour: &p.Behaviours[u.Behaviour],
				driver: newDriver(), counted: &tally.Tally{}, round: plan.WarmUpRound,
				sink: func(round int, t *tally.Tally) {
					flushing.Lock()
					defer flushing.Unlock()
					sink(round, t)
				},
			}
			w.run(sending, requests, u.StartAt)
		})
	}
	users.Wait()
	close(finished)
	conductor.Wait()
	return until
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

// user is one simulated user at work.
type user struct {
	plan      *plan.Plan
	behaviour *plan.Behaviour
	choose    *plan.Chooser
	driver    Driver
	start     time.Time // of the load; all offsets count from it

	counted   *tally.Tally
	round     int // that counted belongs to
	flushedAt time.Duration
	sink      Sink
}

// run works until sending ends. Requests are made under their own context, which lives
// longer.
func (u *user) run(sending, requests context.Context, startAt time.Duration) {
	defer u.driver.Close() //nolint:errcheck // closing a connection that carries nothing more
	defer u.flush()
	for due := startAt; u.sleepUntil(sending, due); {
		began := due
		task := u.choose.Task()
		ended, ok := u.perform(sending, requests, task, due)
		if !ok {
			return
		}
		due = u.choose.Wait(u.behaviour.Wait, began, ended)
	}
}

// perform does the steps of a task, the first of which is due now, and gives the instant at
// which the last ended; not ok when the load ended before.
func (u *user) perform(sending, requests context.Context, task *plan.Task, due time.Duration) (ended time.Duration, ok bool) {
	for _, step := range task.Steps {
		if step.Wait != nil {
			due = u.choose.Wait(*step.Wait, due, due)
			continue
		}
		if !u.sleepUntil(sending, due) {
			return 0, false
		}
		due = u.send(requests, step.Request, due)
	}
	return due, true
}

// send makes one request and gives the instant of its end.
func (u *user) send(ctx context.Context, r *plan.Request, due time.Duration) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, u.plan.Timeout)
	outcome := u.driver.Do(ctx, r)
	cancel()
	ended := time.Since(u.start)
	sent := due
	if !outcome.Sent.IsZero() {
		sent = max(due, outcome.Sent.Sub(u.start))
	}
	u.count(tally.Sample{
		Route: r.Route, Due: due, Sent: sent, Ended: ended,
		Class: outcome.Class, BytesReceived: outcome.BytesReceived, Error: outcome.Error,
	})
	return ended
}

func (u *user) count(s tally.Sample) {
	if round := u.plan.RoundAt(s.Due); round != u.round || s.Ended-u.flushedAt >= flushEvery {
		u.flush()
		u.round, u.flushedAt = round, s.Ended
	}
	u.counted.Add(s)
}

func (u *user) flush() {
	if len(u.counted.Routes) > 0 {
		u.sink(u.round, u.counted)
		u.counted = &tally.Tally{}
	}
}

// sleepUntil waits for an instant, given from the start of the load; false when it lies past
// the plan's end, or ctx has ended.
func (u *user) sleepUntil(ctx context.Context, at time.Duration) bool {
	if at >= u.plan.Length() {
		return false
	}
	if left := at - time.Since(u.start); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	return ctx.Err() == nil
}
