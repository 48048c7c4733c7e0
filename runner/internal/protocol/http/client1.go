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
	now := time.Now() // after the values are in, so that making them is not the system's time
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

// exchange is a request on its way: everything it needs, so that it is passed on cheaply.
type exchange struct {
	at       wire.Origin
	message  message
	now      time.Time // at most a moment ago
	deadline time.Time
	want     http1.Want
	closes   bool
	gzip     bool
	replaced int // how many kept connections were dead
}

// exchange sends a message and reads its answer, whose bytes stay in the buffer. The response is filled in and not
// returned: copies of it on the stack would make many stacks grow from 4 to 8 KiB.
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

// cause is why a call failed with err: where the load has ended, that is the reason.
func (u *client1) cause(err error) error {
	if u.fuse.Blown() {
		return wire.ErrCut
	}
	return err
}

// talk writes a request and reads its answer.
//
// Between both the processor is yielded. On this machine or a near one the answer takes about
// as long as the other users' turns; a read that comes too early finds nothing, and then has
// to park and be woken by the poller, which costs more than all the rest of a request. This
// makes one core send a fifth more requests than wrk, and it does no harm when the answer is
// late: the read parks as it would have.
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

// take is the connection that a message goes over, and the instant at which it can.
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

// takeShared is take where connections are shared.
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
		u.clients.shared <- nil // the place stays free for another try
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

// wait takes a shared connection, nil for one that is to be dialled yet.
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

// connect dials on a goroutine of its own, so that the deep stack that dialling needs ends with
// it. Otherwise each of many users would keep such a stack.
func (u *client1) connect(ctx context.Context, x *exchange) (*wire.Conn, time.Time, error) {
	dialling, cancel := context.WithDeadline(ctx, x.deadline)
	defer cancel()
	var c *wire.Conn
	var err error
	at := x.at // or x would escape, and cost every request an allocation
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
	} else { // it went elsewhere; the user's own connection is still there
		u.conn.Give(&u.fuse)
	}
	if !reusable || foreign {
		c.Close() //nolint:errcheck // nothing that was written is left
		c = nil
	}
	if !foreign && u.clients.shared != nil {
		u.clients.shared <- c
	}
}

// Idle gives the buffer back. The connection is looked at before it is used again.
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
