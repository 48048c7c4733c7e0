package h2

import (
	"os"
	"time"
)

// push puts a part of the body into the output, as far as the windows allow, and writes it. It stops early
// once the whole answer has come.
func (s *Stream) push(p []byte, end bool) error {
	c := s.conn
	for (len(p) > 0 || end && !s.sent) && !s.over() {
		n := int(min(int64(len(p)), s.window, c.window, int64(c.peer.frame), int64(keepBytes-len(c.out))))
		if n > 0 || len(p) == 0 {
			s.data(p[:n], end && n == len(p))
			p = p[n:]
			continue
		}
		c.flush(s)
		if c.stuck && (s.cut.Load() || !time.Now().Before(s.deadline)) { // the deadline ended the write
			return os.ErrDeadlineExceeded
		}
		s.sends = true
		err := s.waitToSend()
		if s.sends = false; err != nil {
			return err
		}
	}
	if s.ended && s.sent {
		c.remove(s)
	}
	c.flush(s)
	return s.err
}

// waitToSend waits for windows. Whoever writes beside reads is woken by them.
func (s *Stream) waitToSend() error {
	if !s.aside {
		return s.wait(s.maySend)
	}
	for !s.maySend() {
		s.conn.mu.Unlock()
		<-s.signal
		s.conn.mu.Lock()
	}
	return s.err
}

// over reports whether there is no use in sending more.
func (s *Stream) over() bool { return s.ended || s.err != nil || s.stopped || s.conn.failure != nil }

// maySend reports whether to go on sending, or to notice that it is over.
func (s *Stream) maySend() bool {
	return s.over() || s.window > 0 && s.conn.window > 0 && len(s.conn.out) < keepBytes
}

// data puts a DATA frame into the output.
func (s *Stream) data(p []byte, end bool) {
	c := s.conn
	f := frame{length: len(p), kind: frameData, stream: s.id}
	if end {
		f.flags, s.sent = flagEndStream, true
	}
	c.out = append(appendFrame(c.out, f), p...)
	s.window -= int64(len(p))
	c.window -= int64(len(p))
	c.idle = 0 // each DATA frame may be followed by updates of windows
}

// take takes a part of the answer's body.
func (s *Stream) take(p []byte) {
	s.Received += int64(len(p))
	switch {
	case s.opened:
		s.inbox = append(s.inbox, p...)
		if s.listens {
			s.wake()
		}
	case s.hold == 0:
	case len(s.Body)+len(p) > s.hold:
		s.conn.failStream(s, ErrTooLarge)
	default:
		s.Body = append(s.Body, p...)
	}
}

// spend uses up the window in which the server sends, and reports whether it was large enough. A whole
// answer's window grows with it.
func (s *Stream) spend(whole, payload int) bool {
	if s.spent += int64(whole); s.spent > s.limit {
		return false
	}
	switch {
	case s.opened:
		s.freed += int64(whole - payload) // Receive never returns padding
	case s.spent > s.limit/2:
		s.conn.out = appendWord(s.conn.out, frameWindow, s.id, uint32(connWindow-s.limit+s.spent))
		s.limit, s.spent = connWindow, 0
	}
	return true
}
