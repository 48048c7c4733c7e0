package http_test

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// plainServer answers each request with the same bytes and allocates nothing while it does.
func plainServer(t testing.TB, answer string) string {
	t.Helper()
	out := []byte(answer)
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		in := make([]byte, 4096)
		for have := 0; ; {
			n, err := c.Read(in[have:])
			if err != nil {
				return
			}
			if have += n; !bytes.HasSuffix(in[:have], []byte("\r\n\r\n")) {
				continue
			}
			have = 0
			if _, err := c.Write(out); err != nil {
				return
			}
		}
	})
	return "http://" + address.String()
}

// usual is an answer such as a server sends for a small item.
var usual = "HTTP/1.1 200 OK\r\nServer: test\r\nDate: Tue, 24 Nov 2026 06:00:00 GMT\r\nContent-Type: application/json\r\n" +
	"Content-Length: 512\r\nConnection: keep-alive\r\n\r\n" + strings.Repeat("x", 512)

func TestPlainPathAllocatesNothing(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	varied := &request{Method: "GET", Path: plan.Join(plan.Lit("/items/"), saved(0))}
	for name, c := range map[string]struct {
		request *request
		answer  string
	}{
		"static":          {get("/items/42"), usual},
		"with a variable": {varied, usual},
		"chunked":         {get("/items/42"), chunked},
		"body looked at":  {peek("/items/42"), usual},
	} {
		t.Run(name, func(t *testing.T) {
			d := newUser(t, newHTTP(t, target(plainServer(t, c.answer)), c.request))
			v := &values{"42"} // a pointer, which becomes a load.Values without an allocation
			if got := testing.AllocsPerRun(500, func() {
				o := d.Call(c.request.call, v).Outcome
				if c.request.Save == nil {
					o = d.Do(c.request.call, v) // judged too
				}
				if o.Class != tally.OK {
					t.Fatalf("%+v", o)
				}
			}); got != 0 {
				t.Errorf("a request allocates %v times, want 0", got)
			}
		})
	}
}

func BenchmarkGET(b *testing.B) {
	url := plainServer(b, usual)
	for name, r := range map[string]*request{
		"static":   get("/items/42"),
		"variable": {Method: "GET", Path: plan.Join(plan.Lit("/items/"), saved(0))},
	} {
		b.Run(name, func(b *testing.B) {
			d := newUser(b, newHTTP(b, target(url), r))
			v := &values{"42"}
			b.ReportAllocs()
			for b.Loop() {
				if o := d.Do(r.call, v); o.Class != tally.OK {
					b.Fatalf("%+v", o)
				}
			}
		})
	}
}

// BenchmarkUsers is many users at once on the processors there are, as a load has them.
func BenchmarkUsers(b *testing.B) {
	r := get("/items/42")
	h := newHTTP(b, target(plainServer(b, usual)), r)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		d := h.User(b.Context())
		defer d.Close()
		for pb.Next() {
			if o := d.Do(r.call, values{}); o.Class != tally.OK {
				b.Errorf("%+v", o)
				return
			}
		}
	})
}
