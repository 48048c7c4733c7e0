package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
)

// Replay is a backtest of one or several histories.
type Replay struct {
	Policy  gate.Policy
	Suites  []backtest.Suite
	Reports [][]backtest.Report // of each suite
	// Windows is set for windows in random order, Injected when a figure of each was made worse.
	// Otherwise the reports are in the order of time.
	Windows, Injected bool
}

// JSON writes each report of a replay as a line of JSON.
func (r Replay) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, suite := range r.Reports {
		for _, one := range suite {
			if err := enc.Encode(one); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxWidth is the greatest width of a replay's table, in columns of a terminal.
const maxWidth = 100

// Terminal writes a replay as a table with a row for each history, and explains the columns below it. If the
// names of the histories make the table too wide, it shows numbers, and the names follow below.
func (r Replay) Terminal(w io.Writer) error {
	names := make([]string, len(r.Suites))
	for i, s := range r.Suites {
		names[i] = plain(s.Name, maxSentence)
	}
	table, err := r.table(names)
	if err != nil {
		return err
	}
	var list strings.Builder
	if widest(table) > maxWidth {
		numbers := make([]string, len(names))
		for i, name := range names {
			numbers[i] = fmt.Sprint(i + 1)
			fmt.Fprintln(&list, wrap(fmt.Sprintf("%d: %s", i+1, name), "   "))
		}
		if table, err = r.table(numbers); err != nil {
			return err
		}
		table += "\n"
	}
	text := table + list.String()
	if total := r.total(); total.Repeats > 0 && !r.Windows {
		text += "\n" + wrap(fmt.Sprintf("%s on a commit that the previous run had measured too: %s are red, and %s under the plain rule.",
			count(total.Repeats, "report")+are(total.Repeats, " is", " are"), part(total.RepeatsRed, total.Repeats), part(total.RepeatsPlain, total.Repeats)), "") + "\n"
	}
	_, err = io.WriteString(w, text+r.legend())
	return err
}

// table is the table of a replay, with these names of the histories.
func (r Replay) table(names []string) (string, error) {
	header := []string{"History", "Reports", "Suspect", "Red", "Plain rule", "Runs", "Sees"}
	switch {
	case r.Injected:
		header = append(header, "Found")
	case !r.Windows:
		header = append(header, "Stayed")
	}
	var rows [][]string
	for i, s := range r.Suites {
		rows = append(rows, r.row(names[i], backtest.Sum(r.Reports[i]), seesFrom(r.Policy, s)))
	}
	if len(r.Suites) > 1 {
		rows = append(rows, r.row("all", r.total(), ""))
	}
	var b strings.Builder
	err := Table(&b, header, rows)
	return b.String(), err
}

// total adds up all histories.
func (r Replay) total() backtest.Summary {
	var all []backtest.Report
	for _, suite := range r.Reports {
		all = append(all, suite...)
	}
	return backtest.Sum(all)
}

func (r Replay) row(name string, s backtest.Summary, sees string) []string {
	row := []string{
		name, fmt.Sprint(s.Reports), part(s.Suspect, s.Reports), part(s.Red, s.Reports), part(s.Plain, s.Reports),
		fmt.Sprintf("%.2f", float64(s.Runs)/float64(max(s.Reports, 1))), sees,
	}
	switch {
	case r.Injected:
		row = append(row, part(s.Found, s.Reports))
	case !r.Windows:
		row = append(row, part(s.Persisted, s.Suspect))
	}
	return row
}

// needed is the least number of runs that a history needs to be replayed.
func (r Replay) needed() int {
	if r.Windows {
		return r.Policy.Baseline.Window + gate.FreshRuns
	}
	return r.Policy.Baseline.MinRuns + 1
}

// TooShort says in a sentence why a replay has no report: how long its longest history is, and how long one
// must be.
func (r Replay) TooShort() string {
	longest := 0
	for _, s := range r.Suites {
		longest = max(longest, len(s.Runs))
	}
	need := r.needed()
	how := fmt.Sprintf("%d before the one that is judged (gate.baseline.min_runs)", r.Policy.Baseline.MinRuns)
	if r.Windows {
		how = fmt.Sprintf("%d of a window (gate.baseline.window) and %d fresh ones", r.Policy.Baseline.Window, gate.FreshRuns)
	}
	if longest >= need {
		return fmt.Sprintf("no history can be judged: that takes %d runs that share half of their figures: %s", need, how)
	}
	return fmt.Sprintf("no history is long enough: the longest has %s, and %d are needed: %s", count(longest, "run"), need, how)
}

// seesFrom says how small a change the gate finds in a history.
func seesFrom(p gate.Policy, s backtest.Suite) string {
	least, middle, most, ok := backtest.Sight(p, s)
	switch {
	case !ok && len(s.Runs) <= p.Baseline.MinRuns:
		return "too short"
	case !ok:
		return "unknown"
	}
	return fmt.Sprintf("%.0f %% (%.0f to %.0f)", 100*middle, 100*least, 100*most)
}

// legend explains the columns.
func (r Replay) legend() string {
	text := `
Suspect: looks worse in one run, so more runs are judged.
Red: fails.
Plain rule: worse than the previous run by more than the limit.
Runs: how many a report takes in the mean.
Sees: the smallest change that is found nine times in ten: median of all figures (least to most).
`
	if !r.Windows {
		text += "Stayed: suspects that looked worse in the next three runs too.\n"
	}
	return text
}

// widest is the width of the widest line of a text.
func widest(text string) (most int) {
	for line := range strings.Lines(text) {
		most = max(most, displaywidth.String(strings.TrimSuffix(line, "\n")))
	}
	return most
}

// wrap breaks a line at spaces to keep it within maxWidth, and indents all lines but the first.
func wrap(text, indent string) string {
	var b strings.Builder
	width := 0
	for i, word := range strings.Fields(text) {
		own := displaywidth.String(word)
		switch {
		case i == 0:
		case width+1+own > maxWidth:
			b.WriteString("\n" + indent)
			width = len(indent)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += own
	}
	return b.String()
}

// part is a number and its share of all.
func part(n, all int) string {
	if n == 0 || all == 0 {
		return fmt.Sprint(n)
	}
	percent := 100 * float64(n) / float64(all)
	if percent >= 10 {
		return fmt.Sprintf("%d (%.0f %%)", n, percent)
	}
	return fmt.Sprintf("%d (%.1f %%)", n, percent)
}
