package gate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// legsOf are the results of n legs, by the names of their files. slower is by how much head's GET /a is slower on each.
func legsOf(n int, slower func(leg int) float64) map[string]*result.Result {
	parts := map[string]*result.Result{}
	for i := range n {
		usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(1500, 0, 30*time.Millisecond)}
		now := maps.Clone(usual)
		now["GET /a"] = figures(2000, 0, time.Duration(20e6*(1+slower(i))))
		pairs := gate.LegPairs(n)
		for name, r := range map[string]*result.Result{
			result.BaseSide: side(pairs, func(i int) bool { return i%2 == 1 }, usual, uint64(10*i+1)),
			result.HeadSide: side(pairs, func(i int) bool { return i%2 == 0 }, now, uint64(10*i+2)),
		} {
			r.Commit, r.PairSeed = name, fmt.Sprintf("5eed%d", i)
			r.Commit = map[string]string{result.BaseSide: "ba5eba5e", result.HeadSide: "c0ffee00"}[name]
			r.Finished = r.Started.Add(time.Minute)
			r.Leg = &result.Leg{Index: i, Of: n, Side: name, By: fmt.Sprintf("host-%d", i+1), Pairs: pairs}
			r.Problems = []result.Problem{r.Leg.Problem()}
			for k := range r.Rounds {
				t := &tally.Tally{}
				for route, f := range r.Rounds[k].Figures {
					t.Add(tally.Sample{Route: route, Class: tally.OK, Ended: f.P50})
				}
				r.Rounds[k].Tally, r.Rounds[k].Process = t, k/2
			}
			parts[fmt.Sprintf("part-%d-%s.json", i+1, name)] = r
		}
	}
	return parts
}

func byNone(int) float64 { return 0 }

func by(all ...float64) func(leg int) float64 {
	return func(leg int) float64 { return all[leg%len(all)] }
}

// judgeLegs is the verdict of a fleet. A verdict that cannot be kept in a file fails the test.
func judgeLegs(t *testing.T, p gate.Policy, parts map[string]*result.Result) gate.Verdict {
	t.Helper()
	base, head, err := result.JoinLegs(parts)
	if err != nil {
		t.Fatal(err)
	}
	v := gate.JudgeFleet(p, base, head)
	if err := v.Validate(); err != nil {
		t.Errorf("%v: %v", v, err)
	}
	if again := gate.Compare(p, base, head); again.String() != v.String() {
		t.Errorf("compared, the same files give %v, and not %v", again, v)
	}
	return v
}

func TestJudgeFleet(t *testing.T) {
	for name, c := range map[string]struct {
		legs   int
		slower func(leg int) float64
		change func(parts map[string]*result.Result)
		policy func(*gate.Policy)
		want   string
	}{
		"unchanged":                       {legs: 4, slower: byNone, want: "pass"},
		"slower everywhere":               {legs: 4, slower: by(0.4), want: "fail; slower GET /a p50"},
		"slower on five machines":         {legs: 5, slower: by(0.4), want: "fail; slower GET /a p50"},
		"slower on eight":                 {legs: 8, slower: by(0.4), want: "fail; slower GET /a p50"},
		"a little slower":                 {legs: 4, slower: by(0.1), want: "pass"},
		"machines that agree less":        {legs: 8, slower: by(0.35, 0.5, 0.42, 0.6), want: "fail; slower GET /a p50"},
		"one machine has its own opinion": {legs: 4, slower: by(0, 1.5, 0, 0), want: "inconclusive; not-proven GET /a p50"},
		"two say yes and two say no":      {legs: 4, slower: by(0.6, 0, 0.7, 0.01), want: "inconclusive; not-proven GET /a p50"},
		"a leg without half of its pairs": {legs: 4, slower: by(0.4), want: "inconclusive; noisy-machine", change: func(p map[string]*result.Result) {
			for i := range 3 {
				p["part-2-head.json"].Rounds[i].Steal = 0.5
			}
		}},
		"a pair more than its share": {legs: 4, slower: by(0.4), want: "fail; slower GET /a p50", change: func(p map[string]*result.Result) {
			for _, name := range []string{"part-3-base.json", "part-3-head.json"} {
				r := p[name]
				extra := r.Rounds[0]
				extra.Steal, extra.Start = 0.5, time.Hour
				r.Rounds = append(slices.Clone(r.Rounds), extra)
				r.PlannedRounds = len(r.Rounds)
			}
		}},
		"pairs that no leg has": {legs: 4, slower: byNone, want: "inconclusive; run-not-whole", change: func(p map[string]*result.Result) {
			for _, r := range p {
				r.Leg.Pairs = 5
			}
		}},
		"more legs than there can be": {legs: 12, slower: byNone, want: "inconclusive; run-not-whole"},
		"head does not answer": {legs: 4, slower: byNone, want: "inconclusive; no-samples", change: func(p map[string]*result.Result) {
			for _, r := range p {
				if r.Leg.Side == result.HeadSide {
					r.Tally = tally.Tally{}
					for i := range r.Rounds {
						r.Rounds[i].Tally, r.Rounds[i].Figures, r.Rounds[i].Total = &tally.Tally{}, nil, result.Figures{}
					}
				}
			}
		}},
	} {
		parts := legsOf(c.legs, c.slower)
		if c.change != nil {
			c.change(parts)
		}
		policy := gate.DefaultPolicy()
		policy.Metrics = []gate.Metric{gate.P50}
		v := judgeLegs(t, policy, parts)
		if !strings.HasPrefix(v.String(), c.want) || c.want == "pass" && v.String() != "pass" {
			t.Errorf("%s: %v, want %s", name, v, c.want)
		}
		for _, row := range v.Of(gate.Worse) {
			if row.Route != "GET /a" && row.Route != tally.All {
				t.Errorf("%s: blames %s", name, row.Route)
			}
		}
		if v.Outcome == gate.Pass && (v.Baseline.Legs != c.legs || v.Baseline.Pairs != c.legs*gate.LegPairs(c.legs) || v.More != 0) {
			t.Errorf("%s: %+v, %d more", name, v.Baseline, v.More)
		}
	}
}

// A lost leg makes the verdict inconclusive, and the verdict says what the others saw.
func TestJudgeFleetWithoutALeg(t *testing.T) {
	policy := gate.DefaultPolicy()
	policy.Metrics = []gate.Metric{gate.P50}
	for _, c := range []struct {
		legs, lost int
		slower     float64
		saw, next  string
	}{{4, 1, 0.4, "fail", "not-proven GET /a p50"}, {4, 1, 0, "pass", ""}, {4, 2, 0.4, "", ""}, {8, 5, 0.4, "fail", "not-proven GET /a p50"}, {5, 3, 0.4, "", ""}} {
		parts := legsOf(c.legs, by(c.slower))
		for i := range c.lost {
			delete(parts, fmt.Sprintf("part-%d-head.json", i+2))
		}
		v := judgeLegs(t, policy, parts)
		first := v.Reasons[0]
		if v.Outcome != gate.Inconclusive || first.Kind != gate.LegsLost || first.Text != c.saw || first.Has != c.legs-c.lost || len(first.Names) != c.lost || !strings.HasPrefix(first.Names[0], fmt.Sprintf("leg 2 of %d", c.legs)) {
			t.Errorf("%d of %d legs lost: %v, %+v", c.lost, c.legs, v, first)
		}
		if c.next != "" && !strings.Contains(v.String(), c.next) || len(v.Of(gate.Worse)) > 0 {
			t.Errorf("%d of %d legs lost: %v", c.lost, c.legs, v)
		}
	}
	// Requests that fail are no verdict either.
	parts := legsOf(4, byNone)
	delete(parts, "part-4-base.json")
	for _, r := range parts {
		if r.Leg.Side == result.HeadSide {
			for i := range r.Rounds {
				r.Rounds[i].Figures["POST /b"] = figures(1500, 1500, time.Millisecond)
			}
		}
	}
	if v := judgeLegs(t, policy, parts); v.Outcome != gate.Inconclusive || !strings.Contains(v.String(), "legs-lost; not-proven ") || v.Reasons[0].Text != "fail" {
		t.Errorf("%v", v)
	}
}

// Costs are judged with starts as units of each machine.
func TestJudgeFleetCosts(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for dearer, want := range map[float64]string{0: "pass", 0.3: "fail; costs-more * cpu"} {
		parts := legsOf(4, byNone)
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			r := parts[name]
			for i := range r.Rounds {
				cost := 1e6 * (1 + 0.02*random.NormFloat64())
				if r.Leg.Side == result.HeadSide {
					cost *= 1 + dearer
				}
				r.Rounds[i].Cost = &result.Cost{Requests: 3500, CPU: time.Duration(3500 * cost)}
			}
		}
		policy := gate.DefaultPolicy()
		policy.Metrics, policy.Cost = []gate.Metric{gate.P50, gate.CPU}, 0.1
		v := judgeLegs(t, policy, parts)
		if !strings.HasPrefix(v.String(), want) {
			t.Errorf("%.0f %% dearer: %v, want %s", 100*dearer, v, want)
		}
		for _, c := range v.Comparisons {
			if c.Metric == gate.CPU && c.N != 12 {
				t.Errorf("%d starts", c.N)
			}
		}
	}
}

func TestLegs(t *testing.T) {
	for n := gate.LeastLegs; n <= gate.MostLegs; n++ {
		if pairs := gate.LegPairs(n); n*pairs < gate.MaxPairs || pairs%2 != 0 || pairs < 4 || n*gate.MostLegPairs(n) > 64 || gate.CheckLegs(n) != nil {
			t.Errorf("%d legs of %d to %d pairs: %v", n, pairs, gate.MostLegPairs(n), gate.CheckLegs(n))
		}
	}
	for _, n := range []int{-1, 0, 1, 2, 3, 9, 1000} {
		if gate.CheckLegs(n) == nil {
			t.Errorf("a fleet of %d legs is accepted", n)
		}
	}
}
