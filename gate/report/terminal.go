package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// maxTerminal is how many comparisons a terminal shows.
const maxTerminal = 60

// Terminal writes the report as plain text: the table, the reasons, and the verdict last,
// where the eye is.
func Terminal(w io.Writer, r Report) error {
	v := r.Verdict
	var rows [][]string
	for _, c := range v.Comparisons[:min(maxTerminal, len(v.Comparisons))] {
		figures := cells(c)
		figures[2] = strings.ReplaceAll(figures[2], "**", "") // there is no bold
		rows = append(rows, []string{plain(gate.RouteName(c.Route), maxName), string(c.Metric), figures[0], figures[1], figures[2], figures[3], verdict(c)})
	}
	if len(rows) > 0 {
		table := grid{columns: "llrrrrl", header: []string{"Route", "Metric", "Baseline", "This run", "Change", "Limit", "Verdict"}, rows: rows}
		if err := table.text(w); err != nil {
			return err
		}
	}
	if more := len(v.Comparisons) - len(rows); more > 0 {
		fmt.Fprintf(w, "and %d more, all of them in the report\n", more)
	}
	fmt.Fprintln(w)
	for _, reason := range v.Reasons {
		fmt.Fprintf(w, "- %s\n", plain(reason.Text, maxSentence))
	}
	if err := Notices(w, v.Notices); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n", r.counts(), r.headline())
	return err
}

// Notices writes what is worth knowing and changes nothing, a line each.
func Notices(w io.Writer, notices []gate.Reason) error {
	for _, notice := range notices {
		if _, err := fmt.Fprintf(w, "note: %s\n", plain(notice.Text, maxSentence)); err != nil {
			return err
		}
	}
	return nil
}

// Table writes a plain table of texts for a terminal.
func Table(w io.Writer, header []string, rows [][]string) error {
	return grid{columns: strings.Repeat("l", len(header)), header: header, rows: rows}.text(w)
}

func roundLength(r *result.Result) time.Duration {
	if len(r.Rounds) == 0 {
		return 0
	}
	return r.Rounds[0].Length
}

// short is the beginning of a digest or a commit.
func short(text string) string { return text[:min(12, len(text))] }
