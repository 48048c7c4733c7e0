package h2

import (
	"cmp"
	"io"
	"os"
	"runtime"
	"slices"
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
	// What Do has read, or Receive so far. It is valid until the next exchange.
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

	// For waits on a shared connection, and of whoever writes beside a sole one.
	made    sync.Once
	signal  chan struct{} // holds a token once something has changed
	timer   *time.Timer   // sets off signal at armed, which may be an earlier call's deadline
	armed   time.Time
	cut     atomic.Bool          // SetDeadline has ended all waits
	blocked atomic.Pointer[Conn] // it may be blocked in a write to this one

	// What follows belongs to whoever holds conn.mu.
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

// Forget drops the last exchange, for one that may fail before it begins.
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

// yield lets others work. A near system answers in about the time that the other users' turns take, and a
// read that comes too early has to park and be woken, which costs more than the rest of the call.
func (c *Conn) yield() {
	c.mu.Unlock()
	runtime.Gosched()
	c.mu.Lock()
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
		s.push(q.Body, true) //nolint:errcheck // what ends it ends the stream too
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

// Open sends the head of a request and what there is of its body. If q.More is set, Write sends the rest.
// What comes waits for Receive.
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

// End says whether a Write is the last.
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
	s.inbox, s.outbox = s.outbox[:0], s.inbox
	s.free(int64(len(s.outbox)))
	return s.outbox, nil
}

// listen waits for what comes.
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

// expire ends whatever its user waits for, so that it looks at the clock.
func (s *Stream) expire() {
	if c := s.blocked.Load(); c != nil {
		c.raw.SetWriteDeadline(past) //nolint:errcheck // a closed connection ends the write by itself
	}
	s.ready()
	s.wake()
}

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

// over reports whether sending serves no purpose any more.
func (s *Stream) over() bool { return s.ended || s.err != nil || s.stopped || s.conn.failure != nil }

// maySend reports whether to go on sending, if only to see that it is over.
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

// end ends the stream without a whole answer.
func (s *Stream) end(err error) {
	if s.err == nil && !s.ended {
		s.err = err
	}
	s.wake()
}

// giveUp ends a stream that err has ended for its user.
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

// arm sets the timer, unless it goes off before the deadline anyway. An earlier call's deadline lies before, so
// the timer is set once in a time-out and not with each call.
func (s *Stream) arm(now time.Time) {
	if now.Before(s.armed) && !s.deadline.Before(s.armed) {
		return
	}
	s.armed = s.deadline
	if s.timer == nil {
		s.timer = time.AfterFunc(s.deadline.Sub(now), s.expire)
	} else {
		s.timer.Reset(s.deadline.Sub(now))
	}
}

// wake lets its user look again at what it waits for.
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
		if woken {
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
