// Package sse makes the calls of a plan whose answers are streams of server-sent events, as the HTML
// standard says (section 9.2).
//
// The request carries what an HTTP call of the same user would. The call is open once the header of the
// answer is there; its events are read by the user's own goroutine, and while nobody awaits them they
// stand in the kernel's buffer, so that TCP slows the server down. A stream has a connection of its own.
// One that the server ended properly is kept for the user's next stream.
//
// Left out, as a browser's EventSource would not: reconnecting, and so retry, and redirects.
package sse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/answer"
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
	dialer  *wire.Dialer
	timeout time.Duration
	calls   []*call // by plan.Call.Index; nil for calls of other protocols
}

// call is a compiled call.
type call struct {
	opening *opener.Opening
	request *plan.HTTP
}

// New compiles the streams of a plan. It connects to nothing. It fails if a literal part of a request
// cannot be sent.
func New(p *plan.Plan, d *wire.Dialer) (*Clients, error) {
	f := &Clients{dialer: d, timeout: p.Target.Timeout, calls: make([]*call, len(p.Calls))}
	for i, c := range p.Calls {
		content, ok := c.Content.(*plan.SSE)
		if !ok {
			continue
		}
		opening, err := opener.NewOpening(content.Request, c.Name, &p.Target, d, d.Via(d.Target()))
		if err != nil {
			return nil, err
		}
		f.calls[i] = &call{opening, content.Request}
	}
	return f, nil
}

// Client makes the client of one user, who has these cookies.
func (f *Clients) Client(cookies *jar.Jar) load.Client { return &client{clients: f, cookies: cookies} }

// Spoken names the protocol.
func (*Clients) Spoken() string { return "server-sent events" }

// Close does nothing: users share no connections.
func (*Clients) Close() error { return nil }

// client is one user. It has one stream at a time.
type client struct {
	clients *Clients
	cookies *jar.Jar
	fuse    wire.Fuse
	conn    *wire.Conn // of the stream, or kept for the next one; nil for none
	in      *http1.Reader
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
	t := u.clients.calls[c.Index]
	request, err := t.opening.Fill(v, u.cookies, "")
	if err != nil {
		return nil, load.Outcome{Class: tally.Expect, Error: opener.Misfit(err)}
	}
	until := time.Now().Add(u.clients.timeout)
	o := load.Outcome{Class: tally.OK}
	err = u.ask(ctx, request.Bytes, t.request.Method, until, &o)
	if err == nil {
		t.opening.Keep(request, u.cookies, u.in.Answer().Cookies)
		u.stream = stream{client: u, parser: parser{data: u.stream.parser.data[:0]}}
		err = u.stream.begin(u.in.Answer())
	}
	if err != nil {
		u.drop()
		failed := u.failed(err)
		failed.Sent, failed.Resent = o.Sent, o.Resent
		return nil, failed
	}
	o.Ended = time.Now()
	return &u.stream, o
}

// ask sends a request and reads the header of its answer. As package http does, it asks once more on a
// fresh connection if a kept one ended without an answer and the method may be repeated.
func (u *client) ask(ctx context.Context, request []byte, method string, until time.Time, o *load.Outcome) error {
	kept := u.conn != nil && !u.conn.Stale()
	if !kept {
		u.drop()
		if err := u.connect(ctx, until); err != nil {
			return err
		}
	}
	o.Sent = time.Now()
	err := u.exchange(request, until)
	if err == nil || !kept || u.in.Begun() || u.fuse.Blown() || errors.Is(err, os.ErrDeadlineExceeded) || method != http.MethodGet {
		return err
	}
	u.drop()
	if err := u.connect(ctx, until); err != nil {
		return err
	}
	o.Resent = 1
	return u.exchange(request, until)
}

// connect dials.
func (u *client) connect(ctx context.Context, until time.Time) error {
	c, err := u.clients.dialer.Connect(ctx, u.clients.dialer.Target(), until, "http/1.1")
	if err != nil {
		return err
	}
	u.conn, u.in = c, http1.NewStreamReader()
	return nil
}

// exchange writes a request and reads the header of its answer.
func (u *client) exchange(request []byte, until time.Time) error {
	u.conn.Give(&u.fuse)
	u.conn.Begin(until)
	_, failure := u.conn.Write(request)
	if failure != nil && !wire.ClosedByPeer(failure) {
		return failure
	}
	err := u.in.Begin(u.conn, http1.Want{Body: true, Header: true, Cookies: true})
	if err != nil && failure != nil && !u.in.Begun() {
		return failure
	}
	return err
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

// check checks the header of an answer.
func check(a *http1.Answer) error {
	if a.Status != http.StatusOK {
		return refusal(a.Status)
	}
	kind, _ := a.Field("Content-Type")
	media, _, err := mime.ParseMediaType(kind)
	switch {
	case kind == "":
		return wire.Fault("the answer has no Content-Type, where text/event-stream was expected")
	case err != nil || media != "text/event-stream":
		return wire.Fault(fmt.Sprintf("the Content-Type is %.60q, where text/event-stream was expected", media))
	}
	return nil
}

// failed is the outcome of what an error ended.
func (u *client) failed(err error) load.Outcome {
	if u.fuse.Blown() {
		err = wire.ErrCut
	}
	o := load.Outcome{Unfinished: wire.IsCut(err)}
	o.Class, o.Error = wire.Classify(err)
	var status refusal
	if errors.As(err, &status) {
		o.Class, o.Error = tally.Status, status.Error()
	}
	return o
}

// drop closes the connection.
func (u *client) drop() {
	u.fuse.Release()
	if u.conn != nil {
		u.conn.Close() //nolint:errcheck // nothing more goes over it
		u.conn, u.in = nil, nil
	}
}

// Idle frees the memory that large events needed.
func (u *client) Idle() { u.stream.parser.shrink() }

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
	whole  bool   // the server has ended the stream, and the connection may carry another request
}

var _ load.Stream = (*stream)(nil)

// begin checks the answer, whose body the stream reads.
func (s *stream) begin(a *http1.Answer) error {
	if err := check(a); err != nil {
		return err
	}
	var err error
	s.body, err = newBody(s.client.in, a.Coding)
	return err
}

// Send is never called: the profile refuses to send over a stream of events.
func (s *stream) Send(*plan.Message, load.Values) load.Outcome {
	panic("sse: nothing is sent over a stream of events")
}

// Receive waits for an event; see load.Stream.
func (s *stream) Receive(m *plan.Message, v load.Values, deadline time.Time) load.Received {
	s.client.conn.Begin(deadline)
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
			s.whole = s.client.in.Reusable()
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

// judge checks an event that came.
func judge(m *plan.Message, e *event, v load.Values) load.Received {
	r := load.Received{Event: load.Answered, Outcome: load.Outcome{Ended: time.Now(), Class: tally.OK, BytesReceived: int64(len(e.data))}}
	a := answer.Answer{Body: e.data, Head: e}
	if wrong := a.Check(m.Content.(*plan.Payload).Expect, m.Save, v); wrong != "" {
		r.Class, r.Error = tally.Expect, wrong
	}
	return r
}

// End ends the stream; see load.Stream. The connection is kept if the server has ended the stream.
func (s *stream) End() load.Outcome {
	o := load.Outcome{Class: tally.OK, BytesReceived: s.client.in.Answer().Received}
	s.body.close()
	if s.whole {
		s.client.fuse.Release()
	} else {
		s.client.drop()
	}
	return o
}
