package http

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// past is a deadline that ends what waits for a connection at once.
var past = time.Unix(1, 0)

// conn is a connection that is used for one request at a time.
//
// Setting a deadline costs a lock and a timer of the runtime, so on plain connections it is
// not done for every request: the one that an earlier request has set stays, and always lies
// before the present request's own. Only when it passes in the midst of a request, which is
// once in a time-out, the right one is set and the call goes on where it stopped.
type conn struct {
	net.Conn
	fuse  *fuse     // of the user that a request is under way for
	until time.Time // the present request's deadline
	armed time.Time // the deadline that is set; zero for none
	plain bool      // a call goes on after a deadline has passed; after one in TLS it does not
}

// newConn takes a connection into use.
func newConn(c net.Conn) *conn {
	_, encrypted := c.(*tls.Conn)
	return &conn{Conn: c, plain: !encrypted}
}

// begin makes the connection carry a request.
func (c *conn) begin(until time.Time) {
	c.until = until
	if !c.plain || c.armed.IsZero() {
		c.arm()
	}
}

// arm sets the deadline that is due, and reports whether the request may go on.
func (c *conn) arm() bool {
	c.armed = c.until
	return c.fuse.setDeadline(c.Conn, c.until)
}

// resume reports whether a call that err ended is to be made again.
func (c *conn) resume(err error) bool {
	return c.plain && errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(c.until) && c.arm()
}

// Read reads until the request's own deadline.
func (c *conn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if n > 0 || err == nil || !c.resume(err) {
			return n, err
		}
	}
}

// Write writes all of p until the request's own deadline.
func (c *conn) Write(p []byte) (int, error) {
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

// stale reports whether the server has closed the connection, or sent something that nobody
// asked for, while it rested.
func (c *conn) stale() bool {
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

// fuse cuts off what a user has under way when the load ends. It blows once.
type fuse struct {
	mu    sync.Mutex // guards the fields
	blown bool
	conn  net.Conn // what the user waits for; nil when for none
}

// blow lets the present and every later deadline be in the past.
func (f *fuse) blow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blown = true
	if f.conn != nil {
		f.conn.SetDeadline(past) //nolint:errcheck // a closed connection is cut off already
	}
}

// hold says which connection the user waits for from now on; nil for none.
func (f *fuse) hold(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conn = c
	if f.blown && c != nil {
		c.SetDeadline(past) //nolint:errcheck // a closed connection is cut off already
	}
}

// setDeadline sets a deadline unless the fuse has blown, and reports whether it has not.
func (f *fuse) setDeadline(c net.Conn, t time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.blown && c.SetDeadline(t) == nil
}
