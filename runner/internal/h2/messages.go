package h2

import (
	"io"
	"time"
)

// Open sends the head of a request and q.Body. If q.More is set, Write sends the rest of the body. Bytes
// of the answer wait for Receive.
func (s *Stream) Open(c *Conn, q *Request) error {
	s.opened = true
	err := s.begin(c, q)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = s.push(q.Body, !q.More)
	}
	if err != nil {
		s.giveUp(err)
	}
	return err
}

// Write sends more of the request's body, and its end if end is set. It returns once the server's windows have
// let everything pass, or at the deadline. If the server has ended the stream it returns io.EOF, and Receive
// says more.
func (s *Stream) Write(p []byte, end End, deadline time.Time) error {
	s.await(deadline)
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	err := s.push(p, bool(end))
	switch {
	case err != nil:
		return err
	case s.ended && !s.sent:
		return io.EOF
	case !s.ended:
		return s.conn.failure
	}
	return nil
}

// End says whether a Write is the last one of its stream.
type End bool

// The two kinds of Write.
const (
	Goes End = false // more follows
	Last End = true
)

// Answer waits until the header of the answer has come.
func (s *Stream) Answer(deadline time.Time) error {
	s.await(deadline)
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.listen(func() bool { return s.answered })
}

// Receive returns the bytes that have come since the last call, or waits for some until a deadline. They are
// valid until the next call. The error is io.EOF once the answer is whole and Trailer is valid; at a deadline
// it is os.ErrDeadlineExceeded, and the stream goes on.
func (s *Stream) Receive(deadline time.Time) ([]byte, error) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if len(s.inbox) == 0 && !s.ended {
		s.await(deadline)
		if err := s.listen(func() bool { return len(s.inbox) > 0 || s.ended }); err != nil {
			return nil, err
		}
	}
	if len(s.inbox) == 0 {
		return nil, io.EOF
	}
	return s.collect(), nil
}

// Arrived is Receive without waiting: it returns nothing if nothing has come.
func (s *Stream) Arrived() []byte {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if len(s.inbox) == 0 {
		return nil
	}
	return s.collect()
}

// collect takes the bytes that wait to be received.
func (s *Stream) collect() []byte {
	s.inbox, s.outbox = s.outbox[:0], s.inbox
	s.free(int64(len(s.outbox)))
	return s.outbox
}

// Rest returns at a deadline, or once the stream has ended. Until then it answers the server on a sole connection,
// such as its pings, and keeps what comes for Receive, bounded by the stream's window. A shared connection looks
// after itself, so there it returns at once.
func (s *Stream) Rest(deadline time.Time) {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.conn.line == nil {
		return
	}
	s.await(deadline)
	s.listen(func() bool { return s.ended }) //nolint:errcheck // Receive meets what failed again
	if len(s.conn.out) > 0 && s.conn.err == nil {
		s.conn.tell() // the deadline came between a read and the answer to it
	}
}

// listen waits until ready holds, and is woken by everything that comes.
func (s *Stream) listen(ready func() bool) error {
	s.listens = true
	err := s.wait(ready)
	s.listens = false
	return err
}

// free lets the server send as many bytes again as its user has taken.
func (s *Stream) free(n int64) {
	s.freed += n
	if s.freed < s.limit/2 || s.ended || s.err != nil {
		return
	}
	s.conn.out = appendWord(s.conn.out, frameWindow, s.id, uint32(s.freed))
	s.spent -= s.freed
	s.freed = 0
	if s.conn.line != nil {
		s.conn.tell() // whatever the last wait's deadline was
		return
	}
	s.conn.flush(s)
}

// Reset ends the stream, unless it has ended, and tells the server why.
func (s *Stream) Reset(code Code) {
	c := s.conn
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams.find(s.id) == s {
		c.resetStream(s, code)
		c.tell()
	}
	s.end(errClosed)
}
