package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxMarkdown is how long the markdown may be, in bytes: GitHub takes 65,536 characters in a
// comment, and the caller puts a marker of its own in front.
const maxMarkdown = 60_000

// maxWorst is how many rows stand before the folds.
const maxWorst = 10

// rungs are how many rows the fold of all routes holds; the first that fits is taken.
var rungs = []int{1000, 200, 50, 0}

// Markdown writes the report as a comment or a summary: the verdict first, then the rows
// that matter, one line of counts, the rest folded.
func Markdown(w io.Writer, r Report) error {
	for _, rows := range rungs {
		var b strings.Builder
		if err := r.markdown(&b, rows); err != nil {
			return err
		}
		if b.Len() <= maxMarkdown || rows == 0 {
			_, err := io.WriteString(w, b.String())
			return err
		}
	}
	return nil
}

// Trouble writes what stands in the place of a report when nothing could be judged.
func Trouble(w io.Writer, err error) error {
	var lines []string
	for line := range strings.Lines(err.Error()) {
		lines = append(lines, plain(line, maxSentence))
	}
	if len(lines) > maxTroubleLines {
		lines = append(lines[:maxTroubleLines], fmt.Sprintf("and %d more lines in the job's log", len(lines)-maxTroubleLines))
	}
	_, err = fmt.Fprintf(w, "### %s Plimsoll: **error**: nothing was judged\n\n%s", mark(gate.Unjudged), block(lines))
	return err
}

// maxTroubleLines is how much of an error is shown.
const maxTroubleLines = 30

// mark is the sign that goes before a headline.
func mark(o gate.Outcome) string {
	switch o {
	case gate.Pass:
		return "✅"
	case gate.Fail:
		return "❌"
	default:
		return "⚠️"
	}
}

func (r Report) markdown(w io.Writer, allRows int) error {
	v := r.Verdict
	outcome, rest, _ := strings.Cut(r.headline(), ":")
	fmt.Fprintf(w, "### %s Plimsoll: **%s**:%s\n\n", mark(v.Outcome), outcome, rest)
	if worse := v.Of(gate.Worse); len(worse) > 0 {
		if err := table(w, worse, maxWorst); err != nil {
			return err
		}
	}
	if doubts := sentences(v.Reasons); len(doubts) > 0 {
		fmt.Fprintf(w, "%s\n", block(doubts))
	}
	if err := MarkdownNotices(w, v.Notices); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s · series %s\n\n", r.counts(), code(r.Run.Series))
	if len(v.Comparisons) > 0 && allRows > 0 {
		fmt.Fprintf(w, "<details><summary>All %s</summary>\n\n", count(v.Total, "route"))
		if err := table(w, v.Comparisons, allRows); err != nil {
			return err
		}
		fmt.Fprint(w, "</details>\n\n")
	} else if len(v.Comparisons) > 0 {
		fmt.Fprintf(w, "The table of all %s is too long for this place; it stands in the job's log.\n\n", count(v.Total, "route"))
	}
	fmt.Fprint(w, "<details><summary>How this was measured</summary>\n\n")
	for _, line := range r.method() {
		fmt.Fprintf(w, "- %s\n", line)
	}
	_, err := fmt.Fprint(w, "\n</details>\n")
	return err
}

// MarkdownNotices writes what is worth knowing and changes nothing; nothing for none.
func MarkdownNotices(w io.Writer, notices []gate.Reason) error {
	lines := sentences(notices)
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "Worth knowing:\n\n%s\n", block(lines))
	return err
}

// sentences are the reasons that no table shows.
func sentences(reasons []gate.Reason) []string {
	var lines []string
	for _, reason := range reasons {
		switch reason.Kind {
		case gate.Slower, gate.LowerThroughput, gate.Failing:
		default:
			lines = append(lines, plain(reason.Text, maxSentence))
		}
	}
	if len(lines) > maxWorst {
		lines = append(lines[:maxWorst], fmt.Sprintf("and %d more", len(lines)-maxWorst))
	}
	return lines
}

// table writes comparisons, at most so many of them.
func table(w io.Writer, comparisons []gate.Comparison, most int) error {
	var rows [][]string
	for _, c := range comparisons[:min(most, len(comparisons))] {
		figures := cells(c)
		route := code(c.Route)
		if c.Route == tally.All {
			route = gate.RouteName(c.Route)
		}
		verdict := verdict(c)
		if c.Status == gate.Worse {
			verdict = "❌ " + verdict
		}
		rows = append(rows, []string{route, string(c.Metric), figures[0], figures[1], figures[2], figures[3], verdict})
	}
	g := grid{columns: "llrrrrl", header: []string{"Route", "Metric", "Baseline", "This change", "Change", "Limit", "Verdict"}, rows: rows}
	if err := g.markdown(w); err != nil {
		return err
	}
	if more := len(comparisons) - len(rows); more > 0 {
		fmt.Fprintf(w, "\nand %d more, less far past their limits or within them\n", more)
	}
	_, err := fmt.Fprintln(w)
	return err
}

// figures tells what the figures of the tables are.
func (r Report) figures() string {
	const rest = "in brackets what it is with 95 % confidence; latencies are response times, from when a request was due"
	if b := r.Verdict.Baseline; b.Pairs > 0 {
		return "figures: medians of the rounds; the change is estimated from the pairs, " + rest
	}
	return "figures: medians of the runs; the change is estimated between all of them, " + rest
}

// method tells how the figures came about.
func (r Report) method() []string {
	run := r.Run
	machine := fmt.Sprintf("%s, %s, %d GiB", code(run.Environment.CPUModel), count(run.Environment.CPUCores, "core"), run.Environment.MemoryGiB)
	lines := []string{
		fmt.Sprintf("load: %s, %s of %v each, after the warm-up", who(run), count(len(run.Rounds), "round"), roundLength(run).Round(time.Millisecond)),
		r.figures(),
		fmt.Sprintf("profile: digest %s", code(short(run.ProfileDigest))),
		fmt.Sprintf("machine: %s", machine),
		fmt.Sprintf("load generator: %s", generator(run.Generator)),
		fmt.Sprintf("run: %s with plimsoll %s", code(run.ShortID()), code(run.Tool)),
	}
	if starts := r.Verdict.Baseline.Starts; starts > 0 {
		lines = append(lines, fmt.Sprintf("starts: base and head were started %s each", count(starts, "time")))
	}
	if run.Commit != "" {
		commit := code(short(run.Commit))
		if run.Dirty {
			commit += " with uncommitted changes"
		}
		lines = append(lines, "commit: "+commit)
	}
	return lines
}
