package gate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// planned says which routes the tasks of a profile can request.
func planned(names ...string) func(*result.Result) {
	return func(r *result.Result) { r.PlannedRoutes = names }
}

// A route of the profile that was never requested makes the verdict inconclusive.
func TestRouteThatNobodyRequested(t *testing.T) {
	usual := map[string]load{"GET /x": {2000, 0, 20 * time.Millisecond}}
	of := planned("GET /admin", "GET /x")
	ignoring := policy()
	ignoring.Routes = map[string]gate.RoutePolicy{"GET /admin": {Ignore: true}}
	base, head := pairOf(8, map[string]result.Figures{"GET /x": figures(2000, 0, 20*time.Millisecond)}, map[string]result.Figures{"GET /x": figures(2000, 0, 20*time.Millisecond)})
	of(base)
	of(head)
	for name, c := range map[string]struct {
		verdict func(p gate.Policy) gate.Verdict
	}{
		"stored": {func(p gate.Policy) gate.Verdict {
			return gate.Judge(p, changed(history(1, usual), of), summaries(changed(history(12, usual), of)))
		}},
		"paired": {func(p gate.Policy) gate.Verdict { return gate.JudgePairs(p, base, head, true) }},
	} {
		v := c.verdict(policy())
		if v.Outcome != gate.Inconclusive || v.Compared != 1 || v.Total != 2 {
			t.Errorf("%s: got %v, %d of %d routes compared; want inconclusive, 1 of 2", name, v, v.Compared, v.Total)
		}
		checkReasons(t, v, []string{"not-requested: GET /admin"})
		checkValid(t, v)
		if v := c.verdict(ignoring); v.Outcome != gate.Pass || v.Total != 1 {
			t.Errorf("%s: ignored, it is %v, of %d routes", name, v, v.Total)
		}
	}
}

// A few requests of on_start in judged time leave no doubt.
func TestRequestsOfLateUsers(t *testing.T) {
	usual := map[string]load{"GET /x": {2000, 0, 20 * time.Millisecond}}
	late := map[string]load{"GET /x": {2000, 0, 20 * time.Millisecond}, "POST /login": {3, 0, 90 * time.Millisecond}}
	of := planned("GET /x")
	for name, c := range map[string][2]map[string]load{"in head": {usual, late}, "in the history": {late, usual}, "in both": {late, late}} {
		v := gate.Judge(policy(), changed(history(1, c[1]), of), summaries(changed(history(12, c[0]), of)))
		if v.Outcome != gate.Pass {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// A login that always fails is one reason, and a failure, even if nothing was requested in judged time.
func TestLoginThatFails(t *testing.T) {
	usual := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}, "GET /b": {2000, 0, 20 * time.Millisecond}}
	of := planned("GET /a", "GET /b")
	past := summaries(changed(history(12, usual), of))
	refused := func(r *result.Result) {
		of(r)
		r.WarmUp = &tally.Tally{}
		for range 60 {
			r.WarmUp.Add(tally.Sample{Route: "POST /login", Class: tally.Status, Error: "status 401", Ended: time.Millisecond})
		}
	}
	reasons := []string{"failing: POST /login failures limit 0.01 now 1 of 60", "not-reached: POST /login limit 0.01 now 1 of 60 GET /a; GET /b"}
	never := gate.Judge(policy(), changed(history(1, nil), refused), past)
	check := func(name string, v gate.Verdict, text string, want []string) {
		t.Helper()
		if v.Outcome != gate.Fail {
			t.Errorf("%s: got %v", name, v)
		}
		checkReasons(t, v, want)
		checkValid(t, v)
		if f := v.Reasons[0].Failures; len(f) != 1 || f[0] != (gate.Failure{Class: "status", Text: text, Count: f[0].Count}) {
			t.Errorf("%s: the errors are %+v", name, f)
		}
	}
	check("in the warm-up", never, "status 401", reasons)
	tried := changed(history(1, map[string]load{"POST /login": {200, 200, time.Millisecond}}), of)
	check("in judged time", gate.Judge(policy(), tried, past), "status 500", []string{"failing: POST /login failures limit 0.01 now 1 of 600", "not-reached: head POST /login limit 0.01 now 1 of 600 GET /a; GET /b"})

	base, head := pairOf(8, map[string]result.Figures{"GET /a": figures(2000, 0, time.Millisecond)}, nil)
	of(base)
	refused(head)
	check("in a pair", gate.JudgePairs(policy(), base, head, true), "status 401", []string{"failing: POST /login failures limit 0.01 now 1 of 60", "not-reached: head POST /login limit 0.01 now 1 of 60 GET /a; GET /b"})
}

// If a pairing ends early, a count is scaled to the whole plan; if it is then too close to tell, the pairing goes on.
func TestCountOfAnEarlyEnd(t *testing.T) {
	one := map[string]result.Figures{"GET /a": figures(100, 0, 20*time.Millisecond)}
	for _, c := range []struct {
		rule  string
		pairs int
		final bool
		want  gate.Outcome
		more  int
	}{
		{"count>=2000", 8, false, gate.Pass, 0},
		{"count<=1000", 8, false, gate.Fail, 0},
		{"count>=2400", 8, false, gate.Inconclusive, 4},
		{"count>=2400", 8, true, gate.Inconclusive, 0},
		{"count>=2400", 24, true, gate.Pass, 0},
		{"count>=2401", 24, true, gate.Fail, 0},
	} {
		p := policy()
		p.Metrics = []gate.Metric{gate.P50}
		p.Thresholds = parsePolicy(t, `thresholds: {"*": ["`+c.rule+`"]}`).Thresholds
		base, head := pairOf(c.pairs, one, one)
		for range 99 * c.pairs {
			head.Tally.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: 20 * time.Millisecond})
		}
		v := gate.JudgePairs(p, base, head, c.final)
		if v.Outcome != c.want || v.More != c.more {
			t.Errorf("%s after %d pairs, final %v: got %v and %d more, want %v and %d", c.rule, c.pairs, c.final, v, v.More, c.want, c.more)
		}
		if one := v.Thresholds[0]; one.Value != 2400 || (one.Counted == 0) != (c.pairs == 24) {
			t.Errorf("%s after %d pairs: %+v", c.rule, c.pairs, one)
		}
		checkValid(t, v)
	}
}

// A small latency that becomes much larger fails, and each row says which change it lets through.
func TestSmallLatencyBecomesLarger(t *testing.T) {
	at := func(latency time.Duration) map[string]result.Figures {
		return map[string]result.Figures{"GET /a": figures(2000, 0, latency)}
	}
	base, head := pairOf(16, at(400*time.Microsecond), at(time.Millisecond))
	v := gate.JudgePairs(policy(), base, head, true)
	if v.Outcome != gate.Fail {
		t.Errorf("0.4 to 1 ms: %v", v)
	}
	base, head = pairOf(16, at(200*time.Microsecond), at(280*time.Microsecond))
	v = gate.JudgePairs(policy(), base, head, true)
	for _, c := range v.Comparisons {
		if c.Route == "GET /a" && c.Metric == gate.P50 && (c.Status != gate.Within || c.LetsThrough < 0.49 || c.LetsThrough > 0.51) {
			t.Errorf("a p50 of 0.2 ms lets 0.1 ms through: %+v", c)
		}
		if c.Route == "GET /a" && c.Metric == gate.Throughput && (c.LetsThrough < 0.2 || c.LetsThrough > 0.25) {
			t.Errorf("throughput lets its limit through: %+v", c)
		}
	}
}

// A quantile is not judged if more requests are unfinished than lie beyond it.
func TestUnfinished(t *testing.T) {
	usual := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}
	base, head := pairOf(8, usual, usual)
	head.Tally.Routes["GET /a"].Unfinished = 8 * 2000 / 50 // 2 %
	status := map[gate.Metric]gate.Comparison{}
	v := gate.JudgePairs(policy(), base, head, true)
	for _, c := range v.Comparisons {
		if c.Route == "GET /a" {
			status[c.Metric] = c
		}
	}
	if status[gate.P50].Status != gate.Within || status[gate.P95].Status != gate.Within || status[gate.P99].Status != gate.NotJudged || status[gate.P99].Why.Kind != gate.Unfinished {
		t.Errorf("2 %% unfinished: %+v", status)
	}
	checkValid(t, v)
}

// The whole fails only if a route does, whatever the routes' own limits are.
func TestFailuresOfTheWhole(t *testing.T) {
	routes := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}, "GET /flaky": {2000, 100, 20 * time.Millisecond}}
	for name, own := range map[string]gate.RoutePolicy{"a limit of its own": {Degradation: 0.2, FailureRate: 0.1}, "ignored": {Degradation: 0.2, FailureRate: 0.01, Ignore: true}} {
		p := policy()
		p.Routes = map[string]gate.RoutePolicy{"GET /flaky": own}
		if v := gate.Judge(p, history(1, routes), summaries(history(12, routes))); v.Outcome != gate.Pass {
			t.Errorf("%s: %v", name, v)
		}
	}
}

func TestNotABaseline(t *testing.T) {
	usual := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}, "GET /b": {2000, 0, 20 * time.Millisecond}}
	with := func(name string, l load) map[string]load {
		return map[string]load{"GET /a": usual["GET /a"], "GET /b": usual["GET /b"], name: l}
	}
	for name, c := range map[string]struct {
		run  *result.Result
		want string
	}{
		"well":          {run(usual), "[]"},
		"one failure":   {run(with("GET /a", load{2000, 1, time.Millisecond})), "[]"},
		"all fail":      {run(with("GET /a", load{2000, 2000, time.Millisecond})), "[failing: GET /a failures limit 0.01 now 1 of 6000]"},
		"too many fail": {run(with("GET /a", load{2000, 100, time.Millisecond})), "[failing: GET /a failures limit 0.01 now 0.05 of 6000]"},
		"never asked":   {changed([]*result.Result{run(usual)}, planned("GET /a", "GET /b", "GET /c"))[0], "[not-requested: GET /c]"},
		"not reached": {changed([]*result.Result{run(map[string]load{"GET /a": {2000, 2000, time.Millisecond}})}, planned("GET /a", "GET /b"))[0],
			"[failing: GET /a failures limit 0.01 now 1 of 6000 not-reached: GET /a limit 0.01 now 1 of 6000 GET /b]"},
		"nothing at all": {run(nil), "[no-samples:]"},
	} {
		var got []string
		for _, r := range gate.NotABaseline(policy(), c.run) {
			got = append(got, brief(r))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}

// Advice helps: an advised run_time is longer than the present one, and removes the reason that advised it.
func TestAdviceHelps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	advised := 0
	for range 300 {
		before, now := map[string]result.Figures{}, map[string]result.Figures{}
		for _, name := range []string{"GET /a", "GET /b", "GET /c"} {
			n := int64(1 + random.ExpFloat64()*60)
			m := max(int64(float64(n)*(0.2+1.5*random.Float64())), 1)
			before[name] = figures(n, n*int64(random.IntN(8)/7), 20*time.Millisecond)
			now[name] = figures(m, m*int64(random.IntN(8)/7), 20*time.Millisecond)
		}
		base, head := pairOf(8, before, now)
		present := 24 * time.Second
		for _, r := range gate.JudgePairs(policy(), base, head, true).Reasons {
			if r.RunTime == 0 {
				continue
			}
			advised++
			if r.RunTime <= present {
				t.Fatalf("%s advises less than there is", brief(r))
			}
			scaled := func(all map[string]result.Figures) map[string]result.Figures {
				more := map[string]result.Figures{}
				for name, f := range all {
					by := float64(r.RunTime) / float64(present)
					more[name] = figures(int64(float64(f.Requests)*by), int64(float64(f.Failures)*by), f.P50)
				}
				return more
			}
			base, head := pairOf(8, scaled(before), scaled(now))
			again := gate.JudgePairs(policy(), base, head, true)
			if slices.ContainsFunc(again.Reasons, func(o gate.Reason) bool { return o.Kind == r.Kind && o.Route == r.Route }) {
				t.Errorf("%s, and that long it says %v\nbefore %v\nnow %v", brief(r), again, before[r.Route], now[r.Route])
			}
		}
	}
	if advised < 50 {
		t.Errorf("advice was given %d times", advised)
	}
}
