// Package websocket makes the calls of a plan that are WebSockets (RFC 6455).
//
// A WebSocket is opened with a request of HTTP/1.1 that carries what an HTTP call of the same user
// would: headers of the target, Authorization and cookies. It goes over a connection of its own; a proxy
// is asked for a tunnel. Redirects are not followed, and no extension is offered.
//
// The user's own goroutine reads, so an idle socket costs no goroutine and no more than a small buffer.
// Pings are answered while the user waits for a message, and while it just waits (Rest). Messages that
// nobody awaits stay in the buffer, up to 1 MiB; past that reading stops, and TCP slows the server down. A
// message that the connection may not take at once is written beside reads, on a goroutine that ends with it.
//
// The server's answer completes the opening. A stream ends with a closing handshake. The client waits a
// moment for the server to close the connection: else this machine would run out of ports.
package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/http1"
	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	opener "github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Clients makes the clients of one run. Safe for concurrent use.
type Clients struct {
	dialer  *wire.Dialer
	timeout time.Duration
	calls   []*call   // by plan.Call.Index; nil for calls of other protocols
	answers sync.Pool // of *http1.Reader
}

// call is a compiled call.
type call struct {
	opening      *opener.Opening
	content      *plan.WebSocket
	subscription *subscription // nil for none
}

// New compiles the WebSockets of a plan. It connects to nothing. It fails if a literal part of a
// handshake cannot be sent.
func New(p *plan.Plan, d *wire.Dialer) (*Clients, error) {
	f := &Clients{dialer: d, timeout: p.Target.Timeout, calls: make([]*call, len(p.Calls))}
	f.answers.New = func() any { return http1.NewStreamReader() }
	for i, c := range p.Calls {
		content, ok := c.Content.(*plan.WebSocket)
		if !ok {
			continue
		}
		opening, err := opener.NewOpening(content.Handshake, c.Name, &p.Target, d, wire.Via{})
		if err != nil {
			return nil, err
		}
		f.calls[i] = &call{opening, content, newSubscription(content)}
	}
	return f, nil
}

// Client makes the client of one user, who has these cookies.
func (f *Clients) Client(cookies *jar.Jar) load.Client { return &client{clients: f, cookies: cookies} }

// Spoken names the protocol.
func (*Clients) Spoken() string { return "WebSocket" }

// Close does nothing: users share no connections.
func (*Clients) Close() error { return nil }

// client is one user. It has one stream at a time.
type client struct {
	clients *Clients
	cookies *jar.Jar
	fuse    wire.Fuse
	stream  stream
}

var _ load.Opener = (*client)(nil)

// Do opens a WebSocket, sends and reads nothing, and closes it.
func (u *client) Do(ctx context.Context, c *plan.Call, v load.Values) load.Outcome {
	s, o := u.Open(ctx, c, v)
	if o.Class == tally.OK {
		s.End()
	}
	return o
}

// Open opens a WebSocket; see load.Opener.
func (u *client) Open(ctx context.Context, c *plan.Call, v load.Values) (load.Stream, load.Outcome) {
	u.fuse.Watch(ctx)
	t := u.clients.calls[c.Index]
	key := ws.Key()
	request, err := t.opening.Fill(v, u.cookies, "\r\nSec-WebSocket-Key: "+key)
	if err != nil {
		return nil, load.Outcome{Class: tally.Expect, Error: opener.Misfit(err)}
	}
	until := time.Now().Add(u.clients.timeout)
	conn, err := u.clients.dialer.ConnectThrough(ctx, u.clients.dialer.Target(), until, "http/1.1")
	if err != nil {
		return nil, u.failed(err)
	}
	conn.Give(&u.fuse)
	o := load.Outcome{Sent: time.Now(), Class: tally.OK}
	u.stream = stream{client: u, conn: conn, messages: c.Messages, out: make([]byte, ws.Room, ws.Room+128), in: u.stream.in, free: wire.AtOnce}
	err = u.handshake(t, request, ws.Accept(key), until)
	if err == nil && t.subscription != nil {
		err = u.stream.begin(t.subscription, v, until)
	}
	if err != nil {
		u.drop()
		failed := u.failed(err)
		failed.Sent = o.Sent
		return nil, failed
	}
	o.Ended = time.Now()
	return &u.stream, o
}

// refusal is the error of a handshake that the server answered with another status than 101.
type refusal int

// Error names the status.
func (r refusal) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("the server answered %d %s", int(r), http.StatusText(int(r)))) + " and did not switch protocols"
	if r/100 == 3 {
		text += ": a WebSocket follows no redirect"
	}
	return text
}

// handshake sends the request and checks the answer (section 4.1).
func (u *client) handshake(t *call, request opener.Filled, accept string, until time.Time) error {
	c := u.stream.conn
	c.Begin(until)
	if _, err := c.Write(request.Bytes); err != nil && !wire.ClosedByPeer(err) {
		return err
	}
	in := u.clients.answers.Get().(*http1.Reader)
	defer func() {
		in.Shrink()
		u.clients.answers.Put(in)
	}()
	if err := in.Begin(c, http1.Want{Header: true, Cookies: true}); err != nil {
		return err
	}
	a := in.Answer()
	t.opening.Keep(request, u.cookies, a.Cookies)
	if a.Status != http.StatusSwitchingProtocols {
		return refusal(a.Status)
	}
	u.stream.in.Feed(in.Rest())
	return t.check(a, accept)
}

// check checks an answer that switches protocols.
func (t *call) check(a *http1.Answer, accept string) error {
	upgrade, _ := a.Field("Upgrade")
	connection, _ := a.Field("Connection")
	if !strings.EqualFold(upgrade, "websocket") || !http1.HasToken([]byte(connection), "upgrade") {
		return wire.Fault("the server switched to another protocol than WebSocket")
	}
	switch got, _ := a.Field("Sec-WebSocket-Accept"); got {
	case accept:
	case "":
		return wire.Fault("the answer of the server has no Sec-WebSocket-Accept: is a WebSocket served at this path?")
	default:
		return wire.Fault("the Sec-WebSocket-Accept of the server does not fit the key that was sent")
	}
	if extensions, _ := a.Field("Sec-WebSocket-Extensions"); extensions != "" {
		return wire.Fault("the server uses an extension that was not offered")
	}
	offered := t.content.Subprotocols
	switch taken, _ := a.Field("Sec-WebSocket-Protocol"); {
	case taken == "" && len(offered) > 0:
		return wire.Fault("the server did not take the subprotocol " + strings.Join(offered, " or "))
	case taken != "" && !slices.Contains(offered, taken):
		return wire.Fault(fmt.Sprintf("the server took the subprotocol %.40q, which was not offered", taken))
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
	var graphql refused
	var closed closing
	switch {
	case errors.As(err, &status):
		o.Class, o.Error = tally.Status, status.Error()
	case errors.As(err, &graphql):
		o.Class, o.Error, o.Example = tally.GraphQL, graphql.kind, graphql.full
	case errors.As(err, &closed):
		if o.Class, o.Error = tally.Transport, closed.kind().Error(); o.Error != closed.Error() {
			o.Example = closed.Error()
		}
	}
	return o
}

// drop closes the connection of the stream.
func (u *client) drop() {
	u.fuse.Release()
	u.stream.conn.Close() //nolint:errcheck // nothing more goes over it
	u.stream = stream{in: u.stream.in}
	u.stream.in.Reset()
}

// Idle frees the memory that large messages needed.
func (u *client) Idle() { u.stream.shrink() }

// Close ends the watch on the context. No stream is open.
func (u *client) Close() error {
	u.fuse.Unwatch()
	return nil
}
