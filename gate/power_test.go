package gate_test

import (
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

// noisy gives the rounds of both sides noise: latencies by 15 %, costs by 3 % and by 2 % from start to start. Head's p95
// of GET /a is slower, and its requests cost more.
func noisy(r *rand.Rand, base, head *result.Result, slower, dearer float64) {
	for s, side := range []*result.Result{base, head} {
		luck := 0.0
		for i := range side.Rounds {
			round := &side.Rounds[i]
			if i%2 == 0 {
				luck = 0.02 * r.NormFloat64()
			}
			for _, route := range slices.Sorted(maps.Keys(round.Figures)) {
				f := round.Figures[route]
				by := func(q time.Duration) time.Duration {
					return time.Duration(float64(q) * math.Exp(0.15*r.NormFloat64()))
				}
				f.P50, f.P95, f.P99 = by(20*time.Millisecond), by(60*time.Millisecond), by(200*time.Millisecond)
				if s == 1 && route == "GET /a" {
					f.P95 = time.Duration(float64(f.P95) * (1 + slower))
				}
				round.Figures[route] = f
			}
			each := math.Exp(luck+0.03*r.NormFloat64()) * float64(time.Millisecond)
			if s == 1 {
				each *= 1 + dearer
			}
			round.Process = i / 2
			round.Cost = &result.Cost{Requests: round.Total.Requests, CPU: time.Duration(each * float64(round.Total.Requests))}
		}
	}
}

func powerOf(t *testing.T, all []gate.Power, route string, m gate.Metric) gate.Power {
	t.Helper()
	for _, p := range all {
		if p.Route == route && p.Metric == m {
			return p
		}
	}
	t.Fatalf("no power of %s %s among %v", route, m, all)
	return gate.Power{}
}

// A change of the size that a few short pairings without a change promise is found about nine times in ten, and one of
// half that size rarely.
func TestPowerOfPairs(t *testing.T) {
	p := policy()
	p.Metrics = []gate.Metric{gate.P50, gate.P95, gate.P99, gate.CPU}
	p.Degradation, p.Cost = 0.05, 0.02
	p.Routes = nil
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(1500, 0, 30*time.Millisecond)}
	r := rand.New(rand.NewPCG(1, 2))
	var unchanged [][2]*result.Result
	for range 8 {
		base, head := pairOf(8, usual, usual)
		noisy(r, base, head, 0, 0)
		unchanged = append(unchanged, [2]*result.Result{base, head})
	}
	all := gate.PowerOfPairs(p, unchanged)
	p95, cpu := powerOf(t, all, "GET /a", gate.P95), powerOf(t, all, tally.All, gate.CPU)
	t.Logf("p95 %+v", p95)
	t.Logf("cpu %+v", cpu)
	const times = 100
	var found, half [2]int
	for range times {
		for i, part := range []float64{1, 0.5} {
			base, head := pairOf(24, usual, usual)
			noisy(r, base, head, part*p95.Fails, part*cpu.Fails)
			to := [2]*[2]int{&found, &half}[i]
			first, second := lookFor(p, base, head)
			to[0], to[1] = to[0]+first, to[1]+second
		}
	}
	t.Logf("found %v, at half the size %v, of %d", found, half, times)
	for i, name := range []string{"p95", "cpu"} {
		if found[i] < times*85/100 || half[i] > times/2 {
			t.Errorf("%s: of %d changes %d were found, and %d of half the size", name, times, found[i], half[i])
		}
	}
}

// lookFor looks at a pairing as often as the gate does. It returns 1 for the p95 of GET /a if a look finds it worse, and for
// the CPU time.
func lookFor(p gate.Policy, base, head *result.Result) (p95, cpu int) {
	b, h := *base, *head
	for _, n := range []int{12, 16, 20, 24} {
		b.Rounds, h.Rounds = base.Rounds[:n], head.Rounds[:n]
		for _, c := range gate.JudgePairs(p, &b, &h, false).Of(gate.Worse) {
			if c.Route == "GET /a" && c.Metric == gate.P95 {
				p95 = 1
			}
			if c.Metric == gate.CPU {
				cpu = 1
			}
		}
	}
	return p95, cpu
}

// Runs promise about what pairings do whose rounds have as much load, and more of a longer load. What has too few requests or
// rounds is left out.
func TestPowerOfRuns(t *testing.T) {
	p := policy()
	p.Metrics, p.Degradation, p.Cost = []gate.Metric{gate.P50, gate.P95, gate.P99, gate.CPU}, 0.05, 0.02
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(150, 0, 30*time.Millisecond)}
	r := rand.New(rand.NewPCG(3, 4))
	var runs []*result.Result
	for range 12 {
		one, _ := pairOf(6, usual, usual)
		noisy(r, one, one, 0, 0)
		runs = append(runs, one)
	}
	const wide = 24 * time.Second // as many rounds as a pairing
	all := gate.PowerOfRuns(p, runs, wide)
	longer := gate.PowerOfRuns(p, runs, 4*wide)
	for _, c := range []struct {
		route string
		of    gate.Metric
		low   float64
		high  float64
	}{{"GET /a", gate.P95, 0.2, 0.45}, {tally.All, gate.CPU, 0.03, 0.1}} {
		now, then := powerOf(t, all, c.route, c.of), powerOf(t, longer, c.route, c.of)
		if now.Visible < c.low || now.Visible > c.high || now.Fails < now.Visible || then.Visible >= now.Visible {
			t.Errorf("%s %s: %+v, and with four times the load %+v", c.route, c.of, now, then)
		}
	}
	for _, one := range all {
		if one.Route == "POST /b" && one.Metric != gate.P50 {
			t.Errorf("a route with 150 requests in a round has a power: %+v", one)
		}
	}
	if none := gate.PowerOfRuns(p, runs[:1], wide); len(none) != 0 {
		t.Errorf("one run with three differences promises %+v", none)
	}
}
