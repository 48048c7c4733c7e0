package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	// rateConfidence is two-sided: each bound holds with 99 %.
	rateConfidence = 0.98
	// leastRise is the rise of a failure rate, in shares of all requests, that fails.
	leastRise = 0.01
)

// failureRates makes a row of each route's failure rate in the runs that are judged. It needs no
// baseline. The rounds are the units: a rate fails when it is past its limit and its lower bound is
// too.
func failureRates(p Policy, s sides, heads []*result.Result) []row {
	var rows []row
	for _, route := range routesOf(p, s.now, s.before) {
		now := s.now.routes[route]
		if now.requests == 0 {
			continue
		}
		c := Comparison{
			Route: route, Metric: FailureRate, Status: Within, Limit: p.forRoute(route).FailureRate, Requests: now.requests,
			Head: float64(now.failures) / float64(now.requests), N: s.now.rounds,
		}
		if base := s.before.routes[route]; base.requests > 0 {
			c.Baseline = float64(base.failures) / float64(base.requests)
			c.Change = c.Head - c.Baseline
		}
		events, trials := perRound(heads, route)
		bounds := stats.RateInterval(events, trials, rateConfidence)
		c.HeadRange = Range{bounds.Low, bounds.High}
		switch {
		case c.Head > c.Limit && bounds.Low > c.Limit:
			c.Status = Worse
		case c.Head > c.Limit:
			c.Status = Unclear
		}
		rows = append(rows, row{line: line{route: route, metric: FailureRate}, Comparison: c})
	}
	return rows
}

// perRound lists the failures and the requests of a route in each round of runs.
func perRound(runs []*result.Result, route string) (failures, requests []int64) {
	for _, r := range runs {
		for _, round := range r.Rounds {
			f := round.Of(route)
			failures, requests = append(failures, f.Failures), append(requests, f.Requests)
		}
	}
	return failures, requests
}

// sampleRises gives samples to the failure rates that have risen in pairs of rounds by more than a
// point, though they may be inside their limits. Failures come in bursts, so the rates of the
// rounds are tested and not the requests, in one family with everything else.
func sampleRises(rows []row, base, head *result.Result, pairs []int) []row {
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		if r.Route == tally.All || r.Status == Worse || r.Change <= leastRise {
			continue
		}
		r.line.limit, r.line.guard = leastRise, math.Inf(1)
		for _, p := range pairs {
			r.before, r.now = append(r.before, rate(base.Rounds[p].Of(r.Route))), append(r.now, rate(head.Rounds[p].Of(r.Route)))
		}
	}
	return rows
}

// settleRise fails a route whose failure rate has really risen.
func (r *row) settleRise() {
	if f := r.found; f.status == Worse {
		r.Status, r.P, r.Alpha, r.Why = Worse, &f.p, f.level, &Why{Kind: Risen}
	}
}

// rate is the share of a round's requests that failed.
func rate(f result.Figures) float64 {
	return float64(f.Failures) / float64(max(f.Requests, 1))
}
