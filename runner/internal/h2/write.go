package h2

import (
	"crypto/tls"
	"io"
	"os"
	"time"
)

// flush writes what waits, on behalf of s, or of nobody. If another caller is already writing on a
// shared connection, that one writes this too. flush yields first, so that others who are about to send
// share the write. The caller holds c.mu, which flush releases while it writes.
func (c *Conn) flush(s *Stream) {
	if c.writing {
		if len(c.out) > maxUnsent {
			c.fail(Violation{EnhanceYourCalm, "the server asks for answers and reads none"}) //nolint:errcheck // the reason matters
		}
		return
	}
	c.writing = true
	for turn := 0; len(c.out) > 0 && c.err == nil && c.failure == nil; turn++ {
		if turn == flushTurns { // its own answer may have come long ago
			c.helpers.Go(c.flushOn)
			return
		}
		if c.line == nil && turn == 0 {
			c.yield()
		}
		if !c.write(s) {
			break
		}
	}
	c.writing = false
	c.wakeSenders()
}

// flushTurns is how many writes one caller makes for others.
const flushTurns = 4

// flushOn continues the writes that a caller has begun.
func (c *Conn) flushOn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing = false
	c.flush(nil)
}

// tell writes frames that nobody waits for, such as the reset of a stream.
func (c *Conn) tell() {
	if c.line == nil {
		c.helpers.Go(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.flush(nil)
		})
		return
	}
	c.line.Begin(time.Now().Add(patience))
	c.flush(nil)
}

// write writes the waiting bytes once, and reports whether to go on. Bytes that a deadline leaves over keep waiting.
func (c *Conn) write(s *Stream) bool {
	sending := c.out
	c.out, c.written = c.written[:0], nil
	to := c.to
	c.mu.Unlock()
	n, err := s.writeTo(c, to, sending)
	c.mu.Lock()
	if n < len(sending) {
		c.out = append(append([]byte(nil), sending[n:]...), c.out...)
	}
	if cap(sending) <= keepBytes {
		c.written = sending[:0]
	}
	switch {
	case err == nil:
		return true
	case isLate(err):
		c.stuck = true
		return false
	}
	c.failure = err
	for _, other := range c.streams.all {
		other.wake()
	}
	return false
}

// writeTo writes p on behalf of a stream. Its deadline ends the write on a shared connection.
func (s *Stream) writeTo(c *Conn, to io.Writer, p []byte) (n int, err error) {
	if s == nil || c.line != nil {
		return to.Write(p)
	}
	for n < len(p) && err == nil {
		s.blocked.Store(c)
		if s.cut.Load() || !s.timed() {
			s.blocked.Store(nil)
			return n, os.ErrDeadlineExceeded
		}
		var more int
		more, err = to.Write(p[n:])
		s.blocked.Store(nil)
		if n += more; !isLate(err) {
			continue
		}
		c.raw.SetWriteDeadline(time.Time{}) //nolint:errcheck // the next write meets the same fault
		if _, encrypted := c.raw.(*tls.Conn); !encrypted && !s.cut.Load() && time.Now().Before(s.deadline) {
			err = nil // it was an earlier call's deadline
		}
	}
	return n, err
}

// timed makes sure that the timer ends a write that begins now. It reports whether there is time left.
func (s *Stream) timed() bool {
	if !s.expired.Load() {
		return true
	}
	now := time.Now()
	if !now.Before(s.deadline) {
		return false
	}
	s.arm(now)
	return true
}
