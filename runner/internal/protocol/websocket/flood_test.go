package websocket_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// echoes is how many messages slowEcho sends for one.
const echoes = 3

// slowEcho is a server that answers each message with several of its length, and pings before each hundredth. Only its
// send buffer is small: past a fixed receive buffer, Linux drops the acknowledgements that come with data, and both
// sides can stall for seconds.
func slowEcho(t *testing.T, start func(*httptest.Server)) string {
	t.Helper()
	server := httptest.NewUnstartedServer(accepting(gorilla.Upgrader{}, func(c *gorilla.Conn) {
		socket := c.NetConn()
		if encrypted, ok := socket.(*tls.Conn); ok {
			socket = encrypted.NetConn()
		}
		_ = socket.(*net.TCPConn).SetWriteBuffer(256 << 10)
		pongs := 0
		c.SetPongHandler(func(string) error { pongs++; return nil })
		for i := 0; ; i++ {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			if string(message) == "pongs?" {
				_ = c.WriteMessage(kind, fmt.Appendf(nil, "some: %v", pongs > 0))
				continue
			}
			if i%100 == 0 {
				_ = c.WriteControl(gorilla.PingMessage, []byte("p"), time.Now().Add(time.Second))
			}
			for range echoes {
				if c.WriteMessage(kind, message) != nil {
					return
				}
			}
		}
	}))
	start(server)
	t.Cleanup(server.Close)
	return server.URL
}

// sending is a user whose call sends a text, awaiting nothing, and then does the rest.
func sending(t *testing.T, target, text string, rest ...plan.Message) *user {
	t.Helper()
	u := users(t, target, "/", "")()
	send := plan.Message{Sends: true, Repeat: 1, Content: &plan.Payload{Send: plan.Lit(text)}}
	u.call.Messages = append([]plan.Message{send}, rest...)
	if u.open(); u.opened.Class != tally.OK {
		t.Fatalf("%v %s", u.opened.Class, u.opened.Error)
	}
	return u
}

// repeat sends the first message of the call until one is not sent.
func (u *user) repeat(times int) (o load.Outcome) {
	for range times {
		if o = u.stream.Send(&u.call.Messages[0], values{}); o.Class != tally.OK {
			break
		}
	}
	return o
}

// A server that reads on only once its own messages are read does not block who sends: what comes is read
// meanwhile, and dropped if nobody awaits it.
func TestSendingReads(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"ws": (*httptest.Server).Start, "wss": (*httptest.Server).StartTLS} {
		for size, times := range map[int]int{1000: 12_000, 200_000: 60} {
			t.Run(fmt.Sprint(name, " ", size), func(t *testing.T) {
				u := sending(t, slowEcho(t, start), strings.Repeat("x", size))
				if o := u.repeat(times); o.Class != tally.OK {
					t.Errorf("%v %s", o.Class, o.Error)
				}
				if o := u.stream.End(); o.Class != tally.OK {
					t.Errorf("the end: %v %s", o.Class, o.Error)
				}
			})
		}
	}
}

// Messages that a later step awaits are kept during many sends, and a ping that comes meanwhile is answered.
func TestSendingKeeps(t *testing.T) {
	const times = 90
	u := sending(t, slowEcho(t, (*httptest.Server).Start), strings.Repeat("x", 1000), plan.Message{Awaits: profile.AwaitCount, Content: &plan.Payload{}})
	defer u.end()
	u.repeat(times)
	for i := range echoes * times {
		if r := u.stream.Receive(&u.call.Messages[1], values{}, time.Now().Add(timeout)); r.Class != tally.OK || r.BytesReceived != 1000 {
			t.Fatalf("message %d: %v %s, %d bytes", i, r.Class, r.Error, r.BytesReceived)
		}
	}
	u.message.Content.(*plan.Payload).Expect = []plan.Condition{plan.NewCondition(profile.Condition{Of: profile.OfText, Op: profile.Contains, Operand: "some: true"})}
	if r := u.say("pongs?"); r.Class != tally.OK {
		t.Errorf("%v %s", r.Class, r.Error)
	}
}

// Messages that are awaited later are kept up to 1 MiB. If the server then waits for its reader, the error says so.
func TestSendingIsUnread(t *testing.T) {
	t.Parallel()
	u := sending(t, slowEcho(t, (*httptest.Server).Start), strings.Repeat("x", 100_000), plan.Message{Awaits: profile.AwaitEnd, Content: &plan.Payload{}})
	defer u.end()
	const want = "the message was not sent in time: the server waits until its own messages are read, and 1 MiB of them is kept already; receive some between the sends"
	if o := u.repeat(500); o.Class != tally.Timeout || o.Error != want {
		t.Errorf("%v %s", o.Class, o.Error)
	}
}

// A server that floods with pings while a message is sent does not keep the sender.
func TestSendingUnderPings(t *testing.T) {
	pings := strings.Repeat(frame(0x89, "p"), 1000)
	u := sending(t, abusive(t, "", func(c net.Conn) {
		go func() { _, _ = io.Copy(io.Discard, c) }()
		for {
			if _, err := io.WriteString(c, pings); err != nil {
				return
			}
		}
	}), strings.Repeat("x", 5000))
	if o := u.repeat(1000); o.Class != tally.OK {
		t.Errorf("%v %s", o.Class, o.Error)
	}
	u.end()
}
