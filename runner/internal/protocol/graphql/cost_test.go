package graphql_test

import (
	"fmt"
	"net"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// plain answers every request, which a read takes whole, with the same bytes, and allocates nothing.
func plain(t testing.TB, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	bytes := []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer))
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				in := make([]byte, 8<<10)
				for {
					if _, err := c.Read(in); err != nil {
						return
					}
					if _, err := c.Write(bytes); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String()
}

const measured = `
- graphql: "query Static { top(n: 2) { id score } }"
- graphql: "query Top($n: Int!, $w: String!) { top(n: $n, word: $w) { id score } }"
  variables: {n: "${int(1,10)}", w: "${word}"}
- graphql: "query Checked($n: Int!, $w: String!) { top(n: $n, word: $w) { id score } }"
  variables: {n: "${int(1,10)}", w: "${word}"}
  save: {id: data.top.0.id}
`

const measuredAnswer = `{"data":{"top":[{"id":"i1","score":0.5},{"id":"i2","score":0.25}]}}`

// A call allocates nothing, whatever it fills in, checks and saves.
func TestAllocatesNothing(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates")
	}
	u := newUser(t, plain(t, measuredAnswer), "", measured)
	for i := range u.plan.Calls {
		if got := testing.AllocsPerRun(500, func() {
			if o := u.do(i); o.Class != tally.OK {
				t.Fatal(said(o))
			}
		}); got != 0 {
			t.Errorf("%s allocates %v times, want 0", u.plan.Calls[i].Name, got)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	u := newUser(b, plain(b, measuredAnswer), "", measured)
	for i, c := range u.plan.Calls {
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if o := u.do(i); o.Class != tally.OK {
					b.Fatal(said(o))
				}
			}
		})
	}
}
