package gate_test

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Five fresh runs of a change are 35 % slower than the twelve runs of its branch.
func ExampleJudge() {
	fresh := history(5, map[string]load{"GET /a": {2000, 0, 27 * time.Millisecond}})
	past := summaries(history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}))

	v := gate.Judge(gate.DefaultPolicy(), fresh, past)
	fmt.Println(v.Outcome)
	for _, r := range v.Reasons {
		fmt.Printf("%s: %s %s %+.0f %%, limit %.0f %%\n", r.Kind, r.Route, r.Metric, 100*r.Change, 100*r.Limit)
	}
	// Unordered output:
	// fail
	// slower: GET /a p50 +35 %, limit 20 %
	// slower: GET /a p95 +35 %, limit 20 %
	// slower: GET /a p99 +35 %, limit 20 %
}

// One run that looks worse proves nothing: the verdict asks for more of them.
func ExampleJudge_more() {
	fresh := history(1, map[string]load{"GET /a": {2000, 0, 27 * time.Millisecond}})
	past := summaries(history(12, map[string]load{"GET /a": {2000, 0, 20 * time.Millisecond}}))

	v := gate.Judge(gate.DefaultPolicy(), fresh, past)
	fmt.Println(v.Outcome, v.Reasons[0].Kind, v.More)
	// Output: inconclusive looks-worse 4
}

// Rounds of base and head that were loaded in turn are judged pair by pair.
func ExampleJudgePairs() {
	routes := map[string]result.Figures{"GET /a": figures(2000, 0, 20*time.Millisecond)}

	base, head := pairOf(7, routes, routes)
	v := gate.JudgePairs(gate.DefaultPolicy(), base, head, false)
	fmt.Println(v.Outcome, v.More) // too early to look: one more pair

	base, head = pairOf(8, routes, routes)
	v = gate.JudgePairs(gate.DefaultPolicy(), base, head, false)
	fmt.Println(v.Outcome, v.More, v.Compared)
	// Output:
	// unjudged 1
	// pass 0 1
}

// A known change passes with somebody's word, and fails again without it.
func ExampleVerdict_Accept() {
	failed := gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Stored, Compared: 1, Total: 1,
		Reasons:     []gate.Reason{{Kind: gate.Slower, Route: "GET /a", Metric: gate.P50, Change: 0.35, Limit: 0.2}},
		Comparisons: []gate.Comparison{{Route: "GET /a", Metric: gate.P50, Status: gate.Worse, Change: 0.35, Limit: 0.2}},
	}
	accepted := failed.Accept(gate.Acceptance{By: "ana", Label: "plimsoll-accepted", Pull: 7, At: time.Unix(1_700_000_000, 0)})
	fmt.Println(accepted.Outcome, accepted.Accepted.By)
	fmt.Println(accepted.Revoke().Outcome)
	// Output:
	// pass ana
	// fail
}

// A verdict of somebody else's is checked before it is believed to be one.
func ExampleVerdict_Validate() {
	v := gate.Verdict{Outcome: gate.Pass, Mode: gate.Paired}
	fmt.Println(v.Validate())
	// Output: it passes although nothing was compared
}

// A branch over twenty days, with a step on the twelfth.
func ExampleTrend() {
	var runs []result.Summary
	for day := range 20 {
		latency := 20 * time.Millisecond
		if day >= 11 {
			latency = 26 * time.Millisecond
		}
		r := run(map[string]load{"GET /a": {2000, 0, latency}})
		r.Started = time.Date(2026, 11, 1+day, 0, 0, 0, 0, time.UTC)
		r.Commit = fmt.Sprintf("c0ffee%02d", day)
		runs = append(runs, r.Summary())
	}
	notice := gate.Trend(gate.DefaultPolicy(), runs)[0]
	fmt.Printf("%s: %s of all routes %+.0f %% at %s of %s\n", notice.Kind, notice.Metric, 100*notice.Change, notice.Commit, notice.Since.Format(time.DateOnly))
	// Output: step: p50 of all routes +30 % at c0ffee11 of 2026-11-12
}

// Recorded figures of any origin are judged like runs.
func ExampleMatrix_Judge() {
	f := gate.Matrix{Columns: []gate.Column{{Route: "build", Metric: "s", Limit: 0.2}}}
	for range 12 {
		f.Rows = append(f.Rows, []float64{100})
	}
	f.Rows = append(f.Rows, []float64{115})
	history := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	v := f.Judge(gate.DefaultPolicy(), []int{12}, history, 1)
	fmt.Println(v.Outcome, v.Reasons[0].Kind, v.More)
	// Output: inconclusive looks-worse 4
}

// The gate: section of a profile.
func ExampleParsePolicy() {
	var document yaml.Node
	text := `{degradation: 10%, routes: {GET /b: {ignore: true}}, thresholds: {GET /a: ["p(95)<500"]}}`
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		panic(err)
	}
	p, problems := gate.ParsePolicy("plimsoll.yaml", document.Content[0], []string{"GET /a", "GET /b"})
	fmt.Println(p.Degradation, p.Routes["GET /b"].Ignore, p.Thresholds[0].Route, len(problems))
	// Output: 0.1 true GET /a 0
}
