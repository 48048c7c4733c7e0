package h2

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"time"
)

// The limits of what a server may send.
const (
	MaxHeader = 1 << 20 // bytes of a header, decoded, with 32 for each field

	connWindow   = 1 << 30 // of a connection, and of a stream whose answer is long
	streamWindow = 1 << 20 // of a stream at first, and of one whose messages wait to be received
	maxFrame     = 1 << 14 // bytes of a frame
	maxInterim   = 100     // answers of status 1xx before the real one
	maxIdle      = 10_000  // frames in a row that carry nothing for any stream
	maxUnsent    = 1 << 20 // bytes that wait to be written while the server reads nothing
)

const (
	soleBytes   = 18 << 10 // a whole frame fits
	sharedBytes = 64 << 10
	keepBytes   = 64 << 10 // the largest capacity at which memory is kept for other calls
	atOnce      = 16 << 10 // bytes that a socket takes without waiting for its peer
)

// Line is the connection below a sole Conn. Begin sets the deadline of later reads and writes.
// Beside runs write on a goroutine of its own, with what it writes to; end stops it if it is not done, and waits
// for it. Before end, the owner only reads.
type Line interface {
	net.Conn
	Begin(until time.Time)
	Beside(write func(to io.Writer)) (end func())
}

// Conn is one connection. A shared one is safe for concurrent use; a sole one has one user.
type Conn struct {
	maker *Maker
	line  Line      // nil for a shared connection
	raw   net.Conn  // below both
	to    io.Writer // what is written to; another one while a sole connection writes beside its reads
	done  chan struct{}

	// Of whoever reads.
	in       []byte // in[r:w] has been read and not parsed
	r, w     int
	data     inData
	block    []byte // of a header that goes on in CONTINUATION frames
	blockOf  frame  // the HEADERS that began it; stream 0 for none
	decoder  decoder
	idle     int    // frames since the last that carried something
	ignored  Fields // of headers of streams that were given up
	received uint64 // how often anything came

	mu      sync.Mutex // guards what follows, and the streams
	err     error      // why the connection ended
	failure error      // of writing: nothing more is sent, and what has been sent is still read
	out     []byte     // waits to be written
	written []byte     // the memory of what is being written
	writing bool
	hello   bool // the server's first SETTINGS have come
	away    bool // the server's GOAWAY has come
	retired bool // its owner begins no more streams
	code    Code // of it
	stuck   bool // a deadline has passed without a sign from the server: better try another connection
	encoder encoder
	window  int64  // bytes that the server takes on all streams
	taken   int64  // bytes received and not yet given back to the server's window
	peer    limits // what the server has set
	next    uint32 // the id of the next stream
	streams streams
	places  int       // given to streams that have not begun yet
	queue   []*Stream // waits for places
	stray   int64     // bytes that may still come for streams that were given up
	helpers sync.WaitGroup
}

// limits are what a server sets.
type limits struct {
	window  int64 // of a new stream
	frame   int
	streams uint32
}

// Sole makes a connection that carries one stream at a time. Its user drives it.
func (m *Maker) Sole(line Line) *Conn { return m.conn(line, line) }

// Shared makes a connection that carries many streams. Close waits for the goroutine that reads it.
func (m *Maker) Shared(c net.Conn) *Conn {
	made := m.conn(c, nil)
	made.in, made.done = make([]byte, sharedBytes), make(chan struct{})
	go made.drive()
	return made
}

func (m *Maker) conn(raw net.Conn, line Line) *Conn {
	return &Conn{
		maker: m, line: line, raw: raw, to: raw,
		out: appendHello(nil), encoder: encoder{max: initialTable}, decoder: decoder{max: initialTable},
		window: initialWindow, next: 1,
		// Until its settings have come, nobody knows how many streams the server allows: one, to begin with.
		peer: limits{window: initialWindow, frame: initialFrame, streams: 1},
	}
}

// drive reads a shared connection until it ends.
func (c *Conn) drive() {
	defer close(c.done)
	for c.pump() == nil {
		runtime.Gosched() // those who have been answered send their next requests first, and more answers come at once
	}
}

// Usable reports whether a new stream may begin.
func (c *Conn) Usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usable() == nil
}

// usable says why a new stream may not begin.
func (c *Conn) usable() error {
	if c.err != nil || c.failure != nil || c.away || c.retired || c.stuck || c.next > maxID {
		return ErrNotOpen
	}
	return nil
}

// Retire says that the owner begins no more streams. The last stream under way closes the connection.
func (c *Conn) Retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.retired = true
	c.dismiss()
	c.closeRetired()
}

// closeRetired closes a retired connection once its last stream has ended.
func (c *Conn) closeRetired() {
	if c.retired && len(c.streams.all) == 0 && c.places == 0 {
		c.fail(errClosed) //nolint:errcheck // the reason matters
	}
}

// Rest prepares a sole connection for a pause: it answers the server's pings and settings, and gives memory
// back.
func (c *Conn) Rest() {
	if c.line == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) > 0 && c.next > 1 && c.err == nil {
		c.line.Begin(time.Now().Add(patience))
		c.flush(nil)
	}
	if c.r == c.w && c.in != nil {
		c.giveBack()
	}
	if cap(c.out) > 512 {
		c.out = append([]byte(nil), c.out...)
	}
	c.written = nil
}

// patience is how long a small write may take if nobody waits for it.
const patience = time.Second

func (c *Conn) giveBack() {
	in := c.in
	c.in, c.r, c.w = nil, 0, 0
	c.maker.buffers.Put(&in)
}

// Look reads what came while a sole connection rested, and updates Usable. It never waits:
// readable says whether there is something to be read.
func (c *Conn) Look(readable func() bool) {
	for c.Usable() && readable() {
		c.line.Begin(time.Now().Add(5 * time.Millisecond))
		if c.pump() != nil {
			return
		}
	}
}

// Close ends the connection. Streams under way end with an error.
func (c *Conn) Close() error {
	c.mu.Lock()
	var err error
	if c.err == nil {
		err = c.fail(errClosed)
	}
	c.mu.Unlock()
	if c.done != nil {
		<-c.done
	}
	c.helpers.Wait()
	if c.in != nil && c.line != nil {
		c.giveBack()
	}
	return err
}

// fail ends the connection and all streams on it, and returns the error of closing it. The caller holds c.mu.
func (c *Conn) fail(err error) error {
	if c.err != nil {
		return nil
	}
	c.err = err
	var fault Violation
	if errors.As(err, &fault) {
		c.raw.SetWriteDeadline(time.Now().Add(time.Millisecond)) //nolint:errcheck // it is a courtesy
		c.to.Write(appendGoaway(nil, fault.Code))                //nolint:errcheck // it is a courtesy
	}
	closed := c.raw.Close()
	for _, s := range c.streams.all {
		s.end(err)
	}
	c.streams.clear()
	c.data.stream = nil
	c.dismiss()
	return closed
}

// dismiss ends the waits of streams that have not begun.
func (c *Conn) dismiss() {
	for _, s := range c.queue {
		s.end(ErrNotOpen)
	}
	clear(c.queue)
	c.queue = c.queue[:0]
}

// pump reads once and handles every whole frame that has come. After an error of a sole connection's deadline
// the connection goes on; any other error has ended it.
func (c *Conn) pump() error {
	c.room()
	n, err := c.raw.Read(c.in[c.w:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if c.w += n; n > 0 {
		c.received++
		err = c.handle()
	}
	switch {
	case err == nil:
	case c.line != nil && isLate(err):
		return err
	default:
		if c.failure != nil && !c.away {
			err = c.failure // the end follows from it
		}
		c.fail(err) //nolint:errcheck // the reason matters
		return err
	}
	if c.line != nil && len(c.streams.all) == 0 {
		return c.err // the next request takes along what waits
	}
	stuck := c.stuck
	c.flush(nil)
	if c.line != nil {
		c.stuck = stuck // the server has just given a sign: if this came too late, the deadline lies between the two
	}
	return c.err
}

// room makes room in the buffer to read into.
func (c *Conn) room() {
	switch {
	case c.in == nil:
		c.in = *c.maker.buffers.Get().(*[]byte)
		c.r, c.w = 0, 0
	case c.r == c.w:
		c.r, c.w = 0, 0
	case len(c.in)-c.r < frameHeadBytes+maxFrame: // the frame that has begun must fit
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	}
}
