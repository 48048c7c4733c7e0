// Package sse makes the calls of a plan whose answers are streams of server-sent events, as the HTML
// standard says (section 9.2).
//
// The request carries what an HTTP call of the same user would. The call is open once the header of the
// answer is there; its events are read by the user's own goroutine, and while nobody awaits them they
// stand in the kernel's buffer, or in that of HTTP/2, up to 1 MiB: then the server is slowed down. The
// streams of a user have a connection of their own, over HTTP/1.1 or HTTP/2, which is kept if the server
// ended the last one properly.
//
// Unlike a browser's EventSource, it does not reconnect, so it ignores retry, and it does not follow redirects.
package sse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
	"github.com/plimsoll-ci/plimsoll/runner/internal/h2"
	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	opener "github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Clients makes the clients of one run. Safe for concurrent use.
type Clients struct {
	dialer *wire.Dialer
	target plan.Target
	maker  *h2.Maker
	calls  []*call // by plan.Call.Index; nil for calls of other protocols
}

// call is a compiled call.
type call struct {
	opening *opener.Opening
	request *plan.HTTP
}

// New compiles the streams of a plan. It connects to nothing. It fails if a literal part of a request
// cannot be sent.
func New(p *plan.Plan, d *wire.Dialer) (*Clients, error) {
	f := &Clients{dialer: d, target: p.Target, maker: h2.NewMaker(), calls: make([]*call, len(p.Calls))}
	for i, c := range p.Calls {
		content, ok := c.Content.(*plan.SSE)
		if !ok {
			continue
		}
		opening, err := opener.NewOpening(content.Request, c.Name, &p.Target, d, d.Via(d.Target()))
		if err != nil {
			return nil, err
		}
		opening.Over2(f.maker)
		f.calls[i] = &call{opening, content.Request}
	}
	return f, nil
}

// Client makes the client of one user, who has these cookies.
func (f *Clients) Client(cookies *jar.Jar) load.Client {
	return &client{clients: f, cookies: cookies}
}

// Spoken names the protocol.
func (*Clients) Spoken() string { return "server-sent events" }

// Close does nothing: users share no connections.
func (*Clients) Close() error { return nil }

// client is one user. It has one stream at a time.
type client struct {
	clients *Clients
	cookies *jar.Jar
	fuse    wire.Fuse
	line    line // of the stream, or kept for the next one
	stream  stream
}

var _ load.Opener = (*client)(nil)

// Do opens a stream from which nothing is read.
func (u *client) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	s, o := u.Open(ctx, c, v)
	if o.Class == tally.OK {
		s.End()
	}
	return o
}

// Open sends the request and waits for the header of the answer; see load.Opener.
func (u *client) Open(ctx context.Context, c *plan.Call, v load.Values) (load.Stream, load.Outcome) {
	u.fuse.Watch(ctx)
	x := &asking{call: u.clients.calls[c.Index], values: v, until: time.Now().Add(u.clients.target.Timeout)}
	err := u.ask(ctx, x)
	if err == nil {
		err = x.head.check()
	}
	if err == nil {
		u.stream = stream{client: u, parser: parser{data: u.stream.parser.data[:0]}}
		u.stream.body, err = newBody(&u.line, x.head.coding)
	}
	if err != nil {
		failed := u.failed(err)
		failed.Sent, failed.Ended, failed.Resent = x.sent, time.Now(), x.resent
		u.giveUp(&x.head)
		return nil, failed
	}
	return &u.stream, load.Outcome{Sent: x.sent, Ended: time.Now(), Class: tally.OK, Resent: x.resent}
}

// asking is a request on its way.
type asking struct {
	*call
	values load.Values
	until  time.Time
	sent   time.Time // when its first byte was about to leave
	resent int
	head   head
}

// ask sends a request and reads the header of its answer. As package http does, it asks once more on a
// fresh connection if a kept one ended without an answer and the method may be repeated, or if the server
// says that it has done nothing.
func (u *client) ask(ctx context.Context, x *asking) error {
	kept := u.line.usable()
	if !kept {
		u.drop()
		if err := u.connect(ctx, x.until); err != nil {
			return err
		}
	}
	err := u.exchange(x)
	if err == nil || u.fuse.Blown() || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	again := kept && !u.line.begun() && x.request.Method == http.MethodGet
	if !again && !h2.Unprocessed(err) {
		return err
	}
	u.drop()
	if err := u.connect(ctx, x.until); err != nil {
		return err
	}
	x.resent = 1
	return u.exchange(x)
}

// exchange sends the request over the present line.
func (u *client) exchange(x *asking) error {
	u.line.conn.Give(&u.fuse)
	var filled opener.Filled
	var err error
	if u.line.two != nil {
		filled, err = u.exchange2(x)
	} else {
		filled, err = u.exchange1(x)
	}
	if err == nil {
		x.opening.Keep(filled, u.cookies, x.head.cookies)
	}
	return err
}

// exchange1 is exchange over HTTP/1.1.
func (u *client) exchange1(x *asking) (opener.Filled, error) {
	filled, err := x.opening.Fill(x.values, u.cookies, "")
	if err != nil {
		return filled, err
	}
	x.began(time.Now())
	c, in := u.line.conn, u.line.in
	c.Begin(x.until)
	_, failure := c.Write(filled.Bytes)
	if failure != nil && !wire.ClosedByPeer(failure) {
		return filled, failure
	}
	err = in.Begin(c, http1.Want{Body: true, Header: true, Cookies: true})
	if err != nil && failure != nil && !in.Begun() {
		return filled, failure
	}
	x.head.take1(in.Answer())
	return filled, err
}

// exchange2 is exchange over HTTP/2.
func (u *client) exchange2(x *asking) (opener.Filled, error) {
	q, filled, err := x.opening.Fill2(x.values, u.cookies)
	if err != nil {
		return filled, err
	}
	s := &u.line.stream
	s.Forget()
	u.line.open = true
	q.Deadline = x.until
	if err = s.Open(u.line.two, &q); err == nil {
		err = s.Answer(x.until)
	}
	x.began(s.Sent)
	if err == nil {
		x.head.take2(s)
	}
	return filled, err
}

// began notes when the first try began.
func (x *asking) began(at time.Time) {
	if x.sent.IsZero() {
		x.sent = at
	}
}

// refusal is the error of an answer with another status than 200.
type refusal int

// Error names the status.
func (r refusal) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("status %d %s", int(r), http.StatusText(int(r))))
	switch {
	case r == http.StatusNoContent:
		return text + ": the server has no events"
	case r/100 == 3:
		return text + ": a stream of events follows no redirect"
	}
	return text
}

// head is what matters of the header of an answer.
type head struct {
	status       int
	kind, coding string // Content-Type and Content-Encoding
	cookies      []string
}

func (h *head) take1(a *http1.Answer) {
	h.status, h.coding, h.cookies = a.Status, a.Coding, a.Cookies
	h.kind, _ = a.Field("Content-Type")
}

func (h *head) take2(s *h2.Stream) {
	*h = head{status: s.Status}
	for i := range s.Header.Len() {
		switch name, value := s.Header.At(i); string(name) {
		case "content-type":
			h.kind = string(value)
		case "content-encoding":
			h.coding += "," + string(value)
		case "set-cookie":
			h.cookies = append(h.cookies, string(value))
		}
	}
}

// check checks the header of an answer.
func (h *head) check() error {
	if h.status != http.StatusOK {
		return refusal(h.status)
	}
	const events = "text/event-stream"
	kind, _, _ := strings.Cut(h.kind, ";") // parameters change nothing: a stream of events is UTF-8
	switch kind = strings.TrimSpace(kind); {
	case kind == "":
		return wire.Fault("the answer has no Content-Type, where " + events + " was expected")
	case !strings.EqualFold(kind, events):
		return wire.Fault(fmt.Sprintf("the Content-Type is %.60q, where %s was expected", kind, events))
	}
	return nil
}

// failed is the outcome of a call or stream that an error ended.
func (u *client) failed(err error) load.Outcome {
	if u.fuse.Blown() {
		err = wire.ErrCut
	}
	o := load.Outcome{Unfinished: wire.IsCut(err)}
	o.Class, o.Error = wire.Classify(err)
	var status refusal
	if errors.As(err, &status) {
		o.Class, o.Error = tally.Status, status.Error()
	} else if text := opener.Misfit(err); text != "" {
		o.Class, o.Error = tally.Expect, text
	}
	return o
}

// giveUp ends a call whose answer is not a stream of events. The connection may carry the next one over
// HTTP/2, and otherwise if the answer is short.
func (u *client) giveUp(h *head) {
	whole := h.status != 0 && u.line.skip()
	if (whole || u.line.two != nil) && u.line.end(whole) {
		u.fuse.Release()
		return
	}
	u.drop()
}

// drop closes the connection.
func (u *client) drop() {
	u.fuse.Release()
	u.line.close()
}

// Idle frees the memory that large events needed.
func (u *client) Idle() {
	u.stream.parser.shrink()
	u.line.rest()
}

// Close ends the connection and the watch on the context.
func (u *client) Close() error {
	u.fuse.Unwatch()
	u.drop()
	return nil
}

const errNoEvent wire.Late = "no event in time"

// stream is an answer whose events are read.
type stream struct {
	client *client
	parser parser
	body   body
	piece  []byte // what has come and was not parsed
	whole  bool   // the server has ended the stream
}

var (
	_ load.Stream = (*stream)(nil)
	_ load.Rester = (*stream)(nil)
)

// Send is never called: the profile refuses to send over a stream of events.
func (s *stream) Send(*plan.Message, load.Values) load.Outcome {
	panic("sse: nothing is sent over a stream of events")
}

// Receive waits for an event; see load.Stream.
func (s *stream) Receive(m *plan.Message, v load.Values, deadline time.Time) load.Received {
	s.client.line.begin(deadline)
	for {
		rest, e, ok, err := s.parser.next(s.piece)
		if s.piece = rest; ok {
			return judge(m, &e, v)
		}
		if err == nil {
			s.piece, err = s.body.next()
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			s.whole = true
			return load.Received{Event: load.Ended}
		case errors.Is(err, os.ErrDeadlineExceeded):
			r := load.Received{Event: load.Late, Outcome: s.client.failed(errNoEvent)}
			if r.Unfinished {
				r.Event = load.Broken
			}
			return r
		default:
			return load.Received{Event: load.Broken, Outcome: s.client.failed(err)}
		}
	}
}

// Rest answers what HTTP/2 asks; see load.Rester. Over HTTP/1.1 nothing is asked.
func (s *stream) Rest(until time.Time) { s.client.line.attend(until) }

// judge checks an event that came.
func judge(m *plan.Message, e *event, v load.Values) load.Received {
	r := load.Received{Event: load.Answered, Outcome: load.Outcome{Ended: time.Now(), Class: tally.OK, BytesReceived: int64(len(e.data))}}
	a := answer.Answer{Body: e.data, Head: e}
	if wrong := a.Check(m.Content.(*plan.Payload).Expect, m.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
	return r
}

// End ends the stream; see load.Stream. The connection is kept if it may carry another request.
func (s *stream) End() load.Outcome {
	u := s.client
	o := load.Outcome{Class: tally.OK, BytesReceived: u.line.received()}
	s.body.close()
	if u.line.end(s.whole) {
		u.fuse.Release()
	} else {
		u.drop()
	}
	return o
}
