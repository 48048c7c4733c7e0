package http_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// usual2 is the answer of a small item over HTTP/2, for stream 0: a header, as nginx writes it, and a body.
func usual2() []byte {
	var block strings.Builder
	e := hpack.NewEncoder(&block)
	e.SetMaxDynamicTableSize(0)
	for _, f := range [][2]string{{":status", "200"}, {"server", "test"}, {"date", "Tue, 24 Nov 2026 06:00:00 GMT"},
		{"content-type", "application/json"}, {"content-length", "512"}} {
		e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	var out strings.Builder
	f := http2.NewFramer(&out, nil)
	f.AllowIllegalWrites = true
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 0, BlockFragment: []byte(block.String()), EndHeaders: true})
	f.WriteData(0, true, []byte(strings.Repeat("x", 512)))
	return []byte(out.String())
}

// plainServer2 answers each stream with the same frames, and allocates nothing while it does.
func plainServer2(t testing.TB) string {
	t.Helper()
	answer := usual2()
	headBytes := 9 + int(answer[0])<<16 + int(answer[1])<<8 + int(answer[2])
	address := listen(t, "tcp", "127.0.0.1:0", func(c net.Conn) {
		io.ReadFull(c, make([]byte, len(http2.ClientPreface)))
		c.Write([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
		in, out := make([]byte, 64<<10), []byte(nil)
		for have := 0; ; {
			n, err := c.Read(in[have:])
			if err != nil {
				return
			}
			have += n
			at := 0
			for out = out[:0]; have-at >= 9; {
				length := 9 + int(in[at])<<16 + int(in[at+1])<<8 + int(in[at+2])
				if have-at < length {
					break
				}
				if in[at+4]&1 != 0 && in[at+3] <= 1 { // the end of a request
					begin := len(out)
					out = append(out, answer...)
					binary.BigEndian.PutUint32(out[begin+5:], binary.BigEndian.Uint32(in[at+5:]))
					binary.BigEndian.PutUint32(out[begin+headBytes+5:], binary.BigEndian.Uint32(in[at+5:]))
				}
				at += length
			}
			have = copy(in, in[at:have])
			if _, err := c.Write(out); err != nil {
				return
			}
		}
	})
	return "http://" + address.String()
}

// target2 is the target of a server of HTTP/2 without TLS.
func target2(url string, connections int) plan.Target {
	to := target(url)
	to.HTTP, to.Connections = profile.HTTP2, connections
	return to
}

func TestHTTP2AllocatesNothing(t *testing.T) {
	post := &request{Method: "POST", Path: plan.Lit("/items"), Body: plan.Join(plan.Lit("id="), saved(0)), Headers: []plan.Header{header("Authorization", "me")}}
	for name, r := range map[string]*request{
		"static":          get("/items/42"),
		"with a variable": {Method: "GET", Path: plan.Join(plan.Lit("/items/"), saved(0))},
		"with a body":     post,
		"body looked at":  peek("/items/42"),
	} {
		for connections := range 2 {
			t.Run(name, func(t *testing.T) {
				d := newUser(t, newHTTP(t, target2(plainServer2(t), connections), r))
				v := &values{"42"}
				if got := testing.AllocsPerRun(500, func() {
					o := d.Call(r.call, v).Outcome
					if r.Save == nil {
						o = d.Do(r.call, v) // judged too
					}
					if o.Class != tally.OK || o.BytesReceived != 512 {
						t.Fatalf("%+v", o)
					}
				}); got != 0 && !racing { // the race detector keeps things from being pooled, and has them allocated
					t.Errorf("%d shared: a request allocates %v times, want 0", connections, got)
				}
			})
		}
	}
}

func BenchmarkHTTP2(b *testing.B) {
	url := plainServer2(b)
	for name, connections := range map[string]int{"sole": 0, "shared": 1} {
		b.Run(name, func(b *testing.B) {
			r := get("/items/42")
			h := newHTTP(b, target2(url, connections), r)
			b.SetParallelism(12)
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
		})
	}
}
