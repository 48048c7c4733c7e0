package http

import (
	"context"
	"net/http/cookiejar"
	"runtime"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// client1 is one user that speaks HTTP/1.1. There may be very many, most of them idle, so what a
// call needs only while it runs is in buf.
type client1 struct {
	clients *Clients
	fuse    wire.Fuse

	conn  *wire.Conn // kept for the next call, unless connections are shared
	rests bool       // Idle was called since the last call
	buf   *buffer
	jar   *cookiejar.Jar // nil until the first cookie comes
}

var _ versioned = (*client1)(nil)

func newClient1(f *Clients) *client1 { return &client1{clients: f} }

const errNoneFree wire.Late = "no shared connection became free in time"

// Do makes one call and reads the whole answer; see load.Client.
func (u *client1) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := u.call(ctx, c, v, time.Time{})
	judge(&r, c, v)
	return r.Outcome
}

func (u *client1) call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) (r response) {
	u.fuse.Watch(ctx)
	t := u.clients.calls[c.Index]
	if u.buf == nil {
		u.buf = u.clients.buffers.Get().(*buffer)
	}
	var m message
	m, u.buf.out = t.message(u.buf.out, v)
	now := time.Now() // after filling in values, which is not the system's time
	if deadline.IsZero() {
		deadline = now.Add(u.clients.target.Timeout)
	}
	x := exchange{at: u.clients.origin, message: m, now: now, deadline: deadline, closes: t.closes, gzip: t.gzip}
	x.want = http1.Want{
		Head: t.content.Method == "HEAD", Body: t.looksAtBody,
		Location: u.clients.target.Redirects > 0, Cookies: u.clients.target.Cookies,
	}
	u.exchange(ctx, &x, &r)
	if x.want.Location && r.Class == tally.OK && redirects(r.status) {
		u.follow(ctx, &x, &r)
	}
	r.Ended, r.Resent = time.Now(), x.replaced
	return r
}

// exchange is a request under way, with everything it needs.
type exchange struct {
	at       wire.Origin
	message  message
	now      time.Time // a moment ago at most
	deadline time.Time
	want     http1.Want
	closes   bool
	gzip     bool
	replaced int // how many kept connections had died
}

// exchange sends a message and reads its answer into the buffer. It fills in r instead of returning a
// response: copies on the stack would make many users' stacks grow from 4 to 8 KiB.
func (u *client1) exchange(ctx context.Context, x *exchange, r *response) {
	*r = response{}
	sending := x.message.bytes
	if u.jar != nil {
		sending = x.message.withCookies(cookieLine(u.jar, x.at, x.message.path()))
	}
	c, sent, err := u.take(ctx, x)
	if err != nil {
		r.fail(u.cause(err))
		return
	}
	if u.fuse.Blown() {
		u.give(x, c, false)
		r.fail(wire.ErrCut)
		return
	}
	c.Begin(x.deadline)
	reusable, err := u.talk(c, sending, x.want)
	u.give(x, c, reusable && !x.closes)
	a := u.buf.in.Answer()
	if len(a.Cookies) > 0 {
		u.keepCookies(x, a.Cookies)
	}
	r.Class, r.Sent, r.BytesReceived, r.status = tally.OK, sent, a.Received, a.Status
	if err == nil && x.want.Body {
		r.body = u.buf.in.Held()
		if x.gzip && a.Gzip {
			r.body, err = u.buf.unzip.undo(r.body)
		}
	}
	if err != nil {
		r.fail(u.cause(err))
	}
}

// cause is why a call failed. If the end of the load cut it off, that is the cause, else err.
func (u *client1) cause(err error) error {
	if u.fuse.Blown() {
		return wire.ErrCut
	}
	return err
}

// talk writes a request and reads its answer.
//
// In between it yields the processor. A near system answers in about the time that the other users'
// turns take. A read that comes too early has to park and be woken by the poller, which costs more
// than the rest of the request. With the yield one core sends a fifth more requests than wrk. If the
// answer takes longer, the read parks as it would have without.
func (u *client1) talk(c *wire.Conn, sending []byte, want http1.Want) (reusable bool, err error) {
	in := u.buf.in
	in.Forget()
	_, failure := c.Write(sending)
	if failure != nil && !wire.ClosedByPeer(failure) {
		return false, failure
	}
	runtime.Gosched()
	reusable, err = in.Read(c, want)
	if failure != nil { // a server may refuse a request before it has read all of it
		reusable = false
		if err != nil {
			err = failure
		}
	}
	return reusable, err
}

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
	case rested:
		return u.check(ctx, x, c)
	}
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
		c.Give(&u.fuse)
		if rested {
			c, sent, err = u.check(ctx, x, c)
		}
	}
	if err != nil {
		u.fuse.Release()
		u.clients.shared <- nil // another user may dial in its place
	}
	return c, sent, err
}

// check replaces a connection that has rested, if the server has closed it.
func (u *client1) check(ctx context.Context, x *exchange, c *wire.Conn) (*wire.Conn, time.Time, error) {
	if !c.Stale() {
		return c, time.Now(), nil
	}
	c.Close() //nolint:errcheck // the server has closed it already
	x.replaced++
	return u.connect(ctx, x)
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

// connect dials on a goroutine of its own. Dialling needs a deep stack, which would otherwise stay with
// every user.
func (u *client1) connect(ctx context.Context, x *exchange) (*wire.Conn, time.Time, error) {
	dialling, cancel := context.WithDeadline(ctx, x.deadline)
	defer cancel()
	var c *wire.Conn
	var err error
	at := x.at // if x escaped, every request would cost an allocation
	done := make(chan struct{})
	go func() {
		defer close(done)
		dialled, e := u.clients.dialer.Dial(dialling, at, "http/1.1")
		if err = e; e == nil {
			c = wire.NewConn(dialled)
		}
	}()
	<-done
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, time.Time{}, wire.ErrCut
	case err != nil && dialling.Err() != nil:
		return nil, time.Time{}, wire.ErrNotConnected
	case err != nil:
		return nil, time.Time{}, err
	}
	c.Give(&u.fuse)
	return c, time.Now(), nil
}

// give takes a connection back after its request.
func (u *client1) give(x *exchange, c *wire.Conn, reusable bool) {
	foreign := x.at != u.clients.origin
	if reusable && !foreign && u.clients.shared == nil {
		u.conn = c
		return
	}
	if u.conn == nil {
		u.fuse.Release()
	} else { // the request went elsewhere, and the user's own connection is still there
		u.conn.Give(&u.fuse)
	}
	if !reusable || foreign {
		c.Close() //nolint:errcheck // nothing more is written to it
		c = nil
	}
	if !foreign && u.clients.shared != nil {
		u.clients.shared <- c
	}
}

// Idle gives the buffer back. Before its next use the connection is checked.
func (u *client1) Idle() {
	u.rests = true
	if u.buf != nil {
		u.buf.shrink()
		u.clients.buffers.Put(u.buf)
		u.buf = nil
	}
}

// Close ends the connection and the watch on the context.
func (u *client1) Close() error {
	u.fuse.Unwatch()
	u.Idle()
	if u.conn == nil {
		return nil
	}
	c := u.conn
	u.conn = nil
	u.fuse.Release()
	return c.Close()
}
