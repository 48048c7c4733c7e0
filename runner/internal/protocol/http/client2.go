package http

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/coding"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// client2 is one user that speaks HTTP/2. As in client1, buf holds the memory that only a running call needs.
type client2 struct {
	clients *Clients
	fuse    wire.Fuse

	line  *line // the user's own, or one that users share
	rests bool  // Idle was called since the last call
	buf   *buffer2
	jar   *jar.Jar // of the user, whose other protocols use it too
	old   *client1 // for servers that speak HTTP/1.1 alone; nil before the first
}

// buffer2 is the memory that an HTTP/2 call needs while it is under way.
type buffer2 struct {
	stream   h2.Stream
	out      []byte // values of the request
	decoder  coding.Decoder
	call     exchange2
	response response
}

var _ versioned = (*client2)(nil)

func newClient2(f *Clients, cookies *jar.Jar) *client2 {
	u := &client2{clients: f, jar: cookies}
	if n := len(f.lines); n > 0 {
		u.line = f.lines[int(f.users.Add(1)-1)%n]
	} else {
		u.line = &line{}
	}
	return u
}

// Do makes one call and reads the whole answer; see load.Client.
func (u *client2) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	r := u.perform(ctx, c, v, time.Time{})
	u.clients.calls[c.Index].judge(r, c, v)
	return r.Outcome
}

func (u *client2) call(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) response {
	return *u.perform(ctx, c, v, deadline)
}

// exchange2 is a request under way, with everything it needs.
type exchange2 struct {
	call     *compiled
	at       wire.Origin
	method   string
	fields   []h2.Field // of a redirected request; nil for the call's own, which request holds
	request  h2.Request
	cookie   [1]h2.Field // those of the jar
	deadline time.Time
	set      []string // the values of Set-Cookie in all answers, if the head of the answer matters
}

// perform makes a call. The response is valid until the next one.
func (u *client2) perform(ctx context.Context, c *plan.Call, v load.Values, deadline time.Time) *response {
	u.fuse.Watch(ctx)
	t := u.clients.calls[c.Index]
	if u.buf == nil {
		u.buf = u.clients.buffers2.Get().(*buffer2)
	}
	x, r := &u.buf.call, &u.buf.response
	*x = exchange2{call: t, at: u.clients.origin, method: t.content.Method, request: h2.Request{Values: x.request.Values[:0]}}
	*r = response{}
	var err error
	if u.buf.out, err = t.fill(&x.request, u.buf.out, v); err != nil {
		r.fail(err)
		return r
	}
	if x.deadline = deadline; deadline.IsZero() { // after filling in values, since the system does not cause that time
		x.deadline = time.Now().Add(u.clients.target.Timeout)
	}
	x.request.Deadline = x.deadline
	if t.looksAtBody {
		x.request.Hold = http1.MaxBody
	}
	u.follow(ctx, x, r)
	r.Ended = time.Now()
	r.decode(t, &u.buf.decoder)
	return r
}

// follow sends a request and follows redirects as far as the plan allows. The response has the status
// of the last answer, the bytes of all, and the instant at which the first request was sent.
func (u *client2) follow(ctx context.Context, x *exchange2, r *response) {
	var sent time.Time
	var received int64
	resent := 0
	for hops := 0; ; hops++ {
		location := u.exchange(ctx, x, r)
		if sent.IsZero() {
			sent = r.Sent
		}
		received += r.BytesReceived
		resent += r.Resent
		r.Sent, r.BytesReceived, r.Resent = sent, received, resent
		if location == "" || r.Class != tally.OK || hops == u.clients.target.Redirects {
			return
		}
		to, err := u.clients.next(x.at, x.path(), x.method, r.status, location)
		if err != nil {
			r.fail(err)
			return
		}
		x.redirect(u.clients, to)
	}
}

// exchange sends a request and reads its answer. location is where the answer redirects to.
func (u *client2) exchange(ctx context.Context, x *exchange2, r *response) (location string) {
	*r = response{}
	if u.fuse.Blown() {
		r.fail(wire.ErrCut)
		return ""
	}
	u.addCookies(x)
	err := u.send(ctx, x, r)
	if errors.Is(err, errOldHTTP) {
		return u.overHTTP1(ctx, x, r)
	}
	s := &u.buf.stream
	r.Class, r.status, r.BytesReceived = tally.OK, s.Status, s.Received
	set := u.cookiesSet(x)
	if x.call.looksAtHead {
		x.set = append(x.set, set...)
		r.head = &head2{&s.Header, x.set}
	}
	if x.call.looksAtBody {
		r.body, r.coding = s.Body, joined(&s.Header, "content-encoding", ",")
	}
	if err == nil && redirects(r.status) && u.clients.target.Redirects > 0 {
		location, err = locationOf(&s.Header)
	}
	if err != nil {
		r.fail(u.cause(err))
		var again secondFault
		if errors.As(err, &again) && !r.Unfinished {
			r.Error += " (" + again.why + ")"
		}
	}
	return location
}

// addCookies adds the jar's cookies to a request.
func (u *client2) addCookies(x *exchange2) {
	x.request.Extra = x.fields
	if u.jar.Empty() {
		return
	}
	if sent := cookies(u.jar, x.at, x.path(), x.value("cookie")); sent != "" {
		x.cookie[0] = h2.Field{Name: "cookie", Value: sent}
		x.request.Extra = append(x.fields[:len(x.fields):len(x.fields)], x.cookie[0])
	}
}

// cookiesSet are the cookies of an answer, if anything needs them. The jar keeps them.
func (u *client2) cookiesSet(x *exchange2) []string {
	if !u.clients.target.Cookies && !x.call.looksAtHead {
		return nil
	}
	var set []string
	header := &u.buf.stream.Header
	for i := range header.Len() {
		if name, value := header.At(i); string(name) == "set-cookie" {
			set = append(set, string(value))
		}
	}
	if len(set) > 0 && u.clients.target.Cookies {
		keepCookies(u.jar, x.at, x.path(), set)
	}
	return set
}

// locationOf is the Location of an answer. Two different ones are an error: browsers follow neither.
func locationOf(header *h2.Fields) (location string, err error) {
	for i := range header.Len() {
		name, value := header.At(i)
		if string(name) != "location" {
			continue
		}
		if location != "" && location != string(value) {
			return "", http1.ErrLocations
		}
		location = string(value)
	}
	return location, nil
}

// cause returns why a call failed: the end of the load, else err in this package's words.
func (u *client2) cause(err error) error {
	ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	switch {
	case u.fuse.Blown():
		return wire.ErrCut
	case errors.Is(err, h2.ErrNoPlace):
		return errNoStream
	case errors.Is(err, h2.ErrTooLarge):
		return http1.ErrTooLarge
	case ended && u.buf.stream.Status != 0:
		return errBodyEnd
	}
	return err
}

const (
	errNoStream wire.Late  = "the server allowed no further stream in time"
	errBodyEnd  wire.Fault = "the connection was closed within the body"
)

// overHTTP1 is exchange for a server that speaks HTTP/1.1 alone.
func (u *client2) overHTTP1(ctx context.Context, x *exchange2, r *response) (location string) {
	if u.old == nil {
		u.old = newClient1(u.clients, u.jar)
	}
	u.old.fuse.Watch(ctx)
	if u.old.buf == nil {
		u.old.buf = u.clients.buffers.Get().(*buffer)
	}
	y := exchange{at: x.at, message: x.message(u.clients), now: time.Now(), deadline: x.deadline, set: x.set}
	y.want = http1.Want{Head: x.method == "HEAD", Body: x.call.looksAtBody, Location: u.clients.target.Redirects > 0}
	y.want.Cookies, y.want.Header = u.clients.target.Cookies || x.call.looksAtHead, x.call.looksAtHead
	u.old.exchange(ctx, &y, r)
	a := u.old.buf.in.Answer()
	if r.Resent, x.set = y.resent, y.set; x.call.looksAtHead {
		r.head = &head1{a, x.set}
	}
	if r.Class == tally.OK && redirects(r.status) {
		return a.Location
	}
	return ""
}

// Idle gives memory back. The connection is checked before its next use.
func (u *client2) Idle() {
	u.rests = true
	if c := u.line.conn.Load(); c != nil {
		c.Rest()
	}
	if b := u.buf; b != nil {
		if len(u.clients.lines) > 0 {
			u.fuse.Release() // another user gets the stream
		}
		u.buf = nil
		b.shrink()
		u.clients.buffers2.Put(b)
	}
	if u.old != nil {
		u.old.Idle()
	}
}

// shrink frees slices that an unusual call made large.
func (b *buffer2) shrink() {
	b.stream.Shrink()
	b.decoder.Shrink()
	b.response, b.call = response{}, exchange2{request: h2.Request{Values: b.call.request.Values[:0]}}
	if cap(b.out) > keepBytes {
		b.out = nil
	}
}

// Close ends the user's own connection and the watch on the context.
func (u *client2) Close() error {
	u.fuse.Unwatch()
	u.Idle()
	if u.old != nil {
		u.old.Close() //nolint:errcheck // nothing more is written to it
	}
	if len(u.clients.lines) > 0 {
		return nil // Clients.Close closes shared ones
	}
	u.fuse.Release()
	return u.line.close()
}
