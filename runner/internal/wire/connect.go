package wire

import (
	"context"
	"net"
	"time"
)

// Connect is Dial until a deadline, for one user. The error is ErrCut if ctx ended first.
func (d *Dialer) Connect(ctx context.Context, to Origin, until time.Time, protocols ...string) (*Conn, error) {
	return connect(ctx, until, func(ctx context.Context) (net.Conn, error) { return d.Dial(ctx, to, protocols...) })
}

// ConnectThrough is Connect with Tunnel.
func (d *Dialer) ConnectThrough(ctx context.Context, to Origin, until time.Time, protocols ...string) (*Conn, error) {
	return connect(ctx, until, func(ctx context.Context) (net.Conn, error) { return d.Tunnel(ctx, to, protocols...) })
}

// connect dials on a goroutine of its own. Dialling needs a deep stack, which every user would
// otherwise keep.
func connect(ctx context.Context, until time.Time, dial func(context.Context) (net.Conn, error)) (*Conn, error) {
	dialling, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	var c *Conn
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		dialled, e := dial(dialling)
		if err = e; e == nil {
			c = NewConn(dialled)
		}
	}()
	<-done
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ErrCut
	case err != nil && dialling.Err() != nil:
		return nil, ErrNotConnected
	case err != nil:
		return nil, err
	}
	return c, nil
}
