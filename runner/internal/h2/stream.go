package h2

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Request is what a stream sends first.
type Request struct {
	Head     *Head     // compiled by the Maker of the connection
	Values   [][]byte  // of the fields of Head that vary, in order
	Extra    []Field   // further fields, after those of Head
	Body     []byte    // not changed until the exchange has ended
	More     bool      // Write sends more of the body
	Hold     int       // the most bytes of the answer's body that Do keeps in Stream.Body; 0 keeps and limits nothing
	Deadline time.Time // of the whole exchange, or of opening the stream
}

// Stream is one exchange after another, each on any connection of one Maker, and their memory. The zero
// Stream is ready. Only its user calls its methods, except for SetDeadline.
type Stream struct {
	// The answer: all that Do has read, or that Receive has read so far. It is valid until the next exchange.
	Status   int
	Header   Fields
	Trailer  Fields
	Body     []byte    // if Request.Hold asked for it
	Received int64     // bytes of the body
	Sent     time.Time // when the first byte was about to leave; zero if none did

	conn     *Conn
	id       uint32
	bodyless bool // the request is a HEAD
	hold     int
	deadline time.Time
	heard    uint64 // Conn.received when it began

	// For waits on a shared connection, and for a write beside the reads of a sole one.
	made    sync.Once
	signal  chan struct{} // holds a token once something has changed
	timer   *time.Timer   // sets off signal at armed, which may be an earlier call's deadline
	armed   time.Time
	expired atomic.Bool          // the timer has gone off since it was set
	cut     atomic.Bool          // SetDeadline has ended all waits
	blocked atomic.Pointer[Conn] // it may be blocked in a write to this one

	// conn.mu guards the fields below.
	err      error  // why the stream ended without a whole answer
	placed   bool   // it may begin
	begun    bool   // something of an answer has come
	answered bool   // the header has come
	ended    bool   // the whole answer has come
	sent     bool   // the whole request has been put into Conn.out
	aside    bool   // its body is written by another goroutine, beside reads from a sole connection
	stopped  bool   // that goroutine is to stop
	opened   bool   // by Open: what comes waits for Receive
	listens  bool   // its user waits for anything that comes
	sends    bool   // its user waits for windows
	interim  int    // answers of status 1xx in a row
	length   int64  // Content-Length; -1 for none
	window   int64  // bytes that the server still takes
	limit    int64  // bytes that the server may send at once
	spent    int64  // of limit
	freed    int64  // of spent: Receive has returned them
	inbox    []byte // bytes for Receive
	outbox   []byte // bytes that Receive has returned
}

// Begun reports whether anything of an answer has come.
func (s *Stream) Begun() bool { return s.begun }

// Forget drops the results of the last exchange. Call it before an exchange that may fail before it begins.
func (s *Stream) Forget() {
	s.Status, s.Received, s.Sent, s.begun = 0, 0, time.Time{}, false
	s.Header.reset()
	s.Trailer.reset()
	s.Body = s.Body[:0]
}

// Do sends a request and reads the whole answer. An answer that ends before the whole request has left
// counts as whole (RFC 9113, section 8.1).
func (s *Stream) Do(c *Conn, q *Request) error {
	s.opened = false
	if c.line != nil && len(q.Body) > atOnce {
		return s.doAtLength(c, q)
	}
	err := s.begin(c, q)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = s.push(q.Body, true)
	}
	if err == nil {
		if c.line != nil {
			c.yield()
		}
		err = s.wait(s.whole)
	}
	return s.settle(err)
}

// whole reports whether the answer is.
func (s *Stream) whole() bool { return s.ended }

// doAtLength is Do over a sole connection for a body that a socket may not take at once: it is written while
// the answer is read.
func (s *Stream) doAtLength(c *Conn, q *Request) error {
	if err := s.begin(c, q); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		return s.settle(err)
	}
	s.aside, s.stopped = true, false
	s.ready()
	pushed := make(chan struct{})
	end := c.line.Beside(func(to io.Writer) {
		defer close(pushed)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.to = to
		s.push(q.Body, true) //nolint:errcheck // its error ends the stream too
	})
	c.mu.Lock()
	err := s.wait(s.whole)
	s.stopped = true
	s.wake()
	c.mu.Unlock()
	if err == nil {
		select { // a write that is cut off makes the connection useless
		case <-pushed:
		case <-time.After(grace):
		}
	}
	end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to, s.aside = c.raw, false
	return s.settle(err)
}

// grace is how long a write may still take once the answer has come.
const grace = 5 * time.Millisecond

// settle ends an exchange. The caller holds conn.mu.
func (s *Stream) settle(err error) error {
	if s.ended {
		if !s.sent {
			s.conn.resetStream(s, Cancel)
		}
		return nil
	}
	s.giveUp(err)
	return err
}

// Shrink frees memory that an unusual answer made large.
func (s *Stream) Shrink() {
	s.Header.shrink()
	s.Trailer.shrink()
	for _, kept := range []*[]byte{&s.Body, &s.inbox, &s.outbox} {
		if cap(*kept) > keepBytes {
			*kept = nil
		}
	}
	s.conn = nil
}

// end ends the stream without a whole answer.
func (s *Stream) end(err error) {
	if s.err == nil && !s.ended {
		s.err = err
	}
	s.wake()
}

// giveUp ends a stream whose user gives it up because of err.
func (s *Stream) giveUp(err error) {
	c := s.conn
	if isLate(err) && c.received == s.heard && !s.Sent.IsZero() && !s.cut.Load() {
		c.stuck = true // the next call tries another connection
	}
	if c.streams.find(s.id) == s {
		c.resetStream(s, Cancel)
		c.tell()
	}
	s.end(err)
}
