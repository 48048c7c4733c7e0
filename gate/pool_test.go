package gate_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// rare is what a route did in a round: so many requests, with a median in ms, and so many times as slow in its slowest
// tenth, which is wide.
type rare struct {
	n      int
	ms     float64
	slower float64
	wide   float64
}

// rareRounds is a side of n pairs whose rounds have their tallies. Latencies spread by a factor of 1.5.
func rareRounds(n int, head bool, routes map[string]rare) *result.Result {
	random := rand.New(rand.NewPCG(uint64(len(routes)), map[bool]uint64{true: 8, false: 9}[head]))
	r := side(n, func(i int) bool { return (i%2 == 1) != head }, nil, map[bool]uint64{true: 1, false: 2}[head])
	for i := range r.Rounds {
		t := &tally.Tally{}
		for _, name := range slices.Sorted(maps.Keys(routes)) {
			of := routes[name]
			for range of.n {
				z := random.NormFloat64()
				ms := of.ms * math.Pow(1.5, z)
				if z > 1.2816 {
					ms *= max(of.slower, 1) * math.Pow(of.wide+1, random.NormFloat64())
				}
				t.Add(tally.Sample{Route: name, Class: tally.OK, Ended: time.Duration(ms * float64(time.Millisecond))})
			}
		}
		second := r.Rounds[i].Second
		r.Rounds[i] = result.NewRound(time.Duration(i)*time.Second, time.Second, t)
		r.Rounds[i].Second = second
		r.Tally.Merge(t)
	}
	return r
}

// Routes with few requests in a round are judged by all rounds of a side together.
func TestFewRequestsInARound(t *testing.T) {
	usual := map[string]rare{"GET /a": {40, 20, 1, 0}, "GET /often": {300, 10, 1, 0}}
	with := func(of rare) map[string]rare { return map[string]rare{"GET /a": of, "GET /often": usual["GET /often"]} }
	for name, c := range map[string]struct {
		base, head map[string]rare
		pairs      int
		change     func(*result.Result)
		want       gate.Outcome
		reasons    []string
		rows       map[gate.Metric]string // of GET /a
	}{
		"unchanged": {base: usual, head: usual, pairs: 12, want: gate.Pass, rows: map[gate.Metric]string{
			gate.P50: "within", gate.P95: "within", gate.P99: "not judged: few-requests 40 of 84", gate.Throughput: "within"}},
		"without histograms": {base: usual, head: usual, pairs: 12, want: gate.Pass, change: func(r *result.Result) {
			for i := range r.Rounds {
				r.Rounds[i].Tally = nil
			}
		}, rows: map[gate.Metric]string{gate.P50: "within", gate.P95: "not judged: few-requests 40 of 200", gate.Throughput: "not judged: few-requests 40 of 100"}},
		"a slower tail": {base: usual, head: with(rare{40, 20, 3, 0}), pairs: 24, want: gate.Fail, reasons: []string{"slower: GET /a p95 +"},
			rows: map[gate.Metric]string{gate.P50: "within", gate.P95: "worse"}},
		"fewer requests": {base: usual, head: with(rare{25, 20, 1, 0}), pairs: 24, want: gate.Fail, reasons: []string{"lower-throughput: GET /a throughput -3"},
			rows: map[gate.Metric]string{gate.P50: "within", gate.P95: "within"}},
		"a median of a handful": {base: with(rare{4, 20, 1, 0}), head: with(rare{4, 40, 1, 0}), pairs: 24, want: gate.Fail, reasons: []string{"slower: GET /a p50 +"},
			rows: map[gate.Metric]string{gate.P50: "worse", gate.P95: "not judged: few-requests 4 of 17"}},
		"a handful that cannot be told": {base: with(rare{2, 20, 1, 0}), head: with(rare{2, 24, 1, 0}), pairs: 8, want: gate.Inconclusive, reasons: []string{"not-proven: GET /a p50 +"},
			rows: map[gate.Metric]string{gate.P50: "unclear"}},
		"next to nothing": {base: with(rare{1, 20, 1, 0}), head: with(rare{1, 20, 1, 0}), pairs: 24, want: gate.Inconclusive, reasons: []string{"route-not-judged: GET /a p50 [few-requests 1/2] 1m1s"},
			rows: map[gate.Metric]string{gate.P50: "not judged: few-requests 1 of 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			base, head := rareRounds(c.pairs, false, c.base), rareRounds(c.pairs, true, c.head)
			if c.change != nil {
				c.change(base)
				c.change(head)
			}
			v := gate.JudgePairs(policy(), base, head, true)
			if v.Outcome != c.want {
				t.Errorf("got %v, want %v", v, c.want)
			}
			checkReasons(t, v, c.reasons)
			checkValid(t, v)
			for _, one := range v.Comparisons {
				got := one.Status.String()
				if one.Why != nil {
					got = fmt.Sprintf("%s: %s %.0f of %.0f", got, one.Why.Kind, one.Why.Has, one.Why.Needs)
				}
				if want, ok := c.rows[one.Metric]; ok && one.Route == "GET /a" && got != want {
					t.Errorf("%s is %s, want %s (%+v)", one.Metric, got, want, one)
				}
			}
		})
	}
}

// What few requests leave open is told, and is no doubt: the route has other figures. A longer run_time is advised.
func TestFewRequestsAreNoDoubt(t *testing.T) {
	usual := map[string]rare{"GET /a": {18, 20, 1, 2}}
	base, head := rareRounds(24, false, usual), rareRounds(24, true, map[string]rare{"GET /a": {18, 20, 1.3, 2}})
	v := gate.JudgePairs(policy(), base, head, true)
	for _, c := range v.Comparisons {
		if c.Route != "GET /a" || c.Metric != gate.P95 {
			continue
		}
		if c.Status != gate.NotJudged || c.Why == nil || c.Why.Kind != gate.Undecided || c.Why.RunTime <= 24*time.Second {
			t.Errorf("got %+v %+v", c, c.Why)
		}
		if c.Baseline == 0 || c.Head <= c.Baseline || c.Change <= 0 || c.Interval == nil || c.BaselineRange.Low >= c.Baseline || c.BaselineRange.High <= c.Baseline {
			t.Errorf("its figures are not told: %+v", c)
		}
	}
	if v.Outcome != gate.Pass {
		t.Errorf("got %v", v)
	}
	checkValid(t, v)
	for slower, more := range map[float64]int{1.3: 0, 4: 4} {
		base, head := rareRounds(8, false, usual), rareRounds(8, true, map[string]rare{"GET /a": {18, 20, slower, 2}})
		if v := gate.JudgePairs(policy(), base, head, false); v.More != more {
			t.Errorf("a tail that looks %v times as slow is worth %d more pairs: %v, want %d", slower, v.More, v, more)
		}
		want := map[bool]gate.Outcome{true: gate.Inconclusive, false: gate.Pass}[more > 0]
		if v := gate.JudgePairs(policy(), base, head, true); v.Outcome != want {
			t.Errorf("a tail that looks %v times as slow, and no more pairs: got %v, want %v", slower, v, want)
		}
	}
}

// Of 100 routes with 40 requests in a round × 4 metrics × 20 pairs, one of them slower so that the test is needed.
func BenchmarkJudgeFewRequests(b *testing.B) {
	before, after := map[string]rare{}, map[string]rare{}
	for i := range 100 {
		name := fmt.Sprintf("GET /%d", i)
		before[name], after[name] = rare{40, 20, 1, 0}, rare{40, 20, 1, 0}
	}
	after["GET /7"] = rare{40, 40, 1, 0}
	base, head := rareRounds(20, false, before), rareRounds(20, true, after)
	for b.Loop() {
		if v := gate.JudgePairs(policy(), base, head, true); v.Outcome != gate.Fail {
			b.Fatal(v)
		}
	}
}
