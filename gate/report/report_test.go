package report_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run is a whole run of two rounds; requests is by route.
func run(requests map[string]int) *result.Result {
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: 2,
		Identity: result.Identity{
			Series: "shop", Repository: "example/shop", Branch: "feature", Commit: "4f2c9ab0d1e2", Dirty: true, ProfileDigest: "0123456789abcdef",
			Target: "http://127.0.0.1:8080", Tool: "v0.1.0", Users: 100,
			Started: time.Unix(1_700_000_000, 0).UTC(), Finished: time.Unix(1_700_000_020, 0).UTC(),
		},
		Generator:   result.Generator{Cores: 2, CPUShare: 0.117, LagP50: 80 * time.Microsecond, LagP99: 1100 * time.Microsecond, Protocol: "HTTP/1.1"},
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUModel: "Example CPU @ 2.0 GHz", CPUCores: 2, MemoryGiB: 8},
	}
	for i := range r.PlannedRounds {
		t := &tally.Tally{}
		for route, n := range requests {
			for k := range n {
				s := tally.Sample{Route: route, Class: tally.OK, Ended: time.Duration(1+k%20) * time.Millisecond}
				if k%50 == 0 {
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
	if status == gate.Within && metric != gate.FailureRate {
		c.Head, c.Change, c.Interval, c.SmallestVisible = c.Baseline*1.021, 0.021, &gate.Range{Low: -0.03, High: 0.07}, 0.31
	}
	return c
}

func reports() map[string]report.Report {
	baseline := gate.Baseline{Branch: "main", Runs: 20, Commit: "a1b2c3d4e5f6"}
	return map[string]report.Report{
		"pass": {
			Verdict: gate.Verdict{Outcome: gate.Pass, Compared: 1, Total: 1, Baseline: baseline, Comparisons: []gate.Comparison{
				comparison("GET /search", gate.P50, gate.Within),
			}},
			Run: run(map[string]int{"GET /search": 100}),
		},
		"fail": {
			Verdict: gate.Verdict{Outcome: gate.Fail, Compared: 2, Total: 3, Baseline: baseline,
				Reasons: []gate.Reason{
					{Kind: gate.Slower, Text: "POST /orders: p99 is 40.9 % slower, the limit is 20 %"},
					{Kind: gate.RouteCannotBeSeen, Text: "GET /rare could not be judged (too few requests: 3 in a round, 20 are needed): a run_time of 2m13s would do, or gate.routes can ignore it"},
				},
				Comparisons: []gate.Comparison{
					comparison("POST /orders", gate.P99, gate.Worse), comparison("POST /orders", gate.FailureRate, gate.Worse),
					comparison("GET /search", gate.Throughput, gate.Worse), comparison(tally.All, gate.P50, gate.Within),
					{Route: "GET /rare", Metric: gate.P95, Status: gate.NotJudged, Reason: "too few requests: 3 in a round, 200 are needed"},
				}},
			Run: run(map[string]int{"POST /orders": 400, "GET /search": 100}),
		},
		"paired": {
			Verdict: gate.Verdict{Outcome: gate.Inconclusive, Mode: gate.Paired, Compared: 1, Total: 1, Baseline: gate.Baseline{Pairs: 24, Starts: 12, Commit: "a1b2c3d4e5f6"},
				Reasons: []gate.Reason{{Kind: gate.TooNoisy, Text: "GET /search: p99 is too noisy to exclude 30 % after 24 pairs of rounds"}},
				Notices: []gate.Reason{{Kind: gate.Disturbed, Text: "2 of 26 pairs of rounds were disturbed and replaced"}},
				Comparisons: []gate.Comparison{
					comparison("GET /search", gate.P99, gate.Unclear), comparison(tally.All, gate.Throughput, gate.Within),
				}},
			Run: run(map[string]int{"GET /search": 100}),
		},
		"inconclusive": {
			Verdict: gate.Verdict{Outcome: gate.Inconclusive, Reasons: []gate.Reason{{Kind: gate.NoBaseline, Text: "no baseline yet: run `plimsoll baseline update` on main"}}},
			Run:     run(map[string]int{"GET /search": 100}),
		},
	}
}

func render(t *testing.T, write func(io.Writer, report.Report) error, r report.Report) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
	}
}

func TestGolden(t *testing.T) {
	for name, r := range reports() {
		golden(t, name+".md", render(t, report.Markdown, r))
		golden(t, name+".txt", render(t, report.Terminal, r))
		text := render(t, report.JSON, r)
		golden(t, name+".json", text)
		if !json.Valid([]byte(text)) {
			t.Errorf("%s.json is not JSON", name)
		}
	}
	var b strings.Builder
	if err := report.Identity(&b, reports()["fail"].Run); err != nil {
		t.Fatal(err)
	}
	if err := report.Run(&b, reports()["fail"].Run); err != nil {
		t.Fatal(err)
	}
	golden(t, "run.txt", b.String())
}

// The verdict can be read in the first hundred characters.
func TestVerdictFirst(t *testing.T) {
	for name, r := range reports() {
		if first := render(t, report.Markdown, r)[:100]; !strings.Contains(first, "**"+r.Verdict.Outcome.String()+"**") {
			t.Errorf("the markdown of %s begins with %q", name, first)
		}
	}
}

// Names that came from outside stay names.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{
		"a|b", "a`b``c", "`", "<img src=x>", "@everyone", "-->", "a\nb\r\nc", "\u202ekcatta", "zero\u200bwidth", "[x](http://evil)", strings.Repeat("long", 2500), "\xff\xfe", "```",
	} {
		r := reports()["fail"]
		r.Verdict.Comparisons = []gate.Comparison{comparison(name, gate.P50, gate.Worse)}
		r.Verdict.Reasons = append(r.Verdict.Reasons, gate.Reason{Kind: gate.RouteMissing, Text: name + " was not requested"})
		r.Run.Series = name
		text := render(t, report.Markdown, r)
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\u202e\u200b\r") {
			t.Errorf("%q: characters that are not to be shown:\n%s", name, text)
		}
		fence := "" // of the block that the line stands in, in which nothing is markup
		for line := range strings.Lines(text) {
			if fence != "" {
				if strings.TrimSpace(line) == fence {
					fence = ""
				}
				continue
			}
			if opened, isFence := strings.CutSuffix(line, "text\n"); isFence && strings.Trim(opened, "`") == "" {
				fence = opened
				continue
			}
			if strings.HasPrefix(line, "| ") && columns(line) != 7 {
				t.Errorf("%q breaks the table: %s", name, line)
			}
			if outside := outsideCode(line); strings.ContainsAny(outside, "@[") || strings.Contains(outside, "<img") {
				t.Errorf("%q stands outside of code: %s", name, line)
			}
		}
	}
}

// columns counts the cells of a table's row: bars that are not escaped part them.
func columns(line string) int {
	return strings.Count(strings.ReplaceAll(strings.TrimSpace(line), `\|`, ""), "|") - 1
}

// outsideCode is a line without its code spans.
func outsideCode(line string) string {
	var b strings.Builder
	for line != "" {
		before, rest, found := strings.Cut(line, "`")
		b.WriteString(before)
		if !found {
			break
		}
		fence := "`"
		for strings.HasPrefix(rest, "`") {
			fence, rest = fence+"`", rest[1:]
		}
		_, after, closed := strings.Cut(rest, fence)
		if !closed {
			b.WriteString(rest)
			break
		}
		line = strings.TrimLeft(after, "`")
	}
	return b.String()
}

// However many routes there are, GitHub takes the comment, and the worst rows are in it.
func TestMarkdownFits(t *testing.T) {
	for _, n := range []int{1, 14, 1000, 100_000} {
		r := reports()["fail"]
		r.Verdict.Comparisons = []gate.Comparison{comparison("GET /worst", gate.P50, gate.Worse)}
		for i := range n {
			r.Verdict.Comparisons = append(r.Verdict.Comparisons, comparison(fmt.Sprintf("GET /route/%d/%s", i, strings.Repeat("x", 50)), gate.P50, gate.Worse))
		}
		text := render(t, report.Markdown, r)
		if len(text) > 60_000 || !strings.Contains(text, "GET /worst") {
			t.Errorf("%d routes: %d bytes", n, len(text))
		}
		if n > 10 && !strings.Contains(text, " more, less far past") {
			t.Errorf("%d routes: what is cut is not announced", n)
		}
	}
}

func TestTrouble(t *testing.T) {
	var b strings.Builder
	err := errors.New("the system ended:\n" + strings.Repeat("line ``` of log\n", 100))
	if err := report.Trouble(&b, err); err != nil {
		t.Fatal(err)
	}
	golden(t, "trouble.md", b.String())
}
