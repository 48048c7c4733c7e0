package gate_test

import (
	"fmt"
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
		reasons    []string // "kind: beginning of the sentence"
	}{
		"unchanged":         {heads: history(1, usual), base: history(12, usual), want: gate.Pass},
		"faster":            {heads: history(1, with("GET /a", load{4000, 0, 10 * time.Millisecond})), base: history(12, usual), want: gate.Pass},
		"a young history":   {heads: history(1, usual), base: history(5, usual), want: gate.Pass},
		"9 % slower":        {heads: history(1, with("GET /a", load{2000, 0, 21800 * time.Microsecond})), base: history(12, usual), want: gate.Pass},
		"19 % in five runs": {heads: history(5, with("GET /a", load{2000, 0, 23800 * time.Microsecond})), base: history(12, usual), want: gate.Pass},
		"19 % in one run": {
			heads: history(1, with("GET /a", load{2000, 0, 23800 * time.Microsecond})), base: history(12, usual), want: gate.Inconclusive, more: 4,
			reasons: []string{"looks-worse: GET /a: p50 is 19.", "looks-worse: GET /a: p95", "looks-worse: GET /a: p99"},
		},
		"slower below 1 ms": {heads: history(5, map[string]load{"GET /a": {2000, 0, 150 * time.Microsecond}}), base: history(12, map[string]load{"GET /a": {2000, 0, 100 * time.Microsecond}}), want: gate.Pass},
		"ignored": {heads: history(5, with("GET /a", load{2000, 900, 90 * time.Millisecond})), base: history(12, usual), policy: func(p *gate.Policy) {
			p.FailureRate = 0.5
			p.Degradation = 50
			p.Routes = map[string]gate.RoutePolicy{"GET /a": {Ignore: true}}
		}, want: gate.Pass},
		"one failure of many": {heads: history(1, with("GET /a", load{2000, 1, 20 * time.Millisecond})), base: history(12, usual), want: gate.Pass},
		"a third slower": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: history(12, usual), want: gate.Fail,
			reasons: []string{"slower: GET /a: p50 is 35.", "slower: GET /a: p95 is 35.", "slower: GET /a: p99 is 35."},
		},
		"a third slower, too short a history": {
			heads: history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), base: history(9, usual), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a: p50 looks 35.", "not-proven: GET /a: p95", "not-proven: GET /a: p99"},
		},
		"throughput gone": {
			heads: history(5, map[string]load{"GET /a": {1500, 0, 20 * time.Millisecond}}), base: history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}), want: gate.Fail,
			reasons: []string{"lower-throughput: GET /a: throughput is 25.0 % lower, the limit is 20 %"},
		},
		"failing": {
			heads: history(1, with("GET /a", load{2000, 100, 20 * time.Millisecond})), base: history(12, usual), want: gate.Fail,
			reasons: []string{"failing: GET /a: 5.00 % of 6000 requests failed, the limit is 1 %"},
		},
		"failing a little": {
			heads: history(1, map[string]load{"GET /a": {200, 3, 20 * time.Millisecond}}), base: history(12, map[string]load{"GET /a": {200, 0, 20 * time.Millisecond}}), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a: 1.50 % of 600 requests failed, the limit is 1 %, and so few prove nothing"},
			policy:  func(p *gate.Policy) { p.Metrics = []gate.Metric{gate.P50} },
		},
		"one failure where none may be": {
			heads: history(1, with("GET /a", load{2000, 1, 20 * time.Millisecond})), base: history(12, usual), policy: func(p *gate.Policy) { p.FailureRate = 0 },
			want: gate.Fail, reasons: []string{"failing: GET /a: 0.05 % of 6000 requests failed, the limit is 0 %"},
		},
		"failing without baseline": {
			heads: history(1, with("GET /a", load{2000, 100, 20 * time.Millisecond})), want: gate.Fail,
			reasons: []string{"failing: GET /a", "no-baseline: no baseline yet: run `plimsoll baseline update` on main"},
		},
		"a stricter route": {
			heads: history(5, with("POST /b", load{1500, 0, 34 * time.Millisecond})), base: history(12, usual),
			policy: func(p *gate.Policy) {
				p.Routes = map[string]gate.RoutePolicy{"POST /b": {Degradation: 0.1, FailureRate: 0.01}}
			},
			want:    gate.Fail,
			reasons: []string{"slower: POST /b: p50 is 13.", "slower: POST /b: p95 is 13.", "slower: POST /b: p99 is 13."},
		},
		"everything slower": {
			heads: history(5, several(13*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"common-shift: the whole run shifted: half of all routes are 30 % worse or more"},
		},
		"everything slower in one run": {
			heads: history(1, several(13*time.Millisecond)), base: history(12, several(10*time.Millisecond)), want: gate.Inconclusive, more: 4,
			reasons: []string{"common-shift: the whole run shifted: half of all routes are 30 % worse or more"},
		},
		"slower, and the control too": {
			heads: changed(history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), controlled(13*time.Millisecond, 13*time.Millisecond)),
			base:  changed(history(12, usual), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Inconclusive,
			reasons: []string{"not-proven: GET /a: p50 looks 35.0 % slower (95 % sure of +35.0 to +35.0 %), and the control is 30 % slower as well", "not-proven: GET /a: p95", "not-proven: GET /a: p99"},
		},
		"slower, and the control is not": {
			heads: changed(history(5, with("GET /a", load{2000, 0, 27 * time.Millisecond})), controlled(10*time.Millisecond, 10*time.Millisecond)),
			base:  changed(history(12, usual), controlled(10*time.Millisecond, 10*time.Millisecond)), want: gate.Fail,
			reasons: []string{"slower: GET /a: p50 is 35.", "slower: GET /a: p95 is 35.", "slower: GET /a: p99 is 35."},
		},
		"the control did not hold still": {
			heads: changed(history(1, usual), controlled(10*time.Millisecond, 17*time.Millisecond)), base: history(12, usual), want: gate.Inconclusive,
			reasons: []string{"noisy-machine: the machine did not hold still: requests to the control took 10ms before the load and 17ms after it"},
		},
		"no baseline":  {heads: history(1, usual), want: gate.Inconclusive, reasons: []string{"no-baseline: no baseline yet"}},
		"no run":       {base: history(12, usual), want: gate.Inconclusive, reasons: []string{"no-samples: there is no run to judge"}},
		"too few runs": {heads: history(1, usual), base: history(3, usual), want: gate.Inconclusive, reasons: []string{"too-few-runs: the baseline has 3 of the 5 runs that it takes: run `plimsoll baseline update` 2 more times on main"}},
		"other profile": {
			heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.ProfileDigest = "d2" }), want: gate.Inconclusive,
			reasons: []string{"other-profile: the baseline was measured with another profile (digest d2, this run d1)"},
		},
		"other machine": {
			heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.Environment.CPUCores = 64; r.Environment.Kernel = "7" }), want: gate.Inconclusive,
			reasons: []string{"other-environment: the baseline was measured in another environment (cores: 2 here, 64 there): record one"},
		},
		"fresh runs of two machines": {
			heads: append(history(4, usual), changed(history(1, usual), func(r *result.Result) { r.Environment.CPUCores = 64 })...), base: history(12, usual), want: gate.Inconclusive,
			reasons: []string{"other-environment: the runs to be judged are not runs of one change"},
		},
		"another kernel": {heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.Environment.Kernel = "7" }), want: gate.Pass},
		"cut short":      {heads: changed(history(1, usual), func(r *result.Result) { r.Rounds = r.Rounds[:2] }), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"run-not-whole: the run is not whole: 2 of 3 rounds"}},
		"saturated": {
			heads: changed(history(1, usual), func(r *result.Result) {
				r.Problems = []result.Problem{{Kind: result.Faulty, Text: "no ports left"}}
			}), base: history(12, usual),
			want: gate.Inconclusive, reasons: []string{"run-not-whole: the run is not whole: no ports left"},
		},
		"no samples":             {heads: history(1, nil), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"no-samples: no request was sent"}},
		"baseline not whole":     {heads: history(1, usual), base: changed(history(12, usual), func(r *result.Result) { r.PlannedRounds = 9 }), want: gate.Inconclusive, reasons: []string{"run-not-whole: the baseline runs are not whole"}},
		"baseline without any":   {heads: history(1, usual), base: history(12, nil), want: gate.Inconclusive, reasons: []string{"route-missing: GET /a was requested in this run and not in its baseline: was it renamed?", "route-missing: POST /b"}},
		"route missing":          {heads: history(1, map[string]load{"GET /a": {3500, 0, 20 * time.Millisecond}}), base: history(12, usual), want: gate.Inconclusive, reasons: []string{"route-missing: POST /b was not requested in this run"}},
		"too few requests":       {heads: history(1, with("GET /c", load{10, 0, time.Millisecond})), base: history(12, with("GET /c", load{10, 0, time.Millisecond})), want: gate.Inconclusive, reasons: []string{"too-few-requests: GET /c could not be judged (too few requests: 10 in a round, 100 are needed): a run_time of 1m0s would do"}},
		"fail outweighs a doubt": {heads: history(5, map[string]load{"GET /a": {3500, 0, 60 * time.Millisecond}}), base: history(12, usual), want: gate.Fail, reasons: []string{"slower: GET /a: p50", "slower: GET /a: p95", "slower: GET /a: p99", "route-missing: POST /b"}},
		"thresholds kept":        {heads: history(1, usual), base: history(12, usual), thresholds: `{"*": ["p(95)<500", "rate>=10"], "GET /a": ["med<=21", "count>5000"]}`, want: gate.Pass},
		"thresholds broken": {
			heads: history(1, usual), base: history(12, usual), thresholds: `{"*": ["rate>=10000"], "GET /a": ["p(50)<20", "max<1000", "p(99.5)<90"]}`, want: gate.Fail,
			reasons: []string{"past-threshold: all routes: rate>=10000 does not hold, it is 350", "past-threshold: GET /a: p(50)<20 does not hold, it is 20"},
		},
		"thresholds without data": {
			heads: history(1, map[string]load{"POST /b": {1500, 0, 30 * time.Millisecond}}), base: history(12, map[string]load{"POST /b": {1500, 0, 30 * time.Millisecond}}), thresholds: `{"GET /a": ["max<1000"]}`,
			want: gate.Inconclusive, reasons: []string{"no-samples: GET /a: nothing was measured to hold against max<1000"},
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

func checkReasons(t *testing.T, v gate.Verdict, want []string) {
	t.Helper()
	var got []string
	for _, r := range v.Reasons {
		got = append(got, fmt.Sprintf("%s: %s", r.Kind, r.Text))
	}
	if len(want) == 0 && v.Outcome != gate.Pass {
		t.Errorf("a verdict of %v without reasons", v.Outcome)
	}
	rest := got
	for _, beginning := range want {
		found := -1
		for i, reason := range rest {
			if strings.HasPrefix(reason, beginning) {
				found = i
				break
			}
		}
		if found < 0 {
			t.Errorf("no reason begins with %q in\n%s", beginning, strings.Join(got, "\n"))
			continue
		}
		rest = append(append([]string{}, rest[:found]...), rest[found+1:]...)
	}
	if len(rest) > 0 {
		t.Errorf("more reasons than expected:\n%s", strings.Join(rest, "\n"))
	}
}

// The figures of a comparison are those of the runs, with what they spread over.
func TestJudgeShowsTheSpread(t *testing.T) {
	base := []*result.Result{}
	for _, ms := range []time.Duration{10, 12, 11, 14, 13} {
		base = append(base, run(map[string]load{"GET /a": {1000, 0, ms * time.Millisecond}}))
	}
	v := gate.Judge(policy(), []*result.Result{run(map[string]load{"GET /a": {1000, 0, 15 * time.Millisecond}})}, summaries(base))
	for _, c := range v.Comparisons {
		if c.Route != "GET /a" || c.Metric != gate.P50 {
			continue
		}
		near := func(got float64, want time.Duration) bool {
			return got/float64(want) > 0.999 && got/float64(want) < 1.001
		}
		if !near(c.Baseline, 12*time.Millisecond) || !near(c.BaselineRange.Low, 10*time.Millisecond) || !near(c.BaselineRange.High, 14*time.Millisecond) || !near(c.Head, 15*time.Millisecond) {
			t.Errorf("got %+v", c)
		}
		if c.Change < 0.249 || c.Change > 0.251 || c.Limit != 0.2 || c.Status != gate.Suspect || c.SmallestVisible < 0.2 {
			t.Errorf("got %+v", c)
		}
		return
	}
	t.Error("GET /a p50 was not compared")
}

// With too few runs the figures are shown side by side, and nothing is said of them.
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

// Fewer than ten requests beyond a quantile say nothing of it.
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
