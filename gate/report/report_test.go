package report_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// maxComment is the size that a caller asks for first.
const maxComment = 60_000

func render(t testing.TB, write func(io.Writer, report.Report) error, r report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func comment(w io.Writer, r report.Report) error { return report.Markdown(w, r, maxComment) }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readGolden(t, name); got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

func readGolden(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGolden(t *testing.T) {
	for name, r := range reports() {
		golden(t, name+".md", render(t, comment, r))
		golden(t, name+".txt", render(t, report.Terminal, r))
	}
	for _, name := range []string{"fail", "noisy"} {
		golden(t, name+".summary.md", render(t, report.Summary, reports()[name]))
		golden(t, name+".json", render(t, report.Encode, reports()[name]))
	}
}

func TestGoldenRun(t *testing.T) {
	var b strings.Builder
	if err := report.Identity(&b, shopRun()); err != nil {
		t.Fatal(err)
	}
	r := shopRun()
	r.PlannedRoutes = []string{"GET /rare", "GET /search", "POST /orders"}
	r.Tally.Routes["POST /orders"].Unfinished, r.Tally.Routes["POST /orders"].Resent = 3, 1
	r.Notes = []string{"teardown: DELETE /tenants failed: status 500 (status)"}
	r.Generator.Paced = result.Paced{Due: 3000, Begun: 2933, Missed: 67}
	if err := report.Run(&b, r, report.Found{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "run.txt", b.String())

	r.PlannedRounds = len(r.Rounds) + 1
	b.Reset()
	if err := report.Run(&b, r, report.Found{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "Never requested") {
		t.Error("a run that ended early claims to know which routes were never requested")
	}
}

func TestGoldenTrouble(t *testing.T) {
	err := errors.New("the system ended:\n" + strings.Repeat("line ``` of log\n", 100))
	links := reports()["fail"].Links
	for _, limit := range []int{maxComment, 1500, 500} {
		var b strings.Builder
		if err := report.Trouble(&b, err, links, limit); err != nil {
			t.Fatal(err)
		}
		if b.Len() > limit {
			t.Errorf("%d bytes, %d are the most", b.Len(), limit)
		}
		if limit == maxComment {
			golden(t, "trouble.md", b.String())
		}
	}
	if err := report.Trouble(io.Discard, err, links, 50); !errors.Is(err, report.ErrTooLong) {
		t.Errorf("into 50 bytes: %v", err)
	}
}

// The first hundred characters have the verdict, and every comment says how many routes were compared.
func TestVerdictFirst(t *testing.T) {
	for name, r := range reports() {
		for _, write := range []func(io.Writer, report.Report) error{comment, report.Summary} {
			text := render(t, write, r)
			if first := text[:100]; !strings.Contains(first, "**"+r.Verdict.Outcome.String()+"**") {
				t.Errorf("the markdown of %s begins with %q", name, first)
			}
			if !strings.Contains(text, " compared**") {
				t.Errorf("the markdown of %s does not say how much was compared", name)
			}
		}
	}
}

// Only a fail that can be accepted says how, and only sound links are shown.
func TestLastLine(t *testing.T) {
	for name, r := range reports() {
		text := render(t, comment, r)
		if got, want := strings.Contains(text, "**Accept this change**"), r.Verdict.Outcome == gate.Fail; got != want {
			t.Errorf("%s: acceptance is offered: %v, want %v", name, got, want)
		}
		r.Accept = ""
		for _, bad := range []string{"", "javascript:alert(1)", "https://", "ftp://example.com", "https://example.com/a)b", "https://me:secret@example.com/", "//example.com", "https://example.com/\n", "https://example.com/<img>", "https://example.com/" + strings.Repeat("a", 300)} {
			r.Links = report.Links{Run: bad, History: bad, Docs: bad}
			if text := render(t, comment, r); strings.Contains(text, "](") || strings.Contains(text, "**Accept") {
				t.Errorf("%s: shows %q as a link, or offers what there is not", name, bad)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	for name, want := range map[string]string{
		"pass":         "1 improved · **12 of 12 compared** · baseline `a1b2c3d` (`main`, 2 commits before this change's base, 20 runs, same environment) · series `shop`\n",
		"fail":         "12 routes within limits · 1 improved · **14 of 14 compared** · baseline `a1b2c3d` (`main`, 2 commits",
		"new-failures": "1 follows from others · 1 not judged · **1 of 3 compared** · baseline `a1b2c3d` (`main`, this change's base, 20 runs",
		"noisy":        "1 in doubt · **1 of 1 compared** · 24 pairs of rounds, base `a1b2c3d` and head in turn",
		"no-baseline":  "**0 of 0 compared** · there is no baseline",
	} {
		if text := render(t, comment, reports()[name]); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", name, want, text)
		}
	}
}

// A backtest of two histories, the second too short, in the order of time and in windows.
func TestGoldenReplay(t *testing.T) {
	long := backtest.Suite{Name: "long \x1b[31m", Matrix: gate.Matrix{Columns: []gate.Column{{Route: "p95", Metric: "ms", Limit: 0.2}}}}
	for i := range 60 {
		value := 10 + 0.1*float64(i%5)
		if i >= 40 {
			value *= 1.5
		}
		long.Matrix.Rows = append(long.Matrix.Rows, []float64{value})
		long.Runs = append(long.Runs, backtest.Run{Index: i, Commit: fmt.Sprint("c", i/2)})
	}
	short := backtest.Suite{Name: "short", Matrix: gate.Matrix{Columns: long.Matrix.Columns, Rows: long.Matrix.Rows[:3]}, Runs: long.Runs[:3]}
	p := gate.DefaultPolicy()
	var b strings.Builder
	for _, r := range []report.Replay{
		{Reports: [][]backtest.Report{backtest.InOrder(p, long), backtest.InOrder(p, short)}},
		{Reports: [][]backtest.Report{backtest.Windows(p, long, 10, 0.5, 1), nil}, Windows: true, Injected: true},
	} {
		r.Policy, r.Suites = p, []backtest.Suite{long, short}
		if err := r.Terminal(&b); err != nil {
			t.Fatal(err)
		}
	}
	wide := long
	wide.Name = `shop, profile 0123456789ab, operating system="linux" architecture="amd64" CPU model="Example CPU @ 2.0 GHz" cores="4" memory="16 GiB" runner="ubuntu24" generator version="" proxy=""`
	stored := report.Replay{Policy: p, Suites: []backtest.Suite{wide, short}, Reports: [][]backtest.Report{backtest.InOrder(p, wide), nil}}
	if err := stored.Terminal(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "replay.txt", b.String())
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	var lines strings.Builder
	if err := (report.Replay{Reports: [][]backtest.Report{backtest.InOrder(p, long)}}).JSON(&lines); err != nil || strings.Count(lines.String(), "\n") != 51 {
		t.Errorf("%d lines, %v", strings.Count(lines.String(), "\n"), err)
	}
}

// The headline and the advice fit the first reason.
func TestHeadlineOfDoubt(t *testing.T) {
	few, failures := &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20}, &gate.Why{Kind: gate.ManyFailures, OnBase: true}
	for _, c := range []struct {
		mode         gate.Mode
		reason       gate.Reason
		what, settle string
	}{
		{gate.Stored, gate.Reason{Kind: gate.OtherProfile, Of: gate.OfBaseline}, "the baseline has another profile", "`plimsoll baseline update` with this profile"},
		{gate.Paired, gate.Reason{Kind: gate.OtherProfile, Of: gate.OfPair}, "the sides have different profiles", "one profile for both sides"},
		{gate.Paired, gate.Reason{Kind: gate.OtherEnvironment, Of: gate.OfPair}, "the sides have different environments", "one machine for both sides"},
		{gate.Stored, gate.Reason{Kind: gate.OtherEnvironment, Of: gate.OfFresh}, "the runs do not belong together", "runs of one profile on one machine"},
		{gate.Stored, gate.Reason{Kind: gate.RunNotWhole, Has: 2, Needs: 3}, "the run is incomplete", "a fix, and another run of the job"},
		{gate.Stored, gate.Reason{Kind: gate.RunNotWhole, Of: gate.OfBaseline}, "every run of the baseline is incomplete", "`plimsoll baseline update`, or `plimsoll gate --paired`"},
		{gate.Stored, gate.Reason{Kind: gate.NoSamples}, "nothing to compare", "a longer `run_time`, or shorter waits"},
		{gate.Stored, gate.Reason{Kind: gate.NoSamples, Route: "GET /a", Rule: "max<1"}, "a threshold has no data", "a longer `run_time`, or shorter waits"},
		{gate.Stored, gate.Reason{Kind: gate.RouteNotJudged, Route: "GET /a", Why: few}, "too few requests", "a longer `run_time`"},
		{gate.Stored, gate.Reason{Kind: gate.RouteNotJudged, Route: "GET /a", Why: few, RunTime: time.Minute}, "too few requests", "a `run_time` of 1m\n"},
		{gate.Stored, gate.Reason{Kind: gate.RouteNotJudged, Route: "POST /login", Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 200, OnStart: true}}, "too few requests", "a task that sends the route too, or a shorter `renew`"},
		{gate.Stored, gate.Reason{Kind: gate.RouteNotJudged, Route: "GET /a", Why: failures}, "a route failed in the baseline", "a baseline without these failures; if this change fixes them"},
		{gate.Stored, gate.Reason{Kind: gate.NotProven, Route: "GET /a", Metric: gate.P50}, "it looks worse, but that is not proven", "a longer `run_time`, or `plimsoll gate --paired`"},
		{gate.Paired, gate.Reason{Kind: gate.NotProven, Route: "GET /a", Metric: gate.P50}, "it looks worse, but that is not proven", "a longer `run_time`\n"},
	} {
		v := doubtful(c.reason)
		v.Mode = c.mode
		text := render(t, comment, report.New(v, shopRun()))
		if !strings.Contains(text, "**inconclusive**: "+c.what+"\n") || !strings.Contains(text, "**What would settle it**: "+c.settle) {
			t.Errorf("%+v: want %q and %q in\n%s", c.reason, c.what, c.settle, text)
		}
	}
}

// A reason that keeps everything from being judged goes before one about a single route.
func TestHeadlineOfTheWeightiestDoubt(t *testing.T) {
	v := doubtful(gate.Reason{Kind: gate.RouteNotJudged, Route: "GET /a", Why: &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20}})
	v.Reasons = append(v.Reasons, gate.Reason{Kind: gate.TooFewRuns, Has: 2, Needs: 5, Branch: "main"})
	if text := render(t, comment, report.New(v, shopRun())); !strings.Contains(text, "**inconclusive**: too few baseline runs\n") {
		t.Errorf("got\n%s", text)
	}
}

// A run_time is advised only if it is enough for every route that lacks requests.
func TestAdvisedRunTimeIsEnoughForAll(t *testing.T) {
	few := &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 20}
	v := doubtful(gate.Reason{Kind: gate.RouteNotJudged, Route: "GET /a", Why: few, RunTime: time.Minute})
	for want, more := range map[string]gate.Reason{
		"a `run_time` of 2m\n":                                 {Kind: gate.RouteNotJudged, Route: "GET /b", Why: few, RunTime: 2 * time.Minute},
		"a longer `run_time`, or more `weight` or `users` for": {Kind: gate.RouteNotJudged, Route: "GET /b", Why: few},
	} {
		both := v
		both.Reasons = append(slices.Clone(v.Reasons), more)
		if text := render(t, comment, report.New(both, shopRun())); !strings.Contains(text, "**What would settle it**: "+want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// Many differences of the profile: the first few on top, and all of them in a fold or a list.
func TestManyDifferences(t *testing.T) {
	v := changedLoad()
	v.Changed = nil
	for i := range 30 {
		v.Changed = append(v.Changed, gate.Difference{What: "weight", Name: fmt.Sprintf("task %d", i), Before: "1", Now: "2"})
	}
	r := report.New(v, shopRun())
	text := render(t, comment, r)
	if !strings.Contains(text, "weight of `task 5` `1` → `2`; 24 more\n") {
		t.Errorf("got\n%s", text)
	}
	for _, text := range []string{text, render(t, report.Terminal, r)} {
		if strings.Count(text, "weight of task ") != 30 {
			t.Errorf("not all are listed in\n%s", text)
		}
	}
}

// A run that ended in its first round has no figures, and no tables of zeros.
func TestRunWithoutARound(t *testing.T) {
	r := shopRun()
	r.Rounds = nil
	text := render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, r, report.Found{}) }, report.Report{})
	if !strings.HasPrefix(text, "There are no figures: no round was measured to its end.\n") || strings.Contains(text, "Aggregated") {
		t.Errorf("got\n%s", text)
	}
}

// If only all routes together are past a limit, the headline names them.
func TestHeadlineOfTheWhole(t *testing.T) {
	v := gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Stored, Compared: 3, Total: 3, Reasons: []gate.Reason{{Kind: gate.Slower, Route: tally.All, Metric: gate.P50}},
		Comparisons: []gate.Comparison{comparison(tally.All, gate.P50, gate.Worse)},
	}
	if text := render(t, comment, report.New(v, shopRun())); !strings.Contains(text, "**fail**: all routes together are slower\n") {
		t.Errorf("got\n%s", text)
	}
}

// A verdict about nothing begins with its reason, not with an empty line.
func TestTerminalBeginsAtOnce(t *testing.T) {
	text := render(t, report.Terminal, report.New(doubtful(gate.Reason{Kind: gate.NoBaseline, Branch: "main"}), shopRun()))
	if !strings.HasPrefix(text, "- ") {
		t.Errorf("got\n%s", text)
	}
}

// One empty line follows the line about the changed load, with a table or without.
func TestTerminalHasNoGap(t *testing.T) {
	changed := []gate.Difference{{What: "users", Before: "50", Now: "4"}}
	bare := doubtful(gate.Reason{Kind: gate.NoBaseline, Branch: "main"})
	table := reports()["fail"].Verdict
	for _, v := range []gate.Verdict{bare, table} {
		v.Changed = changed
		text := render(t, report.Terminal, report.New(v, shopRun()))
		if strings.Contains(text, "\n\n\n") || !strings.HasPrefix(text, "the load has changed: users 50 → 4\n\n") {
			t.Errorf("got\n%s", text)
		}
	}
}

// A page tells the reasons of a fail in words too, before what is only in doubt.
func TestTellReasons(t *testing.T) {
	v := inDoubt(failed())
	told := report.New(v, shopRun()).Tell()
	if len(told.Reasons) != len(v.Reasons) || told.Reasons[0] != report.Sentence(v.Reasons[0]) {
		t.Errorf("it tells %q of %d reasons", told.Reasons, len(v.Reasons))
	}
}
