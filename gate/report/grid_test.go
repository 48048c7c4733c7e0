package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/clipperhouse/displaywidth"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// Tables stay within 120 columns however long their texts are, and nothing of the texts is lost.
func TestTablesFitATerminal(t *testing.T) {
	long := "GET /api/v1/organisations/{organisation}/projects/{project}/environments/{environment}/releases"
	every := "p50 over 33ms, p95 over 3.3ms, p99 over 667µs, throughput over 6.7ms, and one more thing to fill the line"
	for name, rows := range map[string][][]string{
		"routes":       {{long, "as the system answers", every, every}, {"GET /a", "at most 5", "", "p99"}},
		"one word":     {{strings.Repeat("x", 300), "", "", strings.Repeat("y", 300)}},
		"wide letters": {{strings.Repeat("検索", 80), "検索", strings.Repeat("検 ", 90), ""}},
	} {
		text := render(t, func(w io.Writer, _ report.Report) error {
			return report.Table(w, []string{"Route", "Requests", "Not judged, stored", "Not judged, paired"}, rows)
		}, report.Report{})
		fits(t, name, text, 120)
		for _, row := range rows {
			for i, cell := range row {
				var column strings.Builder
				for line := range strings.Lines(text) {
					if cells := strings.Split(line, "|"); i < len(cells) {
						column.WriteString(strings.TrimSpace(cells[i]))
					}
				}
				if squeezed := strings.ReplaceAll(cell, " ", ""); !strings.Contains(strings.ReplaceAll(column.String(), " ", ""), squeezed) {
					t.Errorf("%s: %q is not in\n%s", name, cell, text)
				}
			}
		}
	}
	v := gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Paired, Compared: 1, Total: 1,
		Comparisons: []gate.Comparison{comparison(long, gate.P95, gate.Worse), comparison(long, gate.Throughput, gate.Follows)},
	}
	v.Comparisons[1].Why = &gate.Why{Kind: gate.Caused, By: gate.BySlower, Routes: []string{long, long + "/x"}}
	fits(t, "a verdict", render(t, report.Terminal, report.New(v, shopRun())), 120)
	r := run(3, map[string]int{long: 400})
	fits(t, "a run", render(t, func(w io.Writer, _ report.Report) error { return report.Run(w, r, report.Found{}) }, report.Report{}), 135) // Locust's columns of numbers alone take 105
}

// fits checks the width of a text.
func fits(t *testing.T, name, text string, most int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if width := displaywidth.String(strings.TrimSuffix(line, "\n")); width > most && strings.Contains(line, " | ") {
			t.Errorf("%s: %d columns: %s", name, width, line)
		}
	}
}
