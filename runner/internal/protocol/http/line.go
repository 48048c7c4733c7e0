package http

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// errOldHTTP says that a server speaks HTTP/1.1 alone, and that a call may use that.
var errOldHTTP = errors.New("the server speaks HTTP/1.1")

// carrier is an HTTP/2 connection.
type carrier struct {
	*h2.Conn
	wire *wire.Conn // below a user's own; nil if it is shared
}

// line holds one HTTP/2 connection: a user's own, or one that many users share. The zero line is a user's
// own.
type line struct {
	turn chan struct{} // holds a token while a user dials; nil for a user's own
	conn atomic.Pointer[carrier]
}

// newSharedLine makes one that users share.
func newSharedLine() *line { return &line{turn: make(chan struct{}, 1)} }

// connection returns the connection of the line, or dials one if there is no usable one; kept says that it
// was there already. If another user is dialling, it waits too.
func (l *line) connection(ctx context.Context, u *client2, x *exchange2) (c *carrier, kept bool, err error) {
	if c := l.conn.Load(); c != nil {
		if l.turn != nil {
			return c, true, nil // whether it is usable shows when it is used
		}
		if u.rests || !idempotent(x.method) {
			c.Look(c.wire.Readable)
		}
		if u.rests = false; c.Usable() {
			return c, true, nil
		}
		l.drop(c)
	}
	if l.turn != nil {
		timer := time.NewTimer(time.Until(x.deadline))
		defer timer.Stop()
		select {
		case l.turn <- struct{}{}:
			defer func() { <-l.turn }()
		case <-timer.C:
			return nil, false, wire.ErrNotConnected
		case <-ctx.Done():
			return nil, false, wire.ErrCut
		}
		if c := l.conn.Load(); c != nil {
			return c, true, nil
		}
	}
	if c, err = l.dial(ctx, u, x); err == nil {
		l.conn.Store(c)
	}
	return c, false, err
}

// dial connects. If the target's version was not asked for, it may also speak HTTP/1.1.
func (l *line) dial(ctx context.Context, u *client2, x *exchange2) (*carrier, error) {
	asked, offer := u.clients.target.HTTP == profile.HTTP2, []string{"h2"}
	if !asked {
		offer = append(offer, "http/1.1")
		if x.at.Scheme == "http" { // without TLS, nothing tells that a server speaks HTTP/2
			return nil, errOldHTTP
		}
	}
	c, err := u.clients.dialer.ConnectThrough(ctx, x.at, x.deadline, offer...)
	var raw net.Conn
	if err == nil {
		raw = c.Conn
	}
	switch err = wire.Agreed2(x.at, raw, err); {
	case errors.Is(err, h2.ErrHTTP1) && !asked:
		return nil, errOldHTTP
	case err != nil:
		return nil, err
	}
	if l.turn != nil {
		return &carrier{Conn: u.clients.maker.Shared(c.Conn)}, nil
	}
	c.Give(&u.fuse)
	return &carrier{Conn: u.clients.maker.Sole(c), wire: c}, nil
}

// drop forgets a connection that takes no more requests. Requests under way on it continue.
func (l *line) drop(c *carrier) {
	l.conn.CompareAndSwap(c, nil)
	c.Retire()
}

// giveTo hands a user's own connection to the user again.
func (l *line) giveTo(f *wire.Fuse) {
	if c := l.conn.Load(); c != nil && c.wire != nil {
		c.wire.Give(f)
	}
}

// close ends the connection.
func (l *line) close() error {
	c := l.conn.Swap(nil)
	if c == nil {
		return nil
	}
	return c.Close()
}
