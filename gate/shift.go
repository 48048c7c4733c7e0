package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The median change of at least commonRoutes routes must be past commonLeast to count as one change of
// everything and not as many changes.
const (
	commonLeast  = 0.10
	commonRoutes = 4
)

// commonShift finds out whether everything moved together: another machine or a global change.
// History cannot tell them apart, because the fresh runs share one machine and the history's do
// not. Rows that moved along get one reason together, and are inconclusive. Rows that are worse by
// more than that stay worse. Nothing is subtracted.
func commonShift(rows []row) ([]row, []Reason) {
	byRoute := map[string][]float64{}
	for i := range rows {
		if r := &rows[i]; r.found != nil && r.Route != tally.All && !math.IsNaN(r.found.change) {
			byRoute[r.Route] = append(byRoute[r.Route], r.found.change)
		}
	}
	var changes []float64
	for _, own := range byRoute {
		changes = append(changes, stats.Median(own))
	}
	middle := stats.Median(changes)
	if len(changes) < commonRoutes || math.Abs(middle) <= commonLeast {
		return rows, nil
	}
	shift := Reason{Kind: CommonShift, Change: math.Expm1(middle)}
	if middle < 0 {
		return rows, []Reason{shift}
	}
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		if r.found == nil || r.found.change-middle > r.line.limit {
			continue
		}
		r.instead = &shift
		if r.Status == Worse {
			r.Status = Unclear // the fresh runs share a machine, and the history's do not
		}
	}
	return rows, nil
}
