package http

import (
	"context"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

const errNoneFree wire.Late = "no shared connection became free in time"

// take returns the connection for a message, and the instant from which it can be sent.
func (u *client1) take(ctx context.Context, x *exchange) (*wire.Conn, time.Time, error) {
	if x.at != u.clients.origin {
		return u.connect(ctx, x)
	}
	rested := u.rests
	u.rests = false
	if u.clients.shared != nil {
		return u.takeShared(ctx, x, rested)
	}
	c := u.conn
	u.conn = nil
	switch {
	case c == nil:
		return u.connect(ctx, x)
	case rested || !idempotent(x.message.method):
		return u.check(ctx, x, c)
	}
	x.kept = true
	return c, x.now, nil
}

// takeShared is take for shared connections.
func (u *client1) takeShared(ctx context.Context, x *exchange, rested bool) (*wire.Conn, time.Time, error) {
	c, err := u.wait(ctx, x)
	if err != nil {
		return nil, time.Time{}, err
	}
	sent := time.Now()
	switch {
	case c == nil:
		c, sent, err = u.connect(ctx, x)
	default:
		x.kept = true
		c.Give(&u.fuse)
		if rested || !idempotent(x.message.method) {
			c, sent, err = u.check(ctx, x, c)
		}
	}
	if err != nil {
		u.fuse.Release()
		u.clients.shared <- nil // another user may dial in its place
	}
	return c, sent, err
}

// check replaces a kept connection if the server has closed it. It is called for connections that have
// rested, and for requests that must not be sent again. A look before every request would make plain
// ones cost 4 % more.
func (u *client1) check(ctx context.Context, x *exchange, c *wire.Conn) (*wire.Conn, time.Time, error) {
	if !c.Stale() {
		x.kept = true
		return c, time.Now(), nil
	}
	c.Close() //nolint:errcheck // the server has closed it already
	return u.connect(ctx, x)
}

// replace dials a connection in place of one that turned out dead, to send the request again.
func (u *client1) replace(ctx context.Context, x *exchange, c *wire.Conn) (*wire.Conn, error) {
	c.Close() //nolint:errcheck // the server has closed it already
	fresh, _, err := u.connect(ctx, x)
	if err == nil && x.written > 0 {
		x.resent++
	}
	return fresh, err
}

// wait takes a shared connection; nil for one that must still be dialled.
func (u *client1) wait(ctx context.Context, x *exchange) (*wire.Conn, error) {
	select {
	case c := <-u.clients.shared:
		return c, nil
	default:
	}
	timer := time.NewTimer(x.deadline.Sub(x.now))
	defer timer.Stop()
	select {
	case c := <-u.clients.shared:
		return c, nil
	case <-timer.C:
		return nil, errNoneFree
	case <-ctx.Done():
		return nil, wire.ErrCut
	}
}

// connect dials.
func (u *client1) connect(ctx context.Context, x *exchange) (*wire.Conn, time.Time, error) {
	c, err := u.clients.dialer.Connect(ctx, x.at, x.deadline, "http/1.1")
	if err != nil {
		return nil, time.Time{}, err
	}
	x.kept = false
	c.Give(&u.fuse)
	return c, time.Now(), nil
}

// give takes a connection back after its request; nil for one that could not be dialled again.
func (u *client1) give(x *exchange, c *wire.Conn, reusable bool) {
	foreign := x.at != u.clients.origin
	if reusable && c != nil && !foreign && u.clients.shared == nil {
		u.conn = c
		return
	}
	if u.conn == nil {
		u.fuse.Release()
	} else { // the request went elsewhere, and the user's own connection is still there
		u.conn.Give(&u.fuse)
	}
	if c != nil && (!reusable || foreign) {
		c.Close() //nolint:errcheck // nothing more is written to it
		c = nil
	}
	if !foreign && u.clients.shared != nil {
		u.clients.shared <- c
	}
}
