//go:build unix

package websocket_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/ws"
)

// echo is a small server of echoes: it answers frames of up to 125 bytes with the same bytes.
func echo(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + ws.Accept(r.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n"))
		buf := make([]byte, 4096)
		for {
			n, err := c.Read(buf)
			if err != nil || n < 6 || buf[0]&0x0f == 8 {
				return
			}
			key := [4]byte(buf[2:6])
			for i, b := range buf[6:n] {
				buf[2+i] = b ^ key[i&3]
			}
			buf[1] &= 0x7f
			if _, err := c.Write(buf[:n-4]); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// A message sent and its reply allocate nothing.
func TestMessagesAllocateNothing(t *testing.T) {
	u := open(t, echo(t), "/", "")
	defer u.end()
	text := strings.Repeat("x", 100)
	if r := u.say(text); r.Event != load.Answered {
		t.Fatal(r.Error)
	}
	if n := testing.AllocsPerRun(100, func() { u.exchange() }); n != 0 { // the server's are counted too
		t.Errorf("%v allocations for each message", n)
	}
}

const benchUsers = 50

// processor is the processor time of this process so far.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkEcho has 50 users send 100 bytes and await the echo, over our client and over gorilla's.
// Both load the same server in this process: its share is in the figure of either.
//
//	go test ./runner/internal/protocol/websocket -run '^$' -bench Echo -count 6
//
// For the client's part alone, name a server in another process in PLIMSOLL_ECHO: TestIdleSocketsAreSmall is
// one if PLIMSOLL_TEST_SERVER is set, and prints its address.
func BenchmarkEcho(b *testing.B) {
	url := echo(b)
	if at := os.Getenv("PLIMSOLL_ECHO"); at != "" { // a server in a process of its own
		url = at
	}
	text := strings.Repeat("x", 100)
	each := func(b *testing.B, connect func() (exchange func() bool, end func())) {
		var exchanges []func() bool
		for range benchUsers {
			exchange, end := connect()
			defer end()
			exchanges = append(exchanges, exchange)
		}
		b.ResetTimer()
		began := processor()
		var all sync.WaitGroup
		for _, exchange := range exchanges {
			all.Go(func() {
				for range b.N {
					if !exchange() {
						b.Error("an echo did not come")
						return
					}
				}
			})
		}
		all.Wait()
		b.ReportMetric(float64((processor()-began).Nanoseconds())/float64(b.N*benchUsers)/1000, "cpu-µs/echo")
	}
	b.Run("plimsoll", func(b *testing.B) {
		each(b, func() (func() bool, func()) {
			u := open(b, url, "/", "")
			u.say(text)
			return func() bool { return u.exchange().Event == load.Answered }, func() { u.end() }
		})
	})
	b.Run("gorilla", func(b *testing.B) {
		each(b, func() (func() bool, func()) {
			c, _, err := gorilla.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
			if err != nil {
				b.Fatal(err)
			}
			message := []byte(text)
			return func() bool {
				if c.WriteMessage(gorilla.TextMessage, message) != nil {
					return false
				}
				_, got, err := c.ReadMessage()
				return err == nil && len(got) == len(message)
			}, func() { c.Close() }
		})
	})
}
