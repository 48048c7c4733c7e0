package gate_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// loadsOf are n pairs of rounds of one system, idle with a tenth of the requests of its full load.
func loadsOf(n int, idle, full map[string]result.Figures) (few, all *result.Result) {
	few, all = pairOf(n, idle, full)
	few.Users, all.Users, few.ProfileDigest = 10, 100, "d1 idle"
	few.Watch = &result.Watch{Mean: map[string]float64{"system.cpu_share": 0.04, "system.cpu_cores": 0.08}}
	all.Watch = &result.Watch{Mean: map[string]float64{"system.cpu_share": 0.78, "system.cpu_cores": 1.56}}
	return few, all
}

func TestJudgeUnderLoad(t *testing.T) {
	ms := time.Millisecond
	idle := map[string]result.Figures{"GET /a": figures(250, 0, 20*ms), "POST /b": figures(210, 0, 30*ms)}
	full := func(a, b time.Duration) map[string]result.Figures {
		return map[string]result.Figures{"GET /a": figures(2500, 0, a), "POST /b": figures(2100, 0, b)}
	}
	failing := full(20*ms, 30*ms)
	failing["POST /b"] = figures(2100, 300, 30*ms)
	few := map[string]result.Figures{"GET /a": figures(250, 0, 20*ms), "POST /b": figures(30, 0, 30*ms)}
	none := map[string]result.Figures{"GET /a": figures(250, 0, 20*ms)}
	for name, c := range map[string]struct {
		pairs      int
		idle, full map[string]result.Figures
		change     func(idle, full *result.Result)
		policy     func(*gate.Policy)
		want       string
		notice     gate.ReasonKind
	}{
		"ten times the throughput is no matter": {pairs: 8, idle: idle, full: full(21*ms, 31*ms), want: "pass"},
		"40 % slower":                           {pairs: 20, idle: idle, full: full(28*ms, 31*ms), want: "fail; slow-under-load GET /a p50 under load; slow-under-load GET /a p95 under load"},
		// One route is no cause of another: each has its own limit.
		"one far slower, one slower": {pairs: 20, idle: idle, full: full(200*ms, 45*ms), want: "fail; slow-under-load GET /a p50 under load; slow-under-load GET /a p95 under load; slow-under-load POST /b p50 under load; slow-under-load POST /b p95 under load"},
		"one faster, one slower":     {pairs: 20, idle: idle, full: full(12*ms, 45*ms), want: "fail; slow-under-load POST /b p50 under load; slow-under-load POST /b p95 under load"},
		"within a wide limit":        {pairs: 12, idle: idle, full: full(28*ms, 31*ms), policy: func(p *gate.Policy) { p.UnderLoad.Degradation = 1 }, want: "pass"},
		"a route's own limit is of changes": {pairs: 20, idle: idle, full: full(28*ms, 31*ms), want: "fail; slow-under-load GET /a p50 under load; slow-under-load GET /a p95 under load",
			policy: func(p *gate.Policy) {
				p.Routes = map[string]gate.RoutePolicy{"GET /a": {Degradation: 3, FailureRate: 0.01}}
			}},
		"ignored": {pairs: 8, idle: idle, full: full(28*ms, 31*ms), want: "pass",
			policy: func(p *gate.Policy) { p.Routes = map[string]gate.RoutePolicy{"GET /a": {Ignore: true}} }},
		"fails under load":     {pairs: 8, idle: idle, full: failing, want: "fail; failing POST /b failures"},
		"too few for p95 only": {pairs: 8, idle: few, full: full(20*ms, 30*ms), want: "pass"},
		"too few at all": {pairs: 8, idle: map[string]result.Figures{"GET /a": figures(250, 0, 20*ms), "POST /b": figures(3, 0, 30*ms)}, full: full(20*ms, 30*ms),
			want: "inconclusive; route-not-judged POST /b p50 under load"},
		"never requested while idle": {pairs: 8, idle: none, full: full(20*ms, 30*ms), want: "inconclusive; route-not-judged POST /b"},
		"too few pairs":              {pairs: 5, idle: idle, full: full(20*ms, 30*ms), want: "inconclusive; too-few-pairs"},
		"cut short": {pairs: 8, idle: idle, full: full(20*ms, 30*ms), want: "inconclusive; run-not-whole", change: func(idle, _ *result.Result) {
			idle.Problems = []result.Problem{{Kind: result.TargetDied, Text: "the system ended"}}
		}},
		"busy when idle": {pairs: 8, idle: idle, full: full(20*ms, 30*ms), want: "pass", notice: gate.IdleBusy, change: func(idle, _ *result.Result) {
			idle.Watch.Mean["system.cpu_share"] = 0.3
		}},
	} {
		few, all := loadsOf(c.pairs, c.idle, c.full)
		if c.change != nil {
			c.change(few, all)
		}
		p := gate.DefaultPolicy()
		if c.policy != nil {
			c.policy(&p)
		}
		v := gate.JudgeUnderLoad(p, few, all, true)
		got := v.String()
		if sortReasons(got) != sortReasons(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if bounded, _ := v.Bound(); bounded.Validate() != nil {
			t.Errorf("%s: %v", name, bounded.Validate())
		}
		if has := slices.ContainsFunc(v.Notices, func(r gate.Reason) bool { return r.Kind == gate.IdleBusy }); has != (c.notice == gate.IdleBusy) {
			t.Errorf("%s: notices %v", name, v.Notices)
		}
		for _, one := range v.Comparisons {
			if one.Metric != gate.FailureRate && !one.Metric.IsUnderLoad() || one.Metric == gate.FailureRate && one.Baseline+one.Change != 0 {
				t.Errorf("%s: %+v", name, one)
			}
		}
		if v.Mode != gate.UnderLoad || v.Loads.Idle.Users != 10 || v.Loads.Full.Users != 100 || *v.Loads.Full.CPUShare != 0.78 || v.Loads.Full.CPUCores != 1.56 || v.Baseline.Commit != "" {
			t.Errorf("%s: %s of %+v", name, v.Mode, v.Loads)
		}
	}
}

// What was not read is unknown, and the words say why.
func TestUnderLoadUnread(t *testing.T) {
	routes := map[string]result.Figures{"GET /a": figures(2500, 0, 20*time.Millisecond)}
	few, all := loadsOf(8, routes, routes)
	few.Watch, all.Watch = nil, &result.Watch{Absent: []result.Absent{{Source: "gpu", Why: "none"}, {Source: "system", Why: "it was not started here"}}}
	v := gate.JudgeUnderLoad(gate.DefaultPolicy(), few, all, true)
	if l := v.Loads; l.Idle.CPUShare != nil || l.Full.CPUShare != nil || l.Idle.Unread != "nothing was watched" || l.Full.Unread != "it was not started here" || v.Outcome != gate.Pass {
		t.Errorf("%s: %+v", v, l)
	}
}

// A change must be good in both comparisons, which share the level of the report.
func TestVerdictWith(t *testing.T) {
	ms := time.Millisecond
	change := func(after time.Duration, asked bool) gate.Verdict {
		p := gate.DefaultPolicy()
		p.UnderLoad.Asked = asked
		base, head := pairOf(20, map[string]result.Figures{"GET /a": figures(2500, 0, 20*ms)}, map[string]result.Figures{"GET /a": figures(2500, 0, after)})
		return gate.JudgePairs(p, base, head, true)
	}
	under := func(full time.Duration, pairs int) gate.Verdict {
		few, all := loadsOf(pairs, map[string]result.Figures{"GET /a": figures(250, 0, 20*ms)}, map[string]result.Figures{"GET /a": figures(2500, 0, full)})
		return gate.JudgeUnderLoad(gate.DefaultPolicy(), few, all, true)
	}
	for name, c := range map[string]struct {
		change, under gate.Verdict
		want          gate.Outcome
		first         gate.ReasonKind
	}{
		"both good":            {change(20*ms, true), under(20*ms, 20), gate.Pass, ""},
		"worse":                {change(30*ms, true), under(20*ms, 20), gate.Fail, gate.Slower},
		"slow under load":      {change(20*ms, true), under(30*ms, 20), gate.Fail, gate.SlowUnderLoad},
		"both bad":             {change(30*ms, true), under(30*ms, 20), gate.Fail, gate.Slower},
		"under load not clear": {change(20*ms, true), under(20*ms, 3), gate.Inconclusive, gate.TooFewPairs},
		"worse, and not clear": {change(30*ms, true), under(20*ms, 3), gate.Fail, gate.Slower},
	} {
		v := c.change.With(c.under)
		if v.Outcome != c.want || v.Mode != gate.Paired || v.Loads == nil || c.first != "" && v.Reasons[0].Kind != c.first || v.Compared != c.change.Compared {
			t.Errorf("%s: %s", name, v)
		}
		if bounded, _ := v.Bound(); bounded.Validate() != nil {
			t.Errorf("%s: %v", name, bounded.Validate())
		}
		if c.want == gate.Fail {
			accepted := v.Accept(gate.Acceptance{By: "ana", At: time.Unix(1_700_000_000, 0)})
			if again := accepted.Revoke(); again.Outcome != gate.Fail || len(again.Reasons) < len(v.Reasons) {
				t.Errorf("%s: accepted and revoked it is %s", name, again)
			}
		}
	}
	alone, shared := change(30*ms, false), change(30*ms, true)
	if a, b := alone.Comparisons[0].Alpha, shared.Comparisons[0].Alpha; !(b > 0 && math.Abs(b/a-0.5) < 0.05) {
		t.Errorf("the level is %g alone and %g beside another comparison, want half", a, b)
	}
}

// sortReasons puts the reasons of a verdict's words in an order.
func sortReasons(text string) string {
	parts := strings.Split(text, "; ")
	slices.Sort(parts[1:])
	return strings.Join(parts, "; ")
}
