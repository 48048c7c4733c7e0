package sse

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// line is a connection and the answer that comes over it, in either version of HTTP. The zero line
// has no connection.
type line struct {
	conn *wire.Conn
	in   *http1.Reader // nil over HTTP/2

	two    *h2.Conn // nil over HTTP/1.1
	stream h2.Stream
	open   bool      // stream is under way
	until  time.Time // how long next waits
}

// offers are the protocols to offer in TLS. prior says that HTTP/2 is spoken without asking.
func (f *Clients) offers() (protocols []string, prior bool) {
	encrypted := f.dialer.Target().Scheme == "https"
	switch {
	case f.target.HTTP == profile.HTTP2:
		return []string{"h2"}, !encrypted
	case f.target.HTTP == profile.HTTP1 || !encrypted:
		return []string{"http/1.1"}, false
	}
	return []string{"h2", "http/1.1"}, false // over TCP, whatever else the target speaks
}

// connect dials.
func (u *client) connect(ctx context.Context, until time.Time) error {
	protocols, prior := u.clients.offers()
	dial := u.clients.dialer.Connect
	if prior { // no proxy is asked in HTTP/2
		dial = u.clients.dialer.ConnectThrough
	}
	c, err := dial(ctx, u.clients.dialer.Target(), until, protocols...)
	if err != nil {
		return err
	}
	c.Give(&u.fuse)
	encrypted, isTLS := c.Conn.(*tls.Conn)
	isTwo := prior || isTLS && encrypted.ConnectionState().NegotiatedProtocol == "h2"
	switch l := &u.line; {
	case isTwo:
		l.conn, l.two = c, u.clients.maker.Sole(c)
	case u.clients.target.HTTP == profile.HTTP2:
		c.Close() //nolint:errcheck // it carried nothing but the handshake
		return wire.Fault("the server does not speak HTTP/2")
	default:
		l.conn, l.in = c, http1.NewStreamReader()
	}
	return nil
}

// usable reports whether the connection of an earlier stream may carry another one.
func (l *line) usable() bool {
	switch {
	case l.conn == nil:
		return false
	case l.two != nil:
		l.two.Look(l.conn.Readable)
		return l.two.Usable()
	}
	return !l.conn.Stale()
}

// begun reports whether anything of an answer has come.
func (l *line) begun() bool {
	if l.two != nil {
		return l.stream.Begun()
	}
	return l.in.Begun()
}

// begin sets the instant until which next waits.
func (l *line) begin(until time.Time) {
	if l.until = until; l.two == nil {
		l.conn.Begin(until)
	}
}

// next is the next piece of the body; io.EOF behind the last.
func (l *line) next() ([]byte, error) {
	if l.two != nil {
		return l.stream.Receive(l.until)
	}
	return l.in.Next()
}

// The limits of the rest of an answer that is read only so that the connection may carry another request.
const (
	skipBytes = 64 << 10
	skipTime  = 50 * time.Millisecond
)

// skip passes over the rest of an answer, and reports whether it was short.
func (l *line) skip() bool {
	l.begin(time.Now().Add(skipTime))
	for n := 0; n <= skipBytes; {
		piece, err := l.next()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		n += len(piece)
	}
	return false
}

// attend answers the server until an instant, and keeps what comes.
func (l *line) attend(until time.Time) {
	if l.two != nil {
		l.stream.Rest(until)
	}
}

// received is how many bytes of the body have come.
func (l *line) received() int64 {
	if l.two != nil {
		return l.stream.Received
	}
	return l.in.Answer().Received
}

// end ends the answer, unless it is whole, and reports whether the connection may carry another request.
func (l *line) end(whole bool) (keep bool) {
	if l.two == nil {
		return whole && l.in.Reusable()
	}
	if !whole {
		l.stream.Reset(h2.Cancel)
	}
	l.open = false
	return l.two.Usable()
}

// rest gives memory back between two streams.
func (l *line) rest() {
	if l.two != nil && !l.open {
		l.stream.Shrink()
		l.two.Rest()
	}
}

// close closes the connection.
func (l *line) close() {
	switch {
	case l.two != nil:
		l.two.Close() //nolint:errcheck // nothing more goes over it
	case l.conn != nil:
		l.conn.Close() //nolint:errcheck // likewise
	}
	l.conn, l.in, l.two, l.open = nil, nil, nil, false
}
