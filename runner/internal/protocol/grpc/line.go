package grpc

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// line holds one connection: a user's own, or one that any number of users share. The zero line is a user's own.
type line struct {
	turn chan struct{} // holds a token while a user connects; nil for a user's own
	conn atomic.Pointer[h2.Conn]
	raw  *wire.Conn // below a user's own
}

// newSharedLine makes one that users share.
func newSharedLine() *line { return &line{turn: make(chan struct{}, 1)} }

// shared reports whether users share the line.
func (l *line) shared() bool { return l.turn != nil }

// connection returns the connection of the line, or connects for u until its deadline; kept says that it was there
// already. If another user is connecting, it waits for that. Whether a shared connection takes calls shows when it
// is used.
func (l *line) connection(ctx context.Context, u *client) (c *h2.Conn, kept bool, err error) {
	if c := l.conn.Load(); c != nil && (l.shared() || c.Usable()) {
		return c, true, nil
	}
	if l.shared() {
		if err := l.take(ctx, u.until); err != nil {
			return nil, false, err
		}
		defer func() { <-l.turn }()
		if c := l.conn.Load(); c != nil { // another user has connected meanwhile
			return c, true, nil
		}
	} else {
		l.close() //nolint:errcheck // it is of no more use
	}
	raw, err := connect(ctx, u.clients.dialer, u.until)
	switch {
	case err != nil:
		return nil, false, err
	case l.shared():
		c = u.clients.maker.Shared(raw.Conn)
	default:
		raw.Give(&u.fuse)
		c, l.raw = u.clients.maker.Sole(raw), raw
	}
	l.conn.Store(c)
	return c, false, nil
}

// take takes the turn.
func (l *line) take(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-timer.C:
		return wire.ErrNotConnected
	case <-ctx.Done():
		return wire.ErrCut
	}
}

// connect makes a connection that speaks HTTP/2.
func connect(ctx context.Context, d *wire.Dialer, until time.Time) (*wire.Conn, error) {
	c, err := d.ConnectThrough(ctx, d.Target(), until, "h2")
	var raw net.Conn
	if err == nil {
		raw = c.Conn
	}
	return c, channel.Agreed(d.Target(), raw, err)
}

// rest says that a user's own connection is not used for a while.
func (l *line) rest() {
	if c := l.conn.Load(); c != nil && !l.shared() {
		c.Rest()
	}
}

// look notices what the server did on a user's own connection while the user rested.
func (l *line) look() {
	if c := l.conn.Load(); c != nil && !l.shared() {
		c.Look(l.raw.Readable)
	}
}

// drop forgets a connection that takes no more calls. Those under way on it go on.
func (l *line) drop(c *h2.Conn) {
	l.conn.CompareAndSwap(c, nil)
	c.Retire()
}

// close ends the connection.
func (l *line) close() error {
	c := l.conn.Swap(nil)
	if c == nil {
		return nil
	}
	return c.Close()
}
