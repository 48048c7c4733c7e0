package gate

import (
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Matrix is runs as plain numbers, a row for each run in the order of time and a column for each
// thing that was measured; NaN where a run has none. Its Judge applies the rules of the package's
// Judge to plain numbers, so recorded histories of any origin can be judged.
type Matrix struct {
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

// MatrixOf has the runs' figures, in the runs' order: those that the policy judges and for which the last run
// has enough requests.
func MatrixOf(p Policy, runs []result.Summary) Matrix {
	if len(runs) == 0 {
		return Matrix{}
	}
	m := Matrix{Rows: make([][]float64, len(runs))}
	s, units := sides{p: p, before: sideOf(runs), now: sideOf(runs[len(runs)-1:])}, unitsOfRuns(runs)
	for _, r := range s.collect() {
		if r.judgeable() {
			values, _ := s.sampled(r.line, units, nil)
			m.add(r, values)
		}
	}
	return m
}

// add adds a column for a row with its values, which are on the line's scale.
func (m *Matrix) add(r row, values []float64) {
	limit := r.Limit
	if r.line.up {
		limit = -limit
	}
	m.Columns = append(m.Columns, Column{r.Route, r.Metric, r.line.up, limit})
	for i, v := range values {
		if r.line.up {
			v = -v
		}
		m.Rows[i] = append(m.Rows[i], math.Exp(v))
	}
}

// Judge compares some of the rows with others, given by their indices in the order of time. It does not judge
// a column that is missing in a fresh row, or in too much of the history.
func (m Matrix) Judge(p Policy, fresh, history []int, seed uint64) Verdict {
	v := Verdict{Mode: Stored, Baseline: Baseline{Runs: len(history)}}
	if len(history) < p.Baseline.MinRuns {
		return weigh(v, nil, Reason{Kind: TooFewRuns, Has: len(history), Needs: p.Baseline.MinRuns})
	}
	var rows []row
	for k, c := range m.Columns {
		r := row{line: newLine(c.Route, c.Metric, c.HigherIsBetter, c.Limit)}
		r.Comparison = Comparison{Route: c.Route, Metric: c.Metric, Limit: c.Limit}
		if c.HigherIsBetter {
			r.Limit = -r.Limit
		}
		before, now := m.scaled(history, k), m.scaled(fresh, k)
		if len(there(now)) < len(fresh) || len(there(before)) < p.Baseline.MinRuns {
			r.Status, r.Why = NotJudged, &Why{Kind: FewRounds}
		} else {
			r.before, r.now = before, now
			r.describe()
		}
		rows = append(rows, r)
	}
	rows = settle(p, findRuns(p, rows, seed))
	return v.weighRuns(&sides{p: p, runs: len(fresh)}, nil, rows, blindAfterAll(rows))
}

// scaled is a column of some rows on the rules' scale.
func (m Matrix) scaled(rows []int, k int) []float64 {
	values := make([]float64, len(rows))
	for n, i := range rows {
		values[n] = onScale(m.Rows[i][k], m.Columns[k].HigherIsBetter)
	}
	return values
}
