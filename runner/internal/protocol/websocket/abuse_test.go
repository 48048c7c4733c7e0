package websocket_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// frame is a frame of a server.
func frame(first byte, data string) string {
	switch n := len(data); {
	case n <= 125:
		return string([]byte{first, byte(n)}) + data
	case n <= 0xffff:
		return string(binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(n))) + data
	default:
		return string(binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(n))) + data
	}
}

// abusive is a server that answers every handshake and then does something; extra are further lines of
// its answer.
func abusive(t *testing.T, extra string, then func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: " + ws.Accept(r.Header.Get("Sec-WebSocket-Key")) + "\r\n" + extra + "\r\n"
				if strings.HasPrefix(extra, "HTTP/") {
					answer = extra
				}
				if _, err := io.WriteString(c, answer); err == nil {
					then(c)
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

// sends is a server that sends a text, and then nothing until the client goes.
func sends(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, text)
		_, _ = io.Copy(io.Discard, c)
	}
}

// Whatever a server does ends in time, in a bounded memory, and in words.
func TestAbuse(t *testing.T) {
	forever := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, text); err != nil {
					return
				}
			}
		}
	}
	const late = "no message in time (target.timeout is 1s)"
	for name, c := range map[string]struct {
		extra string
		then  func(net.Conn)
		class tally.Class
		text  string
	}{
		"half a frame":      {"", sends("\x81\x7e\x10\x00half"), tally.Timeout, late},
		"half a header":     {"", sends("\x81"), tally.Timeout, late},
		"announces 16 MiB":  {"", sends("\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x00"), tally.Timeout, late},
		"announces 8 EiB":   {"", sends("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), tally.Transport, "a message is larger than 16 MiB"},
		"continues nothing": {"", forever(frame(0x00, strings.Repeat("x", 60_000))), tally.Transport, "a fragment continues no message"},
		"17 MiB in fragments": {"", func(c net.Conn) {
			_, _ = io.WriteString(c, frame(0x02, ""))
			forever(frame(0, strings.Repeat("x", 60_000)))(c)
		}, tally.Transport, "a message is larger than 16 MiB"},
		"empty fragments": {"", func(c net.Conn) {
			_, _ = io.WriteString(c, frame(0x02, ""))
			forever(strings.Repeat(frame(0, ""), 1000))(c)
		}, tally.Timeout, late},
		"ping flood":           {"", forever(strings.Repeat(frame(0x89, strings.Repeat("p", 125)), 100)), tally.Timeout, late},
		"pong flood":           {"", forever(strings.Repeat(frame(0x8a, ""), 1000)), tally.Timeout, late},
		"126 bytes of ping":    {"", sends(frame(0x89, strings.Repeat("p", 126))), tally.Transport, "a control frame is longer than 125 bytes, or in fragments"},
		"close storm":          {"", forever(strings.Repeat(frame(0x88, "\x03\xf0"), 1000)), tally.Transport, "closed by the server: 1008"},
		"close, then data":     {"", sends(frame(0x88, "\x03\xf3oh\r\nno") + frame(0x81, "late")), tally.Transport, "closed by the server: 1011 oh  no"},
		"a close code of none": {"", sends(frame(0x88, "\x03\xed")), tally.Transport, "the server closed with the code 1005, which no close frame may have"},
		"half a close code":    {"", sends(frame(0x88, "\x03")), tally.Transport, "a close frame is malformed"},
		"no accept": {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", sends(""), tally.Transport,
			"the answer of the server has no Sec-WebSocket-Accept: is a WebSocket served at this path?"},
		"split UTF-8":           {"", sends(frame(0x01, "\xc3") + frame(0x89, "") + frame(0x80, "(")), tally.Transport, "a text message is not UTF-8"},
		"masked":                {"", sends("\x81\x81\x00\x00\x00\x00x"), tally.Transport, "a frame of the server is masked"},
		"compressed":            {"", sends("\xc1\x00"), tally.Transport, "a frame has reserved bits set, as if an extension had been agreed on"},
		"goes away":             {"", func(net.Conn) {}, tally.Transport, "the server closed the connection without a close frame (1006)"},
		"goes away in a frame":  {"", func(c net.Conn) { _, _ = io.WriteString(c, "\x81\x05he") }, tally.Transport, "the server closed the connection without a close frame (1006)"},
		"an extension":          {"Sec-WebSocket-Extensions: permessage-deflate\r\n", sends(""), tally.Transport, "the server uses an extension that was not offered"},
		"a subprotocol":         {"Sec-WebSocket-Protocol: x\r\n", sends(""), tally.Transport, `the server took the subprotocol "x", which was not offered`},
		"two accepts":           {"Sec-WebSocket-Accept: x\r\n", sends(""), tally.Transport, "the Sec-WebSocket-Accept of the server does not fit the key that was sent"},
		"another upgrade":       {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", sends(""), tally.Transport, "the server switched to another protocol than WebSocket"},
		"a redirect":            {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", sends(""), tally.Status, "the server answered 302 Found and did not switch protocols: a WebSocket follows no redirect"},
		"an answer of any kind": {"HTTP/3.0 101\r\n\r\n", sends(""), tally.Transport, "the answer is not HTTP/1.1"},
		"no answer":             {"HTTP/", sends(""), tally.Timeout, "no whole answer in time (target.timeout is 1s)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, timeout := abusive(t, c.extra, c.then), "5s"
			if c.class == tally.Timeout {
				timeout = "1s"
			}
			all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: `+timeout+`}
load: {users: 1, run_time: 200ms, rounds: 1, stop_within: 6s}
users: [{name: u, wait: 50ms, tasks: [{websocket: /, name: a, messages: [{receive: 1}]}]}]
`)
			protocoltest.Ended(t, all, "a", c.class, c.text)
		})
	}
}

// A server that floods a user who waits is read up to 1 MiB, and then slowed down.
func TestFloodWhileWaiting(t *testing.T) {
	url := abusive(t, "", func(c net.Conn) {
		message := frame(0x82, strings.Repeat("x", 1000))
		for {
			if _, err := io.WriteString(c, message); err != nil {
				return
			}
		}
	})
	u := open(t, url, "/", "")
	defer u.end()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	u.stream.(interface{ Rest(time.Time) }).Rest(time.Now().Add(timeout))
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes were allocated while the user waited", grown)
	}
	for range 1000 {
		if r := u.receive(time.Now().Add(timeout)); r.Class != tally.OK {
			t.Fatalf("%v %s", r.Class, r.Error)
		}
	}
}

// Reasons that differ in their values alone are one kind of error, and an example has the values.
func TestReasonsAreCountedByKind(t *testing.T) {
	u := open(t, abusive(t, "", sends(frame(0x88, "\x0f\xa1user 17 kicked"))), "/", "")
	defer u.end()
	r := u.receive(time.Now().Add(timeout))
	if r.Error != "closed by the server: 4001 user # kicked" || r.Example != "closed by the server: 4001 user 17 kicked" {
		t.Errorf("%q, for example %q", r.Error, r.Example)
	}
}

// Nothing follows a frame that was sent only in part: the server would read it as the rest of that frame.
func TestNothingFollowsHalfAFrame(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	u := open(t, abusive(t, "", func(c net.Conn) {
		<-read
		_, _ = io.Copy(io.Discard, c)
	}), "/", "")
	defer u.end()
	if r := u.say(strings.Repeat("x", 32<<20)); r.Class != tally.Timeout || r.Error != "the message was not sent in time" {
		t.Errorf("%v %s", r.Class, r.Error)
	}
	close(read)
	const want = "the server did not read in time, and a frame was sent only in part: nothing can follow it"
	if r := u.say("next"); r.Class != tally.Transport || r.Error != want {
		t.Errorf("sent: %v %q", r.Class, r.Error)
	}
	if r := u.receive(time.Now().Add(timeout)); r.Class != tally.Transport || r.Error != want {
		t.Errorf("received: %v %q", r.Class, r.Error)
	}
}
