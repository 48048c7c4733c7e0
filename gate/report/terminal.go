package report

import (
	"fmt"
	"io"
	"time"

	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

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
		verdict := word(c)
		if c.Status == gate.NotJudged {
			verdict += ": " + c.Reason
		}
		rows = append(rows, []string{plain(gate.RouteName(c.Route), maxName), string(c.Metric), figures[0], figures[1], figures[2], figures[3], verdict})
	}
	if len(rows) > 0 {
		t := newTable(w, ascii(), tw.AlignLeft, tw.AlignLeft, tw.AlignRight, tw.AlignRight, tw.AlignRight, tw.AlignRight, tw.AlignLeft)
		if err := render(t, []string{"Route", "Metric", "Baseline", "This run", "Change", "Limit", "Verdict"}, rows); err != nil {
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
	_, err := fmt.Fprintf(w, "%s\n%s\n", r.counts(), r.headline())
	return err
}

// Table writes a plain table of texts for a terminal.
func Table(w io.Writer, header []string, rows [][]string) error {
	align := make([]tw.Align, len(header))
	for i := range align {
		align[i] = tw.AlignLeft
	}
	return render(newTable(w, ascii(), align...), header, rows)
}

// ascii is the plain table that Locust's users know: columns parted by |, lines by dashes.
func ascii() tw.Renderer {
	return renderer.NewBlueprint(tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleASCII),
		Settings: tw.Settings{Lines: tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On}, Separators: tw.Separators{BetweenColumns: tw.On, BetweenRows: tw.Off}},
	})
}

func roundLength(r *result.Result) time.Duration {
	if len(r.Rounds) == 0 {
		return 0
	}
	return r.Rounds[0].Length
}

// short is the beginning of a digest or a commit.
func short(text string) string { return text[:min(12, len(text))] }
