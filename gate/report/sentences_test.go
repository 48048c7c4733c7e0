package report_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// said are reasons of every kind, as a gate fills them.
func said() []gate.Reason {
	sure, low := &gate.Range{Low: 0.31, High: 0.39}, &gate.Range{Low: 0.006, High: 0.05}
	line := func(kind gate.ReasonKind, metric gate.Metric, change float64) gate.Reason {
		return gate.Reason{Kind: kind, Route: "GET /a", Metric: metric, Change: change, Limit: 0.2, Interval: sure}
	}
	with := func(r gate.Reason, change func(*gate.Reason)) gate.Reason {
		change(&r)
		return r
	}
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	return []gate.Reason{
		line(gate.Slower, gate.P99, 0.35),
		{Kind: gate.Slower, Route: tally.All, Metric: gate.P50, Change: 0.35, Limit: 0.125},
		line(gate.LowerThroughput, gate.Throughput, -0.25),
		{Kind: gate.CostsMore, Route: tally.All, Metric: gate.CPU, Change: 0.35, Limit: 0.2},
		{Kind: gate.Failing, Route: "GET /a", Metric: gate.FailureRate, Now: 0.019, Requests: 4000, Limit: 0.01},
		{Kind: gate.Failing, Route: "GET /a", Metric: gate.FailureRate, Now: 0.019, Requests: 4000, Limit: 0.01, Failures: ordersFail()},
		{Kind: gate.Failing, Route: "GET /a", Metric: gate.FailureRate, Now: 1, Requests: 255, Limit: 0.01, Failures: []gate.Failure{{Class: "status", Text: "status 404 Not Found", Count: 255}}},
		{Kind: gate.Failing, Route: "GET /a", Metric: gate.FailureRate, Now: 1, Requests: 1, Limit: 0.01, Failures: []gate.Failure{{Class: "timeout", Count: 1}}},
		{Kind: gate.Failing, Route: "GET /a", Metric: gate.FailureRate, Before: 0.001, Now: 0.0538, Requests: 32000, Limit: 0.5, Why: &gate.Why{Kind: gate.Risen}},
		{Kind: gate.PastThreshold, Route: tally.All, Rule: "p(95)<50", Now: 61.3},
		{Kind: gate.LowCoverage, Has: 14, Needs: 17, Limit: 0.9},
		{Kind: gate.NoBaseline, Branch: "main"},
		{Kind: gate.TooFewRuns, Has: 3, Needs: 5, Branch: "main"},
		{Kind: gate.TooFewRuns, Has: 4, Needs: 5, Branch: "main"},
		{Kind: gate.SingleRuns},
		{Kind: gate.TooFewPairs, Has: 13, Needs: 16},
		{Kind: gate.OtherProfile, Of: gate.OfBaseline, Names: []string{"0123456789abcdef", "aaaa"}},
		{Kind: gate.OtherProfile, Of: gate.OfPair, Names: []string{"a", "b"}},
		{Kind: gate.OtherProfile, Of: gate.OfFresh, Names: []string{"a", "b"}},
		{Kind: gate.OtherEnvironment, Of: gate.OfBaseline, Names: []string{"cores: 2 here, 64 there", "runner: a here, b there"}},
		{Kind: gate.OtherEnvironment, Of: gate.OfPair, Names: []string{"cores: 2 here, 4 there"}},
		{Kind: gate.OtherEnvironment, Of: gate.OfFresh, Names: []string{"cores: 2 here, 4 there"}},
		{Kind: gate.RunNotWhole, Has: 2, Needs: 3},
		{Kind: gate.RunNotWhole, Of: gate.OfHead, Text: "the system under test ended"},
		{Kind: gate.RunNotWhole, Of: gate.OfBaseline},
		{Kind: gate.NoRun},
		{Kind: gate.NoSamples, Of: gate.OfBase},
		{Kind: gate.NoSamples, Route: "GET /a", Rule: "max<1000"},
		{Kind: gate.NothingCompared},
		{Kind: gate.RouteMissing, Route: "GET /a", Of: gate.OfHead},
		{Kind: gate.RouteMissing, Route: "GET /a", Of: gate.OfBase},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20}, RunTime: 133 * time.Second},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20, OnBase: true}, RunTime: time.Minute},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.FewRounds}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.ManyFailures, OnBase: true}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.ManyFailures, OnBase: true}, Before: 1, Requests: 255},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.NotInBaseline}},
		{Kind: gate.CostNotJudged, Route: tally.All, Metric: gate.CPU, Why: &gate.Why{Kind: gate.NotCounted}},
		{Kind: gate.CostNotJudged, Route: tally.All, Metric: gate.CPU, Why: &gate.Why{Kind: gate.FewStarts, Has: 4, Needs: 8}},
		{Kind: gate.LostSight, Route: "GET /a", Metrics: []gate.Metric{gate.P95, gate.P99}, Before: 2000, Now: 45},
		with(line(gate.LooksWorse, gate.P50, 0.19), func(r *gate.Reason) { r.Has, r.Needs = 1, 5 }),
		with(line(gate.NotProven, gate.P50, 0.35), func(r *gate.Reason) { r.Has, r.Visible = 24, 0.27 }),
		with(line(gate.NotProven, gate.P50, 0.35), func(r *gate.Reason) { r.Why = &gate.Why{Kind: gate.Restless} }),
		with(line(gate.NotProven, gate.P50, 0.35), func(r *gate.Reason) { r.Why = &gate.Why{Kind: gate.FewRuns, Has: 7, Needs: 10} }),
		with(line(gate.NotProven, gate.P50, 0.35), func(r *gate.Reason) { r.Why = &gate.Why{Kind: gate.ControlToo, Change: 0.3} }),
		{Kind: gate.NotProven, Route: "GET /a", Metric: gate.FailureRate, Now: 0.015, Requests: 600, Limit: 0.01, Interval: low},
		with(line(gate.AddedLoad, gate.P50, 0.48), func(r *gate.Reason) {
			r.Why = &gate.Why{Kind: gate.MoreLoad, Change: 0.8, Routes: []string{"GET /b"}}
		}),
		{Kind: gate.TooNoisy, Route: "GET /a", Metric: gate.P99, Interval: sure, Limit: 0.3, Has: 24},
		{Kind: gate.NoisyMachine, Has: 7, Needs: 16},
		{Kind: gate.ControlStrayed, Before: 10e6, Now: 17e6},
		{Kind: gate.CommonShift, Change: 0.3},
		{Kind: gate.CommonShift, Change: -0.3},
		{Kind: gate.AgainstShift, Route: "GET /a", Metric: gate.P50, Change: 0.39, Limit: 0.2},
		{Kind: gate.BusyMachine, Of: gate.OfHead, Text: "this machine was busy with other work: other programs used 93 % of its CPU time, and the load generator only 2 %; measure again when the machine has less to do", Now: 0.93, Before: 0.02},
		{Kind: gate.BusyGenerator, Text: "the load generator was the bottleneck", Now: 0.03, Before: 0.95},
		{Kind: gate.ThresholdOpen, Route: tally.All, Rule: "count>=2400", Now: 2398},
		{Kind: gate.NotRequested, Route: "GET /a"},
		{Kind: gate.NotReached, Of: gate.OfHead, Route: "POST /login", Now: 1, Requests: 40, Limit: 0.01, Names: []string{"GET /a", "GET /b"}, Has: 4, Failures: []gate.Failure{{Class: "status", Text: "status 401 Unauthorized", Count: 40}}},
		{Kind: gate.NotReached, Route: "POST /login", Now: 1, Requests: 40, Limit: 0.01, Names: []string{"GET /a"}},
		{Kind: gate.LostSight, Route: "GET /a", Metrics: []gate.Metric{gate.P99}, Before: 2000, Now: 450, RunTime: time.Minute, Why: &gate.Why{Kind: gate.Caused, Routes: []string{"GET /b"}, By: gate.BySlower}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Metric: gate.P95, Why: &gate.Why{Kind: gate.FewRequests, Has: 30, Needs: 200}, RunTime: 4 * time.Minute},
		{Kind: gate.RouteNotJudged, Route: "POST /login", Metric: gate.P95, Why: &gate.Why{Kind: gate.FewRequests, Has: 30, Needs: 200, OnStart: true}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.ManyFailures, OnBase: true}, Failures: []gate.Failure{{Class: "status", Text: "status 401 Unauthorized", Count: 40}}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.Unfinished, Has: 12, Needs: 2}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Metric: gate.P99, Why: &gate.Why{Kind: gate.Unfinished, Has: 480, Needs: 400}},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Rule: "max<1000", Why: &gate.Why{Kind: gate.Unfinished, Has: 12}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.Growth, Name: "system.rss_bytes", Status: gate.Worse, Before: 200 << 20, Now: 246 << 20, Change: 0.23, Limit: 0.1, Has: 80, Over: 30 * time.Minute}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.Growth, Name: "app.goroutines", Status: gate.Worse, Before: 20, Now: 3020, Change: 150, Limit: 0.1, Over: 4 * time.Hour}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.Failures, Name: "GET /a", Status: gate.Worse, Before: 0.012, Now: 0.034, Limit: 0.01, Over: 30 * time.Minute}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.Restarts, Name: "system.restarts", Status: gate.Worse, Now: 1}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.OutOfMemory, Name: "db.oom_kills_per_sec", Status: gate.Worse, Now: 3}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.MemoryLimit, Name: "system.memory_at_limit_per_sec", Status: gate.Worse, Now: 1200}},
		{Kind: gate.Unstable, Course: &gate.Course{Kind: gate.Died, Name: "system", Status: gate.Worse, Over: 95 * time.Second, Text: "the system under test ended by itself: exit status 2"}},
		{Kind: gate.NotAged, Text: "fresh: no free port"},
		{Kind: gate.NotRead, Text: "nothing was watched"},
		{Kind: gate.Unsteady, Course: &gate.Course{Kind: gate.Drift, Name: "GET /a", Metric: gate.P95, Status: gate.Suspect, Why: gate.OnlyNoted, Before: 20e6, Now: 27e6, Change: 0.35, Limit: 0.2, Over: 30 * time.Minute}},
		{Kind: gate.Unsteady, Course: &gate.Course{Kind: gate.Drift, Name: tally.All, Metric: gate.Throughput, Status: gate.Suspect, Why: gate.OnlyNoted, Before: 500, Now: 350, Change: -0.3, Limit: 0.2, Over: 30 * time.Minute}},
		{Kind: gate.Unsteady, Course: &gate.Course{Kind: gate.Growth, Name: "system.open_files", Status: gate.Suspect, Why: gate.ShortSoak, Before: 20, Now: 50, Change: 1.5, Limit: 0.1, Over: 5 * time.Minute, Needs: 30 * time.Minute}},
		{Kind: gate.Unsteady, Course: &gate.Course{Kind: gate.Growth, Name: "system.rss_bytes", Status: gate.Suspect, Why: gate.Slowing, Before: 200 << 20, Now: 246 << 20, Change: 0.23, Limit: 0.1, Over: 30 * time.Minute}},
		{Kind: gate.Unsteady, Course: &gate.Course{Kind: gate.Growth, Name: "system.threads", Status: gate.Suspect, Why: gate.Uneven, Before: 10, Now: 12, Change: 0.2, Limit: 0.1, Over: 30 * time.Minute}},
		{Kind: gate.SlowUnderLoad, Route: "GET /a", Metric: gate.P95UnderLoad, Change: 0.35, Limit: 0.2, Interval: sure},
		{Kind: gate.IdleBusy, Now: 0.23, Limit: 0.1},
		{Kind: gate.RunNotWhole, Of: gate.OfIdle, Text: "the system ended"},
		{Kind: gate.NoSamples, Of: gate.OfFull},
		{Kind: gate.NoisyMachine, Of: gate.OfLoads, Has: 7, Needs: 16},
		{Kind: gate.NothingCompared, Of: gate.OfLoads},
		{Kind: gate.RouteNotJudged, Of: gate.OfLoads, Route: "GET /a", Why: &gate.Why{Kind: gate.NotAsked, OnIdle: true}},
		{Kind: gate.RouteNotJudged, Of: gate.OfLoads, Route: "GET /a", Why: &gate.Why{Kind: gate.ManyFailures, OnIdle: true}, Before: 1, Requests: 255},
		{Kind: gate.RouteNotJudged, Route: "GET /a", Metric: gate.P50UnderLoad, Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20, OnIdle: true}, RunTime: time.Minute},
		with(line(gate.NotProven, gate.P50UnderLoad, 0.35), func(r *gate.Reason) { r.Has, r.Visible = 24, 0.27 }),
		{Kind: gate.NotMeasured, Text: "build base: exit status 1"},
		{Kind: gate.Creep, Route: "GET /a", Metric: gate.P50, Change: 0.12, Since: day},
		{Kind: gate.Step, Route: "GET /a", Metric: gate.P50, Change: 0.25, Commit: "c0ffee1234", Since: day},
		{Kind: gate.LowSight, Of: gate.OfBaseline, Sights: []gate.Sight{{Route: "GET /a", Metric: gate.P99, Visible: 0.45}, {Route: tally.All, Metric: gate.P99, Visible: 0.6}}, Has: 3},
		{Kind: gate.LowSight, Of: gate.OfPair, Sights: []gate.Sight{{Route: "GET /a", Metric: gate.P99, Visible: 0.45}}},
		{Kind: gate.OrderEffect, Route: "GET /a", Metric: gate.P50, Change: 0.11},
		{Kind: gate.CostUp, Route: tally.All, Metric: gate.CPU, Change: 0.041, Interval: &gate.Range{Low: 0.032, High: 0.05}, Limit: 0.2},
		{Kind: gate.Disturbed, Has: 2, Needs: 26},
		{Kind: gate.LegsLost, Has: 3, Needs: 4, Names: []string{"leg 2 of 4: it has left no result, so its job failed, was cancelled or did not run"}, Text: "fail"},
		{Kind: gate.LegsLost, Has: 2, Needs: 4, Names: []string{"leg 2 of 4: it has left no result, so its job failed, was cancelled or did not run", "leg 4 of 4 (runner-4): base was cut short: it has 3 of 6 rounds"}},
		{Kind: gate.NoisyMachine, Has: 3, Needs: 8, Names: []string{"leg 2 of 4 (runner-2)"}},
		{Kind: gate.NotProven, Route: "GET /a", Metric: gate.P50, Change: 0.4, Interval: &gate.Range{Low: 0.3, High: 0.5}, Limit: 0.2, Has: 18, Why: &gate.Why{Kind: gate.OtherLegs, Has: 3, Needs: 4}},
		{Kind: gate.NotProven, Route: "GET /a", Metric: gate.FailureRate, Now: 0.1, Requests: 500, Limit: 0.01, Why: &gate.Why{Kind: gate.OtherLegs, Has: 3, Needs: 4}},
		{Kind: gate.ControlMoved, Change: 0.3},
		{Kind: gate.UnknownBase, Branch: "main", Text: "this is a shallow clone"},
		{Kind: gate.NotAccepted, By: "ana", Label: "plimsoll-accepted"},
		{Kind: gate.NotAccepted, Text: "GitHub does not answer"},
	}
}

// Runs of another tool cannot be paired, so no sentence and no advice about them asks for pairs. A sentence without that part
// is whole, with no words left over.
func TestImportedRunsAreNotPaired(t *testing.T) {
	for _, r := range said() {
		if r.Of == gate.OfPair || r.Of == gate.OfHead || r.Of == gate.OfBase {
			continue // of pairs
		}
		r.Imported = true
		v := doubtful(r)
		v.Mode = gate.Stored
		what, settle := report.Advice(v)
		for _, text := range []string{report.Sentence(r), settle} {
			if strings.Contains(text, "--paired") || strings.HasSuffix(text, " ") || strings.HasSuffix(text, ",") || strings.HasSuffix(text, ":") {
				t.Errorf("%s: %s", r.Kind, text)
			}
		}
		if what != "" && settle == "" {
			t.Errorf("%s: nothing settles %q", r.Kind, what)
		}
	}
	for want, r := range map[string]gate.Reason{
		"GET /a: p50 is 19.0 % slower in one run, which proves nothing: 5 runs can tell": {Kind: gate.LooksWorse, Route: "GET /a", Metric: gate.P50, Change: 0.19, Has: 1, Needs: 5, Imported: true},
		"one run against one proves nothing: `plimsoll gate` compares with a history":    {Kind: gate.SingleRuns, Imported: true},
	} {
		if got := report.Sentence(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A golden file has all sentences, for review.
func TestGoldenSentences(t *testing.T) {
	var lines []string
	kinds := map[gate.ReasonKind]bool{}
	for _, r := range said() {
		kinds[r.Kind] = true
		lines = append(lines, string(r.Kind)+": "+report.Sentence(r))
	}
	golden(t, "sentences.txt", strings.Join(lines, "\n")+"\n")
	for _, kind := range gate.Kinds() {
		if !kinds[kind] {
			t.Errorf("no sentence of %s is looked at", kind)
		}
	}
	// A reason with nothing but a kind, as in a hostile file, has a sentence too.
	for _, kind := range gate.Kinds() {
		if report.Sentence(gate.Reason{Kind: kind, Why: &gate.Why{}}) == "" && kind != gate.NotMeasured {
			t.Errorf("an empty %s has no sentence", kind)
		}
	}
}

// Another golden file has the headline of each kind of doubt, and what would settle it. A test of the command
// checks that the keys and flags in both files exist.
func TestGoldenAdvice(t *testing.T) {
	var lines []string
	for _, r := range said() {
		for _, mode := range []gate.Mode{gate.Stored, gate.Paired} {
			v := doubtful(r)
			v.Mode = mode
			if what, settle := report.Advice(v); what != "" {
				lines = append(lines, string(r.Kind)+": "+what+": "+settle)
			}
		}
	}
	golden(t, "advice.txt", strings.Join(slices.Compact(lines), "\n")+"\n")
}

// A failed login takes one line in every form of a report.
func TestFailedLoginIsSaidOnce(t *testing.T) {
	v := failed()
	v.Comparisons = []gate.Comparison{comparison("POST /login", gate.FailureRate, gate.Worse)}
	failing := gate.Reason{Kind: gate.Failing, Route: "POST /login", Metric: gate.FailureRate, Now: 1, Requests: 9, Limit: 0.01, Failures: []gate.Failure{{Class: "status", Text: "status 401 Unauthorized", Count: 9}}}
	unreached := failing
	unreached.Kind, unreached.Metric, unreached.Of, unreached.Names = gate.NotReached, "", gate.OfHead, []string{"GET /a", "GET /b"}
	v.Reasons = []gate.Reason{failing, unreached}
	r := report.New(v, shopRun())
	for _, text := range []string{render(t, comment, r), render(t, report.Summary, r), render(t, report.Terminal, r)} {
		if strings.Count(text, "401") != 1 || !strings.Contains(text, "POST /login: all 9 requests failed (status 401 Unauthorized), so GET /a and GET /b were never requested\n") {
			t.Errorf("got\n%s", text)
		}
	}
}

// Failures of GraphQL say what the server said, in every form of a report; without a text, what they are.
func TestGraphQLFailures(t *testing.T) {
	for text, want := range map[string]string{
		"INTERNAL_SERVER_ERROR at top.#.score": "query Top: all 9 requests failed (INTERNAL_SERVER_ERROR at top.#.score)",
		"":                                     "query Top: all 9 requests failed (an error of GraphQL)",
	} {
		v := failed()
		v.Comparisons = []gate.Comparison{comparison("query Top", gate.FailureRate, gate.Worse)}
		v.Reasons = []gate.Reason{{Kind: gate.Failing, Route: "query Top", Metric: gate.FailureRate, Now: 1, Requests: 9, Limit: 0.01, Failures: []gate.Failure{{Class: "graphql", Text: text, Count: 9}}}}
		r := report.New(v, shopRun())
		for _, form := range []string{render(t, comment, r), render(t, report.Summary, r), render(t, report.Terminal, r)} {
			if !strings.Contains(strings.ReplaceAll(form, `\`, ""), want) {
				t.Errorf("%s is not in\n%s", want, form)
			}
		}
	}
}

// All that a gate fills is valid, and every metric reads well in its sentence.
func TestSentencesAreOfValidReasons(t *testing.T) {
	for _, r := range said() {
		worse := gate.Comparison{Route: "GET /a", Metric: gate.P50, Status: gate.Worse}
		var errs []error
		for _, v := range []gate.Verdict{
			{Outcome: gate.Inconclusive, Reasons: []gate.Reason{r}},
			{Outcome: gate.Inconclusive, Reasons: []gate.Reason{{Kind: gate.NoRun}}, Notices: []gate.Reason{r}},
			{Outcome: gate.Fail, Reasons: []gate.Reason{r}, Comparisons: []gate.Comparison{worse}},
			{Outcome: gate.Unjudged, Reasons: []gate.Reason{r}},
		} {
			v.Mode = gate.Stored
			errs = append(errs, v.Validate())
		}
		valid := len(slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err != nil }))
		if want := 1; valid != want && !(r.Kind == gate.CommonShift && valid == 2) {
			t.Errorf("%s is valid in %d places of verdicts, want %d: %v", r.Kind, valid, want, errs)
		}
	}
}
