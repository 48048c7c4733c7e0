package grpc

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/message"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// stream is a call under way. One user has one at a time.
type stream struct {
	*flow
	compiled *compiled
	values   load.Values
	sent     int // how often the present step has sent
	at       *plan.Message
	since    time.Time // when the last message was sent: what had come by then is no reply
	awaited  bool      // the last step awaited a number of messages, or a span: the end of the stream is ours
}

// Open begins a call that is a stream; see load.Opener. It does not wait for the server.
func (u *client) Open(ctx context.Context, call *plan.Call, v load.Values) (load.Stream, load.Outcome) {
	u.wake(ctx)
	t := u.clients.calls[call.Index]
	if wrong := u.fill(t, v); wrong != "" {
		return nil, load.Outcome{Class: tally.Expect, Error: wrong}
	}
	u.request.Deadline = time.Now().Add(u.clients.target.Timeout)
	u.reply = reply{}
	o := &u.reply.Outcome
	if err := u.flow.begin(ctx, &u.request, o); err != nil {
		u.judge(t, o, &u.flow.status, err)
		return nil, *o
	}
	o.Class, o.Ended = tally.OK, time.Now()
	u.flows = stream{flow: &u.flow, compiled: t, values: v}
	opened := *o
	o.Resent = 0 // from here on, End reports it
	return &u.flows, opened
}

// step is the compiled form of m.
func (s *stream) step(m *plan.Message) (*step, int) {
	messages := s.compiled.call.Messages
	for i := range messages {
		if &messages[i] == m {
			return &s.compiled.steps[i], i
		}
	}
	panic("grpc: a message of another call")
}

// Send sends a message; see load.Stream. If the server has ended the stream, nothing is sent, and whoever
// receives next sees the end.
func (s *stream) Send(m *plan.Message, v load.Values) load.Outcome {
	step, i := s.step(m)
	if s.at != m {
		s.at, s.sent = m, 0
	}
	s.sent++
	s.awaited = false
	framed, wrong := s.framed(step.sends, step.body, v)
	if wrong != "" {
		return load.Outcome{Class: tally.Expect, Error: wrong}
	}
	if m.Awaits == profile.AwaitReply {
		s.gather()
	}
	end := h2.Goes
	if s.compiled.close && i == s.compiled.last && s.sent == m.Repeat {
		end = h2.Last
	}
	o := load.Outcome{Sent: time.Now(), Class: tally.OK}
	s.since = o.Sent
	if err := s.write(framed, end, o.Sent.Add(s.clients.target.Timeout)); err != nil {
		s.judge(s.compiled, &o, &s.status, err)
	}
	return o
}

// Receive waits for the next message; see load.Stream.
func (s *stream) Receive(m *plan.Message, v load.Values, deadline time.Time) load.Received {
	s.awaited = m.Awaits == profile.AwaitCount || m.Awaits == profile.AwaitSpan
	got, err := s.read(deadline)
	r := load.Received{Outcome: load.Outcome{Ended: s.came, Class: tally.OK}}
	switch {
	case err == nil:
	case errors.Is(err, errNotYet):
		r.Ended, r.Event, r.Class, r.Error = time.Now(), load.Late, tally.Timeout, errNotYet.Error()
		return r
	default:
		r.Ended = time.Now()
		if s.judge(s.compiled, &r.Outcome, &s.status, s.err); r.Class == tally.OK {
			r.Event = load.Ended
		} else {
			r.Event = load.Broken
		}
		return r
	}
	r.Event, r.BytesReceived = load.Answered, int64(len(got))
	step, _ := s.step(m)
	answer := message.Answer{Wire: got}
	if m.Sends && (s.came.Before(s.since) || !step.replies.Holds(answer, &s.scratch)) {
		r.Event = load.Passed
		return r
	}
	if wrong := step.judge.Check(answer, v, &s.scratch); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
	return r
}

// Rest answers what HTTP/2 asks; see load.Rester.
func (s *stream) Rest(until time.Time) {
	if !s.over && !s.fuse.Blown() {
		s.flow.stream.Rest(until)
	}
}

// End ends the stream; see load.Stream. A stream that the profile ends, after a number of messages or a span,
// is reset and has no code. For any other stream, End waits for the server's code.
func (s *stream) End() load.Outcome {
	defer s.tidy()
	o := load.Outcome{Resent: s.reply.Resent}
	s.open = false
	if s.awaited {
		if !s.leave() {
			o.Class, o.BytesReceived = tally.OK, s.flow.stream.Received
			return o
		}
	} else {
		s.await(&o)
	}
	o.BytesReceived = s.flow.stream.Received
	if s.judge(s.compiled, &o, &s.status, s.err); o.Class != tally.OK || !s.compiled.looks {
		return o
	}
	answer := message.Answer{Wire: s.last, None: !s.compiled.one || s.status.Code != OK, Head: (*head)(s.client)}
	if wrong := s.compiled.judge.Check(answer, s.values, &s.scratch); wrong != "" {
		o.Class, o.Error = tally.Expect, wrong
	}
	return o
}

// await waits for the server to end the stream. It keeps the one answer to a stream of messages, and passes
// over anything else.
func (s *stream) await(o *load.Outcome) {
	until := time.Now().Add(s.clients.target.Timeout)
	s.last = s.last[:0]
	messages := 0
	if !s.over && s.write(nil, h2.Last, until) != nil {
		return
	}
	ended := s.over
	for {
		got, err := s.read(until)
		if err == nil {
			if messages++; s.compiled.one {
				s.last = append(s.last[:0], got...)
			}
			if time.Now().Before(until) {
				continue
			}
			err = errNotYet // a stream that never ends
		}
		if errors.Is(err, errNotYet) {
			s.fail(wire.ErrNoAnswer)
		}
		break
	}
	if !ended {
		o.Ended = time.Now()
	}
	if good := s.status.Code == OK && s.status.Fault == ""; good && s.compiled.one && messages != 1 {
		s.status = ofError(errNoMessage)
		if messages > 1 {
			s.status = ofError(errMessages)
		}
	}
}
