package gate_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A metric that was not judged needs as many requests as the rule asks of both sides, and the advised run_time
// brings them, although the number of requests varies in both runs.
func TestAdviceAllowsForChance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	needs := map[gate.Metric]float64{gate.P50: 20, gate.P95: 200, gate.P99: 1000, gate.Throughput: 100}
	const pairs, present = 8, 24 * time.Second
	advised, helped := 0, 0
	for range 400 {
		rate := 1 + random.ExpFloat64()*40
		judge := func(times float64) gate.Verdict {
			base, head := pairOf(pairs, map[string]result.Figures{"GET /a": figures(1, 0, 20*time.Millisecond)}, map[string]result.Figures{"GET /a": figures(1, 0, 20*time.Millisecond)})
			for _, r := range []*result.Result{base, head} {
				for i := range r.Rounds {
					f := r.Rounds[i].Figures["GET /a"]
					f.Requests = poisson(random, rate*times)
					r.Rounds[i].Figures["GET /a"] = f
				}
			}
			return gate.JudgePairs(policy(), base, head, true)
		}
		first := judge(1)
		for _, c := range first.Comparisons {
			if c.Why == nil || c.Why.Kind != gate.FewRequests || c.Route != "GET /a" {
				continue
			}
			if c.Why.Needs != needs[c.Metric] {
				t.Fatalf("%s needs %g with %g on both sides", c.Metric, c.Why.Needs, c.Why.Has)
			}
			if c.Why.RunTime == 0 && c.Why.Has < 1 {
				continue // it would take days
			}
			if c.Why.RunTime <= present {
				t.Fatalf("%s with %g in a round advises %v, and %v is there", c.Metric, c.Why.Has, c.Why.RunTime, present)
			}
			advised++
			for _, again := range judge(float64(c.Why.RunTime) / float64(present)).Comparisons {
				if again.Route == c.Route && again.Metric == c.Metric && again.Status != gate.NotJudged {
					helped++
				}
			}
		}
		for _, r := range first.Reasons {
			if r.Kind == gate.RouteNotJudged && r.RunTime != r.Why.RunTime {
				t.Fatalf("a reason advises %v, and its explanation %v", r.RunTime, r.Why.RunTime)
			}
		}
	}
	if advised < 500 || float64(helped) < 0.97*float64(advised) {
		t.Errorf("of %d times the advice helped %d times", advised, helped)
	}
}

// poisson is a number of requests.
func poisson(random *rand.Rand, mean float64) int64 {
	if mean > 500 {
		return int64(math.Round(mean + math.Sqrt(mean)*random.NormFloat64()))
	}
	n, left := int64(-1), mean
	for left >= 0 {
		left -= random.ExpFloat64()
		n++
	}
	return n
}

// Time brings no requests to a route of on_start.
func TestNoAdviceForOnStart(t *testing.T) {
	all := map[string]result.Figures{"GET /a": figures(2000, 0, time.Millisecond), "POST /login": figures(3, 0, time.Millisecond), "GET /rare": figures(3, 0, time.Millisecond)}
	for _, stream := range []string{"WS /on_start", "WS /task"} {
		all[stream], all[stream+" first message"] = figures(3, 0, time.Millisecond), figures(3, 0, time.Millisecond)
	}
	base, head := pairOf(8, all, all)
	head.Tally.Routes["WS /on_start first message"].Part = true
	head.Tally.Routes["WS /task first message"].Part = true
	head.PlannedRoutes = []string{"GET /a", "GET /rare", "WS /task"}
	starts := []string{"POST /login", "WS /on_start", "WS /on_start first message"}
	for _, c := range gate.JudgePairs(policy(), base, head, true).Comparisons {
		switch start := slices.Contains(starts, c.Route); {
		case c.Why == nil || c.Route == "GET /a":
		case c.Why.OnStart != start || (c.Why.RunTime == 0) != start:
			t.Errorf("%s %s: %+v", c.Route, c.Metric, *c.Why)
		}
	}
}
