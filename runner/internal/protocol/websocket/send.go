package websocket

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	errNotSent wire.Late  = "the message was not sent in time"
	errUnread  wire.Late  = "the message was not sent in time: the server waits until its own messages are read, and 1 MiB of them is kept already; receive some between the sends"
	errCut     wire.Fault = "the server did not read in time, and a frame was sent only in part: nothing can follow it"
)

// Send sends a message; see load.Stream.
func (s *stream) Send(m *plan.Message, v load.Values) load.Outcome {
	p := m.Content.(*plan.Payload)
	s.out = v.Append(s.out[:ws.Room], p.Send)
	kind := ws.Text
	if p.Binary {
		kind = ws.Binary
	}
	sent := time.Now()
	s.conn.Begin(sent.Add(s.client.clients.timeout))
	s.mark, s.asked, s.sending = s.in.Came(), true, m
	if err := s.write(kind, s.out); err != nil {
		return s.client.failed(err)
	}
	if s.beside {
		s.beside = false
		s.pongLast()
	}
	return load.Outcome{Sent: sent, Class: tally.OK}
}

// write sends a message that stands behind Room bytes.
func (s *stream) write(kind ws.Kind, message []byte) error {
	s.out = message
	if err := s.seal(kind); err != nil {
		return s.whyNotSent(err)
	}
	return nil
}

// control sends a control frame. If that fails, the next read says why.
func (s *stream) control(kind ws.Kind, data []byte) {
	s.out = append(s.out[:ws.Room], data...)
	_ = s.seal(kind) // see above
}

// seal sends the message in out as one frame.
func (s *stream) seal(kind ws.Kind) error {
	if s.cut {
		return errCut
	}
	frame := ws.Seal(s.out, kind)
	n, err := s.put(frame)
	s.cut = n > 0 && errors.Is(err, os.ErrDeadlineExceeded)
	return err
}

// put writes a frame. A server that does not read on until it has been read could make the write wait for ever,
// so what the connection may not take at once is written while another goroutine reads.
func (s *stream) put(frame []byte) (int, error) {
	if s.free -= len(frame); s.free >= 0 {
		return s.conn.Write(frame)
	}
	if len(frame) <= wire.AtOnce && s.conn.Free() {
		s.free = wire.AtOnce - len(frame)
		return s.conn.Write(frame)
	}
	s.free, s.beside = 0, true
	end := s.conn.ReadBeside(s.readOn)
	defer end()
	return s.conn.Write(frame)
}

// readOn reads what comes while a message is sent. It keeps 1 MiB of it, or nothing if no message is awaited any
// more.
func (s *stream) readOn(from io.Reader) {
	keeps := s.awaits()
	for !keeps || s.in.Held() < maxHeld {
		if s.in.Fill(from) != nil { // what failed fails again in the next read
			return
		}
		if !keeps {
			if ping := s.in.Drop(); ping != nil {
				s.owes, s.pinged = true, append(s.pinged[:0], ping...)
			}
		}
	}
}

// pongLast answers the last ping that came beside a message: no more is asked for (section 5.5.3).
func (s *stream) pongLast() {
	for m, ok := s.in.Ahead(); ok; m, ok = s.in.Ahead() {
		if m.Kind == ws.Ping {
			s.owes, s.pinged = true, append(s.pinged[:0], m.Data...)
		}
	}
	if s.owes {
		s.owes = false
		s.control(ws.Pong, s.pinged)
	}
}

// awaits reports whether the step that sends, or a later one, awaits a message.
func (s *stream) awaits() bool {
	for i := len(s.messages) - 1; i >= 0; i-- {
		switch m := &s.messages[i]; {
		case m.Awaits != profile.AwaitNothing:
			return true
		case m == s.sending:
			return false
		}
	}
	return true
}

// whyNotSent says why a message could not be written. A server that closes says why before.
func (s *stream) whyNotSent(err error) error {
	s.over = true
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.in.Held() >= maxHeld:
		return errUnread
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNotSent
	case !wire.ClosedByPeer(err):
		return err
	}
	for {
		m, ok, failed := s.in.Next()
		if failed == nil && !ok {
			failed = s.in.Fill(s.conn)
		}
		switch {
		case failed != nil:
			return errDropped
		case ok && m.Kind == ws.Close:
			return readClosing(m.Data)
		}
	}
}
