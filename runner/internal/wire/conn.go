package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// Conn is a connection that is used for one call at a time, by one user.
//
// Setting a deadline costs a lock and a timer of the runtime, so on plain connections it is
// not done for every call: the one that an earlier call has set stays, and always lies
// before the present call's own. Only when it passes in the midst of a call, which is
// once in a time-out, the right one is set and the call goes on where it stopped.
type Conn struct {
	net.Conn
	fuse  *Fuse     // of the user that a call is under way for
	until time.Time // the present call's deadline
	armed time.Time // the deadline that is set; zero for none
	plain bool      // a call goes on after a deadline has passed; after one in TLS it does not
}

// NewConn takes a connection into use.
func NewConn(c net.Conn) *Conn {
	_, encrypted := c.(*tls.Conn)
	return &Conn{Conn: c, plain: !encrypted}
}

// Give hands the connection to the user whose fuse that is, who waits for it from now on.
func (c *Conn) Give(f *Fuse) {
	c.fuse = f
	f.hold(c.Conn)
}

// Begin makes the connection carry a call, which must end until a deadline.
func (c *Conn) Begin(until time.Time) {
	c.until = until
	if !c.plain || c.armed.IsZero() || until.Before(c.armed) {
		c.arm()
	}
}

// arm sets the deadline that is due, and reports whether the call may go on.
func (c *Conn) arm() bool {
	c.armed = c.until
	return c.fuse.setDeadline(c.Conn, c.until)
}

// resume reports whether a call that err ended is to be made again.
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

// patience is how long a look at a TLS connection may take on which something has come in.
const patience = 5 * time.Millisecond

// Stale reports whether the server has closed the connection, or sent something that nobody
// asked for, while it rested.
func (c *Conn) Stale() bool {
	raw := c.Conn
	encrypted, ok := raw.(*tls.Conn)
	if ok {
		raw = encrypted.NetConn()
	}
	socket, ok := raw.(syscall.Conn)
	if !ok || !readable(socket) {
		return false
	}
	if encrypted == nil {
		return true
	}
	// It may be a session ticket, which is no reason to part. Only TLS can tell.
	c.armed = time.Now().Add(patience)
	if c.SetReadDeadline(c.armed) != nil {
		return true
	}
	_, err := encrypted.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}
