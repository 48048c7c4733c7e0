package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// A terminal shows at most maxTerminal rows of a table, and maxSentences reasons: more of them would push the table
// out of sight.
const (
	maxTerminal  = 60
	maxSentences = 20
)

// Terminal writes the report as plain text: the table, the reasons, and last the verdict, next to the prompt.
func Terminal(w io.Writer, r Report) error {
	v := r.Verdict
	all := gate.WorstFirst(v.Comparisons)
	var above strings.Builder
	if err := r.writeFigures(&above, all); err != nil {
		return err
	}
	if text := strings.TrimLeft(above.String(), "\n"); text != "" {
		fmt.Fprintln(w, text)
	}
	reasons := Once(v.Reasons)
	for _, reason := range reasons[:min(maxSentences, len(reasons))] {
		fmt.Fprintf(w, "- %s\n", Sentence(reason))
	}
	writeMore(w, len(reasons)-maxSentences)
	if text := Cause(v.Cause); text != "" {
		fmt.Fprintf(w, "what changed: %s\n", text)
	}
	for _, line := range stable(v.Stability) {
		fmt.Fprintf(w, "%s\n", line)
	}
	if text := twoLoads(v); text != "" {
		fmt.Fprintf(w, "under load: %s\n", text)
	}
	for _, line := range forgiven(v, all) {
		fmt.Fprintf(w, "note: %s\n", line)
	}
	if text := working(r, plain); text != "" {
		fmt.Fprintf(w, "note: %s\n", text)
	}
	if err := Notices(w, v.Notices); err != nil {
		return err
	}
	if a := v.Accepted; a != nil {
		if why := accepted(a, plain); why != "" {
			fmt.Fprintf(w, "accepted: %s\n", why)
		}
	}
	compared := fmt.Sprintf("%d of %s compared, ", v.Compared, count(v.Total, "route"))
	if v.Total == 0 {
		compared = "no route was compared: "
	}
	compared = strings.TrimRight(compared+against(v, plain), ":, ")
	_, err := fmt.Fprintf(w, "%s\n%s: %s\n", compared, v.Outcome, r.headline(plain))
	return err
}

// writeFigures writes what was measured: how the load has changed, the table, and what was not judged.
func (r Report) writeFigures(w io.Writer, all []int) error {
	v := r.Verdict
	order := withFigures(v, all)
	writeChanged(w, v)
	var rows [][]string
	for _, i := range order[:min(maxTerminal, len(order))] {
		rows = append(rows, row(v.Comparisons[i], false))
	}
	if len(rows) > 0 {
		if len(v.Changed) > 0 {
			fmt.Fprintln(w)
		}
		if err := (grid{columns: columns, header: headerOf(v.Mode), rows: rows}).text(w); err != nil {
			return err
		}
	}
	if more := len(order) - len(rows) + r.LeftOut; more > 0 {
		fmt.Fprintf(w, "and %d more, closer to their limits or within them\n", more)
	}
	if text := noFailures(v); text != "" && len(rows) > 0 {
		fmt.Fprintln(w, text)
	}
	for i, line := range r.unjudged(all) {
		if i == 0 {
			fmt.Fprintln(w, "\nnot judged:")
		}
		fmt.Fprintf(w, "  %s\n", line)
	}
	return writeCoverage(w, v.Coverage)
}

// writeChanged says how the load of this change differs from that of its baseline.
func writeChanged(w io.Writer, v gate.Verdict) {
	switch changed := differences(v.Changed, plain); {
	case len(changed) > maxDifferences:
		fmt.Fprintf(w, "the load has changed:\n  %s\n", strings.Join(changed[:min(maxTerminal, len(changed))], "\n  "))
		writeMore(w, len(changed)-maxTerminal)
	case len(changed) > 0:
		fmt.Fprintf(w, "the load has changed: %s\n", strings.Join(changed, "; "))
	}
}

// writeMore says that a list goes on, if there is more of it.
func writeMore(w io.Writer, more int) {
	if more > 0 {
		fmt.Fprintf(w, "and %d more: --json has them all\n", more)
	}
}

// working says that head has uncommitted changes, or is the same commit as base; empty if neither.
func working(r Report, foreign show) string {
	s, b := r.Subject, r.Verdict.Baseline
	switch {
	case s.Commit == "":
		return ""
	case s.Dirty && r.Verdict.Mode != gate.Paired:
		return "this run is of the working tree: commit " + foreign(short(s.Commit), maxName) + " with uncommitted changes"
	case s.Dirty:
		return "head is the working tree: commit " + foreign(short(s.Commit), maxName) + " with uncommitted changes"
	case r.Verdict.Mode == gate.Paired && b.Commit == s.Commit:
		return "base and head are the same commit, " + foreign(short(s.Commit), maxName)
	}
	return ""
}

// Notices writes notices as plain text, a line each.
func Notices(w io.Writer, notices []gate.Reason) error {
	for _, notice := range notices {
		if _, err := fmt.Fprintf(w, "note: %s\n", Sentence(notice)); err != nil {
			return err
		}
	}
	return nil
}

// Table writes a table of texts for a terminal.
func Table(w io.Writer, header []string, rows [][]string) error {
	return grid{columns: strings.Repeat("l", len(header)), header: header, rows: rows}.text(w)
}
