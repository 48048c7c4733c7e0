package load

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// flow is a stream under way. The call is counted once, at its end; its messages are counted as
// parts.
type flow struct {
	*worker
	call   *plan.Call
	stream Stream
	opened tally.Sample
	onStop bool // the load was over before it began: waits and spans are skipped

	at         time.Duration // when the last step ended
	waited     bool          // a wait came before the first message, so that its time counts from when it was awaited
	came       bool          // the first message has come
	first      time.Duration // when it came
	last       time.Duration // when the last message came
	class      tally.Class   // of the first failure; 0 for none
	text       string
	example    string
	unfinished bool // the end of the load cut off a part that the call's time depends on
}

// sendStream makes a call that is a stream and returns the instant of its end.
func (w *worker) sendStream(ctx context.Context, c *plan.Call, due time.Duration) (ended time.Duration, good bool) {
	stream, o := w.client.(Opener).Open(ctx, c, w.values)
	s := w.run.sample(&o, due)
	ended = s.Ended
	if s.Class == tally.OK {
		f := &flow{worker: w, call: c, stream: stream, opened: s, at: s.Ended, onStop: w.run.stopping.Load()}
		for i := range c.Messages {
			if !f.step(ctx, &c.Messages[i]) {
				break
			}
		}
		s = f.whole()
		ended = max(f.at, w.run.now()) // ending the stream may take time, which must not count as lateness of the next call
	}
	within(&s, s.Service(), c.Within)
	return ended, w.counted(c, &s)
}

// whole ends the stream and returns the sample of the call.
func (f *flow) whole() tally.Sample {
	o := f.stream.End()
	s := f.run.sample(&o, f.opened.Due)
	s.Sent, s.Resent = f.opened.Sent, s.Resent+f.opened.Resent
	opening, spans := f.call.Opening, f.call.Span() // the time of such a call is that of its opening, or of its first message
	s.Unfinished = f.class == 0 && (s.Unfinished || f.unfinished) && !opening && !(spans && f.came)
	switch {
	case f.class != 0:
		s.Class, s.Error, s.Example, s.Ended = f.class, f.text, f.example, f.at
	case s.Unfinished:
		s.Ended = f.run.now()
	case o.Ended.IsZero():
		s.Ended = f.at
	}
	f.at = max(f.at, s.Ended)
	switch good := succeeded(&s); {
	case good && opening:
		s.Ended = f.opened.Ended
	case good && spans:
		s.Ended = max(f.first, f.opened.Ended)
	}
	return s
}

// step does one step of the stream; false when it is the last.
func (f *flow) step(ctx context.Context, m *plan.Message) bool {
	switch {
	case m.Wait != nil:
		return f.onStop || f.wait(f.choose.Pause(*m.Wait, f.at))
	case m.Sends:
		return f.send(ctx, m)
	case m.Awaits == profile.AwaitSpan && f.onStop:
		return true
	}
	return f.receive(ctx, m)
}

// restMost is how often a user who rests checks whether the load has ended early.
const restMost = time.Second

// wait waits inside the stream. It returns false if the load ends first.
func (f *flow) wait(until time.Duration) (ok bool) {
	f.waited = true
	if r, rests := f.stream.(Rester); rests {
		end := min(until, f.run.Plan.Length())
		for now := f.run.now(); now < end && !f.run.stopping.Load(); {
			to := min(now+restMost, end)
			r.Rest(f.run.start.Add(to))
			now = f.run.now()
			if now >= until {
				f.run.late(f.lane, until, now)
			}
			if now < to {
				break
			}
		}
	}
	if f.at, ok = f.sleepUntil(until); !ok {
		f.at, f.unfinished = f.run.now(), true
	}
	return ok
}

// send sends m, as often as it says, and awaits the replies.
func (f *flow) send(ctx context.Context, m *plan.Message) bool {
	for i := range m.Repeat {
		if i > 0 && f.stopping() {
			return false
		}
		o := f.stream.Send(m, f.values)
		s := f.run.sample(&o, f.at)
		cutOff(ctx, &s)
		switch {
		case s.Class != tally.OK && m.Awaits == profile.AwaitReply:
			return f.fail(m.Route, s)
		case s.Class != tally.OK:
			f.at = s.Ended
			f.note(s)
			return false
		case m.Awaits == profile.AwaitReply && !f.reply(ctx, m, s):
			return false
		}
		f.at = max(f.at, s.Ended)
	}
	return true
}

// reply waits for the message that answers what was sent. It counts other messages and skips
// them.
func (f *flow) reply(ctx context.Context, m *plan.Message, sent tally.Sample) bool {
	b := f.bound(m, sent.Due)
	for {
		event, s := f.await(ctx, m, sent.Due, b)
		switch event {
		case Passed:
			f.message(s, max(f.last, s.Due))
		case Answered:
			s.Sent = min(sent.Sent, s.Ended)
			if !f.came {
				f.message(s, sent.Due)
			}
			f.last, f.at = s.Ended, s.Ended
			f.run.count(f.lane, m.Route, s)
			f.note(s)
			return s.Class == tally.OK || len(m.Save) == 0
		default:
			return f.fail(m.Route, unexpected(event, s))
		}
	}
}

// receive awaits the messages that m asks for.
func (f *flow) receive(ctx context.Context, m *plan.Message) bool {
	due := f.at
	for n := 0; m.Awaits != profile.AwaitCount || n < m.Count; n++ {
		if m.Awaits == profile.AwaitSpan && f.over() {
			return false
		}
		from := max(f.last, due)
		b := f.boundSince(m, from, due)
		event, s := f.await(ctx, m, from, b)
		switch {
		case event == Answered || event == Passed:
			f.message(s, from)
			f.at = s.Ended
			if f.note(s); s.Class != tally.OK && len(m.Save) > 0 {
				return false
			}
		case event == Ended && m.Awaits == profile.AwaitEnd:
			f.at = s.Ended
			return true
		case event == Late && b.by == bySpan || m.Awaits == profile.AwaitSpan && s.Unfinished:
			f.at = max(f.at, s.Ended)
			return f.at >= due+m.For // a shorter span ends with the load, and so does the call
		default:
			return f.fail(f.route(), unexpected(event, s))
		}
	}
	return true
}

// bound is the instant until which a message is awaited, and what sets it.
type bound struct {
	until time.Duration
	by    limit
}

// limit says what bounds the wait for a message.
type limit uint8

const (
	byTimeout limit = iota // target.timeout
	byWithin               // of the step
	bySpan                 // the step ends
	byEnd                  // the stream should have ended
)

// bound is the bound of a message that is awaited from an instant.
func (f *flow) bound(m *plan.Message, from time.Duration) bound {
	b := bound{from + f.run.Plan.Target.Timeout, byTimeout}
	if m.Within > 0 && from+m.Within <= b.until {
		b = bound{from + m.Within, byWithin}
	}
	return b
}

// boundSince is the bound of a step that began at due.
func (f *flow) boundSince(m *plan.Message, from, due time.Duration) bound {
	b := f.bound(m, from)
	switch {
	case m.Awaits == profile.AwaitSpan:
		end := due + m.For
		if !f.onStop {
			end = min(end, f.run.Plan.Length())
		}
		if b.by == byTimeout || end <= b.until {
			b = bound{end, bySpan}
		}
	case m.Awaits == profile.AwaitEnd && f.endMost > 0 && due+f.endMost <= b.until:
		b = bound{due + f.endMost, byEnd}
	}
	return b
}

// await receives one message. Even a stream that never pauses ends with the bound or ctx.
func (f *flow) await(ctx context.Context, m *plan.Message, due time.Duration, b bound) (Event, tally.Sample) {
	r := f.stream.Receive(m, f.values, f.run.start.Add(b.until))
	s := f.run.sample(&r.Outcome, due)
	switch message := r.Event == Answered || r.Event == Passed; {
	case message && cutOff(ctx, &s):
		r.Event = Broken
	case message && s.Ended > b.until, r.Event == Late:
		r.Event = Late
		f.late(m, b, &s)
	}
	return r.Event, s
}

// late makes s the sample of a message that has not come by its bound.
func (f *flow) late(m *plan.Message, b bound, s *tally.Sample) {
	what := "message"
	if m.Sends {
		what = "reply"
	}
	switch b.by {
	case byWithin:
		s.Class, s.Error = tally.Expect, fmt.Sprintf("no %s within %v", what, m.Within)
	case byEnd:
		s.Class, s.Error = tally.Timeout, fmt.Sprintf("the stream had not ended after %v", f.endMost)
	case byTimeout:
		s.Class, s.Error = tally.Timeout, fmt.Sprintf("no %s in time (target.timeout is %v)", what, f.run.Plan.Target.Timeout)
	}
}

// cutOff makes a good sample an unfinished one if ctx has ended, and reports whether it has.
func cutOff(ctx context.Context, s *tally.Sample) bool {
	if ctx.Err() == nil {
		return false
	}
	if s.Class == tally.OK {
		s.Class, s.Unfinished = tally.Timeout, true
	}
	return true
}

// unexpected turns an early end of the stream into a failure. Other events are failures already.
func unexpected(e Event, s tally.Sample) tally.Sample {
	if e == Ended {
		s.Class = tally.Transport
		s.Error = cmp.Or(s.Error, "the server ended the stream before all awaited messages came")
	}
	return s
}

// over reports whether the load has ended since the call began.
func (f *flow) over() bool { return !f.onStop && f.run.stopping.Load() }

// stopping is over, and makes the call unfinished: the load ended before a part that its time needs.
func (f *flow) stopping() bool {
	f.unfinished = f.unfinished || f.over()
	return f.over()
}

// route is the route of the next message.
func (f *flow) route() int {
	if !f.came {
		return f.call.Part(plan.FirstMessage)
	}
	return f.call.Part(plan.EachMessage)
}

// message counts one message: the first from when the call was due, unless its user waited since; each
// other from when it was awaited.
func (f *flow) message(s tally.Sample, from time.Duration) {
	route := f.route()
	s.Due, s.Sent = from, max(s.Sent, from)
	if !f.came {
		f.fromOpening(&s)
		f.came, f.first = true, s.Ended
	}
	f.last = s.Ended
	f.run.count(f.lane, route, s)
}

// fromOpening makes the time of the first message count from when the call was due.
func (f *flow) fromOpening(s *tally.Sample) {
	if !f.waited {
		s.Due, s.Sent = f.opened.Due, f.opened.Sent
	}
}

// note remembers the first failure, which becomes that of the call.
func (f *flow) note(s tally.Sample) {
	switch {
	case s.Unfinished:
		f.unfinished = true
	case s.Class != tally.OK && f.class == 0:
		f.class, f.text, f.example = s.Class, s.Error, s.Example
	}
}

// fail counts an awaited message that did not come, and ends the stream.
func (f *flow) fail(route int, s tally.Sample) bool {
	if !f.came && route == f.call.Part(plan.FirstMessage) {
		f.fromOpening(&s)
	}
	f.at = s.Ended
	f.run.count(f.lane, route, s)
	f.note(s)
	return false
}
