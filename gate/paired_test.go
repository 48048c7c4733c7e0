package gate_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// figures are what one route did in one round.
func figures(requests, failures int64, latency time.Duration) result.Figures {
	return result.Figures{
		Requests: requests, Failures: failures, Throughput: float64(requests - failures),
		P50: latency, P95: 2 * latency, P99: 4 * latency,
	}
}

// side is n rounds of one side. Each figure is off by some percent.
func side(n int, second func(pair int) bool, routes map[string]result.Figures, seed uint64) *result.Result {
	random := rand.New(rand.NewPCG(seed, 0))
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: n, Starts: 3, PairSeed: "5eed",
		Identity:    result.Identity{Series: "shop", ProfileDigest: "d1", Commit: fmt.Sprintf("c%05d", seed), Started: time.Unix(1_700_000_000, 0)},
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUCores: 2},
	}
	for i := range n {
		round := result.Round{Start: time.Duration(i) * time.Second, Length: time.Second, Second: second(i), Figures: map[string]result.Figures{}}
		for _, name := range slices.Sorted(maps.Keys(routes)) {
			f := routes[name]
			off := func(d time.Duration) time.Duration {
				return time.Duration(float64(d) * (1 + 0.03*random.NormFloat64()))
			}
			f.P50, f.P95, f.P99 = off(f.P50), off(f.P95), off(f.P99)
			f.Throughput *= 1 + 0.01*random.NormFloat64()
			round.Figures[name] = f
			round.Total.Requests += f.Requests
			round.Total.Failures += f.Failures
			round.Total.Throughput += f.Throughput
			round.Total.P50 = max(round.Total.P50, f.P50)
			round.Total.P95 = max(round.Total.P95, f.P95)
			round.Total.P99 = max(round.Total.P99, f.P99)
			r.Tally.Add(tally.Sample{Route: name, Class: tally.OK, Ended: f.P50})
		}
		r.Rounds = append(r.Rounds, round)
	}
	return r
}

// controls are what a control did n times.
func controls(n int, latency func(i int) time.Duration) (all []result.Figures) {
	for i := range n {
		all = append(all, figures(1000, 0, latency(i)))
	}
	return all
}

// doubtful makes one metric of a route look 50 % slower on head, with too much noise to prove it.
func doubtful(route string, m gate.Metric) func(base, head *result.Result) {
	return func(_, head *result.Result) {
		random := rand.New(rand.NewPCG(3, 0))
		for i := range head.Rounds {
			f := head.Rounds[i].Figures[route]
			slower := func(d time.Duration) time.Duration {
				return time.Duration(float64(d) * math.Exp(0.4+0.6*random.NormFloat64()))
			}
			switch m {
			case gate.P50:
				f.P50 = slower(f.P50)
			case gate.P95:
				f.P95 = slower(f.P95)
			}
			head.Rounds[i].Figures[route] = f
		}
	}
}

// pairOf is both sides of n pairs.
func pairOf(n int, before, after map[string]result.Figures) (base, head *result.Result) {
	odd := func(i int) bool { return i%2 == 1 }
	even := func(i int) bool { return i%2 == 0 }
	return side(n, odd, before, 1), side(n, even, after, 2)
}

func TestJudgePairs(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond), "POST /b": figures(1500, 0, 30*time.Millisecond)}
	with := func(name string, f result.Figures) map[string]result.Figures {
		changed := map[string]result.Figures{"GET /a": usual["GET /a"], "POST /b": usual["POST /b"]}
		changed[name] = f
		return changed
	}
	slow := with("GET /a", figures(2000, 0, 27*time.Millisecond))
	for name, c := range map[string]struct {
		pairs   int
		head    map[string]result.Figures
		change  func(base, head *result.Result)
		policy  func(*gate.Policy)
		open    bool // more pairs are to come
		want    gate.Outcome
		more    int
		reasons []string
		notice  gate.ReasonKind
	}{
		"unchanged":                 {pairs: 8, head: usual, want: gate.Pass},
		"before the first look":     {pairs: 7, head: usual, open: true, want: gate.Unjudged, more: 1},
		"between two looks":         {pairs: 13, head: usual, open: true, want: gate.Unjudged, more: 3},
		"ended between two looks":   {pairs: 13, head: usual, want: gate.Inconclusive, reasons: []string{"too-few-pairs: 13/16"}},
		"a third slower":            {pairs: 20, head: slow, want: gate.Fail, reasons: []string{"slower: GET /a p50 +3", "slower: GET /a p95 +3", "slower: GET /a p99 +3"}},
		"a third slower, too early": {pairs: 8, head: slow, open: true, want: gate.Inconclusive, more: 4, reasons: []string{"not-proven: GET /a p50 +3", "not-proven: GET /a p95", "not-proven: GET /a p99"}},
		"a third slower, and another route's tail with it": {pairs: 20, head: slow, open: true, want: gate.Fail, reasons: []string{"slower: GET /a p50 +3", "slower: GET /a p95 +3", "slower: GET /a p99 +3"}, change: doubtful("POST /b", gate.P95)},
		"a third slower, and perhaps another route":        {pairs: 20, head: slow, open: true, more: 4, want: gate.Fail, reasons: []string{"slower: GET /a p50 +3", "slower: GET /a p95 +3", "slower: GET /a p99 +3", "not-proven: POST /b p50"}, change: doubtful("POST /b", gate.P50)},
		"faster":                      {pairs: 8, head: with("GET /a", figures(2600, 0, 15*time.Millisecond)), want: gate.Pass},
		"slower, and nobody feels it": {pairs: 16, head: with("GET /a", figures(2000, 0, 27*time.Millisecond)), policy: func(p *gate.Policy) { p.MinEffect = 40 * time.Millisecond }, want: gate.Pass},
		"noisy, and nobody would feel it": {pairs: 8, head: usual, policy: func(p *gate.Policy) { p.MinEffect = 200 * time.Millisecond }, want: gate.Pass, change: func(_, head *result.Result) {
			for i := range head.Rounds {
				f := head.Rounds[i].Figures["GET /a"]
				f.P50 += time.Duration(i%4) * 10 * time.Millisecond
				head.Rounds[i].Figures["GET /a"] = f
			}
		}},
		"strict": {pairs: 16, head: with("GET /a", figures(2000, 0, 24200*time.Microsecond)), policy: func(p *gate.Policy) { p.Strict = true }, want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a p50", "not-proven: GET /a p95", "not-proven: GET /a p99"}},
		"throughput gone": {pairs: 16, head: with("GET /a", figures(1400, 0, 20*time.Millisecond)), want: gate.Fail, reasons: []string{"lower-throughput: GET /a throughput -30."}},
		"failing":         {pairs: 8, head: with("GET /a", figures(2000, 100, 20*time.Millisecond)), want: gate.Fail, reasons: []string{"failing: GET /a failures limit 0.01 now 0.05 of 16000"}},
		"failing more, inside a wide limit": {pairs: 16, head: usual, policy: func(p *gate.Policy) { p.FailureRate = 0.5 }, want: gate.Fail,
			reasons: []string{"failing: GET /a failures limit 0.5 now 0.05375 of 32000 [risen]"},
			change: func(_, head *result.Result) {
				for i := range head.Rounds {
					f := head.Rounds[i].Figures["GET /a"]
					f.Failures = 100 + int64(i)
					head.Rounds[i].Figures["GET /a"] = f
				}
			}},
		"failing more in one burst": {pairs: 16, head: usual, policy: func(p *gate.Policy) { p.FailureRate = 0.5 }, want: gate.Pass, change: func(_, head *result.Result) {
			head.Rounds[3].Figures["GET /a"] = figures(2000, 1900, 20*time.Millisecond)
		}},
		"a route missing in head": {pairs: 8, head: map[string]result.Figures{"GET /a": usual["GET /a"]}, want: gate.Inconclusive, reasons: []string{"route-missing: head POST /b"}},
		"a route missing in base": {pairs: 8, head: with("GET /new", figures(1000, 0, time.Millisecond)), want: gate.Inconclusive, reasons: []string{"route-missing: base GET /new"}},
		"holes, zero and negative values": {pairs: 16, head: usual, want: gate.Pass, change: func(base, head *result.Result) {
			delete(base.Rounds[1].Figures, "GET /a")
			head.Rounds[2].Figures["GET /a"] = figures(2000, 0, 0)
			head.Rounds[4].Figures["POST /b"] = figures(1500, 0, -time.Second)
		}},
		"nothing but holes": {pairs: 16, head: usual, want: gate.Inconclusive, change: func(_, head *result.Result) {
			for i := range head.Rounds {
				head.Rounds[i].Figures = map[string]result.Figures{"GET /a": figures(2000, 0, 0), "POST /b": figures(1500, 0, 0)}
				head.Rounds[i].Total.P50, head.Rounds[i].Total.P95, head.Rounds[i].Total.P99 = 0, 0, 0
			}
		}, policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, reasons: []string{"route-not-judged: GET /a [few-rounds]", "route-not-judged: POST /b [few-rounds]"}},
		"some disturbed": {pairs: 10, head: usual, want: gate.Pass, notice: gate.Disturbed, change: func(base, head *result.Result) {
			base.Rounds[2].Steal, head.Rounds[7].Lag = 0.4, time.Second
		}},
		"arrivals that are late by 50 ms": {pairs: 10, head: usual, want: gate.Pass, notice: gate.Disturbed, change: func(base, _ *result.Result) {
			base.Rounds[2].Lag, base.Rounds[7].Lag = 50*time.Millisecond, 50*time.Millisecond
		}},
		"users who are late by 50 ms": {pairs: 8, head: usual, want: gate.Pass, change: func(base, _ *result.Result) {
			base.Users, base.Rounds[2].Lag, base.Rounds[7].Lag = 100, 50*time.Millisecond, 50*time.Millisecond
		}},
		"too many disturbed": {pairs: 16, head: slow, want: gate.Inconclusive, reasons: []string{"noisy-machine: 7/16"}, change: func(base, _ *result.Result) {
			for i := range 7 {
				base.Rounds[i].CPUShare = 0.99
			}
		}},
		"the order matters": {pairs: 24, head: usual, want: gate.Pass, notice: gate.OrderEffect, policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, change: func(base, head *result.Result) {
			for i := range 24 {
				second := base
				if head.Rounds[i].Second {
					second = head
				}
				for name, f := range second.Rounds[i].Figures {
					f.P50 += f.P50 / 5
					second.Rounds[i].Figures[name] = f
				}
				second.Rounds[i].Total.P50 += second.Rounds[i].Total.P50 / 5
			}
		}},
		"the control strayed after two pairs": {pairs: 10, head: usual, want: gate.Pass, notice: gate.Disturbed, change: func(_, head *result.Result) {
			head.Control = controls(10, func(i int) time.Duration { return time.Millisecond * time.Duration(1+i/8) })
		}},
		"the control never holds still": {pairs: 20, head: slow, want: gate.Inconclusive, reasons: []string{"noisy-machine:"}, change: func(_, head *result.Result) {
			head.Control = controls(20, func(i int) time.Duration { return time.Millisecond * time.Duration(1+i%3*3) })
		}},
		"base ended early": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"run-not-whole: base 8/12"}, change: func(base, _ *result.Result) { base.PlannedRounds = 12 }},
		"base fails the route": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"route-not-judged: GET /a was 1 of 16000 [many-failures on base]"},
			policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, change: func(base, _ *result.Result) {
				for i := range base.Rounds {
					base.Rounds[i].Figures["GET /a"] = figures(2000, 2000, time.Millisecond)
				}
			}},
		"base fails the route at once, and so more often": {pairs: 8, head: with("GET /a", figures(160, 0, 9*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"route-not-judged: GET /a was 1 of 31200 [many-failures on base]"}, change: func(base, _ *result.Result) {
				for i := range base.Rounds {
					base.Rounds[i].Figures["GET /a"] = figures(3900, 3900, time.Millisecond)
				}
			}},
		"so slow that there is little to see": {pairs: 20, head: with("GET /a", figures(45, 0, 20*time.Millisecond)), want: gate.Fail, reasons: []string{
			"lower-throughput: GET /a throughput -97", "lost-sight: GET /a p95 and p99 now 45 was 2000"}},
		"so slow that a tail cannot be seen": {pairs: 8, head: with("GET /a", figures(500, 0, 20*time.Millisecond)), policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P99} }, want: gate.Inconclusive, reasons: []string{
			"lost-sight: GET /a p99 now 500 was 2000"}},
		"a few less than it takes": {pairs: 8, head: with("GET /a", figures(950, 0, 20*time.Millisecond)), policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50, gate.P99} }, want: gate.Pass, change: func(base, _ *result.Result) {
			for i := range base.Rounds {
				f := base.Rounds[i].Figures["GET /a"]
				f.Requests = 1010
				base.Rounds[i].Figures["GET /a"] = f
			}
		}},
		"requests of head that never end": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"route-not-judged: GET /a p99 [unfinished 800/160]"}, change: func(_, head *result.Result) {
			head.Tally.Routes["GET /a"].Unfinished = 800
		}},
		"requests of both that never end": {pairs: 8, head: usual, want: gate.Pass, change: func(base, head *result.Result) {
			base.Tally.Routes["GET /a"].Unfinished, head.Tally.Routes["GET /a"].Unfinished = 800, 800
		}},
		"base hardly asked for the route": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"route-not-judged: GET /a p50 [few-requests 3/20 on base] 3m51s"},
			policy: func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, change: func(base, _ *result.Result) {
				for i := range base.Rounds {
					base.Rounds[i].Figures["GET /a"] = figures(3, 0, time.Millisecond)
				}
			}},
		"two machines": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"other-environment: pair cores: 2 here, 4 there"}, change: func(base, _ *result.Result) { base.Environment.CPUCores = 4 }},
		"two profiles": {pairs: 8, head: usual, want: gate.Inconclusive, reasons: []string{"other-profile"}, change: func(base, _ *result.Result) { base.ProfileDigest = "d2" }},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy()
			if c.policy != nil {
				c.policy(&p)
			}
			base, head := pairOf(c.pairs, usual, c.head)
			if c.change != nil {
				c.change(base, head)
			}
			v := gate.JudgePairs(p, base, head, !c.open)
			if v.Outcome != c.want || v.More != c.more {
				t.Errorf("got %v and %d more pairs, want %v and %d", v, v.More, c.want, c.more)
			}
			if c.want != gate.Unjudged {
				checkReasons(t, v, c.reasons)
				checkValid(t, v)
			}
			if seen := fmt.Sprint(v.Notices); c.notice != "" && !strings.Contains(seen, string(c.notice)) {
				t.Errorf("no notice of %s in %s", c.notice, seen)
			}
			if again := gate.JudgePairs(p, base, head, !c.open); fmt.Sprint(again) != fmt.Sprint(v) && again.Outcome != v.Outcome {
				t.Errorf("judged again it says %v", again)
			}
		})
	}
}

// Each change comes with its certainty: an interval, a p value, and what could have been seen.
func TestJudgePairsShowsHowSure(t *testing.T) {
	base, head := pairOf(16, map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}, map[string]result.Figures{"GET /a": figures(2000, 0, 26*time.Millisecond)})
	for _, c := range gate.JudgePairs(policy(), base, head, true).Comparisons {
		if c.Route != "GET /a" || c.Metric != gate.P50 {
			continue
		}
		if c.Interval == nil || c.Interval.Low < 0.25 || c.Interval.High > 0.35 || c.Change < c.Interval.Low || c.Change > c.Interval.High {
			t.Errorf("change %v, interval %v", c.Change, c.Interval)
		}
		if c.P == nil || *c.P > c.Alpha || c.N != 16 || c.SmallestVisible < 0.199 || c.SmallestVisible > 0.3 {
			t.Errorf("got %+v", c)
		}
		return
	}
	t.Error("GET /a p50 was not compared")
}

// A busy machine may sleep through a short round. That ends no comparison before the first look; after it, or if
// no more pairs follow, it does.
func TestJudgePairsWaitsForTheFirstRequest(t *testing.T) {
	some := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}
	for pairs, want := range map[int]int{1: 5, 7: 1, 8: 0} {
		base, head := pairOf(pairs, nil, some)
		if v := gate.JudgePairs(gate.DefaultPolicy(), base, head, false); v.More != want || (v.Outcome == gate.Unjudged) != (want > 0) {
			t.Errorf("after %d pairs without a request: %d more, %v %v; want %d", pairs, v.More, v.Outcome, v.Reasons, want)
		}
	}
	base, head := pairOf(1, nil, some)
	if v := gate.JudgePairs(gate.DefaultPolicy(), base, head, true); v.More != 0 || v.Outcome != gate.Inconclusive {
		t.Errorf("at the end: %d more, %v", v.More, v.Outcome)
	}
}

func TestAreSides(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(10, 0, time.Millisecond)}
	base, head := pairOf(4, usual, usual)
	other := *head
	other.PairSeed = "0dd"
	if !gate.AreSides(base, head) || gate.AreSides(base, &other) || gate.AreSides(base, base) || gate.AreSides(&result.Result{}, &result.Result{}) {
		t.Error("results are sides if in each pair of rounds one of them came second")
	}
}

// Small changes that add up are noticed, and so is a step, with its commit.
func TestTrend(t *testing.T) {
	series := func(n int, latency func(i int) time.Duration) []*result.Result {
		var runs []*result.Result
		for i := range n {
			r := side(3, func(int) bool { return false }, map[string]result.Figures{"GET /a": figures(2000, 0, latency(i))}, uint64(i))
			r.Started = time.Unix(1_700_000_000, 0).Add(time.Duration(i) * 12 * time.Hour)
			runs = append([]*result.Result{r}, runs...) // newest first, as a store gives them
		}
		return runs
	}
	kinds := func(runs []*result.Result) string {
		var all []string
		for _, n := range gate.Trend(policy(), summaries(runs)) {
			all = append(all, brief(n))
		}
		return strings.Join(all, "\n")
	}
	if got := kinds(series(40, func(int) time.Duration { return 20 * time.Millisecond })); got != "" {
		t.Errorf("of a level branch: %s", got)
	}
	creeping := func(i int) time.Duration { // 20 level runs, then one percent with each
		d := 20 * float64(time.Millisecond)
		for range max(0, i-20) {
			d *= 1.01
		}
		return time.Duration(d)
	}
	if got := kinds(series(41, creeping)); !strings.Contains(got, "GET /a p50") {
		t.Errorf("one percent a commit is not noticed after twenty: %q", got)
	}
	step := kinds(series(40, func(i int) time.Duration { return 20*time.Millisecond + time.Duration(i/25)*5*time.Millisecond }))
	if !strings.Contains(step, "step: GET /a p50 +2") || !strings.Contains(step, "c00025 2023-11-27") {
		t.Errorf("a step of a quarter: %s", step)
	}
	at := func(step int, by time.Duration) func(int) time.Duration {
		return func(i int) time.Duration { return 20*time.Millisecond + time.Duration(min(i/step, 1))*by }
	}
	back := func(i int) time.Duration { return 20*time.Millisecond + time.Duration(i/13%2)*5*time.Millisecond }
	if got := kinds(series(39, back)); got != "" {
		t.Errorf("a step that was taken back: %s", got)
	}
	half := func(i int) time.Duration {
		return 20*time.Millisecond + []time.Duration{0, 10, 5}[i/13]*time.Millisecond
	}
	if got := kinds(series(39, half)); !strings.Contains(got, "step: GET /a p50 +48.4% c00013") {
		t.Errorf("a step that was taken back by half: %q", got)
	}
	if got := kinds(series(100, at(25, 5*time.Millisecond))); got != "" {
		t.Errorf("a step more than 30 days ago: %s", got)
	}
	if got := kinds(series(40, at(20, 2600*time.Microsecond))); !strings.Contains(got, "step: GET /a p50 +1") {
		t.Errorf("a step of 13 %%, past half of the limit: %q", got)
	}
	if got := kinds(series(40, at(20, 1000*time.Microsecond))); got != "" {
		t.Errorf("a step of 5 %%: %s", got)
	}
	if got := kinds(series(15, creeping)); got != "" {
		t.Errorf("of a short branch: %s", got)
	}
}

// Of 100 routes × 4 metrics × 20 pairs, one of them slower so that the test is needed.
func BenchmarkJudgePairs(b *testing.B) {
	before, after := map[string]result.Figures{}, map[string]result.Figures{}
	for i := range 100 {
		name := fmt.Sprintf("GET /%d", i)
		before[name], after[name] = figures(2000, 0, 20*time.Millisecond), figures(2000, 0, 20*time.Millisecond)
	}
	after["GET /7"] = figures(2000, 0, 30*time.Millisecond)
	base, head := pairOf(20, before, after)
	for b.Loop() {
		if v := gate.JudgePairs(policy(), base, head, true); v.Outcome != gate.Fail {
			b.Fatal(v)
		}
	}
}

// Of 100 routes × 4 metrics, five runs against a history of twenty.
func BenchmarkJudge(b *testing.B) {
	fresh, history := freshRuns(5, 30*time.Millisecond), summaries(freshRuns(20, 20*time.Millisecond))
	for b.Loop() {
		if v := gate.Judge(policy(), fresh, history); v.Outcome != gate.Fail {
			b.Fatal(v)
		}
	}
}
