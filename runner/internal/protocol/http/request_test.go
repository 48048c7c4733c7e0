package http

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

func BenchmarkRender(b *testing.B) {
	h := &plan.HTTP{
		Method: "POST", Path: plan.Lit("/cart"), Body: plan.Text{{Literal: `{"sku":"`}, {Kind: plan.Saved, Literal: "42"}, {Literal: `"}`}},
		Headers: []plan.Header{{Name: "Content-Type", Value: plan.Lit("application/json")}, {Name: "X-Token", Value: plan.Text{{Kind: plan.Saved, Literal: "t"}}}},
	}
	d, err := wire.NewDialer(plan.Target{URL: "http://127.0.0.1"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	t := newCompiled(h, &plan.Target{}, d, d.Via(d.Target()))
	var out []byte
	var m message
	b.ReportAllocs()
	for b.Loop() {
		m, out, _ = t.message(out, constant{}) // which takes a variable's Literal for its value
	}
	want := "POST /cart HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Token: t\r\nUser-Agent: plimsoll\r\nContent-Length: 12\r\n\r\n{\"sku\":\"42\"}"
	if string(m.bytes) != want {
		b.Errorf("got %q, want %q", m.bytes, want)
	}
}
