package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
)

// Dial2 connects to an origin for HTTP/2, through a tunnel if there is a proxy. The connection, or what TLS
// agreed on, shows whether the server speaks it: the error is h2.ErrHTTP1, or h2.ErrNotHTTP2 for no HTTP at all.
// A read may be the first to return it.
func (d *Dialer) Dial2(ctx context.Context, to Origin) (net.Conn, error) {
	c, err := d.Tunnel(ctx, to, "h2")
	if err := Agreed2(to, c, err); err != nil {
		return nil, err
	}
	return &greeted{Conn: c}, nil
}

// noALPN is the alert of a server that speaks none of the protocols offered (RFC 7301, section 3.2).
// crypto/tls does not export its type.
const noALPN = "tls: no application protocol"

// Agreed2 returns the error of connecting to an origin for HTTP/2. It is h2.ErrHTTP1 if TLS shows that the server does not
// speak it; then the connection is closed.
func Agreed2(to Origin, c net.Conn, err error) error {
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" && alert.Err.Error() == noALPN {
		return h2.ErrHTTP1
	}
	// Without https, the TLS is that of a proxy.
	if encrypted, ok := c.(*tls.Conn); ok && err == nil && to.Scheme == "https" && encrypted.ConnectionState().NegotiatedProtocol != "h2" {
		c.Close() //nolint:errcheck // it carries nothing
		return h2.ErrHTTP1
	}
	return err
}

// Greets2 connects to an origin once and waits until the server greets in HTTP/2.
func (d *Dialer) Greets2(ctx context.Context, to Origin) error {
	c, err := d.Dial2(ctx, to)
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // it carries no request
	stop := context.AfterFunc(ctx, func() {
		c.SetDeadline(past) //nolint:errcheck // a closed connection ends by itself
	})
	defer stop()
	if _, err := c.Write(h2.Hello()); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, h2.GreetingBytes))
	return err
}

// greeted is a connection whose reads fail if the server does not begin in HTTP/2.
type greeted struct {
	net.Conn
	first []byte // what the server sent first, if it is still to be read
	seen  bool
	wrong error
}

// Read reads. The first call waits for the server's greeting.
func (g *greeted) Read(p []byte) (int, error) {
	if !g.seen {
		first := make([]byte, h2.GreetingBytes)
		n, err := io.ReadFull(g.Conn, first)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, err
		}
		g.seen, g.first, g.wrong = true, first[:n], h2.Greeting(first[:n])
	}
	if g.wrong != nil {
		return 0, g.wrong
	}
	if len(g.first) > 0 {
		n := copy(p, g.first)
		g.first = g.first[n:]
		return n, nil
	}
	return g.Conn.Read(p)
}
