package http_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	calls "github.com/plimsoll-ci/plimsoll/runner/internal/protocol/http"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// text is a server's answer that is followed by the end of the connection.
func text(s string) func(net.Conn) {
	return func(c net.Conn) { io.WriteString(c, s) }
}

// endless writes a text again and again, within bounds, for as long as the client reads.
func endless(start, again string) func(net.Conn) {
	return func(c net.Conn) {
		io.WriteString(c, start)
		block := strings.Repeat(again, 1+1<<14/len(again))
		for range 40 << 20 / len(block) {
			if _, err := io.WriteString(c, block); err != nil {
				return
			}
		}
	}
}

func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// silent keeps the connection open until the client leaves.
func silent(c net.Conn) { io.Copy(io.Discard, c) }

// bomb is the gzip of more zeros than may be held.
func bomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 17 {
		z.Write(zeros)
	}
	z.Close()
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.String())
}

const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

func TestMisbehavingServers(t *testing.T) {
	notHTTP := "the answer is not HTTP/1.1"
	timeout := "no whole answer in time"
	for name, c := range map[string]struct {
		serve func(net.Conn)
		class tally.Class
		text  string
	}{
		"garbage":                 {text("hello\r\n\r\n"), tally.Transport, notHTTP},
		"another protocol":        {text("SSH-2.0-OpenSSH_9.2\r\n"), tally.Transport, notHTTP},
		"HTTP/2":                  {text("HTTP/2.0 200 OK\r\n\r\n"), tally.Transport, notHTTP},
		"no status":               {text("HTTP/1.1 OK\r\n\r\n"), tally.Transport, notHTTP},
		"a status of four digits": {text("HTTP/1.1 2000 OK\r\n\r\n"), tally.Transport, notHTTP},
		"nothing":                 {text(""), tally.Transport, "the connection was closed without an answer"},
		"half a status line":      {text("HTTP/1.1 2"), tally.Transport, "the connection was closed within the header"},
		"half a header":           {text("HTTP/1.1 200 OK\r\nContent-"), tally.Transport, "the connection was closed within the header"},
		"reset":                   {reset, tally.Transport, "read: connection reset by peer"},
		"half an answer, reset": {func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
			time.Sleep(20 * time.Millisecond) // or the reset throws away what was sent
			reset(c)
		}, tally.Transport, "read: connection reset by peer"},
		"endless header":              {endless("HTTP/1.1 200 OK\r\n", "X-Padding: aaa\r\n"), tally.Transport, "the header is larger than 1 MiB"},
		"endless header line":         {endless("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaa"), tally.Transport, "the header is larger than 1 MiB"},
		"endless status line":         {endless("HTTP/1.1 200 ", "OK "), tally.Transport, "the header is larger than 1 MiB"},
		"header of 2 MiB":             {text("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 2<<20) + "\r\nContent-Length: 0\r\n\r\n"), tally.Transport, "the header is larger than 1 MiB"},
		"header without colon":        {text("HTTP/1.1 200 OK\r\nhello\r\n\r\n"), tally.Transport, "a header line is malformed"},
		"space before the colon":      {text("HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello"), tally.Transport, "a header line is malformed"},
		"a folded length":             {text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 5\r\n\r\nhello"), tally.Transport, "a header line is malformed"},
		"length too long":             {text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), tally.Transport, "the connection was closed within the body"},
		"length garbage":              {text("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello"), tally.Transport, "the Content-Length is not a number"},
		"length negative":             {text("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), tally.Transport, "the Content-Length is not a number"},
		"length empty":                {text("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello"), tally.Transport, "the Content-Length is not a number"},
		"length out of range":         {text("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\n"), tally.Transport, "the Content-Length is not a number"},
		"two lengths":                 {text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello"), tally.Transport, "there are two Content-Lengths"},
		"unknown coding":              {text("HTTP/1.1 200 OK\r\nTransfer-Encoding: br, chunked\r\n\r\n"), tally.Transport, "the Transfer-Encoding is not one that this client reads"},
		"chunks and a length":         {text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), tally.Transport, "there are both a Transfer-Encoding and a Content-Length"},
		"chunks of HTTP/1.0":          {text("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), tally.Transport, "the Transfer-Encoding is not one that this client reads"},
		"chunk size garbage":          {text(chunked + "zz\r\nhello\r\n0\r\n\r\n"), tally.Transport, "the size of a chunk is not a number"},
		"chunk size empty":            {text(chunked + "\r\n"), tally.Transport, "the size of a chunk is not a number"},
		"chunk size out of range":     {text(chunked + "10000000000000000\r\n"), tally.Transport, "the size of a chunk is not a number"},
		"endless chunk extension":     {endless(chunked+"5;", "aaaa"), tally.Transport, "the size of a chunk is not a number"},
		"chunk longer than its size":  {text(chunked + "5\r\nhello!\r\n0\r\n\r\n"), tally.Transport, "a chunk does not end where its size says"},
		"chunks without an end":       {text(chunked + "5\r\nhello\r\n"), tally.Transport, "the connection was closed within the body"},
		"endless trailer":             {endless(chunked+"0\r\n", "X-Padding: aaa\r\n"), tally.Transport, "the trailer is larger than 1 MiB"},
		"body too large":              {endless("HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaa"), tally.Transport, "the answer is larger than 16 MiB"},
		"body said to be too large":   {endless("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "aaaaaaaa"), tally.Transport, "the answer is larger than 16 MiB"},
		"chunks too large":            {endless(chunked, "4\r\naaaa\r\n"), tally.Transport, "the answer is larger than 16 MiB"},
		"gzip bomb":                   {text(bomb()), tally.Transport, "the answer is larger than 16 MiB"},
		"gzip damaged":                {text("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"), tally.Transport, "the gzip of the body is damaged"},
		"interim flood":               {endless("", "HTTP/1.1 100 Continue\r\n\r\n"), tally.Transport, "more than 100 interim answers came"},
		"interim, then nothing":       {text("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), tally.Transport, "the connection was closed without an answer"},
		"silence":                     {silent, tally.Timeout, timeout},
		"a body that stops":           {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"); silent(c) }, tally.Timeout, timeout},
		"a trickle past the time-out": {trickle, tally.Timeout, timeout},
		"a body without an end":       {endlessBody, tally.Timeout, timeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					conn.SetWriteDeadline(time.Now().Add(2 * time.Minute))
					c.serve(conn)
				}
			})
			to := target("http://" + address.String())
			r := peek("/")
			r.Headers = []plan.Header{header("Accept-Encoding", "gzip")}
			if name == "a body without an end" {
				r.Save = nil
			}
			began := time.Now()
			if c.class == tally.Timeout {
				wantLate(t, to, r, c.text)
			} else {
				to.Timeout = time.Minute // 16 MiB of small chunks take a busy machine a while
				wantFailure(t, once(t, to, r), c.class, c.text)
			}
			if took := time.Since(began); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// trickle sends a byte at a time, each well before the time-out.
func trickle(c net.Conn) {
	io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
	for range 1000 {
		if _, err := io.WriteString(c, "a"); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// endlessBody sends until the client stops reading.
func endlessBody(c net.Conn) {
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	for {
		if _, err := c.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

// Odd answers that are whole nevertheless.
func TestOddAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
	}{
		"no reason":               {"HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno", 404, "no"},
		"bare line feeds":         {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, "ok"},
		"one length, twice":       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:  2 \r\n\r\nok", 200, "ok"},
		"a trailer":               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2 ;a=b\r\nok\r\n0\r\nX: trailer\r\n\r\n", 200, "ok"},
		"interim answers":         {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok, 200, "ok"},
		"until the close":         {"HTTP/1.0 200 OK\r\n\r\nok", 200, "ok"},
		"no content":              {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, ""},
		"not modified":            {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304, ""},
		"an upgrade is the end":   {"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, ""},
		"a header line of 100 KB": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 100_000) + "\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"a folded value":          {"HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"bytes after the answer":  {ok + "HTTP/1.1 500 Evil\r\n\r\n", 200, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			address := listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.WriteString(conn, c.answer)
				}
			})
			wantOK(t, once(t, target("http://"+address.String()), peek("/")), c.status, c.body)
		})
	}
}

// Which answers let another request follow on the connection.
func TestKeepsConnections(t *testing.T) {
	for name, c := range map[string]struct {
		answer      string
		method      string
		header      plan.Header
		connections int64
	}{
		"usual":                      {ok, "GET", plan.Header{}, 1},
		"HEAD with a length":         {"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n", "HEAD", plan.Header{}, 1},
		"chunked":                    {chunked + "2\r\nok\r\n0\r\n\r\n", "GET", plan.Header{}, 1},
		"204":                        {"HTTP/1.1 204 No Content\r\n\r\n", "GET", plan.Header{}, 1},
		"the server closes":          {"HTTP/1.1 200 OK\r\nConnection: Foo, Close\r\nContent-Length: 0\r\n\r\n", "GET", plan.Header{}, 3},
		"the user closes":            {ok, "GET", header("Connection", "close"), 3},
		"HTTP/1.0":                   {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "GET", plan.Header{}, 3},
		"HTTP/1.0 with keep-alive":   {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", "GET", plan.Header{}, 1},
		"bytes after the answer":     {ok + "more", "GET", plan.Header{}, 3},
		"a body after no content":    {"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", "GET", plan.Header{}, 3},
		"a body in answer to a HEAD": {ok, "HEAD", plan.Header{}, 3},
		"an upgrade":                 {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "GET", plan.Header{}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int64
			address := listen(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
				connections.Add(1)
				for in := bufio.NewReader(conn); ; {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					io.WriteString(conn, c.answer)
				}
			})
			r := &request{Method: c.method, Path: plan.Lit("/")}
			if c.header.Name != "" {
				r.Headers = []plan.Header{c.header}
			}
			d := newUser(t, newHTTP(t, target("http://"+address.String()), r))
			for range 3 {
				if o := d.Call(r.call, values{}); o.Class != tally.OK {
					t.Fatalf("%+v", o)
				}
			}
			if got := connections.Load(); got != c.connections {
				t.Errorf("%d connections for 3 requests, want %d", got, c.connections)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	o := once(t, target("http://"+listener.Addr().String()), get("/"))
	if wantFailure(t, o, tally.Transport, "connect: connection refused"); !o.Sent.IsZero() {
		t.Errorf("a request that was never sent has an instant: %v", o.Sent)
	}
	if o := once(t, target("http://no-such-host.invalid"), get("/")); o.Class != tally.Generator {
		t.Errorf("a name that cannot be looked up: got %+v, want a fault of the generator", o)
	}
}

// When its context ends, a user's call is cut off, whether it waits for an answer, for a handshake, or
// for the proxy of a shared connection.
func TestCutOff(t *testing.T) {
	address := listen(t, "tcp", "127.0.0.1:0", silent).String()
	for name, to := range map[string]plan.Target{
		"answer":    target("http://" + address),
		"handshake": target("https://" + address),
		"shared":    {URL: "http://" + address, Timeout: 20 * time.Second, HTTP: "1.1", Connections: 1},
		"h2c":       {URL: "http://" + address, Timeout: 20 * time.Second, HTTP: "2"},
		"h2 shared": {URL: "https://" + address, Timeout: 20 * time.Second, HTTP: "2", Connections: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := get("/")
			h := newHTTP(t, to, r)
			ctx, cancel := context.WithCancel(t.Context())
			outcomes := make(chan calls.Answer)
			for range 2 {
				go func() {
					d := h.User(ctx)
					defer d.Close()
					outcomes <- d.Call(r.call, values{})
				}()
			}
			time.Sleep(20 * time.Millisecond) // until they wait
			began := time.Now()
			cancel()
			for range 2 {
				a := <-outcomes
				if wantFailure(t, a, tally.Timeout, "not answered before the load ended"); !a.Unfinished {
					t.Error("it is not told that the end of the load cut it off")
				}
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %v to cut off", took)
			}
			wantFailure(t, h.User(ctx).Call(r.call, values{}), tally.Timeout, "not answered before the load ended")
		})
	}
}

// The time-out covers everything before the first byte is sent, and writing too.
func TestTimeouts(t *testing.T) {
	address := listen(t, "tcp", "127.0.0.1:0", silent).String()
	deaf := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) { time.Sleep(10 * time.Second) }).String()
	large := &request{Method: "POST", Path: plan.Lit("/"), Body: plan.Lit(strings.Repeat("a", 32<<20))}
	for name, c := range map[string]struct {
		to   plan.Target
		r    *request
		text string
	}{
		"handshake":      {plan.Target{URL: "https://" + address, HTTP: "1.1"}, get("/"), "not connected in time"},
		"probe":          {plan.Target{URL: "https://" + address, HTTP: "auto"}, get("/"), "not connected in time"},
		"handshake of 2": {plan.Target{URL: "https://" + address, HTTP: "2"}, get("/"), "not connected in time"},
		"h2c":            {plan.Target{URL: "http://" + address, HTTP: "2"}, get("/"), "no whole answer in time"},
		"write":          {plan.Target{URL: "http://" + deaf, HTTP: "1.1"}, large, "no whole answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantLate(t, c.to, c.r, c.text)
		})
	}
}
