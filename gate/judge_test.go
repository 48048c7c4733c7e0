package gate_test

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// load describes the requests of one route in each round of a run.
type load struct {
	requests, failures int
	latency            time.Duration // the median; p99 is four times as long
}

// run is a whole run of three rounds of 10 s, in which each route saw its load.
func run(routes map[string]load) *result.Result {
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 3,
		Identity:    result.Identity{Series: "shop", ProfileDigest: "d1", Commit: "c0ffee", Started: time.Unix(1_700_000_000, 0), Finished: time.Unix(1_700_000_030, 0)},
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUCores: 2},
	}
	for i := range r.PlannedRounds {
		t := &tally.Tally{}
		for name, l := range routes {
			for n := range l.requests {
				s := tally.Sample{Route: name, Class: tally.OK, Ended: l.latency}
				if n*100 < l.requests*2 {
					s.Ended = 4 * l.latency
				}
				if n < l.failures {
					s.Class, s.Error = tally.Status, "status 500"
				}
				t.Add(s)
			}
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*10*time.Second, 10*time.Second, t))
		r.Tally.Merge(t)
	}
	return r
}

// history is n equal runs.
func history(n int, routes map[string]load) []*result.Result {
	var runs []*result.Result
	for range n {
		runs = append(runs, run(routes))
	}
	return runs
}

// summaries are the runs' rows of figures.
func summaries(runs []*result.Result) (all []result.Summary) {
	for _, r := range runs {
		all = append(all, r.Summary())
	}
	return all
}

func policy() gate.Policy {
	p := gate.DefaultPolicy()
	p.Baseline.Branch = "main"
	return p
}

func TestJudge(t *testing.T) {
	usual := map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}, "POST /b": {1500, 0, 30 * time.Millisecond}}
	with := func(name string, l load) map[string]load {
		changed := map[string]load{}
		for k, v := range usual {
			changed[k] = v
		}
		changed[name] = l
		return changed
	}
	for name, c := range map[string]struct {
		heads  []*result.Result
		base   []*result.Result
		policy func(*gate.Policy)
		// The gate.thresholds of the policy, as YAML.
		thresholds string
		want       gate.Outcome
		more       int
		reasons    []string // beginnings of what brief says
		notice     string   // the same
	}{
		"unchanged":         {heads: history(1, usual), base: history(12, usual), want: gate.Pass},
		"faster":            {heads: history(1, with("GET /a", load{4000, 0, 10 * time.Millisecond})), base: history(12, usual), want: gate.Pass},
		"a young history":   {heads: history(1, usual), base: history(5, usual), want: gate.Pass},
		"9 % slower":        {heads: history(1, with("GET /a", load{2000, 0, 21800 * time.Microsecond})), base: history(12, usual), want: gate.Pass},
		"19 % in five runs": {heads: history(5, with("GET /a", load{2000, 0, 23800 * time.Microsecond})), base: history(12, usual), want: gate.Pass},
		"19 % in one run": {
			heads: history(1, with("GET /a", load{2000, 0, 23800 * time.Microsecond})), base: history(12, usual), want: gate.Inconclusive, more: 4,
			reasons: []string{"looks-worse: GET /a p50 +19.0% 1/5", "looks-worse: GET /a p95", "looks-worse: GET /a p99"},
		},
		"slower below 100 µs": {heads: history(5, map[string]load{"GET /a": {2000, 0, 40 * time.Microsecond}}), base: history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Microsecond}}), want: gate.Pass},
		"ignored": {heads: history(5, with("GET /a", load{2000, 900, 90 * time.Millisecond})), base: history(12, usual), policy: func(p *gate.Policy) {
			p.FailureRate = 0.5
			p.Degradation = 50
			p.Routes = map[string]gate.RoutePolicy{"GET /a": {Ignore: true}}
		}, want: gate.Pass},
		"one failure of many": {heads: history(1, with("GET /a", load{2000, 1, 20 * time.Millisecond})), base: history(12, usual), want: gate.Pass},
		"a third slower": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: history(12, usual), want: gate.Fail,
			reasons: []string{"slower: GET /a p50 +35.0% limit 0.2", "slower: GET /a p95 +35.", "slower: GET /a p99 +35."},
		},
		"a third slower, too short a history": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: history(9, usual), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a p50 +35.0% limit 0.2 5/0 [few-runs 9/10]", "not-proven: GET /a p95", "not-proven: GET /a p99"},
		},
		// p is 1,287 of 53,130 in both of these, since eight runs of the history are as slow.
		"a third slower than the newest runs, and than most": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: append(history(8, with("GET /a", load{2000, 0, 27 * time.Millisecond})), history(12, usual)...), want: gate.Fail,
			reasons: []string{"slower: GET /a p50 +35.0% limit 0.2", "slower: GET /a p95 +35.", "slower: GET /a p99 +35."},
		},
		"a third slower than most, and as the newest runs": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: append(history(12, usual), history(8, with("GET /a", load{2000, 0, 27 * time.Millisecond}))...), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a p50 +35.0% limit 0.2 5/0 [restless]", "not-proven: GET /a p95", "not-proven: GET /a p99"},
		},
		"slower than the newest runs, and half of the history was slower still": {
			heads: history(5, with("GET /a", load{2000, 0, 33 * time.Millisecond})), base: append(history(10, with("GET /a", load{2000, 0, 34 * time.Millisecond})), history(10, usual)...), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a p50 +26.", "not-proven: GET /a p95", "not-proven: GET /a p99"},
		},
		"throughput gone": {
			heads: history(5, map[string]load{"GET /a": {1500, 0, 20 * time.Millisecond}}), base: history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}), want: gate.Fail,
			reasons: []string{"lower-throughput: GET /a throughput -25.0% limit -0.2"},
		},
		// On the scale of a ratio 18.5 % fewer requests are more than 20 % more latency.
		"throughput inside its limit": {
			heads: history(5, map[string]load{"GET /a": {1630, 0, 20 * time.Millisecond}}), base: history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}), want: gate.Pass,
		},
		"the history is too noisy to see much": {
			heads: history(1, usual), base: append(history(6, with("GET /a", load{2000, 0, 16 * time.Millisecond})), history(6, with("GET /a", load{2000, 0, 24 * time.Millisecond}))...),
			want: gate.Pass, notice: "low-sight: baseline",
		},
		"failing": {
			heads: history(1, with("GET /a", load{2000, 100, 20 * time.Millisecond})), base: history(12, usual), want: gate.Fail,
			reasons: []string{"failing: GET /a failures limit 0.01 now 0.05 of 6000"},
		},
		"failing a little": {
			heads: history(1, map[string]load{"GET /a": {200, 3, 20 * time.Millisecond}}), base: history(12, map[string]load{"GET /a": {200, 0, 20 * time.Millisecond}}), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a failures limit 0.01 now 0.015 of 600"},
			policy:  func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} }, more: 4,
		},
		"one failure where none may be": {
			heads: history(1, with("GET /a", load{2000, 1, 20 * time.Millisecond})), base: history(12, usual), policy: func(p *gate.Policy) { p.FailureRate = 0 },
			want: gate.Fail, reasons: []string{"failing: GET /a failures now 0.0005 of 6000"},
		},
		"failing without baseline": {
			heads: history(1, with("GET /a", load{2000, 100, 20 * time.Millisecond})), want: gate.Fail,
			reasons: []string{"failing: GET /a failures", "no-baseline: on main"},
		},
		"a stricter route": {
			heads: history(5, with("POST /b", load{1500, 0, 34 * time.Millisecond})), base: history(12, usual),
			policy: func(p *gate.Policy) {
				p.Routes = map[string]gate.RoutePolicy{"POST /b": {Degradation: 0.1, FailureRate: 0.01}}
			},
			want:    gate.Fail,
			reasons: []string{"slower: POST /b p50 +13.", "slower: POST /b p95 +13.", "slower: POST /b p99 +13."},
		},
		"everything slower": {
			heads: history(5, several(13*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"common-shift: +30.0%"},
		},
		"everything slower in one run": {
			heads: history(1, several(13*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive, more: 4,
			reasons: []string{"common-shift: +30.0%"},
		},
		"everything slower, and one route by more than that": {
			heads: history(5, more(several(13*time.Millisecond), "GET /a", 30*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Fail,
			reasons: []string{"slower: GET /a p50 +200.", "slower: GET /a p95 +200.", "slower: GET /a p99 +200.", "common-shift: +30.0%"},
		},
		"everything faster": {heads: history(5, several(7*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive, reasons: []string{"common-shift: -30.0%"}},
		"everything faster, and one route not": {
			heads: history(5, more(several(7*time.Millisecond), "GET /a", 11*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"against-shift: GET /a p50 +57.", "against-shift: GET /a p95 +57.", "against-shift: GET /a p99 +57.", "common-shift: -30.0%"},
		},
		"everything faster, and the control is not": {
			heads: changed(history(5, several(7*time.Millisecond)), controlled(10*time.Millisecond, 10*time.Millisecond)),
			base:  changed(history(12, several(10*time.Millisecond)), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Pass, notice: "common-shift: -30.0%",
		},
		"slower, and the control a little": {
			heads: changed(history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), controlled(11*time.Millisecond, 11*time.Millisecond)),
			base:  changed(history(12, usual), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Fail,
			reasons: []string{"slower: GET /a p50 +35.0% limit 0.2", "slower: GET /a p95 +35.", "slower: GET /a p99 +35."}, notice: "control-moved: +10.0%",
		},
		"slower, and the control too": {
			heads: changed(history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), controlled(13*time.Millisecond, 13*time.Millisecond)),
			base:  changed(history(12, usual), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a p50 +35.0% limit 0.2 5/0 [control-too +30.0%]", "not-proven: GET /a p95", "not-proven: GET /a p99"},
		},
		"slower, and the control is not": {
			heads: changed(history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), controlled(10*time.Millisecond, 10*time.Millisecond)),
			base:  changed(history(12, usual), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Fail,
			reasons: []string{"slower: GET /a p50 +35.0% limit 0.2", "slower: GET /a p95 +35.", "slower: GET /a p99 +35."},
		},
		"the control did not hold still": {
			heads: changed(history(1, usual), controlled(10*time.Millisecond, 17*time.Millisecond)), base: history(12, usual), want: gate.Inconclusive,
			reasons: []string{"control-strayed: now 1.7e+07 was 1e+07"},
		},
		"no baseline":  {heads: history(1, usual), want: gate.Inconclusive, reasons: []string{"no-baseline: on main"}},
		"no run":       {base: history(12, usual), want: gate.Inconclusive, reasons: []string{"no-run:"}},
		"too few runs": {heads: history(1, usual), base: history(3, usual), want: gate.Inconclusive, reasons: []string{"too-few-runs: 3/5 on main"}},
		"other profile": {
			heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.ProfileDigest = "d2" }), want: gate.Inconclusive,
			reasons: []string{"other-profile: baseline d1; d2"},
		},
		"other machine": {
			heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.Environment.CPUCores = 64; r.Environment.Kernel = "7" }), want: gate.Inconclusive,
			reasons: []string{"other-environment: baseline cores: 2 here, 64 there"},
		},
		"fresh runs of two machines": {
			heads: append(history(4, usual), changed(history(1, usual), func(r *result.Result) { r.Environment.CPUCores = 64 })...), base: history(12, usual), want: gate.Inconclusive,
			reasons: []string{"other-environment: fresh cores: 2 here, 64 there"},
		},
		"another kernel": {heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.Environment.Kernel = "7" }), want: gate.Pass},
		"cut short":      {heads: changed(history(1, usual), func(r *result.Result) { r.Rounds = r.Rounds[:2] }), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"run-not-whole: 2/3"}},
		"saturated": {
			heads: changed(history(1, usual), func(r *result.Result) {
				r.Problems = []result.Problem{{Kind: result.Faulty, Text: "no ports left"}}
			}), base: history(12, usual),
			want: gate.Inconclusive, reasons: []string{"run-not-whole: no ports left"},
		},
		"a busy machine": {
			heads: changed(history(1, usual), func(r *result.Result) {
				r.Problems = []result.Problem{{Kind: result.Busy, Text: "others were busy"}}
				r.Generator.Machine = result.Machine{Generator: 0.02, Others: 0.93}
			}), base: history(12, usual),
			want: gate.Inconclusive, reasons: []string{"busy-machine: now 0.93 was 0.02 others were busy"},
		},
		"a busy generator": {
			heads: changed(history(1, usual), func(r *result.Result) {
				r.Problems = []result.Problem{{Kind: result.Saturated, Text: "it used all"}}
			}), base: history(12, usual),
			want: gate.Inconclusive, reasons: []string{"busy-generator: it used all"},
		},
		"no samples":             {heads: history(1, nil), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"no-samples:"}},
		"baseline not whole":     {heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.PlannedRounds = 9 }), want: gate.Inconclusive, reasons: []string{"run-not-whole: baseline"}},
		"baseline without any":   {heads: history(1, usual), base: history(12, nil), want: gate.Inconclusive, reasons: []string{"route-missing: base GET /a", "route-missing: base POST /b"}},
		"route missing":          {heads: history(1, map[string]load{"GET /a": {3500, 0, 20 * time.Millisecond}}), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"route-missing: head POST /b"}},
		"too few requests":       {heads: history(1, with("GET /c", load{10, 0, time.Millisecond})), base: history(12, with("GET /c", load{10, 0, time.Millisecond})), want: gate.Inconclusive, reasons: []string{"route-not-judged: GET /c p50 [few-requests 10/20] 1m27s"}},
		"fail outweighs a doubt": {heads: history(5, map[string]load{"GET /a": {3500, 0, 60 * time.Millisecond}}), base: history(12, usual), want: gate.Fail, reasons: []string{"slower: GET /a p50", "slower: GET /a p95", "slower: GET /a p99", "route-missing: head POST /b"}},
		"thresholds kept":        {heads: history(1, usual), base: history(12, usual), thresholds: `{"*": ["p(95)<500", "rate>=10"], "GET /a": ["med<=21", "count>5000"]}`, want: gate.Pass},
		"thresholds broken": {
			heads: history(1, usual), base: history(12, usual), thresholds: `{"*": ["rate>=10000"], "GET /a": ["p(50)<20", "max<1000", "p(99.5)<90"]}`, want: gate.Fail,
			reasons: []string{"past-threshold: * rate>=10000 now 350", "past-threshold: GET /a p(50)<20 now 20"},
		},
		"thresholds without data": {
			heads: history(1, map[string]load{"POST /b": {1500, 0, 30 * time.Millisecond}}), base: history(12, map[string]load{"POST /b": {1500, 0, 30 * time.Millisecond}}), thresholds: `{"GET /a": ["max<1000"]}`,
			want: gate.Inconclusive, reasons: []string{"no-samples: GET /a max<1000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy()
			if c.policy != nil {
				c.policy(&p)
			}
			if c.thresholds != "" {
				p.Thresholds = parsePolicy(t, "thresholds: "+c.thresholds).Thresholds
			}
			v := gate.Judge(p, c.heads, summaries(c.base))
			if v.Outcome != c.want || v.More != c.more {
				t.Errorf("got %v and %d more runs, want %v and %d", v, v.More, c.want, c.more)
			}
			checkReasons(t, v, c.reasons)
			checkValid(t, v)
			if c.notice != "" && (len(v.Notices) != 1 || !strings.HasPrefix(brief(v.Notices[0]), c.notice)) {
				t.Errorf("notices %v, want %q", v.Notices, c.notice)
			}
		})
	}
}

// parsePolicy reads a gate: section.
func parsePolicy(t *testing.T, section string) gate.Policy {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(section), &document); err != nil {
		t.Fatal(err)
	}
	p, problems := gate.ParsePolicy("plimsoll.yaml", document.Content[0], []string{"GET /a", "POST /b"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

// several is five routes of one latency.
func several(latency time.Duration) map[string]load {
	routes := map[string]load{}
	for _, name := range []string{"GET /a", "GET /b", "GET /c", "GET /d", "GET /e"} {
		routes[name] = load{1000, 0, latency}
	}
	return routes
}

// more gives a route another latency.
func more(routes map[string]load, name string, latency time.Duration) map[string]load {
	routes[name] = load{1000, 0, latency}
	return routes
}

func changed(runs []*result.Result, change func(*result.Result)) []*result.Result {
	for _, r := range runs {
		change(r)
	}
	return runs
}

// controlled lets a control take so long before and after the load.
func controlled(before, after time.Duration) func(*result.Result) {
	return func(r *result.Result) { r.Control = []result.Figures{{P50: before}, {P50: after}} }
}

// A comparison has the figures of the runs, with their ranges.
func TestJudgeShowsTheSpread(t *testing.T) {
	base := []*result.Result{}
	for _, ms := range []time.Duration{10, 12, 11, 14, 13} {
		base = append(base, run(map[string]load{"GET /a": {1000, 0, ms * time.Millisecond}}))
	}
	head := run(map[string]load{"GET /a": {1000, 0, 15 * time.Millisecond}})
	quick := head.Rounds[1].Figures["GET /a"]
	quick.P50 = 13 * time.Millisecond
	head.Rounds[1].Figures["GET /a"] = quick
	v := gate.Judge(policy(), []*result.Result{head}, summaries(base))
	for _, c := range v.Comparisons {
		if c.Route != "GET /a" || c.Metric != gate.P50 {
			continue
		}
		near := func(got float64, want time.Duration) bool {
			return got/float64(want) > 0.999 && got/float64(want) < 1.001
		}
		if !near(c.Baseline, 12*time.Millisecond) || !near(c.BaselineRange.Low, 10*time.Millisecond) || !near(c.BaselineRange.High, 14*time.Millisecond) || !near(c.Head, 15*time.Millisecond) || !near(c.HeadRange.Low, 13*time.Millisecond) || !near(c.HeadRange.High, 15*time.Millisecond) {
			t.Errorf("got %+v", c)
		}
		if c.Change < 0.249 || c.Change > 0.251 || c.Limit != 0.2 || c.Status != gate.Suspect || c.SmallestVisible < 0.2 {
			t.Errorf("got %+v", c)
		}
		return
	}
	t.Error("GET /a p50 was not compared")
}

// With too few runs the figures are shown side by side, but not judged.
func TestJudgeShowsWhatItCannotJudge(t *testing.T) {
	v := gate.Judge(policy(), history(1, map[string]load{"GET /a": {1000, 0, 15 * time.Millisecond}}), summaries(history(1, map[string]load{"GET /a": {1000, 0, 10 * time.Millisecond}})))
	if v.Outcome != gate.Inconclusive || v.Compared != 0 {
		t.Errorf("got %v, compared %d", v, v.Compared)
	}
	for _, c := range v.Comparisons {
		if c.Route == "GET /a" && c.Metric == gate.P50 && (c.Status != gate.NotJudged || c.Change < 0.49 || c.Change > 0.51 || c.Head <= c.Baseline) {
			t.Errorf("got %+v", c)
		}
	}
}

// A quantile with fewer than ten requests beyond it is not judged.
func TestJudgeNeedsRequestsBeyondAQuantile(t *testing.T) {
	routes := map[string]load{"GET /a": {300, 0, 10 * time.Millisecond}}
	v := gate.Judge(policy(), history(1, routes), summaries(history(5, routes)))
	status := map[gate.Metric]gate.Status{}
	for _, c := range v.Comparisons {
		if c.Route == "GET /a" {
			status[c.Metric] = c.Status
		}
	}
	if status[gate.P50] != gate.Within || status[gate.P95] != gate.Within || status[gate.P99] != gate.NotJudged {
		t.Errorf("with 300 requests in a round: %v; want p95 judged (200) and p99 not (1000)", status)
	}
	if v.Outcome != gate.Pass || v.Compared != 1 || v.Total != 1 {
		t.Errorf("got %v, compared %d of %d", v, v.Compared, v.Total)
	}
}

// The zero Policy and the zero Verdict pass nothing.
func TestZeroValuesDoNotPass(t *testing.T) {
	routes := map[string]load{"GET /a": {2000, 0, 10 * time.Millisecond}}
	if v := gate.Judge(gate.Policy{}, history(1, routes), summaries(history(5, routes))); v.Outcome != gate.Inconclusive {
		t.Errorf("the zero policy gives %v", v)
	}
	if (gate.Verdict{}).Outcome != gate.Unjudged {
		t.Error("the zero verdict is not Unjudged")
	}
}
