package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// If the median change of at least commonRoutes routes is past commonLeast, it counts as one change of
// everything instead of many changes.
const (
	commonLeast  = 0.10
	commonRoutes = 4
)

// commonShift finds out whether most routes moved together, up or down: another machine or a global
// change. History cannot tell them apart, because the fresh runs share one machine and the history's do
// not. So the verdict is in doubt in both directions: a faster machine hides a route that became slower. Rows
// that moved along are not blamed. Rows that are worse by more than the shift stay worse, and rows that are
// worse only against the other routes are named. Nothing is subtracted. If a control is as fast as in the
// history, the machine is the same: a shift for the better is then only noted.
func (s *sides) commonShift(rows []row) (judged []row, doubts, notices []Reason) {
	middle, byMetric, known := middleChange(rows)
	if !known || math.Abs(middle) <= commonLeast {
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
				r.Status = Unclear // the fresh runs share a machine, the history's do not
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

// middleChange is the median change of the routes, and the changes of each metric; not known if there are too
// few routes. A route's own change is the median of its latencies' changes, if it has any: at a fixed rate no
// machine changes the throughput.
func middleChange(rows []row) (middle float64, byMetric map[Metric][]float64, known bool) {
	latencies, others := map[string][]float64{}, map[string][]float64{}
	byMetric = map[Metric][]float64{}
	for i := range rows {
		r := &rows[i]
		if r.found == nil || r.Route == tally.All || math.IsNaN(r.found.change) {
			continue
		}
		byMetric[r.Metric] = append(byMetric[r.Metric], r.found.change)
		if r.Metric == Throughput {
			others[r.Route] = append(others[r.Route], r.found.change)
		} else {
			latencies[r.Route] = append(latencies[r.Route], r.found.change)
		}
	}
	var changes []float64
	for route, own := range latencies {
		changes = append(changes, stats.Median(own))
		delete(others, route)
	}
	for _, own := range others {
		changes = append(changes, stats.Median(own))
	}
	return stats.Median(changes), byMetric, len(changes) >= commonRoutes
}

// unfelt reports whether a change of a latency is smaller than anybody feels.
func (s *sides) unfelt(r *row, change float64) bool {
	return r.Metric.IsLatency() && r.Baseline*relative(change, r.line.up) < float64(s.p.MinEffect)
}

// mostAgainst is the most rows that are named for a move against the others.
const mostAgainst = 5
