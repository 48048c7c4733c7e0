package grpc

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/channel"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
)

// line holds one connection: of one user, or of several who share it.
type line struct {
	turn   chan struct{}           // of a shared one: holds a token while a user uses conn; nil for a user's own
	conn   *h2.Conn                // nil if there is none
	raw    *wire.Conn              // below a user's own
	shared atomic.Pointer[h2.Conn] // conn, for those who only need one that is usable
	left   []*h2.Conn              // connections that take no more calls, and carry some still
}

func newLine() *line       { return &line{} }
func newSharedLine() *line { return &line{turn: make(chan struct{}, 1)} }

// connection returns the connection of the line, or connects until a deadline if there is no usable one. If
// another user is connecting, it waits for that. fuse is of the user that a connection of its own is for.
func (l *line) connection(ctx context.Context, d *wire.Dialer, m *h2.Maker, fuse *wire.Fuse, until time.Time) (*h2.Conn, error) {
	if l.turn == nil {
		return l.own(ctx, d, m, fuse, until)
	}
	if c := l.shared.Load(); c != nil && c.Usable() {
		return c, nil
	}
	if err := l.take(ctx, until); err != nil {
		return nil, err
	}
	defer func() { <-l.turn }()
	if l.conn != nil && l.conn.Usable() { // another user has connected meanwhile
		return l.conn, nil
	}
	l.leave()
	c, err := connect(ctx, d, until)
	if err != nil {
		return nil, err
	}
	l.conn = m.Shared(c.Conn)
	l.shared.Store(l.conn)
	return l.conn, nil
}

// leave puts a connection aside that takes no more calls. Those under way on it go on.
func (l *line) leave() {
	if l.conn != nil {
		l.left = append(l.left, l.conn)
		l.conn = nil
	}
	l.left = slices.DeleteFunc(l.left, func(c *h2.Conn) bool {
		if !c.Unused() {
			return false
		}
		c.Close() //nolint:errcheck // it is of no more use
		return true
	})
}

// take takes the turn.
func (l *line) take(ctx context.Context, until time.Time) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	default:
	}
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

// own is connection for a user's own.
func (l *line) own(ctx context.Context, d *wire.Dialer, m *h2.Maker, fuse *wire.Fuse, until time.Time) (*h2.Conn, error) {
	if l.conn != nil && l.conn.Usable() {
		return l.conn, nil
	}
	l.close() //nolint:errcheck // it is of no more use
	c, err := connect(ctx, d, until)
	if err != nil {
		return nil, err
	}
	c.Give(fuse)
	l.raw, l.conn = c, m.Sole(c)
	return l.conn, nil
}

// connect makes a connection that speaks HTTP/2.
func connect(ctx context.Context, d *wire.Dialer, until time.Time) (*wire.Conn, error) {
	c, err := d.ConnectThrough(ctx, d.Target(), until, "h2")
	var raw net.Conn
	if err == nil {
		raw = c.Conn
	}
	return c, channel.Agreed(raw, err)
}

// look notices what a server did to a user's own connection while the user rested.
func (l *line) look() {
	if l.raw != nil && l.conn != nil {
		l.conn.Look(l.raw.Readable)
	}
}

// drop gives up a connection that takes no more calls.
func (l *line) drop(c *h2.Conn) {
	if l.turn != nil {
		l.turn <- struct{}{}
		defer func() { <-l.turn }()
	}
	if l.conn == c {
		l.leave()
	}
}

// close ends all connections.
func (l *line) close() error {
	if l.turn != nil {
		l.turn <- struct{}{}
		defer func() { <-l.turn }()
	}
	var errs []error
	for _, c := range append(l.left, l.conn) {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	l.conn, l.raw, l.left = nil, nil, nil
	return errors.Join(errs...)
}
