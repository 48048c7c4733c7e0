package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is a connection that carries one call at a time, for one user.
//
// Setting a deadline costs a lock and a timer of the runtime, so plain connections do not do it for
// each call. The deadline of an earlier call stays set: it always lies before the present call's own.
// If it passes during a call, which happens at most once in a time-out, the connection sets the right
// one and continues where it stopped.
type Conn struct {
	net.Conn
	fuse  *Fuse     // of the user whose call is under way
	until time.Time // the present call's deadline
	armed time.Time // the deadline that is set; zero for none
	plain bool      // a call can continue after a deadline has passed; in TLS it cannot
	look  *looker   // nil before the first look
}

// NewConn wraps a connection that has carried nothing yet.
func NewConn(c net.Conn) *Conn {
	_, encrypted := c.(*tls.Conn)
	return &Conn{Conn: c, plain: !encrypted}
}

// Give hands the connection to the user with that fuse, which waits for it from now on.
func (c *Conn) Give(f *Fuse) {
	c.fuse = f
	f.Hold(c.Conn)
}

// Begin starts a call that must end by a deadline.
func (c *Conn) Begin(until time.Time) {
	c.until = until
	if !c.plain || c.armed.IsZero() || until.Before(c.armed) {
		c.arm()
	}
}

// arm sets the present call's deadline, and reports whether the call may continue.
func (c *Conn) arm() bool {
	c.armed = c.until
	return c.fuse.setDeadline(c.Conn, c.until)
}

// resume reports whether to repeat a read or write that err ended.
func (c *Conn) resume(err error) bool {
	return c.plain && errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(c.until) && c.arm()
}

// Read reads until the call's own deadline.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if n > 0 || err == nil || !c.resume(err) {
			return n, err
		}
	}
}

// Write writes all of p until the call's own deadline.
func (c *Conn) Write(p []byte) (int, error) {
	written := 0
	for {
		n, err := c.Conn.Write(p[written:])
		written += n
		if err == nil || !c.resume(err) {
			return written, err
		}
	}
}

// WriteBeside starts to write some parts, so the answer can be read meanwhile: a server may answer
// before it has read the whole request. end stops the writing if it is not done yet, and returns as
// Write does. Before end, call only Read.
func (c *Conn) WriteBeside(parts ...[]byte) (end func() (int, error)) {
	written := 0
	var failed error
	stop := c.Beside(func(to io.Writer) {
		for _, p := range parts {
			if len(p) == 0 {
				continue // it would only fail if end has already set the deadline
			}
			n, err := to.Write(p)
			if written += n; err != nil {
				failed = err
				return
			}
		}
	})
	return func() (int, error) {
		stop()
		return written, failed
	}
}

// Beside runs write on a goroutine of its own, with what it writes to, so the answer can be read meanwhile. end
// stops it if it is not done, and waits for it. Before end, call only Read.
func (c *Conn) Beside(write func(to io.Writer)) (end func()) {
	c.arm() // a blown fuse makes the write fail
	done := make(chan struct{})
	go func() {
		defer close(done)
		write(c.Conn)
	}()
	return func() {
		select {
		case <-done:
		default:
			c.SetWriteDeadline(past) //nolint:errcheck // a closed connection ends the write by itself
			<-done
			c.armed = time.Time{}
		}
	}
}

// ReadBeside reads while the caller writes: some servers take no more bytes until their own have been read. It calls
// read on a new goroutine, with the connection to read from. end stops the reading and waits for the goroutine. Before
// end, call only Write.
func (c *Conn) ReadBeside(read func(from io.Reader)) (end func()) {
	c.arm() // a blown fuse makes the reads fail
	done := make(chan struct{})
	go func() {
		defer close(done)
		read(c.Conn)
	}()
	return func() {
		c.SetReadDeadline(past) //nolint:errcheck // a closed connection ends the read by itself
		<-done
		c.arm()
	}
}

// patience is how long Stale may look at a TLS connection on which something has come in.
const patience = 5 * time.Millisecond

// Readable reports, without waiting, whether the connection has something to be read: bytes, an error or its
// end. It costs a system call.
func (c *Conn) Readable() bool { return c.looks() && c.look.readable() }

// Free reports, without waiting, whether the connection takes AtOnce bytes without a wait, and has nothing to be
// read. It costs a system call.
func (c *Conn) Free() bool { return c.looks() && c.look.free() }

// AtOnce is how many bytes a fresh connection takes without waiting for its peer.
const AtOnce = 4 << 10

// looks reports whether the socket can be looked at.
func (c *Conn) looks() bool {
	if c.look == nil {
		socket, ok := bare(c.Conn).(syscall.Conn)
		if !ok {
			return false
		}
		c.look = newLooker(socket)
	}
	return true
}

// Stale reports whether the server has closed the connection, or sent something unasked. A look costs
// a system call.
func (c *Conn) Stale() bool {
	if !c.Readable() {
		return false
	}
	encrypted, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	// It may be a session ticket, which leaves the connection usable. Only TLS can tell.
	c.armed = time.Now().Add(patience)
	if c.SetReadDeadline(c.armed) != nil {
		return true
	}
	_, err := encrypted.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// bare is the connection below TLS. A proxy that speaks TLS adds a second layer.
func bare(c net.Conn) net.Conn {
	for {
		encrypted, ok := c.(*tls.Conn)
		if !ok {
			return c
		}
		c = encrypted.NetConn()
	}
}
