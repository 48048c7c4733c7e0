package report

import (
	"encoding/json"
	"fmt"
	"io"

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

// Terminal writes a replay as a table with a row for each history, and what its columns mean.
func (r Replay) Terminal(w io.Writer) error {
	header := []string{"History", "Reports", "Suspect", "Red", "Plain rule red", "Runs used", "Sees"}
	switch {
	case r.Injected:
		header = append(header, "Found")
	case !r.Windows:
		header = append(header, "Stayed", "Gone")
	}
	var rows [][]string
	var all []backtest.Report
	for i, s := range r.Suites {
		rows = append(rows, r.row(s.Name, backtest.Sum(r.Reports[i]), seesFrom(r.Policy, s)))
		all = append(all, r.Reports[i]...)
	}
	total := backtest.Sum(all)
	if len(r.Suites) > 1 {
		rows = append(rows, r.row("all", total, ""))
	}
	if err := Table(w, header, rows); err != nil {
		return err
	}
	if total.Repeats > 0 && !r.Windows {
		fmt.Fprintf(w, "\n%d reports are on a commit that the run before had measured too: %s are red, and %s under the plain rule.\n",
			total.Repeats, part(total.RepeatsRed, total.Repeats), part(total.RepeatsPlain, total.Repeats))
	}
	_, err := io.WriteString(w, r.legend())
	return err
}

func (r Replay) row(name string, s backtest.Summary, sees string) []string {
	row := []string{
		plain(name, maxSentence), fmt.Sprint(s.Reports), part(s.Suspect, s.Reports), part(s.Red, s.Reports), part(s.Plain, s.Reports),
		fmt.Sprintf("%.2f", float64(s.Runs)/float64(max(s.Reports, 1))), sees,
	}
	switch {
	case r.Injected:
		row = append(row, part(s.Found, s.Reports))
	case !r.Windows:
		row = append(row, part(s.Persisted, s.Suspect), part(s.Gone, s.Suspect))
	}
	return row
}

// seesFrom says which changes the gate sees in a history.
func seesFrom(p gate.Policy, s backtest.Suite) string {
	least, middle, most, ok := backtest.Sight(p, s)
	if !ok {
		return "too short to judge"
	}
	return fmt.Sprintf("%.0f %% (%.0f to %.0f)", 100*middle, 100*least, 100*most)
}

// legend says what the columns mean.
func (r Replay) legend() string {
	text := `
Suspect: looks worse in one run, and more runs are looked at. Plain rule: worse than the run
before by more than the limit. Sees: the smallest change that would be found nine times in ten,
the middle of all figures, and the least and the most.
`
	if !r.Windows {
		text += "Stayed: a suspect that looked worse in the next three runs too. Gone: one that did not.\n"
	}
	return text
}

// part is a number and its share of all.
func part(n, all int) string {
	if all == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(all))
}
