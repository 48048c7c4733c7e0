// Package backtest replays recorded histories under a policy: what would the gate have said?
//
// InOrder judges each run by the runs before it. A history has one run of most commits. If a run looks worse,
// the next runs of the branch stand in for its repeats: a change stays, noise goes. A change that is found
// counts as accepted, and the runs before it stop counting. Windows draws runs
// from stretches of the history in random order. By construction nothing differs, so every red report is a
// false one, unless one figure is made worse on purpose, which the gate should find.
// Both are seeded and look at nothing but their input.
// FromHistory and FromRuns make suites of other tools' histories and of runs of ours.
package backtest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// Suite is the runs of one series, oldest first.
type Suite struct {
	Name   string
	Matrix gate.Matrix
	Runs   []Run // of each row of Figures
}

// Run names a row.
type Run struct {
	Index  int    // in the history as it was recorded
	Commit string // may be empty
}

// Report is what the gate would have said.
type Report struct {
	Suite    string       `json:"suite"`
	Index    int          `json:"index"` // of the run; of the window where there are windows
	Commit   string       `json:"commit,omitempty"`
	Verdict  gate.Outcome `json:"verdict"`
	Suspects []Figure     `json:"suspects"` // figures that look worse in the first run
	Flagged  []Flag       `json:"flagged"`  // figures that fail the report
	Runs     int          `json:"runs"`     // fresh runs that it took
	// Repeat is set when the run before was of the same commit: nothing can be worse.
	Repeat bool `json:"repeat,omitempty"`
	// Persisted is set when a figure that looked worse in the first run still looks worse in the
	// median of the next three.
	Persisted bool `json:"persisted,omitempty"`
	// Plain is the result of the plain rule: worse than the previous run by more than the limit.
	Plain    bool    `json:"plain_rule_red"`
	Injected *Figure `json:"injected,omitempty"` // the figure that was made worse
}

// Figure names one column of a history.
type Figure struct {
	Route  string      `json:"route"`            // or any name
	Metric gate.Metric `json:"metric,omitempty"` // or any unit
}

// Flag is one figure that fails a report.
type Flag struct {
	Figure
	Change float64  `json:"change"` // relative
	Limit  float64  `json:"limit"`  // of change
	P      *float64 `json:"p,omitempty"`
}

// InOrder judges every run that has enough runs before it.
func InOrder(p gate.Policy, s Suite) []Report {
	var reports []Report
	accepted := 0 // the first run that counts
	for i := range s.Runs {
		kin := s.kin(i)
		at, _ := slices.BinarySearch(kin, i)
		history, fresh := kin[:at], kin[at:]
		from, _ := slices.BinarySearch(history, accepted)
		if history = history[from:]; len(history) < p.Baseline.MinRuns {
			continue
		}
		before := history[len(history)-1]
		r := Report{
			Suite: s.Name, Index: s.Runs[i].Index, Commit: s.Runs[i].Commit, Plain: s.plain(before, i),
			Repeat: s.Runs[i].Commit != "" && s.Runs[i].Commit == s.Runs[before].Commit,
		}
		history = history[max(0, len(history)-p.Baseline.Window):]
		s.judge(p, &r, history, fresh[:min(gate.FreshRuns, len(fresh))], uint64(i))
		if len(r.Suspects) > 0 {
			r.Persisted = s.persists(p, history, fresh[1:min(4, len(fresh))])
		}
		if r.Verdict == gate.Fail {
			accepted = i
		}
		reports = append(reports, r)
	}
	return reports
}

// kin lists the runs, in the order of time, that have at least half of the figures of the i-th. In some
// histories suites take turns, and runs of different figures say nothing about each other.
func (s Suite) kin(i int) []int {
	var own []int
	for k, v := range s.Matrix.Rows[i] {
		if v > 0 {
			own = append(own, k)
		}
	}
	var runs []int
	for r, row := range s.Matrix.Rows {
		shared := 0
		for _, k := range own {
			if row[k] > 0 {
				shared++
			}
		}
		if 2*shared >= len(own) && shared > 0 {
			runs = append(runs, r)
		}
	}
	return runs
}

// span is the integers from one to before another.
func span(from, to int) []int {
	var all []int
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// judge does what the gate does: it judges one run first, and more runs if that one looks worse.
func (s Suite) judge(p gate.Policy, r *Report, history, fresh []int, seed uint64) {
	v := s.Matrix.Judge(p, fresh[:1], history, seed)
	r.Runs, r.Suspects, r.Flagged = 1, []Figure{}, []Flag{}
	for _, c := range v.Of(gate.Suspect) {
		r.Suspects = append(r.Suspects, Figure{c.Route, c.Metric})
	}
	if v.More > 0 && len(fresh) > v.More {
		r.Runs = 1 + v.More
		v = s.Matrix.Judge(p, fresh[:r.Runs], history, seed)
	}
	for _, c := range v.Of(gate.Worse) {
		r.Flagged = append(r.Flagged, Flag{Figure{c.Route, c.Metric}, c.Change, c.Limit, c.P})
	}
	r.Verdict = v.Outcome
}

// persists reports whether the median of the runs looks worse too.
func (s Suite) persists(p gate.Policy, history, runs []int) bool {
	if len(runs) == 0 {
		return false
	}
	middle := make([]float64, len(s.Matrix.Columns))
	for k := range middle {
		var values []float64
		for _, i := range runs {
			if v := s.Matrix.Rows[i][k]; !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		middle[k] = stats.Median(values)
	}
	with := gate.Matrix{Columns: s.Matrix.Columns, Rows: append(slices.Clone(s.Matrix.Rows), middle)}
	v := with.Judge(p, []int{len(s.Matrix.Rows)}, history, 0)
	return len(v.Of(gate.Suspect)) > 0
}

// plain is the rule of most tools: any figure is worse than in the previous run by more than the limit.
func (s Suite) plain(before, after int) bool {
	for k, c := range s.Matrix.Columns {
		x, y := s.Matrix.Rows[before][k], s.Matrix.Rows[after][k]
		if c.HigherIsBetter && y < x*(1-c.Limit) || !c.HigherIsBetter && y > x*(1+c.Limit) {
			return true
		}
	}
	return false
}

// Windows judges n windows of the history. A window is as many runs as the policy's window holds and as
// many fresh ones as a verdict takes, next to each other in time and in random order. If worse is
// above 0, such as 0.3 for 30 %, one figure of the fresh runs, drawn at random, is made worse by as
// much in its own terms: more time, or less throughput. There are none if the history is too short.
func Windows(p gate.Policy, s Suite, n int, worse float64, seed uint64) []Report {
	size := p.Baseline.Window + gate.FreshRuns
	if len(s.Runs) < size {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, uint64(len(s.Runs))))
	var reports []Report
	for tries := 0; len(reports) < n && tries < 10*n; tries++ {
		kin := s.kin(random.IntN(len(s.Runs)))
		if len(kin) < size {
			continue
		}
		from := random.IntN(len(kin) - size + 1)
		w := s.window(kin[from:from+size], random)
		if len(w.Matrix.Columns) == 0 {
			continue
		}
		r := Report{Suite: s.Name, Index: len(reports)}
		fresh := span(p.Baseline.Window, size)
		if k := random.IntN(len(w.Matrix.Columns)); worse > 0 {
			c := w.Matrix.Columns[k]
			r.Injected = &Figure{c.Route, c.Metric}
			w.worsen(k, fresh, worse)
		}
		r.Plain = w.plain(p.Baseline.Window-1, p.Baseline.Window)
		w.judge(p, &r, span(0, p.Baseline.Window), fresh, random.Uint64())
		reports = append(reports, r)
	}
	return reports
}

// window is some rows in random order, with the columns that all of them have.
func (s Suite) window(rows []int, random *rand.Rand) Suite {
	w := Suite{Name: s.Name}
	var columns []int
	for k, c := range s.Matrix.Columns {
		whole := true
		for _, i := range rows {
			whole = whole && s.Matrix.Rows[i][k] > 0
		}
		if whole {
			columns = append(columns, k)
			w.Matrix.Columns = append(w.Matrix.Columns, c)
		}
	}
	for _, n := range random.Perm(len(rows)) {
		i := rows[n]
		row := make([]float64, len(columns))
		for n, k := range columns {
			row[n] = s.Matrix.Rows[i][k]
		}
		w.Matrix.Rows = append(w.Matrix.Rows, row)
		w.Runs = append(w.Runs, s.Runs[i])
	}
	return w
}

// worsen makes a column worse in some rows.
func (s Suite) worsen(k int, rows []int, worse float64) {
	factor := 1 + worse
	if s.Matrix.Columns[k].HigherIsBetter {
		factor = 1 - worse
	}
	for _, i := range rows {
		s.Matrix.Rows[i][k] *= factor
	}
}
