package gate

import (
	"fmt"
	"math"

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

// judgeFailures holds the heads to their failure rates, for which no baseline is needed. The
// rounds are the units: a rate fails when it is past its limit and its lower bound is too.
func (j *judge) judgeFailures() {
	for _, route := range routesOf(j.policy, j.now, j.before) {
		failures, requests := j.now.routes[route].failures, j.now.routes[route].requests
		if requests == 0 {
			continue
		}
		c := Comparison{
			Route: route, Metric: FailureRate, Status: Within, Limit: j.policy.forRoute(route).FailureRate, Requests: requests,
			Head: float64(failures) / float64(requests), N: j.now.rounds,
		}
		if base := j.before.routes[route]; base.requests > 0 {
			c.Baseline = float64(base.failures) / float64(base.requests)
			c.Change = c.Head - c.Baseline
		}
		events, trials := perRound(j.heads, route)
		bounds := stats.RateInterval(events, trials, rateConfidence)
		c.HeadRange = Range{bounds.Low, bounds.High}
		switch {
		case c.Head > c.Limit && bounds.Low > c.Limit:
			c.Status = Worse
		case c.Head > c.Limit:
			c.Status = Unclear
			c.Reason = fmt.Sprintf("%.2f %% of %d requests failed, the limit is %g %%, and so few prove nothing (99 %% sure of more than %.2f %%): a longer run_time would tell",
				100*c.Head, requests, 100*c.Limit, 100*bounds.Low)
		}
		j.verdict.Comparisons = append(j.verdict.Comparisons, c)
	}
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

// rises are the lines of failure rates that have risen in pairs of rounds by more than a
// point, though they may be inside their limits: each with its place among the comparisons and
// the differences of the rounds' rates. Failures come in bursts, so that the rates of the
// rounds are tested and not the requests, in one family with everything else.
func (j *judge) rises(base, head *result.Result, pairs []int) (lines []line, rows []int, d [][]float64) {
	for i, c := range j.verdict.Comparisons {
		if c.Metric != FailureRate || c.Route == tally.All || c.Status == Worse || c.Change <= leastRise {
			continue
		}
		var differences []float64
		for _, p := range pairs {
			differences = append(differences, rate(head.Rounds[p].Of(c.Route))-rate(base.Rounds[p].Of(c.Route)))
		}
		lines = append(lines, line{route: c.Route, metric: FailureRate, limit: leastRise, guard: math.Inf(1)})
		rows, d = append(rows, i), append(d, differences)
	}
	return lines, rows, d
}

// judgeRises fails the routes whose failure rate has really risen.
func (j *judge) judgeRises(findings []finding, rows []int) {
	for k, f := range findings {
		c := &j.verdict.Comparisons[rows[k]]
		if f.status == Worse {
			c.Status, c.P, c.Alpha = Worse, &f.p, f.level
			c.Reason = fmt.Sprintf("%.2f %% of %d requests failed, and %.2f %% before: more than a point, and not by chance", 100*c.Head, c.Requests, 100*c.Baseline)
		}
	}
}

// rate is the share of a round's requests that failed.
func rate(f result.Figures) float64 {
	return float64(f.Failures) / float64(max(f.Requests, 1))
}
