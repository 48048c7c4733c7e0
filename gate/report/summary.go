package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// maxSummary is how long a summary may be, in bytes. GitHub shows 1 MiB of a step, and other programs
// may have written to it already.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
const maxSummary = 900_000

// Summary writes the report as the summary of a workflow's step: what Markdown writes, with the table
// of all routes unfolded, a bar beside each change that compares it with its limit, the course of the
// rounds, and what the run prints at its end. It stays below what GitHub shows of a step, and says what it cuts.
func Summary(w io.Writer, r Report) error {
	if r.Verdict.Outcome == gate.Unjudged {
		return Trouble(w, r.trouble(), r.Links, maxSummary)
	}
	v := r.view()
	var b, end strings.Builder
	v.writeHeadline(&b)
	v.writeMatter(&b, rungs[0])
	fmt.Fprint(&b, v.course())
	fmt.Fprint(&b, v.measured())
	v.writeStable(&b)
	fmt.Fprintf(&end, "\n#### How this was measured\n\n- %s\n\n", strings.Join(v.method(), "\n- "))
	v.writeLast(&end)
	if len(v.all)+len(v.blank) > 0 {
		title := v.title()
		fmt.Fprintf(&b, "#### %s\n\n", "A"+title[1:])
		t := table{header: append(slices.Clone(headerOf(v.Verdict.Mode)), "Of its limit"), columns: columns + "l"}
		t.fill(len(v.all), maxSummary-b.Len()-end.Len(), func(i int) []string {
			c := v.Verdict.Comparisons[v.all[i]]
			return append(row(c, true), bar(c))
		})
		if len(v.all) > 0 {
			t.write(&b)
		}
		v.writeMore(&b, len(v.all)-len(t.rows)+v.LeftOut)
		v.writeBlank(&b)
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String()+end.String(), "\n")+"\n")
	return err
}

// The width of a bar up to the limit, and its greatest width past the limit.
const (
	barWidth = 8
	barPast  = 6
)

// bar shows how much of its limit a change has used up, in a code span: ▰▰▱▱▱▱▱▱│ is a quarter of it,
// ▰▰▰▰▰▰▰▰│▰▰ a quarter past it. A change for the better has used up nothing. The bar is empty when
// nothing was judged.
func bar(c gate.Comparison) string {
	if c.Status == gate.NotJudged || c.Limit == 0 && c.Metric != gate.FailureRate {
		return ""
	}
	used := c.Past()
	cells := int(math.Round(min(max(used, 0), 100) * barWidth))
	switch {
	case used > 1:
		cells = max(cells, barWidth+1)
	case used > 0:
		cells = min(max(cells, 1), barWidth)
	}
	text := strings.Repeat("▰", min(cells, barWidth)) + strings.Repeat("▱", barWidth-min(cells, barWidth)) + "│" + strings.Repeat("▰", min(max(cells-barWidth, 0), barPast))
	if cells > barWidth+barPast {
		text += "…"
	}
	return "`" + text + "`"
}

// measured has the lists of the run, in a fenced block; empty if there are none.
func (v view) measured() string {
	var lines []string
	for _, line := range v.Subject.Measured {
		lines = append(lines, plain(line, maxMeasuredText))
	}
	if len(lines) == 0 {
		return ""
	}
	return fmt.Sprintf("#### What this change did under load\n\n%s\n", block(lines))
}

// maxSparks is the most columns of a course. More rounds share columns.
const maxSparks = 60

// course draws how the rounds went, in a fenced block; empty for fewer than two rounds.
func (v view) course() string {
	rounds := v.Subject.Course
	if len(rounds) < 2 {
		return ""
	}
	nanos := func(x float64) string { return latency(time.Duration(x)) }
	lines := []string{}
	for _, one := range []struct {
		name string
		of   func(Round) float64
		text func(float64) string
		up   bool // more is better
	}{
		{"p50", func(r Round) float64 { return float64(r.P50) }, nanos, false},
		{"p95", func(r Round) float64 { return float64(r.P95) }, nanos, false},
		{"throughput", func(r Round) float64 { return r.Throughput }, func(x float64) string { return significant(x) + " /s" }, true},
		{"failures", func(r Round) float64 { return float64(r.Failures) / float64(max(r.Requests, 1)) }, share, false},
	} {
		values := make([]float64, len(rounds))
		low, high := math.Inf(1), math.Inf(-1)
		for i, r := range rounds {
			values[i] = one.of(r)
			low, high = min(low, values[i]), max(high, values[i])
		}
		spread := one.text(low)
		if low < high {
			spread = fmt.Sprintf("%s … %s", one.text(low), one.text(high))
		}
		lines = append(lines, fmt.Sprintf("%-10s  %s  %s", one.name, sparks(values, one.up), spread))
	}
	return fmt.Sprintf("#### The course of %s, all routes together\n\n%s\n", count(v.Subject.Rounds, "round"), block(lines))
}

// sparks draws values between the lowest and the highest of them. A column that several values share
// shows the worst.
func sparks(values []float64, moreIsBetter bool) string {
	steps := []rune("▁▂▃▄▅▆▇█")
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	width := min(len(values), maxSparks)
	var b strings.Builder
	for i := range width {
		part := values[i*len(values)/width : (i+1)*len(values)/width]
		worst := part[0]
		for _, v := range part {
			if moreIsBetter {
				worst = min(worst, v)
			} else {
				worst = max(worst, v)
			}
		}
		step := 0.0
		if high > low {
			step = (worst - low) / (high - low) * float64(len(steps)-1)
		}
		if !(step >= 0) { // of values that are no numbers
			step = 0
		}
		b.WriteRune(steps[int(math.Round(step))])
	}
	return b.String()
}
