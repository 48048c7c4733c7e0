package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// However many routes there are, the comment fits, and the worst rows are in it.
func TestMarkdownFits(t *testing.T) {
	for _, n := range []int{1, 14, 1000, 100_000} {
		for _, name := range []string{"x", strings.Repeat("long|", 2000), strings.Repeat("長い|", 1000)} {
			if n > 1000 && (len(name) > 1 || testing.Short()) {
				continue // with long names that would be a gigabyte of them
			}
			r := many(n, name)
			for _, limit := range []int{maxComment, 20_000, 8_000, 4_000, 2_500, 1_500} {
				var b strings.Builder
				if err := report.Markdown(&b, r, limit); err != nil {
					t.Fatal(err)
				}
				text := b.String()
				if len(text) > limit {
					t.Errorf("%d routes into %d bytes: %d", n, limit, len(text))
				}
				if !strings.Contains(text, "/worst`") && limit > 1_500 {
					t.Errorf("%d routes into %d bytes: the worst is not there:\n%s", n, limit, text)
				}
				if n > 10 && !strings.Contains(text, " more past their limits, by less") && limit > 1_500 {
					t.Errorf("%d routes into %d bytes: what is cut is not announced:\n%s", n, limit, text)
				}
				if !strings.Contains(text, "[Run log](") || strings.Count(text, "<details>") != strings.Count(text, "</details>") {
					t.Errorf("%d routes into %d bytes: cut in the wrong place:\n%s", n, limit, text)
				}
			}
		}
	}
	if err := report.Markdown(io.Discard, many(14, "x"), 40); err == nil {
		t.Error("40 bytes were enough")
	}
}

// A thousand routes that all fail, each with long texts of its own.
func TestMarkdownOfFailuresFits(t *testing.T) {
	for _, letter := range []string{"x", "長", "`", "|", "\x1b"} {
		r := failingEverywhere(1000, strings.Repeat(letter, 1000))
		for _, limit := range []int{maxComment, 20_000, 4_000, 1_500} {
			var b strings.Builder
			if err := report.Markdown(&b, r, limit); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if len(text) > limit {
				t.Errorf("%d bytes, %d are the most", len(text), limit)
			}
			if limit == maxComment && (!strings.Contains(text, "all 255 requests failed (status 500") || !strings.Contains(text, "\nand 990 more\n")) {
				t.Errorf("%q: the comment does not say how they failed:\n%.5000s", letter, text)
			}
		}
	}
	r := failingEverywhere(1000, strings.Repeat("長", 1000))
	if text := render(t, report.Summary, r); len(text) > 1<<20 {
		t.Errorf("a summary of %d bytes", len(text))
	}
	file := render(t, report.Encode, r)
	if _, err := report.Decode(strings.NewReader(file)); err != nil {
		t.Error(err)
	}
}

// The terminal shows the verdict and the worst of a thousand routes, and not a line for each.
func TestTerminalOfManyRoutes(t *testing.T) {
	r := failingEverywhere(1000, "x")
	for i := range 1000 {
		r.Verdict.Changed = append(r.Verdict.Changed, gate.Difference{What: "route", Name: fmt.Sprintf("GET /new/%d", i), Now: "requested"})
	}
	text := render(t, report.Terminal, r)
	for _, want := range []string{"\nand 980 more: --json has them all\n", "\nand 940 more: --json has them all\n", "\nfail: 1000 of 1000 routes"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 200 {
		t.Errorf("%d lines", lines)
	}
}

// failingEverywhere is a report of n routes that only fail.
func failingEverywhere(n int, text string) report.Report {
	v := failed()
	v.Compared, v.Total, v.Comparisons, v.Reasons = n, n, nil, nil
	for i := range n {
		failures := []gate.Failure{{Class: "status", Text: fmt.Sprintf("status 500 %d %s", i, text), Count: 255}}
		c := comparison(fmt.Sprintf("GET /%d", i), gate.FailureRate, gate.Worse)
		c.Head, c.Change, c.Requests, c.Failures = 1, 1, 255, failures
		v.Comparisons = append(v.Comparisons, c)
		v.Reasons = append(v.Reasons, gate.Reason{Kind: gate.Failing, Route: c.Route, Metric: c.Metric, Now: 1, Requests: 255, Limit: 0.01, Failures: failures})
	}
	return shown(report.New(v, shopRun()))
}

func TestSummaryFits(t *testing.T) {
	for _, n := range []int{1, 100_000} {
		text := render(t, report.Summary, many(n, strings.Repeat("x", 500)))
		if len(text) > 1<<20 || !strings.Contains(text, "How this was measured") {
			t.Errorf("%d routes: %d bytes", n, len(text))
		}
		if n > 1 && (len(text) < 800_000 || !strings.Contains(text, " more, closer to their limits")) {
			t.Errorf("%d routes: %d bytes, and what is cut is not announced", n, len(text))
		}
	}
}

// Rows that cannot fit are not made, only ordered and counted.
func TestMarkdownMakesFewRows(t *testing.T) {
	few, lots := many(2_000, "x"), many(100_000, "x")
	allocations := func(r report.Report) float64 {
		return testing.AllocsPerRun(1, func() {
			if err := comment(io.Discard, r); err != nil {
				t.Fatal(err)
			}
		})
	}
	// A row alone takes dozens.
	if a, b := allocations(few), allocations(lots); b-a > 10_000 {
		t.Errorf("%.0f allocations for 2,000 routes, %.0f for 100,000", a, b)
	}
}

func BenchmarkMarkdown(b *testing.B) {
	for _, n := range []int{14, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := many(n, "x")
			for b.Loop() {
				if err := comment(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
