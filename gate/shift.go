package gate

import (
	"cmp"
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

// commonShift finds out whether most routes moved together, up or down: another machine or a global
// change. History cannot tell them apart, because the fresh runs share one machine and the history's do
// not. So the verdict is in doubt either way: a machine that is faster hides what has become slower. Rows
// that moved along are not blamed. Rows that are worse by more than that stay worse, and rows that are
// worse than the others alone are named. Nothing is subtracted. If a control held still against the history,
// the machine is the same: what is better then is noted, and nothing else.
func (s *sides) commonShift(rows []row) (judged []row, doubts, notices []Reason) {
	byRoute, byMetric := map[string][]float64{}, map[Metric][]float64{}
	for i := range rows {
		if r := &rows[i]; r.found != nil && r.Route != tally.All && !math.IsNaN(r.found.change) {
			byRoute[r.Route], byMetric[r.Metric] = append(byRoute[r.Route], r.found.change), append(byMetric[r.Metric], r.found.change)
		}
	}
	var changes []float64
	for _, own := range byRoute {
		changes = append(changes, stats.Median(own))
	}
	middle := stats.Median(changes)
	if len(changes) < commonRoutes || math.Abs(middle) <= commonLeast {
		return rows, nil, nil
	}
	shift := Reason{Kind: CommonShift, Change: math.Expm1(middle)}
	if middle < 0 && s.steady {
		return rows, nil, []Reason{shift}
	}
	rows = slices.Clone(rows)
	var against []Reason
	for i := range rows {
		r := &rows[i]
		switch {
		case r.found == nil || r.Status == NotJudged:
		case r.found.change-middle <= r.line.limit:
			r.along = true
			if r.Status == Worse {
				r.Status = Unclear // the fresh runs share a machine, and the history's do not
			}
		case r.Status != Within || r.Route == tally.All || len(byMetric[r.Metric]) < commonRoutes:
		default: // the metric may be one that did not move with the rest, such as the throughput of a fixed rate
			more := r.found.change - stats.Median(byMetric[r.Metric])
			if more > r.line.limit && !s.unfelt(r, more) {
				against = append(against, Reason{Kind: AgainstShift, Route: r.Route, Metric: r.Metric, Change: relative(more, r.line.up), Limit: r.Limit})
			}
		}
	}
	slices.SortStableFunc(against, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Change), math.Abs(a.Change)) })
	return rows, append(against[:min(len(against), mostAgainst)], shift), nil
}

// unfelt reports whether a change of a latency is smaller than anybody feels.
func (s *sides) unfelt(r *row, change float64) bool {
	return r.Metric.IsLatency() && r.Baseline*relative(change, r.line.up) < float64(s.p.MinEffect)
}

// mostAgainst is the most rows that are named for having moved against the others.
const mostAgainst = 5
