package http

import (
	"context"
	"errors"

	"github.com/quic-go/quic-go/http3"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// carrier3 is an HTTP/3 connection.
type carrier3 struct {
	*http3.ClientConn
	quic *wire.QUIC
}

// line3 holds one HTTP/3 connection, which any number of users may share.
type line3 struct {
	turn chan struct{} // holds a token while a user dials, or looks at the connection
	conn *carrier3     // nil for none
	old  []*carrier3   // take no more requests, and may still answer some
}

func newLine3() *line3 { return &line3{turn: make(chan struct{}, 1)} }

// connection returns the connection of the line, or dials one if there is no usable one; kept says that it was there
// already. It waits for another user who dials, at most until ctx ends.
func (l *line3) connection(ctx context.Context, d *wire.Dialer, at wire.Origin) (c *carrier3, kept bool, err error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	}
	if l.conn != nil && l.conn.Context().Err() == nil {
		return l.conn, true, nil
	}
	l.retire()
	q, err := d.DialQUIC(ctx, at, http3.NextProtoH3)
	if err != nil {
		return nil, false, err
	}
	transport := &http3.Transport{DisableCompression: true, MaxResponseHeaderBytes: http1.MaxHeader}
	l.conn = &carrier3{transport.NewClientConn(q.Conn), q}
	return l.conn, false, nil
}

// drop forgets a connection that takes no more requests. Requests under way on it continue.
func (l *line3) drop(ctx context.Context, c *carrier3) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return
	}
	if l.conn == c {
		l.retire()
	}
}

// retire puts the connection among the old ones, and closes those of them that have ended. The caller has the turn.
func (l *line3) retire() {
	var still []*carrier3
	for _, c := range l.old {
		if c.Context().Err() == nil {
			still = append(still, c)
			continue
		}
		c.quic.Close() //nolint:errcheck // it has ended
	}
	if l.old = still; l.conn != nil {
		l.old, l.conn = append(l.old, l.conn), nil
	}
}

// close ends all connections.
func (l *line3) close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.retire()
	var errs []error
	for _, c := range l.old {
		errs = append(errs, c.quic.Close())
	}
	l.old = nil
	return errors.Join(errs...)
}

// reachable3 refuses a target that HTTP/3 cannot reach.
func (f *Clients) reachable3() error {
	switch {
	case f.origin.Scheme != "https":
		return errors.New("target.http: HTTP/3 is always encrypted: give an address that begins with https://")
	case f.target.Socket != "":
		return errors.New("target.http: HTTP/3 goes over UDP: leave target.socket out")
	case !f.dialer.Via(f.origin).Direct():
		return errors.New("target.http: HTTP/3 does not go through the proxy of the environment: name the host in NO_PROXY, or write http: 2")
	}
	return nil
}
