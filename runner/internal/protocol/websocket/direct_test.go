package websocket_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/jar"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/websocket"
	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// values are those of a user of a test, who has none.
type values struct{}

func (values) Append(dst []byte, t plan.Text) []byte {
	for _, part := range t {
		dst = append(dst, part.Literal...)
	}
	return dst
}

func (values) Save(int, profile.Value) {}

// user is one user with one WebSocket, used as a load does.
type user struct {
	t       testing.TB
	client  load.Client
	call    *plan.Call
	stream  load.Stream
	message plan.Message // what say sends
	opened  load.Outcome
}

const timeout = 5 * time.Second

// users makes clients of a target; proxy may be empty.
func users(t testing.TB, target, path, proxy string) func() *user {
	t.Helper()
	way := func(*url.URL) (*url.URL, error) { return nil, nil }
	if proxy != "" {
		way = func(*url.URL) (*url.URL, error) { return url.Parse(proxy) }
	}
	at := plan.Target{URL: target, Shown: target, Hosts: []string{"*"}, Timeout: timeout, TLS: profile.TLS{Insecure: true}}
	d, err := wire.NewDialer(at, way)
	if err != nil {
		t.Fatal(err)
	}
	handshake := &plan.HTTP{Method: "GET", Path: plan.Lit(path), Headers: []plan.Header{
		{Name: "Connection", Value: plan.Lit("Upgrade")}, {Name: "Upgrade", Value: plan.Lit("websocket")}, {Name: "Sec-WebSocket-Version", Value: plan.Lit("13")},
	}}
	c := &plan.Call{Name: path, Content: &plan.WebSocket{Handshake: handshake}}
	made, err := websocket.New(&plan.Plan{Target: at, Calls: []*plan.Call{c}}, d)
	if err != nil {
		t.Fatal(err)
	}
	return func() *user {
		return &user{t: t, client: made.Client(new(jar.Jar)), call: c, message: plan.Message{
			Sends: true, Awaits: profile.AwaitReply, Content: &plan.Payload{},
		}}
	}
}

// open is a user whose WebSocket is open.
func open(t testing.TB, target, path, proxy string) *user {
	t.Helper()
	u := users(t, target, path, proxy)()
	if u.open(); u.opened.Class != tally.OK {
		t.Fatalf("%v %s", u.opened.Class, u.opened.Error)
	}
	return u
}

func (u *user) open() {
	u.stream, u.opened = u.client.(load.Opener).Open(u.t.Context(), u.call, values{})
}

// say sends a text and awaits a message.
func (u *user) say(text string) load.Received {
	u.message.Content.(*plan.Payload).Send = plan.Lit(text)
	return u.exchange()
}

func (u *user) exchange() load.Received {
	if o := u.stream.Send(&u.message, values{}); o.Class != tally.OK {
		return load.Received{Event: load.Broken, Outcome: o}
	}
	return u.receive(time.Now().Add(timeout))
}

func (u *user) receive(until time.Time) load.Received {
	return u.stream.Receive(&u.message, values{}, until)
}

func (u *user) end() { u.stream.End() }
