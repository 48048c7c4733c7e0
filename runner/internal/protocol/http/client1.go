package http

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// client1 is one user that speaks HTTP/1.1. There may be very many, most of them idle, so buf holds
// the memory that only a running call needs.
type client1 struct {
	clients *Clients
	fuse    wire.Fuse

	conn  *wire.Conn // kept for the next call, unless connections are shared
	rests bool       // Idle was called since the last call
	buf   *buffer
	jar   *jar.Jar // of the user, whose other protocols use it too
}

var _ versioned = (*client1)(nil)

func newClient1(f *Clients, cookies *jar.Jar) *client1 { return &client1{clients: f, jar: cookies} }

// Do makes one call and reads the whole answer; see load.Client.
func (u *client1) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := u.perform(ctx, c, v, time.Time{})
	u.clients.calls[c.Index].judge(r, c, v)
	return r.Outcome
}

func (u *client1) call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response {
	return *u.perform(ctx, c, v, deadline)
}

// perform makes a call. The response is valid until the next one.
func (u *client1) perform(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) *response {
	u.fuse.Watch(ctx)
	t := u.clients.calls[c.Index]
	if u.buf == nil {
		u.buf = u.clients.buffers.Get().(*buffer)
	}
	x, r := &u.buf.call, &u.buf.response
	*x = exchange{}
	*r = response{}
	var err error
	if x.message, u.buf.out, err = t.message(u.buf.out, v); err != nil {
		r.fail(err)
		return r
	}
	x.at, x.closes = u.clients.origin, t.closes
	x.now = time.Now() // after filling in values, since the system does not cause that time
	if x.deadline = deadline; deadline.IsZero() {
		x.deadline = x.now.Add(u.clients.target.Timeout)
	}
	x.want.Head, x.want.Body, x.want.Location = t.content.Method == "HEAD", t.looksAtBody, u.clients.target.Redirects > 0
	x.want.Cookies, x.want.Header = u.clients.target.Cookies || t.looksAtHead, t.looksAtHead
	u.exchange(ctx, x, r)
	if x.want.Location && r.Class == tally.OK && redirects(r.status) {
		u.follow(ctx, x, r)
	}
	r.Ended, r.Resent = time.Now(), x.resent
	if t.looksAtHead {
		r.head = &head1{u.buf.in.Answer(), x.set}
	}
	r.decode(t, &u.buf.decoder)
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
	kept     bool     // its connection has carried a request before
	written  int      // bytes of it that have left
	resent   int      // how often it was sent again
	set      []string // the values of Set-Cookie in all answers, if the head of the answer matters
}

// exchange sends a message and reads its answer into the buffer. It fills in r instead of returning a
// response: copies on the stack would make many users' stacks grow from 4 to 8 KiB.
func (u *client1) exchange(ctx context.Context, x *exchange, r *response) {
	*r = response{}
	sending := x.message.bytes
	if !u.jar.Empty() {
		sending = x.message.withCookies(cookies(u.jar, x.at, x.message.path(), x.message.cookies()))
	}
	c, sent, err := u.take(ctx, x)
	if err != nil {
		r.fail(u.cause(err))
		return
	}
	reusable, err := u.talk(c, x, sending)
	again := u.mayResend(x, reusable, err)
	why := ""
	if again {
		why = " (" + whyKept + ")"
		if c, err = u.replace(ctx, x, c); err == nil {
			reusable, err = u.talk(c, x, sending)
		} else {
			why = " (after the server had closed a kept connection)"
		}
	}
	u.give(x, c, reusable && !x.closes)
	a := u.buf.in.Answer()
	if len(a.Cookies) > 0 && u.clients.target.Cookies {
		keepCookies(u.jar, x.at, x.message.path(), a.Cookies)
	}
	if x.want.Header {
		x.set = append(x.set, a.Cookies...)
	}
	r.Class, r.Sent, r.BytesReceived, r.status = tally.OK, sent, a.Received, a.Status
	if errors.Is(err, errNotBegun) && !again {
		r.Sent = time.Time{}
	}
	if x.want.Body {
		r.body, r.coding = u.buf.in.Held(), a.Coding
	}
	if err != nil {
		r.fail(u.cause(err))
		if !r.Unfinished {
			r.Error += why
		}
	}
}

// cause returns why a call failed: wire.ErrCut if the end of the load cut it off, else err.
func (u *client1) cause(err error) error {
	if u.fuse.Blown() {
		return wire.ErrCut
	}
	return err
}

// Idle gives the buffer back. The connection is checked before its next use.
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
