package foreign_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foreign"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func checkTimeline(t *testing.T, r *result.Result) {
	t.Helper()
	var requests, failures int64
	for i, s := range r.Timeline {
		requests, failures = requests+s.Requests, failures+s.Failures
		if i > 0 && s.Start != r.Timeline[i-1].Start+r.Timeline[i-1].Length {
			t.Errorf("second %d begins at %v, and the one before it ends at %v", i, s.Start, r.Timeline[i-1].Start+r.Timeline[i-1].Length)
		}
	}
	total := r.Tally.Total()
	if requests != total.Requests() || failures != total.Failures() || len(r.Timeline) > 7300 {
		t.Errorf("the timeline of %d parts has %d requests and %d failures, want %d and %d", len(r.Timeline), requests, failures, total.Requests(), total.Failures())
	}
}

// sparse is bursts of requests with gaps between them.
func sparse(seed uint64, length time.Duration) (all []foreign.Request) {
	random := rand.New(rand.NewPCG(seed, 1))
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	for range 1 + random.IntN(6) {
		burst := began + random.Int64N(int64(length))
		over := 1 + random.Int64N(1+int64(length)/(1+random.Int64N(2000)))
		for range 1 + random.IntN(400) {
			at := min(burst+random.Int64N(over), began+int64(length))
			all = append(all, foreign.Request{Route: []byte("GET /a"), Start: at, Took: time.Duration(random.Int64N(3e9)), Class: tally.OK})
		}
	}
	return all
}

// However long the gaps of a load are, its timeline ends, has a bounded number of parts in order, and holds each request.
func TestGaps(t *testing.T) {
	began := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC).UnixNano()
	at := func(after time.Duration) foreign.Request {
		return foreign.Request{Route: []byte("GET /a"), Start: began + int64(after), Took: 10 * time.Millisecond, Class: tally.OK}
	}
	every := func(length, step time.Duration) (all []foreign.Request) {
		for after := time.Duration(0); after < length; after += step {
			all = append(all, at(after))
		}
		return all
	}
	loads := map[string][]foreign.Request{
		"two requests an hour apart":        {at(0), at(time.Hour)},
		"one before, one two hours later":   {at(time.Second), at(0), at(2*time.Hour - time.Second)},
		"65 minutes, every 1.5 s":           every(65*time.Minute, 1500*time.Millisecond),
		"two hours, every 3 s":              every(2*time.Hour, 3*time.Second),
		"10 minutes, and one an hour later": append(every(10*time.Minute, time.Second), at(70*time.Minute)),
		"a day, every 17 s":                 every(24*time.Hour, 17*time.Second),
	}
	random := rand.New(rand.NewPCG(7, 7))
	seeds := uint64(150)
	if testing.Short() {
		seeds = 15
	}
	for seed := range seeds {
		length := time.Second * time.Duration(math.Pow(36000, random.Float64()))
		loads[fmt.Sprintf("seed %d, %v", seed, length)] = sparse(seed, length)
	}
	for name, requests := range loads {
		r := resultOf(t, requests)
		total, before := int64(0), time.Duration(0)
		for i, s := range r.Timeline {
			if total += s.Requests; s.Start < before || s.Length <= 0 {
				t.Errorf("%s: part %d begins at %v and takes %v, and the one before it ends at %v", name, i, s.Start, s.Length, before)
			}
			before = s.Start + s.Length
		}
		if total != int64(len(requests)) || r.Tally.Total().Requests() != total || len(r.Timeline) > 3600 {
			t.Errorf("%s: got %d parts with %d requests, want %d requests", name, len(r.Timeline), total, len(requests))
		}
		if r.Finished.Sub(r.Started) < 2*time.Hour-5*time.Second {
			checkTimeline(t, r)
		}
	}
}
