package gate

import (
	"fmt"

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
	for _, route := range j.routes() {
		failures, requests := count(j.heads, route)
		if requests == 0 {
			continue
		}
		c := Comparison{
			Route: route, Metric: FailureRate, Status: Within, Limit: j.policy.forRoute(route).FailureRate, Requests: requests,
			Head: float64(failures) / float64(requests), N: rounds(j.heads),
		}
		if baseFailures, baseRequests := count(j.base, route); baseRequests > 0 {
			c.Baseline = float64(baseFailures) / float64(baseRequests)
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

// judgeRises fails a route whose failure rate has risen in pairs of rounds, by more than a
// point and really, though it may be inside its limit. Failures come in bursts, so that the
// rates of the rounds are tested and not the requests.
func (j *judge) judgeRises(base, head *result.Result, pairs []int, level float64, seed uint64) {
	var rises [][]float64
	var of []int
	for i, c := range j.verdict.Comparisons {
		if c.Metric != FailureRate || c.Route == tally.All || c.Status == Worse || c.Change <= leastRise {
			continue
		}
		var d []float64
		for _, p := range pairs {
			d = append(d, rate(head.Rounds[p].Of(c.Route))-rate(base.Rounds[p].Of(c.Route)))
		}
		rises, of = append(rises, d), append(of, i)
	}
	if len(rises) == 0 {
		return
	}
	for k, p := range stats.SignFlip(rises, flips, seed) {
		c := &j.verdict.Comparisons[of[k]]
		if p <= level && stats.Trimmed(rises[k]).Value > leastRise {
			c.Status, c.P, c.Alpha = Worse, &p, level
			c.Reason = fmt.Sprintf("%.2f %% of %d requests failed, and %.2f %% before: more than a point, and not by chance", 100*c.Head, c.Requests, 100*c.Baseline)
		}
	}
}

// rate is the share of a round's requests that failed.
func rate(f result.Figures) float64 {
	return float64(f.Failures) / float64(max(f.Requests, 1))
}
