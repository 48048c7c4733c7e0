package h2

import (
	"cmp"
	"slices"
	"time"
)

// begin gets a place on the connection and puts the head into its output. The body follows.
func (s *Stream) begin(c *Conn, q *Request) error {
	s.Forget()
	s.conn, s.inbox = c, s.inbox[:0]
	s.hold, s.bodyless = q.Hold, q.Head.bodyless
	s.placed, s.begun, s.answered, s.ended, s.sent, s.stopped = false, false, false, false, false, false
	s.err, s.interim, s.length = nil, 0, -1
	s.limit, s.spent, s.freed = streamWindow, 0, 0
	now := s.await(q.Deadline)
	c.mu.Lock()
	defer c.mu.Unlock()
	waited, err := s.place()
	if err != nil {
		return err
	}
	if waited {
		now = time.Now()
	}
	s.Sent, s.heard = now, c.received
	s.id, s.window = c.next, c.peer.window
	c.next += 2
	c.streams.add(s)
	s.sent = len(q.Body) == 0 && !q.More
	c.head(s, q)
	return nil
}

// place waits for a place among the streams that the server allows at once.
func (s *Stream) place() (waited bool, err error) {
	c := s.conn
	if c.line != nil && c.r < c.w {
		if err := c.handle(); err != nil {
			c.fail(err) //nolint:errcheck // the reason matters
		}
	}
	if err := c.usable(); err != nil {
		return false, err
	}
	if len(c.queue) == 0 && c.hasPlace() {
		return false, nil
	}
	c.queue = append(c.queue, s)
	if c.line != nil {
		c.flush(s) // the server may wait for the preface
	}
	for err == nil && !waited {
		if err = s.wait(func() bool { return s.placed }); isLate(err) && !s.cut.Load() {
			err = ErrNoPlace
		}
		if s.placed {
			c.places--
		}
		err = cmp.Or(err, c.usable())
		if waited = c.hasPlace(); err == nil && !waited { // the limit has become lower since
			s.placed, c.queue = false, slices.Insert(c.queue, 0, s)
		}
	}
	if err != nil {
		c.leave(s)
	}
	return waited, err
}

// hasPlace reports whether the server allows a further stream.
func (c *Conn) hasPlace() bool { return uint32(len(c.streams.all)+c.places) < c.peer.streams }

// leave gives up waiting for a place, or the place.
func (c *Conn) leave(s *Stream) {
	for i, other := range c.queue {
		if other == s {
			c.queue = append(c.queue[:i], c.queue[i+1:]...)
			break
		}
	}
	c.admit()
}

// head puts a request's head into the output: a HEADERS frame, and CONTINUATION frames if it is large.
func (c *Conn) head(s *Stream, q *Request) {
	at := len(c.out)
	f := frame{kind: frameHeaders, stream: s.id}
	if s.sent {
		f.flags = flagEndStream
	}
	c.out = c.encoder.append(appendFrame(c.out, f), q)
	f.length = len(c.out) - at - frameHeadBytes
	if f.length <= c.peer.frame {
		f.flags |= flagEndHeaders
		appendFrame(c.out[:at], f)
		return
	}
	block := append([]byte(nil), c.out[at+frameHeadBytes:]...)
	c.out = c.out[:at]
	for len(block) > 0 {
		n := min(len(block), c.peer.frame)
		if f.length = n; n == len(block) {
			f.flags |= flagEndHeaders
		}
		c.out = append(appendFrame(c.out, f), block[:n]...)
		block = block[n:]
		f.kind, f.flags = frameContinuation, 0
	}
}
