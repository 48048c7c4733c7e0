package gate

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// row is one line of a report on its way through a judgement: one metric of one route. A
// judgement is a chain of functions from rows to rows:
//
//	collect or failureRates: make the rows, and say why some cannot be judged
//	sampleRuns or samplePairs: add the two samples
//	findRuns or findPairs: apply the rules to the samples
//	settle: set the status of the comparison
//	controlToo, commonShift: look for other explanations, in runs only
//	weigh: attribute rows to causes, and make the verdict
type row struct {
	line line
	Comparison
	// The two samples, on the line's scale, NaN for a missing value: the history's and the fresh runs
	// in the order of time, or base and head of a pairing, pair by pair.
	before, now []float64
	// pool is set for a row whose rounds are too small for figures of their own. The samples are then the figures of
	// blocks of rounds, which are only shown.
	pool  *stats.Pool
	found *finding // nil when no rule has looked at it
	along bool     // moved along with most others; one reason covers all of them
}

// collect makes a row of each metric of each route, those of all routes together first. A row
// that cannot be judged says why.
func (s *sides) collect() []row {
	var rows []row
	for _, route := range append([]string{tally.All}, s.named()...) {
		limits := s.p.forRoute(route)
		for _, metric := range s.p.RouteMetrics() {
			r := row{line: newLine(route, metric, metric == Throughput, limits.Degradation)}
			r.Comparison = Comparison{Route: route, Metric: metric, Status: NotJudged, Limit: limits.Degradation, Requests: s.requests(route)}
			if metric == Throughput { // 20 % fewer requests is 20 % lower throughput
				r.Limit = -r.Limit
			}
			r.Why = s.cannotJudge(route, metric)
			rows = append(rows, r)
		}
	}
	return rows
}

// requests is the number of judged requests of a route, or of all routes together.
func (s *sides) requests(route string) int64 {
	if route == tally.All {
		_, now := s.whole()
		return now.requests
	}
	return s.now.routes[route].requests
}

// byRoute yields the rows of one route after the other.
func byRoute(rows []row) iter.Seq[[]row] {
	return func(yield func([]row) bool) {
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].Route == rows[0].Route {
				n++
			}
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// judgeable reports whether nothing is known that keeps the row from being judged.
func (r *row) judgeable() bool { return r.Why == nil && r.Metric != FailureRate }

// countRoutes counts the routes of rows, and those of them with a row that was judged.
func countRoutes(rows []row) (compared, total int) {
	judged := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; r.Route != tally.All && r.Metric != FailureRate {
			judged[r.Route] = judged[r.Route] || r.Status != NotJudged
		}
	}
	for _, is := range judged {
		if is {
			compared++
		}
	}
	return compared, len(judged)
}

// settle sets the status of each row that a rule has looked at.
func settle(p Policy, rows []row) []row {
	rows = slices.Clone(rows)
	for i := range rows {
		switch r := &rows[i]; {
		case r.found == nil:
		case r.Metric == FailureRate:
			r.settleRise()
		default:
			r.settle(p)
		}
	}
	return rows
}

func (r *row) settle(p Policy) {
	f := r.found
	r.Status, r.N, r.Alpha = f.status, f.n, f.level
	r.Change = relative(f.change, r.line.up)
	low, high := relative(f.interval.Low, r.line.up), relative(f.interval.High, r.line.up)
	if !math.IsInf(f.interval.Low, 0) && !math.IsInf(f.interval.High, 0) {
		r.Interval = &Range{min(low, high), max(low, high)}
	}
	if !math.IsNaN(f.p) {
		r.P = &f.p
	}
	if !math.IsInf(f.visible, 0) && !math.IsNaN(f.visible) {
		r.SmallestVisible = math.Abs(relative(f.visible, r.line.up))
	}
	r.LetsThrough = max(math.Abs(r.Limit), r.SmallestVisible)
	if r.Metric.IsLatency() && r.Baseline > 0 {
		r.LetsThrough = max(r.LetsThrough, float64(p.MinEffect)/r.Baseline)
	}
	if r.Status.Severity() > Follows.Severity() && r.unfelt(p.MinEffect) {
		r.Status, r.Why = Within, &Why{Kind: BelowEffect, Needs: float64(p.MinEffect)}
	}
	if !finite(r.Change) || !(r.Baseline > 0) || !(r.Head > 0) {
		r.Comparison = Comparison{Route: r.Route, Metric: r.Metric, Status: NotJudged, Limit: r.Limit, Requests: r.Requests, Why: &Why{Kind: FewRounds}}
	}
}

// unfelt reports whether a latency has changed by less than anybody feels: the estimate is below the least
// effect, or at least not past the limit, and if the row is unclear its upper bound is below the guard of the
// least effect.
func (c *Comparison) unfelt(least time.Duration) bool {
	if !c.Metric.IsLatency() {
		return false
	}
	small := c.Baseline*c.Change < float64(least)
	if c.Status != Unclear {
		return small
	}
	return c.Interval != nil && (small || c.Change <= c.Limit) && c.Baseline*c.Interval.High < guardFactor*float64(least)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
