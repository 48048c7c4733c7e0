package gate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// hundredRoutes are n runs of 100 routes by their summaries, which is how a store gives them. A
// route is slower than the others by a factor.
func hundredRoutes(n int, slow float64) []result.Summary {
	random := rand.New(rand.NewPCG(uint64(n), 0))
	all := make([]result.Summary, n)
	for i := range all {
		s := result.Summary{
			ID: fmt.Sprintf("%064x", i), Identity: result.Identity{Series: "shop", ProfileDigest: "d1", Started: time.Unix(1_700_000_000, 0).Add(time.Duration(i) * time.Hour)},
			Environment: result.Environment{OS: "linux", Arch: "amd64", CPUCores: 2}, Whole: true, Rounds: 6, Figures: map[string]result.Figures{},
		}
		for k := range 101 {
			f := figures(12_000, 0, time.Duration((1+0.03*random.NormFloat64())*float64(20*time.Millisecond)))
			f.Throughput = 2000 * (1 + 0.01*random.NormFloat64())
			if k == 7 {
				f.P50 = time.Duration(float64(f.P50) * slow)
			}
			s.Figures[fmt.Sprintf("GET /%d", k)] = f
		}
		s.Figures[tally.All] = s.Figures["GET /100"]
		delete(s.Figures, "GET /100")
		all[i] = s
	}
	return all
}

// Of 100 routes × 4 metrics, five runs against a history of 200. The fresh runs are documents, whose
// summaries count; the history's are given.
func BenchmarkJudge200(b *testing.B) {
	fresh := freshRuns(5, 30*time.Millisecond)
	history := hundredRoutes(200, 1)
	for b.Loop() {
		if v := gate.Judge(policy(), fresh, history); v.Outcome != gate.Fail {
			b.Fatal(v)
		}
	}
}

// All that a stored gate judges: one run that looks worse, five runs, and the trend of the branch.
func BenchmarkGate200(b *testing.B) {
	fresh := freshRuns(5, 30*time.Millisecond)
	history := hundredRoutes(200, 1)
	for b.Loop() {
		if v := gate.Judge(policy(), fresh[:1], history); v.More == 0 {
			b.Fatal(v)
		}
		if v := gate.Judge(policy(), fresh, history); v.Outcome != gate.Fail {
			b.Fatal(v)
		}
		gate.Trend(policy(), history)
	}
}

// Of 100 routes × 4 metrics, the trend of 200 runs.
func BenchmarkTrend200(b *testing.B) {
	history := hundredRoutes(200, 1)
	for b.Loop() {
		gate.Trend(policy(), history)
	}
}

// freshRuns returns n runs of 100 routes that take 20 ms, except for GET /7, which takes latency.
func freshRuns(n int, latency time.Duration) (all []*result.Result) {
	routes := map[string]result.Figures{}
	for i := range 100 {
		routes[fmt.Sprintf("GET /%d", i)] = figures(2000, 0, 20*time.Millisecond)
	}
	routes["GET /7"] = figures(2000, 0, latency)
	for i := range n {
		all = append(all, side(6, func(int) bool { return false }, routes, uint64(i)))
	}
	return all
}
