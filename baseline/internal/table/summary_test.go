package table

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
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

// No content of the column makes the reader panic. A summary that it takes can be written and read again.
func FuzzDecodeSummary(f *testing.F) {
	text, err := encodeSummary(wide(2))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"run":{},"routes":[1,2],"figures":{"requests":[1`))
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
