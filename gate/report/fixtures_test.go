package report_test

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// run is a whole run of rounds of ten seconds; requests is by route.
func run(rounds int, requests map[string]int) *result.Result {
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: rounds,
		Identity: result.Identity{
			Series: "shop", Repository: "example/shop", Branch: "feature", Commit: "4f2c9ab0d1e2", ProfileDigest: "0123456789abcdef",
			Target: "http://127.0.0.1:8080", Tool: "v0.1.0", Users: 100,
			Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_000_000+int64(10*rounds), 0).UTC(),
		},
		Generator:   result.Generator{Cores: 4, CPUShare: 0.117, Watching: 0.0063, LagP50: 80 * time.Microsecond, LagP99: 1100 * time.Microsecond, Protocol: "HTTP/1.1"},
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUModel: "Example CPU @ 2.0 GHz", CPUCores: 4, MemoryGiB: 16, Runner: "ubuntu24"},
	}
	for i := range r.PlannedRounds {
		t := &tally.Tally{}
		for route, n := range requests {
			for k := range n {
				s := tally.Sample{Route: route, Class: tally.OK, Ended: time.Duration(1+k%20+i%3) * time.Millisecond}
				if k%50 == 0 && i%2 == 0 {
					s.Class, s.Error = tally.Status, "status 500 Internal Server Error"
				}
				t.Add(s)
			}
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*10*time.Second, 10*time.Second, t))
		r.Tally.Merge(t)
	}
	return r
}

var shop = sync.OnceValue(func() *result.Result {
	return run(12, map[string]int{"POST /orders": 400, "GET /search": 100})
})

// shopRun is a run of its own of the shop.
func shopRun() *result.Result {
	r := *shop()
	return &r
}

func comparison(route string, metric gate.Metric, status gate.Status) gate.Comparison {
	c := gate.Comparison{Route: route, Metric: metric, Status: status, Limit: 0.2, Requests: 4000}
	switch metric {
	case gate.FailureRate:
		c.Baseline, c.Head, c.Change, c.Limit = 0.0002, 0.019, 0.0188, 0.01
	case gate.Throughput:
		c.Baseline, c.BaselineRange, c.Head, c.HeadRange = 812, gate.Range{Low: 790, High: 830}, 633, gate.Range{Low: 600, High: 650}
		c.Change, c.Limit, c.Interval = c.Head/c.Baseline-1, -0.2, &gate.Range{Low: -0.25, High: -0.19}
	default:
		c.Baseline, c.BaselineRange, c.Head, c.HeadRange = 41.8e6, gate.Range{Low: 40e6, High: 44e6}, 58.9e6, gate.Range{Low: 57e6, High: 61e6}
		c.Change, c.Interval = c.Head/c.Baseline-1, &gate.Range{Low: 0.33, High: 0.48}
	}
	switch status {
	case gate.Within:
		return moved(c, 0.021)
	case gate.NotJudged:
		return gate.Comparison{Route: route, Metric: metric, Status: status, Limit: c.Limit, Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 200, RunTime: 9200 * time.Second}}
	}
	return c
}

// moved is a comparison with another change, within its limits.
func moved(c gate.Comparison, change float64) gate.Comparison {
	c.Status, c.Head, c.Change, c.SmallestVisible = gate.Within, c.Baseline*(1+change), change, 0.06
	c.Interval = &gate.Range{Low: change - 0.04, High: change + 0.05}
	if c.Metric == gate.FailureRate {
		c.Baseline, c.Head, c.Change, c.Interval, c.SmallestVisible = 0, 0, 0, nil, 0
	}
	return c
}

// shopRoutes are the eleven routes of the shop that have not changed.
func shopRoutes() (all []gate.Comparison) {
	for i, name := range []string{
		"GET /products", "GET /products/{id}", "GET /cart", "PUT /cart", "DELETE /cart", "GET /orders", "GET /orders/{id}", "GET /me", "PUT /me", "POST /login", "POST /logout",
	} {
		c := comparison(name, gate.P99, gate.Within)
		c.Baseline *= 1 + float64(i)/5
		all = append(all, moved(c, 0.01*float64(i-4)))
	}
	visible := &all[len(all)-1]
	visible.SmallestVisible = 0.31
	return append(all, moved(comparison("GET /home", gate.P50, gate.Within), -0.34))
}

func baseline() gate.Baseline {
	behind := 2
	return gate.Baseline{Branch: "main", Runs: 20, Commit: "a1b2c3d4e5f6", Behind: &behind}
}

func failed() gate.Verdict {
	return gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Stored, Compared: 14, Total: 14, Baseline: baseline(),
		Reasons: []gate.Reason{{Kind: gate.Slower, Route: "POST /orders", Metric: gate.P99, Change: 0.409, Limit: 0.2}},
		Comparisons: append(shopRoutes(),
			comparison("GET /search", gate.Throughput, gate.Worse), comparison("POST /orders", gate.P99, gate.Worse), comparison("POST /orders", gate.FailureRate, gate.Worse),
			comparison(tally.All, gate.P50, gate.Within)),
	}
}

func doubtful(reason gate.Reason) gate.Verdict {
	return gate.Verdict{Outcome: gate.Inconclusive, Mode: gate.Stored, Reasons: []gate.Reason{reason}}
}

// verdicts are one of each kind of headline, by the name of its golden files.
func verdicts() map[string]gate.Verdict {
	all := map[string]gate.Verdict{
		"coverage":     covered(gate.DefaultPolicy()),
		"low-coverage": covered(gate.Policy{Coverage: 0.9, Routes: map[string]gate.RoutePolicy{"GET /health": {Ignore: true}}}),
		"pass":         {Outcome: gate.Pass, Mode: gate.Stored, Compared: 12, Total: 12, Baseline: baseline(), Comparisons: shopRoutes()},
		"fail":         failed(),
		"accepted": failed().Accept(gate.Acceptance{
			By: "ana", Why: "orders are now checked for fraud, see the design of May", At: time.Date(2026, 11, 24, 12, 34, 0, 0, time.UTC),
		}),
		"accepted-in-doubt": inDoubt(failed()).Accept(gate.Acceptance{
			By: "ana", Why: "orders are now checked for fraud, see the design of May", At: time.Date(2026, 11, 24, 12, 34, 0, 0, time.UTC),
		}),
		"new-failures": {
			Outcome: gate.Fail, Mode: gate.Stored, Compared: 1, Total: 3, Baseline: gate.Baseline{Branch: "main", Runs: 20, Commit: "a1b2c3d4e5f6", Behind: new(int)},
			Reasons: []gate.Reason{
				{Kind: gate.Failing, Route: "POST /orders", Metric: gate.FailureRate, Now: 0.019, Requests: 4000, Limit: 0.01, Failures: ordersFail()},
				{Kind: gate.PastThreshold, Route: "POST /orders", Rule: "p(95)<50", Now: 61.3},
				{Kind: gate.RouteNotJudged, Route: "GET /rare", Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20}, RunTime: 133 * time.Second},
			},
			Comparisons: []gate.Comparison{comparison("POST /orders", gate.FailureRate, gate.Worse), comparison("GET /rare", gate.P95, gate.NotJudged), comparison("GET /slow", gate.Throughput, gate.Follows)},
			Thresholds:  []gate.Threshold{{Route: "POST /orders", Rule: "p(95)<50", Status: gate.Worse, Value: 61.3}},
		},
		"noisy": {
			Outcome: gate.Inconclusive, Mode: gate.Paired, Compared: 1, Total: 1, Baseline: gate.Baseline{Pairs: 24, Starts: 12, Commit: "a1b2c3d4e5f6"},
			Reasons:     []gate.Reason{{Kind: gate.TooNoisy, Route: "GET /search", Metric: gate.P99, Limit: 0.3, Has: 24, Visible: 0.27}},
			Notices:     []gate.Reason{{Kind: gate.Disturbed, Has: 2, Needs: 26}},
			Comparisons: []gate.Comparison{comparison("GET /search", gate.P99, gate.Unclear), comparison(tally.All, gate.Throughput, gate.Within)},
		},
		"no-baseline":       doubtful(gate.Reason{Kind: gate.NoBaseline, Branch: "main"}),
		"other-profile":     doubtful(gate.Reason{Kind: gate.OtherProfile, Of: gate.OfBaseline, Names: []string{"0123456789abcdef", "aaaa"}}),
		"other-environment": doubtful(gate.Reason{Kind: gate.OtherEnvironment, Of: gate.OfBaseline, Names: []string{"cores: 4 here, 2 there"}}),
		"not-whole":         doubtful(gate.Reason{Kind: gate.RunNotWhole, Text: "the system under test ended"}),
	}
	all["works-more"] = worksMore()
	all["under-load"] = slowUnderLoad(0.78)
	one := all["new-failures"].Comparisons[0]
	one.Baseline, one.Change, one.Failures = 0, one.Head, ordersFail()
	all["new-failures"].Comparisons[0] = one
	all["new-failures"].Comparisons[2].Why = &gate.Why{Kind: gate.Caused, Routes: []string{"POST /orders"}}
	all["changed"] = changedLoad()
	none := all["no-baseline"]
	none.Baseline.Branch = "main"
	all["no-baseline"] = none
	few := doubtful(gate.Reason{Kind: gate.TooFewRuns, Has: 2, Needs: 5, Branch: "main"})
	few.Total, few.Baseline, few.Comparisons = 1, gate.Baseline{Branch: "main", Runs: 2, Commit: "a1b2c3d4e5f6"}, []gate.Comparison{comparison("GET /search", gate.P50, gate.NotJudged)}
	few.Comparisons[0].Why = &gate.Why{Kind: gate.FewRuns, Has: 2, Needs: 5}
	all["too-few-runs"] = few
	worse := doubtful(gate.Reason{Kind: gate.LooksWorse, Route: "GET /search", Metric: gate.P99, Change: 0.409, Has: 1, Needs: 5})
	worse.Compared, worse.Total, worse.Baseline, worse.More, worse.Comparisons = 2, 2, baseline(), 4, []gate.Comparison{comparison("GET /search", gate.P99, gate.Suspect), comparison("GET /cart", gate.P99, gate.Within)}
	all["looks-worse"] = worse
	return all
}

// worksMore is a fail of the paired gate, with the cost of a request as its reason.
func worksMore() gate.Verdict {
	cpu := comparison(tally.All, gate.CPU, gate.Worse)
	cpu.Baseline, cpu.Head, cpu.Change, cpu.Interval = 3.77e6, 5.2e6, 0.38, &gate.Range{Low: 0.35, High: 0.41}
	return gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Paired, Compared: 1, Total: 1, Baseline: gate.Baseline{Pairs: 12, Starts: 6, Commit: "a1b2c3d4e5f6"},
		Reasons:     []gate.Reason{{Kind: gate.CostsMore, Route: tally.All, Metric: gate.CPU, Change: 0.38, Limit: 0.2}},
		Comparisons: []gate.Comparison{cpu, comparison("GET /home", gate.P50, gate.Within)},
		Cause:       &gate.Explanation{Kind: gate.WorksMore, CPU: 0.38, Interval: &gate.Range{Low: 0.35, High: 0.41}},
	}
}

// slowUnderLoad is a fail of a system under its full load, which keeps it so busy.
func slowUnderLoad(busy float64) gate.Verdict {
	slower := comparison("GET /search", gate.P95UnderLoad, gate.Worse)
	return gate.Verdict{
		Outcome: gate.Fail, Mode: gate.UnderLoad, Compared: 2, Total: 2, Baseline: gate.Baseline{Pairs: 20},
		Loads: &gate.Loads{
			Idle: gate.Burden{Users: 10, CPUShare: new(0.04), CPUCores: 0.08}, Full: gate.Burden{Users: 100, CPUShare: &busy, CPUCores: 2 * busy}, Limit: 0.2, Pairs: 20,
		},
		Reasons: []gate.Reason{{Kind: gate.SlowUnderLoad, Route: "GET /search", Metric: gate.P95UnderLoad, Change: slower.Change, Interval: slower.Interval, Limit: 0.2}},
		Notices: []gate.Reason{{Kind: gate.IdleBusy, Now: 0.23, Limit: 0.1}},
		Comparisons: []gate.Comparison{
			slower, comparison("GET /search", gate.P50UnderLoad, gate.Within), comparison("GET /home", gate.P50UnderLoad, gate.Within), comparison(tally.All, gate.P50UnderLoad, gate.Within),
		},
	}
}

// ordersFail are errors of POST /orders.
func ordersFail() []gate.Failure {
	return []gate.Failure{{Class: "status", Text: "status 500 Internal Server Error", Count: 60}, {Class: "timeout", Text: "no whole answer in time", Count: 14}}
}

// changedLoad is a pass of a change that changes what is loaded, with a fast route that is much slower.
func changedLoad() gate.Verdict {
	fast := comparison("GET /fast", gate.P50, gate.Within)
	fast.Baseline, fast.Head, fast.Change, fast.Interval, fast.LetsThrough = 437e3, 984e3, 1.25, &gate.Range{Low: 1.12, High: 1.5}, 2.288
	fast.Why = &gate.Why{Kind: gate.BelowEffect, Needs: 1e6}
	return gate.Verdict{
		Outcome: gate.Pass, Mode: gate.Paired, Compared: 2, Total: 2, Baseline: gate.Baseline{Pairs: 12, Starts: 3, Commit: "a1b2c3d4e5f6"},
		Comparisons: []gate.Comparison{fast, comparison("GET /home", gate.P50, gate.Within)},
		Changed: []gate.Difference{
			{What: "route", Name: "GET /old", Before: "requested"}, {What: "weight", Name: "browse", Before: "5", Now: "1"}, {What: "weight", Name: "visitor, GET /old", Before: "1"},
			{What: "route", Name: "GET /new", Now: "requested"}, {What: "expect", Name: "GET /home", Before: "status [200]", Now: "none"}, {What: "run_time", Before: "30s", Now: "1m"},
		},
	}
}

// reports are verdicts as they are shown on GitHub.
func reports() map[string]report.Report {
	all := map[string]report.Report{}
	for name, v := range verdicts() {
		all[name] = shown(report.New(v, shopRun()))
	}
	return all
}

// covered is a pass of some of an API's operations.
func covered(p gate.Policy) gate.Verdict {
	failing := comparison("POST /store/order", gate.P50, gate.NotJudged)
	failing.Why = &gate.Why{Kind: gate.ManyFailures}
	errors := comparison("POST /store/order", gate.FailureRate, gate.Within)
	errors.Head, errors.Requests, errors.Limit = 1, 1204, 1
	errors.Failures = []gate.Failure{{Class: "status", Text: "status 422 `x` | @ana", Count: 1204}}
	fresh := comparison("GET /new", gate.P50, gate.NotJudged)
	fresh.Why = &gate.Why{Kind: gate.NotInBaseline}
	few := comparison("GET /pets/{petId}/img", gate.P95, gate.NotJudged)
	v := gate.Verdict{Outcome: gate.Pass, Mode: gate.Stored, Compared: 12, Total: 12, Baseline: baseline(), Comparisons: append(shopRoutes(),
		failing, errors, fresh, few, comparison("GET /pets", gate.P50, gate.Within), comparison("GET /internal", gate.P50, gate.Within))}
	return v.Cover(p, &gate.API{LeftOut: 2, Others: []string{"GET /internal"}, Operations: []gate.Operation{
		{Name: "GET /pets", Routes: []string{"GET /pets"}}, {Name: "DELETE /pets/{petId}"}, {Name: "GET /pets/{petId}/img", Routes: []string{"GET /pets/{petId}/img"}},
		{Name: "POST /store/order", Routes: []string{"POST /store/order"}}, {Name: "GET /new", Routes: []string{"GET /new"}}, {Name: "GET /health", Routes: []string{"GET /health"}},
	}})
}

func shown(r report.Report) report.Report {
	r.Links = report.Links{Run: "https://github.com/example/shop/actions/runs/9182736455", Docs: "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"}
	r.Accept = "plimsoll-accepted"
	return r
}

// many is a failing report of n routes whose names are long.
func many(n int, name string) report.Report {
	v := failed()
	v.Compared, v.Total = n, n
	v.Comparisons = nil
	for i := range n {
		c := comparison(fmt.Sprintf("GET /route/%d/%s", i, name), gate.P50, gate.Worse)
		c.Change = 0.3
		v.Comparisons = append(v.Comparisons, c)
	}
	worst := &v.Comparisons[n/2]
	worst.Route, worst.Change = "GET /worst", 0.9
	return shown(report.New(v, shopRun()))
}

// inDoubt adds a route that could not be compared.
func inDoubt(v gate.Verdict) gate.Verdict {
	v.Reasons = append(slices.Clip(v.Reasons), gate.Reason{Kind: gate.RouteMissing, Route: "GET /gone", Of: gate.OfHead})
	return v
}
