package gate

import (
	"fmt"
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Figures are runs as plain numbers, a row for each run in the order of time and a column for
// each thing that was measured; NaN where a run has none. What Judge says of Results, Judge
// says of Figures too, so that recorded histories of any origin can be judged.
type Figures struct {
	Columns []Column
	Rows    [][]float64
}

// Column is one figure of each run.
type Column struct {
	Route          string
	Metric         Metric // or any unit
	HigherIsBetter bool
	Limit          float64 // relative change that fails, 0.2 for 20 %
}

// FiguresOf are the medians of the runs' rounds, in the runs' order, of what the policy judges
// and the last run has enough requests for.
func FiguresOf(p Policy, runs []result.Summary) Figures {
	if len(runs) == 0 {
		return Figures{}
	}
	j := &judge{policy: p, now: sideOf(runs[len(runs)-1:]), before: sideOf(runs)}
	j.collect()
	var f Figures
	for _, l := range j.lines {
		f.Columns = append(f.Columns, Column{l.route, l.metric, l.up, p.forRoute(l.route).Degradation})
	}
	for _, row := range j.table(runs) {
		for k, l := range j.lines {
			if row[k] = math.Exp(row[k]); l.up {
				row[k] = 1 / row[k]
			}
		}
		f.Rows = append(f.Rows, row)
	}
	return f
}

// Judge compares some of the rows with others, given by their indices in the order of time. A
// column that some fresh row lacks, or too much of the history, is not judged.
func (f Figures) Judge(p Policy, fresh, history []int, seed uint64) Verdict {
	j := &judge{policy: p}
	j.verdict.Mode = Stored
	j.verdict.Baseline.Runs = len(history)
	if len(history) < p.Baseline.MinRuns {
		return j.inconclusive(Reason{TooFewRuns, fmt.Sprintf("the history has %d of the %d runs that it takes", len(history), p.Baseline.MinRuns)})
	}
	var used []int
	for k, c := range f.Columns {
		if f.present(fresh, k) == len(fresh) && f.present(history, k) >= p.Baseline.MinRuns {
			used = append(used, k)
			j.lines = append(j.lines, newLine(c.Route, c.Metric, c.HigherIsBetter, c.Limit))
			j.rows = append(j.rows, len(j.verdict.Comparisons))
			limit := c.Limit
			if c.HigherIsBetter {
				limit = -limit
			}
			j.verdict.Comparisons = append(j.verdict.Comparisons, Comparison{Route: c.Route, Metric: c.Metric, Limit: limit})
		}
	}
	j.verdict.Compared, j.verdict.Total = len(used), len(f.Columns)
	return j.judgeHistory(f.scaled(history, used), f.scaled(fresh, used), seed)
}

// present counts the rows that have a value which can be judged.
func (f Figures) present(rows []int, k int) (n int) {
	for _, i := range rows {
		if !math.IsNaN(onScale(f.Rows[i][k], false)) {
			n++
		}
	}
	return n
}

// scaled is some rows and columns on the rules' scale.
func (f Figures) scaled(rows, columns []int) [][]float64 {
	table := make([][]float64, len(rows))
	for n, i := range rows {
		for _, k := range columns {
			table[n] = append(table[n], onScale(f.Rows[i][k], f.Columns[k].HigherIsBetter))
		}
	}
	return table
}
