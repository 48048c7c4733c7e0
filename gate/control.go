package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A control is a server that never changes. If it moved, the machine did.
const (
	// controlStray is how far the control may be from its own middle in a pair that counts, and
	// from the first measurement to the second in a run that does, on the log scale.
	controlStray = 0.4
	// controlLeast is the least change of the control against the history that is noted.
	controlLeast = 0.05
)

// outOfLine reports whether the control strayed after a pair from its median until then. Later pairs
// cannot change that: a pair that counts will always count. It does not know the sides.
func outOfLine(control []result.Figures, pair int) bool {
	if pair >= len(control) {
		return false
	}
	var all []float64
	for _, f := range control[:pair+1] {
		all = append(all, onScale(float64(f.P50), false))
	}
	stray := math.Abs(all[pair] - stats.Median(all))
	return stray > controlStray || math.IsNaN(stray)
}

// strayedControl doubts runs during which the control changed.
func strayedControl(runs []*result.Result) []Reason {
	for _, r := range runs {
		if len(r.Control) != 2 {
			continue
		}
		before, after := float64(r.Control[0].P50), float64(r.Control[1].P50)
		if math.Abs(onScale(after, false)-onScale(before, false)) > controlStray {
			return []Reason{{Kind: ControlStrayed, Before: before, Now: after}}
		}
	}
	return nil
}

// controlLevel is the middle of the control's response times in runs, on the log scale; NaN
// without a control.
func controlLevel(runs []result.Summary) float64 {
	var all []float64
	for i := range runs {
		if level := onScale(float64(runs[i].Control), false); !math.IsNaN(level) {
			all = append(all, level)
		}
	}
	return stats.Median(all)
}

// controlToo doubts rows that are worse by no more than the control is: that may be the machine.
func controlToo(rows []row, past, fresh []result.Summary) ([]row, []Reason) {
	moved := controlLevel(fresh) - controlLevel(past)
	if math.IsNaN(moved) || moved <= controlLeast {
		return rows, nil
	}
	change := math.Expm1(moved)
	rows = slices.Clone(rows)
	for i := range rows {
		if r := &rows[i]; r.found != nil && r.Status == Worse && r.found.change-moved <= r.line.limit {
			r.Status, r.Why = Unclear, &Why{Kind: ControlToo, Change: change}
		}
	}
	return rows, []Reason{{Kind: ControlMoved, Change: change}}
}
