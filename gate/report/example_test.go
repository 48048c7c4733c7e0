package report_test

import (
	"bytes"
	"fmt"
	"os"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// slower is a verdict on a route that is slower than it may be.
func slower() gate.Verdict {
	c := gate.Comparison{
		Route: "GET /search", Metric: gate.P50, Status: gate.Worse, Baseline: 20e6, Head: 27e6, Change: 0.35, Interval: &gate.Range{Low: 0.31, High: 0.39}, Limit: 0.2,
	}
	return gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Stored, Compared: 1, Total: 1, Baseline: gate.Baseline{Branch: "main", Runs: 20, Commit: "a1b2c3d4e5f6"},
		Reasons:     []gate.Reason{{Kind: gate.Slower, Route: c.Route, Metric: c.Metric, Change: c.Change, Interval: c.Interval, Limit: c.Limit}},
		Comparisons: []gate.Comparison{c},
	}
}

// Every reader gets the same sentence for a reason.
func ExampleSentence() {
	fmt.Println(report.Sentence(slower().Reasons[0]))
	fmt.Println(report.Sentence(gate.Reason{Kind: gate.TooFewRuns, Has: 2, Needs: 5, Branch: "main"}))
	// Output:
	// GET /search: p50 is 35.0 % slower, the limit is 20 % (95 % interval: +31.0 to +39.0 %)
	// the baseline has 2 of the 5 runs that it needs: run `plimsoll baseline update` 3 more times on main
}

func ExampleLine() {
	fmt.Println(report.Line(slower()))
	fmt.Println(report.Line(slower().Accept(gate.Acceptance{By: "ana", Label: "plimsoll-accepted", At: time.Unix(1_700_000_000, 0)})))
	// Output:
	// fail: GET /search: p50 is 35.0 % slower, the limit is 20 % (95 % interval: +31.0 to +39.0 %)
	// pass, accepted by ana: GET /search: p50 is 35.0 % slower, the limit is 20 % (95 % interval: +31.0 to +39.0 %)
}

// A report for a terminal.
func ExampleTerminal() {
	if err := report.Terminal(os.Stdout, report.Report{Verdict: slower()}); err != nil {
		panic(err)
	}
	// Output:
	//  Route       | Metric | Baseline | This change |                      Change | Limit | Verdict
	// -------------|--------|----------|-------------|-----------------------------|-------|---------
	//  GET /search | p50    |  20.0 ms |     27.0 ms | ▲ +35.0 % (95 %: +31 … +39) | +20 % | slower
	//
	// - GET /search: p50 is 35.0 % slower, the limit is 20 % (95 % interval: +31.0 to +39.0 %)
	// 1 of 1 route compared, baseline a1b2c3d (main, 20 runs, same environment)
	// fail: 1 of 1 route is slower
}

// A comment on a pull request of at most 400 bytes: what does not fit is left out, and the comment says so.
func ExampleMarkdown() {
	if err := report.Markdown(os.Stdout, report.Report{Verdict: slower(), Accept: "plimsoll-accepted"}, 400); err != nil {
		panic(err)
	}
	// Output:
	// ### ❌ Plimsoll: **fail**: 1 of 1 route is slower
	//
	// **1 of 1 compared** · baseline `a1b2c3d` (`main`, 20 runs, same environment)
	//
	// The table of all figures is too long to show here.
	//
	// **Accept this change**: label `plimsoll-accepted`, or `plimsoll baseline accept`
}

// The verdict file carries a report from one job to another, which reads it as a stranger's.
func ExampleDecode() {
	var file bytes.Buffer
	if err := report.Encode(&file, report.New(slower(), shopRun())); err != nil {
		panic(err)
	}
	r, err := report.Decode(bytes.NewReader(file.Bytes()))
	fmt.Println(r.Verdict.Outcome, r.Subject.Series, err)

	_, err = report.Decode(bytes.NewReader(bytes.Replace(file.Bytes(), []byte(`"fail"`), []byte(`"pass"`), 1)))
	fmt.Println(err)
	// Output:
	// fail shop <nil>
	// no gate can have written this verdict file: it passes although something is worse or in doubt
}
