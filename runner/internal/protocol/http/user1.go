package http

import (
	"context"
	"net/http/cookiejar"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// user1 is one user that speaks HTTP/1.1. There may be very many, most of them idle: what a
// request needs only while it is under way is in buf.
type user1 struct {
	http  *HTTP
	ctx   context.Context // the user's: load.Driver hands none to Do
	ended atomic.Bool     // ctx is done; fuse has it too, behind a lock
	fuse  fuse
	stop  func() bool // ends the watch on ctx

	conn  *conn // kept for the next request, unless connections are shared
	rests bool  // Idle was called since the last request
	buf   *buffer
	jar   *cookiejar.Jar // nil until the first cookie comes
}

var _ versioned = (*user1)(nil)

func newUser1(ctx context.Context, h *HTTP) *user1 {
	u := &user1{http: h, ctx: ctx}
	u.stop = context.AfterFunc(ctx, func() {
		u.ended.Store(true)
		u.fuse.blow()
	})
	return u
}

// Do sends one request and reads the whole answer; see load.Driver.
func (u *user1) Do(c *plan.Call, v load.Values) load.Outcome { return u.do(c, v, time.Time{}) }

func (u *user1) do(c *plan.Call, v load.Values, deadline time.Time) load.Outcome {
	w := u.http.wires[c.Index]
	if u.buf == nil {
		u.buf = u.http.buffers.Get().(*buffer)
	}
	var m message
	m, u.buf.out = w.message(u.buf.out, v)
	now := time.Now() // after the values are in, so that making them is not the system's time
	if deadline.IsZero() {
		deadline = now.Add(u.http.target.Timeout)
	}
	x := exchange{at: u.http.origin, message: m, now: now, deadline: deadline, closes: w.closes, gzip: w.gzip}
	x.want = want{
		head: w.request.Method == "HEAD", body: w.needsBody,
		location: u.http.target.Redirects > 0, cookies: u.http.target.Cookies,
	}
	outcome := u.exchange(&x)
	if x.want.location && outcome.Class == tally.OK && redirects(outcome.Status) {
		outcome = u.follow(&x, outcome)
	}
	return outcome
}

// exchange is a request on its way: everything it needs, so that it is passed on cheaply.
type exchange struct {
	at       origin
	message  message
	now      time.Time // at most a moment ago
	deadline time.Time
	want     want
	closes   bool
	gzip     bool
}

// exchange sends a message and reads its answer, which stays in the buffer.
func (u *user1) exchange(x *exchange) load.Outcome {
	sending := x.message.bytes
	if u.jar != nil {
		sending = x.message.withCookies(cookieLine(u.jar, x.at, x.message.path()))
	}
	c, sent, err := u.take(x)
	if err != nil {
		return failed(err, u.ended.Load())
	}
	if u.ended.Load() {
		u.give(x, c, false)
		return failed(context.Canceled, true)
	}
	c.begin(x.deadline)
	reusable, err := u.talk(c, sending, x.want)
	u.give(x, c, reusable && !x.closes)
	a := &u.buf.in.answer
	if len(a.cookies) > 0 {
		u.keepCookies(x, a.cookies)
	}
	outcome := load.Outcome{Class: tally.OK, Sent: sent, Status: a.status, BytesReceived: a.received}
	if err == nil && x.want.body {
		outcome.Body = u.buf.in.held
		if x.gzip && a.gzip {
			outcome.Body, err = u.buf.undo(outcome.Body)
		}
	}
	if err != nil {
		outcome.Status, outcome.Body = 0, nil
		outcome.Class, outcome.Error = classify(err, u.ended.Load())
	}
	return outcome
}

// talk writes a request and reads its answer.
//
// Between both the processor is yielded. On this machine or a near one the answer takes about
// as long as the other users' turns; a read that comes too early finds nothing, and then has
// to park and be woken by the poller, which costs more than all the rest of a request. This
// makes one core send a fifth more requests than wrk, and it does no harm when the answer is
// late: the read parks as it would have.
func (u *user1) talk(c *conn, sending []byte, want want) (reusable bool, err error) {
	in := &u.buf.in
	in.answer.reset()
	_, failure := c.Write(sending)
	if failure != nil && !closedByPeer(failure) {
		return false, failure
	}
	runtime.Gosched()
	reusable, err = in.read(c, want)
	if failure != nil { // a server may refuse a request before it has read all of it
		reusable = false
		if err != nil {
			err = failure
		}
	}
	return reusable, err
}

// take is the connection that a message goes over, and the instant at which it can.
func (u *user1) take(x *exchange) (*conn, time.Time, error) {
	h := u.http
	if x.at != h.origin {
		return u.connect(x)
	}
	rested := u.rests
	u.rests = false
	if h.shared != nil {
		return u.takeShared(x, rested)
	}
	c := u.conn
	u.conn = nil
	switch {
	case c == nil:
		return u.connect(x)
	case rested:
		return u.check(x, c)
	}
	return c, x.now, nil
}

// takeShared is take where connections are shared.
func (u *user1) takeShared(x *exchange, rested bool) (*conn, time.Time, error) {
	c, err := u.wait(x)
	if err != nil {
		return nil, time.Time{}, err
	}
	sent := time.Now()
	switch {
	case c == nil:
		c, sent, err = u.connect(x)
	default:
		c.fuse = &u.fuse
		u.fuse.hold(c.Conn)
		if rested {
			c, sent, err = u.check(x, c)
		}
	}
	if err != nil {
		u.fuse.hold(nil)
		u.http.shared <- nil // the place stays free for another try
	}
	return c, sent, err
}

// check replaces a connection that has rested, if the server has closed it.
func (u *user1) check(x *exchange, c *conn) (*conn, time.Time, error) {
	if !c.stale() {
		return c, time.Now(), nil
	}
	c.Close() //nolint:errcheck // the server has closed it already
	return u.connect(x)
}

// wait takes a shared connection, nil for one that is to be dialled yet.
func (u *user1) wait(x *exchange) (*conn, error) {
	select {
	case c := <-u.http.shared:
		return c, nil
	default:
	}
	timer := time.NewTimer(x.deadline.Sub(x.now))
	defer timer.Stop()
	select {
	case c := <-u.http.shared:
		return c, nil
	case <-timer.C:
		return nil, errNoneFree
	case <-u.ctx.Done():
		return nil, u.ctx.Err()
	}
}

// connect dials on a goroutine of its own, which takes the deep stack that dialling needs to
// its grave: users may be many, and each would keep one.
func (u *user1) connect(x *exchange) (*conn, time.Time, error) {
	ctx, cancel := context.WithDeadline(u.ctx, x.deadline)
	defer cancel()
	var c *conn
	var err error
	at := x.at // or x would escape, and cost every request an allocation
	done := make(chan struct{})
	go func() {
		defer close(done)
		dialled, e := u.http.dialer.dial(ctx, at, false, "http/1.1")
		if err = e; e == nil {
			c = newConn(dialled)
		}
	}()
	<-done
	switch {
	case err != nil && ctx.Err() != nil && u.ctx.Err() == nil:
		return nil, time.Time{}, errNoConnection
	case err != nil:
		return nil, time.Time{}, err
	}
	c.fuse = &u.fuse
	u.fuse.hold(c.Conn)
	return c, time.Now(), nil
}

// give takes a connection back after its request.
func (u *user1) give(x *exchange, c *conn, reusable bool) {
	foreign := x.at != u.http.origin
	if reusable && !foreign && u.http.shared == nil {
		u.conn = c
		return
	}
	if u.conn == nil {
		u.fuse.hold(nil)
	} else { // it went elsewhere; the user's own connection is still there
		u.fuse.hold(u.conn.Conn)
	}
	if !reusable || foreign {
		c.Close() //nolint:errcheck // nothing that was written is left
		c = nil
	}
	if !foreign && u.http.shared != nil {
		u.http.shared <- c
	}
}

// Idle gives the buffer back. The connection is looked at before it is used again.
func (u *user1) Idle() {
	u.rests = true
	if u.buf != nil {
		u.buf.shrink()
		u.http.buffers.Put(u.buf)
		u.buf = nil
	}
}

// Close ends the connection and the watch on the context.
func (u *user1) Close() error {
	u.stop()
	u.Idle()
	if u.conn == nil {
		return nil
	}
	c := u.conn
	u.conn = nil
	u.fuse.hold(nil)
	return c.Close()
}
