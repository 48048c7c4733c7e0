package h2

import (
	"cmp"
	"os"
	"runtime"
	"time"
)

// yield lets other goroutines run. A nearby system answers in about the time of the other users' turns. A
// read that comes too early parks and has to be woken, which costs more than the rest of the call.
func (c *Conn) yield() {
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
}

// past is a deadline that ends a wait at once.
var past = time.Unix(1, 0)

// SetDeadline cuts off all waits on shared connections, present and later ones, if t is in the past; the zero
// t allows them again. Others may call it at any time. On a sole connection, the deadline of its Line does
// this.
func (s *Stream) SetDeadline(t time.Time) error {
	cut := !t.IsZero() && t.Before(time.Now())
	if s.cut.Store(cut); cut {
		s.expire()
	}
	return nil
}

// expire wakes the user from any wait, to look at the clock.
func (s *Stream) expire() {
	s.expired.Store(true) // before blocked is read: see writeTo
	if c := s.blocked.Load(); c != nil {
		c.raw.SetWriteDeadline(past) //nolint:errcheck // a closed connection ends the write by itself
	}
	s.ready()
	s.wake()
}

// await sets the deadline of the next waits, and returns the present instant.
func (s *Stream) await(deadline time.Time) time.Time {
	s.deadline = deadline
	now := time.Now()
	if line := s.conn.line; line != nil {
		line.Begin(deadline)
		return now
	}
	s.ready()
	s.arm(now)
	return now
}

// ready makes the channel that wakes its user.
func (s *Stream) ready() {
	s.made.Do(func() { s.signal = make(chan struct{}, 1) })
}

// arm sets the timer, unless it goes off before the deadline anyway. The deadline of an earlier call is
// earlier, so the timer is set about once a time-out, not at each call.
func (s *Stream) arm(now time.Time) {
	if !s.expired.Load() && now.Before(s.armed) && !s.deadline.Before(s.armed) {
		return
	}
	s.expired.Store(false)
	s.armed = s.deadline
	if s.timer == nil {
		s.timer = time.AfterFunc(s.deadline.Sub(now), s.expire)
	} else {
		s.timer.Reset(s.deadline.Sub(now))
	}
}

// wake makes the user check again what it waits for.
func (s *Stream) wake() {
	select {
	case s.signal <- struct{}{}:
	default: // it has no channel, or a token is there
	}
}

// wait waits until ready holds, which is called under conn.mu. The error is the stream's, or a time-out.
func (s *Stream) wait(ready func() bool) error {
	c := s.conn
	for woken := false; !ready(); woken = true {
		if s.err != nil {
			return s.err
		}
		if c.line != nil {
			c.mu.Unlock()
			err := c.pump()
			c.mu.Lock()
			if err != nil && !ready() {
				return cmp.Or(s.err, err)
			}
			continue
		}
		if s.cut.Load() {
			return os.ErrDeadlineExceeded
		}
		if woken || s.expired.Load() { // the timer may have gone off while its user did not wait
			now := time.Now()
			if !now.Before(s.deadline) {
				return os.ErrDeadlineExceeded
			}
			s.arm(now)
		}
		c.mu.Unlock()
		<-s.signal
		c.mu.Lock()
	}
	return nil
}
