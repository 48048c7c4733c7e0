package table

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// wide is a summary of n routes.
func wide(n int) result.Summary {
	r := &result.Result{Schema: result.Schema, PlannedRounds: 1}
	r.Series, r.Started, r.Finished = "shop", time.Unix(1, 0).UTC(), time.Unix(2, 0).UTC()
	s := r.Summary()
	for i := range n {
		s.Figures[fmt.Sprintf("GET /api/v1/\"resource\"-%d/{id}", i)] = result.Figures{
			Requests: int64(300 + i), Failures: 1, P50: time.Duration(20_123_456 + i), P95: time.Duration(51_234_567 + i), P99: time.Duration(81_234_567 + i),
			Throughput: 29.987654321 + float64(i)/7,
		}
	}
	s.Readings = map[string]float64{"rss_bytes": 1e9}
	s.Spread = map[string]result.Spread{}
	for route := range s.Figures {
		if route != tally.All { // as if it had been requested in one round alone
			s.Spread[route] = result.Spread{P50: result.Quartiles{Lower: 951, Upper: 1043}, P99: result.Quartiles{Lower: 812, Upper: 1409}, Throughput: result.Quartiles{Lower: 1000, Upper: 1000}}
		}
	}
	s.Cost = result.RequestCost{CPU: 5_123_456, Instructions: 1_234_567}
	return s
}

func TestSummaryRoundTrip(t *testing.T) {
	want := wide(100)
	text, err := encodeSummary(want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeSummary(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %+v\nwant %+v", err, got, want)
	}
}

// Rows of older programs have no spread.
func TestSummaryWithoutSpread(t *testing.T) {
	want := wide(3)
	want.Spread, want.Cost = nil, result.RequestCost{}
	text, err := encodeSummary(want)
	if err != nil || strings.Contains(string(text), "spread") || strings.Contains(string(text), "cost") {
		t.Fatalf("%v: %s", err, text)
	}
	if got, err := decodeSummary(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: got %+v\nwant %+v", err, got, want)
	}
}

// A list that somebody has changed is refused, by its name.
func TestDamagedSpread(t *testing.T) {
	text, err := encodeSummary(wide(1))
	if err != nil {
		t.Fatal(err)
	}
	for was, is := range map[string]string{`"p50":[0,0,951,1043]`: `"p50":[0,0,951]`, `"p99":[0,0,812,1409]`: `"p99":[0,0,812,true]`, `"p95":[0,0,0,0]`: `"p95":null`, "1409": "-1"} {
		changed := strings.Replace(string(text), was, is, 1)
		if changed == string(text) {
			t.Fatalf("%s is not in %s", was, text)
		}
		if _, err := decodeSummary([]byte(changed)); err == nil || !strings.Contains(err.Error(), "spread") {
			t.Errorf("%s: %v", is, err)
		}
	}
}

// No content of the column makes the reader panic. A summary that it takes can be written and read again.
func FuzzDecodeSummary(f *testing.F) {
	text, err := encodeSummary(wide(2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"run":{},"routes":[1,2],"figures":{"requests":[1`))
	f.Add([]byte(`{"run":{"spread":{"a":1}},"routes":["*"],"figures":{},"spread":{"p50":[1,2,3]}}`))
	f.Add([]byte(`[1]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSummary(data)
		if err != nil {
			return
		}
		again, err := encodeSummary(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodeSummary(again); err != nil || fmt.Sprint(back) != fmt.Sprint(s) {
			t.Errorf("%v: %+v became %+v", err, s, back)
		}
	})
}

func BenchmarkDecodeSummary(b *testing.B) {
	text, err := encodeSummary(wide(100))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeSummary(text); err != nil {
			b.Fatal(err)
		}
	}
}
