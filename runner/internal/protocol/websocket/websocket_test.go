package websocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol/protocoltest"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// command is what a client may ask of the servers below.
type command struct {
	Op, Text  string
	N, Bytes  int
	Close     int
	Fragments bool
}

// conn is a WebSocket of either library.
type conn interface {
	read() (binary bool, message []byte, err error)
	write(binary bool, message string) error
	close(code int, reason string)
}

// serve does what a client asks, until it closes. What it does not know is echoed.
func serve(c conn) {
	for {
		binary, message, err := c.read()
		if err != nil {
			return
		}
		var asked command
		if json.Unmarshal(message, &asked) != nil {
			asked = command{}
		}
		switch asked.Op {
		case "join":
			for i := range asked.N {
				_ = c.write(false, fmt.Sprintf(`{"op":"noise","i":%d}`, i))
			}
			_ = c.write(false, `{"op":"joined","session":"s1","members":2}`)
		case "count":
			for i := range asked.N {
				_ = c.write(false, fmt.Sprintf(`{"i":%d,"text":"é"}`, i))
			}
		case "big":
			_ = c.write(true, strings.Repeat("b", asked.Bytes))
		case "close":
			c.close(asked.Close, asked.Text)
			_, _, _ = c.read()
			return
		case "silence":
		default:
			_ = c.write(binary, string(message))
		}
	}
}

// gorillaConn is a WebSocket of gorilla.
type gorillaConn struct{ *gorilla.Conn }

func (c gorillaConn) read() (bool, []byte, error) {
	kind, message, err := c.ReadMessage()
	return kind == gorilla.BinaryMessage, message, err
}

func (c gorillaConn) write(binary bool, message string) error {
	if kind := gorilla.TextMessage; !binary {
		return c.WriteMessage(kind, []byte(message))
	}
	return c.WriteMessage(gorilla.BinaryMessage, []byte(message))
}

func (c gorillaConn) close(code int, reason string) {
	_ = c.WriteControl(gorilla.CloseMessage, gorilla.FormatCloseMessage(code, reason), time.Now().Add(time.Second))
}

// coderConn is a WebSocket of coder.
type coderConn struct{ *coder.Conn }

func (c coderConn) read() (bool, []byte, error) {
	kind, message, err := c.Read(context.Background())
	return kind == coder.MessageBinary, message, err
}

func (c coderConn) write(binary bool, message string) error {
	kind := coder.MessageText
	if binary {
		kind = coder.MessageBinary
	}
	return c.Write(context.Background(), kind, []byte(message))
}

func (c coderConn) close(code int, reason string) {
	_ = c.Close(coder.StatusCode(code), reason)
}

// accepting opens the WebSocket of each request, and closes it when serve returns.
func accepting(upgrader gorilla.Upgrader, serve func(*gorilla.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	}
}

// peers are servers of both libraries. Each knows /ws, and /login, which sets the cookie that /private
// wants.
func peers(t *testing.T) map[string]string {
	t.Helper()
	upgrader := gorilla.Upgrader{Subprotocols: []string{"chat.v2"}, EnableCompression: true}
	of := map[string]http.HandlerFunc{
		"gorilla": func(w http.ResponseWriter, r *http.Request) {
			c, err := upgrader.Upgrade(w, r, http.Header{"Set-Cookie": {"seen=yes"}})
			if err != nil {
				return
			}
			defer c.Close()
			serve(gorillaConn{c})
		},
		"coder": func(w http.ResponseWriter, r *http.Request) {
			c, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{"chat.v2"}, CompressionMode: coder.CompressionContextTakeover})
			if err != nil {
				return
			}
			defer c.CloseNow()
			c.SetReadLimit(-1)
			serve(coderConn{c})
		},
	}
	urls := map[string]string{}
	for name, handler := range of {
		mux := http.NewServeMux()
		mux.HandleFunc("/ws", handler)
		mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s1"})
		})
		mux.HandleFunc("/private", func(w http.ResponseWriter, r *http.Request) {
			user, _, _ := r.BasicAuth()
			if cookie, err := r.Cookie("session"); err != nil || cookie.Value != "s1" || r.Header.Get("X-Common") != "c" || user != "u" {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			handler(w, r)
		})
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		urls[name] = server.URL
	}
	return urls
}

// Against servers of two libraries: replies are picked out and saved from, messages awaited by number and
// until the end, in all sizes.
func TestPeers(t *testing.T) {
	for name, url := range peers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := protocoltest.Run(t, `
target: {url: "`+url+`"}
load: {users: 4, spawn_rate: 1e9, run_time: 1500ms, rounds: 2}
users:
  - name: chat
    fixed: 1
    wait: 5ms
    tasks:
      - websocket: /ws
        name: WS /chat/{room}
        subprotocol: [chat.v3, chat.v2]
        messages:
          - send: {op: join, n: 3}
            name: join
            reply: {op: joined}
            expect: {json: {members: "> 0"}, within: 5s}
            save: {session: session}
          - wait: 1ms..3ms
          - {send: "hi ${session}", expect: {text: "== hi s1"}, repeat: 2}
          - {send: 42, reply: "~ ^4"}
          - {send: "\0é", binary: true, expect: {size: 3}}
          - {send: {op: silence}, reply: none}
  - {name: count, fixed: 1, wait: 5ms, tasks: [{websocket: /ws, name: count, messages: [{send: {op: count, n: 20}, reply: none}, {receive: 20, within: 5s, expect: {json: {text: é}}}]}]}
  - {name: end, fixed: 1, wait: 5ms, tasks: [{websocket: /ws, name: end, messages: [{send: {op: count, n: 2}, reply: none}, {send: {op: close, close: 1001}, reply: none}, {receive: end}]}]}
  - name: big
    fixed: 1
    wait: 5ms
    tasks:
      - websocket: /ws
        name: big
        messages:
          - {send: {op: big, bytes: 100}, expect: {size: 100}, name: s}
          - {send: {op: big, bytes: 65535}, expect: {size: 65535}, name: s}
          - {send: {op: big, bytes: 65536}, expect: {size: 65536}, name: s}
          - {send: {op: big, bytes: 3000000}, expect: {size: 3000000}, name: s}
          - {send: "${sentence(500)}", expect: {size: "> 500"}, name: echo}
`)
			n := protocoltest.Ended(t, all, "WS /chat/{room}", tally.OK, "") // the end of the load came within the last
			for route, each := range map[string]int64{
				"WS /chat/{room} first message": 1, "WS /chat/{room} each message": 2, "WS /chat/{room} join": 1, "WS /chat/{room} message 3": 2, "WS /chat/{room} message 4": 1,
			} {
				if got := protocoltest.Ended(t, all, route, tally.OK, ""); got < (n-1)*each || got > n*each || !all.Routes[route].Part {
					t.Errorf("%s: %d in %d calls, want %d in each", route, got, n, each)
				}
			}
			for _, route := range []string{"count", "count each message", "end", "end first message", "big", "big s", "big echo"} {
				protocoltest.Ended(t, all, route, tally.OK, "")
			}
		})
	}
}

// A handshake carries the user's cookies, the headers of the target and its credentials; and a cookie
// that the handshake sets counts.
func TestHandshakeIsTheUsers(t *testing.T) {
	for name, url := range peers(t) {
		t.Run(name, func(t *testing.T) {
			all := protocoltest.Run(t, `
target: {url: "`+strings.Replace(url, "http://", "http://u:p@", 1)+`", headers: {X-Common: c, Connection: close}}
load: {users: 1, run_time: 200ms, rounds: 1}
users:
  - name: u
    on_start: [{http: GET /login}]
    wait: 5ms
    tasks:
      - {websocket: /private, messages: [{send: x, expect: {text: == x}}]}
      - {websocket: /private, name: nothing}
`)
			protocoltest.Ended(t, all, "WS /private", tally.OK, "")
			protocoltest.Ended(t, all, "nothing", tally.OK, "")
			all = protocoltest.Run(t, `
target: {url: "`+url+`"}
load: {users: 1, run_time: 100ms, rounds: 1}
users: [{name: u, wait: 5ms, tasks: [{websocket: /private, messages: [{receive: 1}]}]}]
`)
			protocoltest.Ended(t, all, "WS /private", tally.Status, "the server answered 403 Forbidden and did not switch protocols")
		})
	}
}

// Each mistake of a server has a sentence.
func TestFaults(t *testing.T) {
	for name, url := range peers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := protocoltest.Run(t, `
target: {url: "`+url+`", timeout: 1s}
load: {users: 8, spawn_rate: 1e9, run_time: 700ms, rounds: 1}
users:
  - {name: a, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: a, messages: [{send: {op: close, close: 1008, text: "policy\n1"}}]}]}
  - {name: b, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: b, messages: [{send: {op: close, close: 1000}}]}]}
  - {name: c, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: c, messages: [{send: {op: silence}}]}]}
  - {name: d, fixed: 1, wait: 50ms, tasks: [{websocket: /login, name: d, messages: [{receive: 1}]}]}
  - {name: e, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: e, subprotocol: chat.v9, messages: [{receive: 1}]}]}
  - {name: f, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: f, messages: [{send: {a: 1}, expect: {json: {a: 2}}}]}]}
  - {name: g, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: g, messages: [{send: x, expect: {json: {a: 2}}, save: {b: c}}]}]}
  - {name: h, fixed: 1, wait: 50ms, tasks: [{websocket: /ws, name: h, messages: [{send: {op: silence}, within: 100ms}]}]}
`)
			for route, want := range map[string]struct {
				class tally.Class
				text  string
			}{
				"a": {tally.Transport, "closed by the server: 1008 policy #"},
				"b": {tally.Transport, "closed by the server: 1000"},
				"c": {tally.Timeout, "no reply in time (target.timeout is 1s)"},
				"d": {tally.Status, "the server answered 200 OK and did not switch protocols"},
				"e": {tally.Transport, "the server did not take the subprotocol chat.v9"},
				"f": {tally.Expect, "expected a == 2"},
				"g": {tally.Expect, "the answer is not JSON"},
				"h": {tally.Expect, "no reply within 100ms"},
			} {
				protocoltest.Ended(t, all, route, want.class, want.text)
				if route != "d" && route != "e" {
					protocoltest.Ended(t, all, route+" message 1", want.class, want.text)
				}
			}
		})
	}
}

// A server that closes for a reason of its own once the last message came is a failure; a normal closure
// is none. So is a connection that just ends.
func TestCloseAfterTheLastMessage(t *testing.T) {
	url := peers(t)["gorilla"]
	all := protocoltest.Run(t, `
target: {url: "`+url+`"}
load: {users: 2, spawn_rate: 1e9, run_time: 200ms, rounds: 1}
users:
  - {name: a, fixed: 1, wait: 5ms, tasks: [{websocket: /ws, name: a, messages: [{send: {op: close, close: 1011, text: oh}, reply: none}, {wait: 500ms}]}]}
  - {name: b, fixed: 1, wait: 5ms, tasks: [{websocket: /ws, name: b, messages: [{send: {op: close, close: 1000}, reply: none}, {wait: 500ms}]}]}
`)
	protocoltest.Ended(t, all, "a", tally.Transport, "closed by the server: 1011 oh")
	protocoltest.Ended(t, all, "b", tally.OK, "")
}

// Pings are answered while the user just waits, and messages that came meanwhile are not lost. What came
// before a message was sent is no reply to it.
func TestWaiting(t *testing.T) {
	var mu sync.Mutex // guards pongs, and messages from here
	pongs := 0
	server := httptest.NewServer(accepting(gorilla.Upgrader{}, func(c *gorilla.Conn) {
		c.SetPongHandler(func(data string) error {
			mu.Lock()
			defer mu.Unlock()
			if data == strings.Repeat("p", 125) {
				pongs++
			}
			return nil
		})
		go func() {
			for i := range 3 {
				_ = c.WriteControl(gorilla.PingMessage, []byte(strings.Repeat("p", 125)), time.Now().Add(time.Second))
				mu.Lock()
				_ = c.WriteMessage(gorilla.TextMessage, fmt.Append(nil, "early ", i))
				mu.Unlock()
			}
		}()
		for {
			kind, message, err := c.ReadMessage()
			if err != nil {
				return
			}
			mu.Lock()
			if string(message) == "ask" && pongs < 3 {
				message = fmt.Append(nil, pongs, " pongs came in time")
			}
			_ = c.WriteMessage(kind, message)
			mu.Unlock()
		}
	}))
	defer server.Close()
	all := protocoltest.Run(t, `
target: {url: "`+server.URL+`"}
load: {users: 1, run_time: 2s, rounds: 1}
users:
  - name: u
    wait: 5ms
    tasks: [{websocket: /, messages: [{wait: 900ms}, {receive: 1, expect: {text: == early 0}}, {send: ask, expect: {text: == ask}}]}]
`)
	n := protocoltest.Ended(t, all, "WS /", tally.OK, "")
	if each := protocoltest.Ended(t, all, "WS / each message", tally.OK, ""); each < 2*(n-1) {
		t.Errorf("%d messages passed over in %d calls", each, n)
	}
	if fastest := all.Routes["WS / first message"].Response.Min(); fastest >= 900*time.Millisecond {
		t.Errorf("the wait before the first message counts: %v", fastest)
	}
	if fastest := all.Routes["WS /"].Response.Min(); fastest >= 900*time.Millisecond {
		t.Errorf("the call counts more than its opening: %v", fastest)
	}
}

// Through a proxy a WebSocket asks for a tunnel.
func TestProxy(t *testing.T) {
	url := peers(t)["gorilla"]
	asked := make(chan string, 100)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.Host
		if r.Method != http.MethodConnect {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			return
		}
		defer to.Close()
		from, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(to, from) }()
		_, _ = io.Copy(from, to)
	}))
	defer proxy.Close()
	c := open(t, url, "/ws", proxy.URL)
	defer c.end()
	if o := c.say("hello"); o.Class != tally.OK {
		t.Errorf("through the proxy: %v %s", o.Class, o.Error)
	}
	if got, want := <-asked, "CONNECT "+strings.TrimPrefix(url, "http://"); got != want {
		t.Errorf("the proxy was asked %q, want %q", got, want)
	}
}
