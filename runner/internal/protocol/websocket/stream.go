package websocket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	// maxHeld is how many bytes may stand in the buffer while nobody waits for messages.
	maxHeld = 1 << 20
	// closeMost is how long the end of a stream waits for the server to close.
	closeMost = time.Second
	// keepBytes is the largest buffer for sending that is kept while the user waits.
	keepBytes = 4 << 10
)

const (
	errNoMessage wire.Late  = "no message in time"
	errDropped   wire.Fault = "the server closed the connection without a close frame (1006)"
)

// stream is an open WebSocket.
type stream struct {
	client   *client
	conn     *wire.Conn // nil for none
	in       ws.Reader
	messages []plan.Message
	sending  *plan.Message // the last that was sent; nil for none
	out      []byte        // Room bytes, and the message that is sent
	free     int           // how many bytes may be sent before the next look whether the server reads
	beside   bool          // messages were read beside a write, and pings among them have no answer
	owes     bool          // a ping was dropped with other messages, and has no answer
	pinged   []byte        // its content
	bytes    int64         // of all messages that came
	mark     int64         // how many bytes had come when the last message was sent: they hold no reply to it
	asked    bool          // a message was sent, and nothing was read since
	over     bool          // nothing more comes
	cut      bool          // a frame was sent only in part: the server would read anything more as its rest
	code     int           // of the close frame that ends it from here; 0 for 1000
	sub      *subscription // nil unless results of GraphQL come
	complete bool          // the subscription has ended
}

var (
	_ load.Stream = (*stream)(nil)
	_ load.Rester = (*stream)(nil)
)

// Receive waits for a message; see load.Stream.
func (s *stream) Receive(m *plan.Message, v load.Values, deadline time.Time) load.Received {
	if s.cut {
		return load.Received{Event: load.Broken, Outcome: s.client.failed(errCut)}
	}
	s.conn.Begin(deadline)
	if s.asked { // the answer is likely to come while other users take their turns; see package http
		s.asked = false
		runtime.Gosched()
	}
	for {
		got, ok, err := s.in.Next()
		switch {
		case err != nil:
			return s.broken(err)
		case !ok:
			if err := s.in.Fill(s.conn); err != nil {
				return s.ended(err)
			}
			continue
		}
		switch got.Kind {
		case ws.Text, ws.Binary:
			if s.sub == nil {
				return s.judge(m, got.Data, v)
			}
			if r, some := s.result(m, got, v); some {
				return r
			}
		case ws.Ping:
			s.control(ws.Pong, got.Data)
		case ws.Close:
			return s.closed(got.Data)
		}
	}
}

// judge checks a message that came.
func (s *stream) judge(m *plan.Message, data []byte, v load.Values) load.Received {
	r := load.Received{Event: load.Answered, Outcome: load.Outcome{Ended: time.Now(), Class: tally.OK, BytesReceived: int64(len(data))}}
	s.bytes += int64(len(data))
	p, a := m.Content.(*plan.Payload), answer.Answer{Body: data}
	if m.Awaits == profile.AwaitReply && (s.in.Taken() <= s.mark || !a.Holds(p.Reply)) {
		r.Event = load.Passed
		return r
	}
	if wrong := a.Check(p.Expect, m.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
	return r
}

// broken is the result of frames that break the protocol.
func (s *stream) broken(err error) load.Received {
	const protocolError, tooLarge = 1002, 1009
	if s.code = protocolError; errors.Is(err, ws.ErrTooLarge) {
		s.code = tooLarge
	}
	return load.Received{Event: load.Broken, Outcome: s.client.failed(err)}
}

// ended is the result of a read that failed.
func (s *stream) ended(err error) load.Received {
	late := errors.Is(err, os.ErrDeadlineExceeded)
	s.over, err = !late, dropped(err)
	r := load.Received{Event: load.Broken, Outcome: s.client.failed(err)}
	if late && !r.Unfinished {
		r.Event = load.Late
	}
	return r
}

// dropped is the error of a read.
func dropped(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errNoMessage
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errDropped
	}
	return err
}

// closed answers a close frame (section 5.5.1).
func (s *stream) closed(data []byte) load.Received {
	why := readClosing(data)
	r := load.Received{Event: load.Broken, Outcome: s.client.failed(why)}
	if why.proper() {
		r.Event, r.Outcome = load.Ended, load.Outcome{Error: r.Error, Example: r.Example}
	}
	s.over = true
	s.control(ws.Close, data[:min(len(data), 2)])
	s.awaitEnd(time.Now().Add(closeMost))
	return r
}

// closing is the error of a server that closed with a close frame.
type closing struct {
	code   int
	reason string
}

func readClosing(data []byte) closing {
	code, reason := ws.Reason(data)
	return closing{code, oneLine(reason)}
}

// proper reports whether the server just has no more to say: a normal closure, a server or page going away,
// or no code.
func (c closing) proper() bool { return c.code == 1000 || c.code == 1001 || c.code == ws.NoCode }

// kind is the closing without the values in its reason; see tally.Kind.
func (c closing) kind() closing {
	c.reason = tally.Kind(c.reason)
	return c
}

// Error names the code and the reason.
func (c closing) Error() string {
	if c.code == ws.NoCode {
		return "closed by the server, without a code (1005)"
	}
	return strings.TrimSpace(fmt.Sprintf("closed by the server: %d %s", c.code, c.reason))
}

// oneLine is a reason of the server's without line ends and other control characters.
func oneLine(reason string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, reason)
}

// Rest answers pings until an instant; see load.Rester.
func (s *stream) Rest(until time.Time) {
	s.conn.Begin(until)
	for !s.over && !s.cut {
		for m, ok := s.in.Ahead(); ok; m, ok = s.in.Ahead() {
			switch {
			case m.Kind == ws.Ping:
				s.control(ws.Pong, m.Data)
			case m.Kind == ws.Text && s.sub != nil && isPing(m.Data):
				s.pong()
			}
		}
		if s.in.Held() >= maxHeld || s.in.Fill(s.conn) != nil { // an error comes again in Receive
			return
		}
	}
}

// End closes the WebSocket, unless the server has; see load.Stream.
func (s *stream) End() load.Outcome {
	o := load.Outcome{Class: tally.OK, BytesReceived: s.bytes}
	if !s.over && !s.cut && !s.client.fuse.Blown() {
		if err := s.close(); err != nil {
			failed := s.client.failed(err)
			o.Class, o.Error, o.Example = failed.Class, failed.Error, failed.Example
		}
	}
	s.client.drop()
	return o
}

// close does the closing handshake (section 7.1.1). The error says that the server closed first, with a
// code that means trouble. Messages that still come are passed over.
func (s *stream) close() error {
	until := time.Now().Add(closeMost)
	s.conn.Begin(until)
	const normal = 1000
	if s.code == 0 {
		s.code = normal
	}
	if s.sub != nil && !s.complete {
		_ = s.write(ws.Text, append(s.out[:ws.Room], s.sub.stop...)) // the close frame follows in any case
	}
	var content [2]byte
	s.control(ws.Close, ws.AppendClose(content[:0], s.code))
	if s.code != normal {
		return nil
	}
	for {
		m, ok, err := s.in.Next()
		switch {
		case err != nil:
			return nil
		case !ok:
			if s.in.Fill(s.conn) != nil {
				return nil
			}
		case m.Kind == ws.Close:
			if why := readClosing(m.Data); !why.proper() {
				return why
			}
			s.awaitEnd(until)
			return nil
		}
	}
}

// awaitEnd waits for the server to close the connection.
func (s *stream) awaitEnd(until time.Time) {
	s.conn.Begin(until)
	for s.in.Fill(s.conn) == nil {
		s.in.Reset()
	}
}

// shrink frees the memory that large messages needed.
func (s *stream) shrink() {
	s.in.Shrink()
	if cap(s.out) > keepBytes {
		s.out = make([]byte, ws.Room)
	}
}
