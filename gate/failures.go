package gate

import (
	"cmp"
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

// failureRates makes a row of each route's failure rate in the judged runs. It needs no baseline. The rounds
// are the units: a rate fails when it is past its limit and its lower bound is too. The row of all routes
// together leaves out those that the policy ignores. Its limit is the mean of the routes' limits, weighted by
// their requests, so the whole fails only if a route does.
func (s *sides) failureRates(heads []*result.Result) []row {
	calls := s.calls()
	allowed := 0.0
	for _, route := range calls {
		allowed += s.p.forRoute(route).FailureRate * float64(s.now.routes[route].requests)
	}
	rows := s.rateRow(tally.All, calls, allowed/float64(max(s.now.sum(calls).requests, 1)), heads)
	for _, route := range s.named() {
		for _, r := range s.rateRow(route, []string{route}, s.p.forRoute(route).FailureRate, heads) {
			r.Failures = s.now.errors[route]
			rows = append(rows, r)
		}
	}
	return rows
}

// rateRow makes the row of the failure rate of routes under one name; none without requests.
func (s *sides) rateRow(name string, routes []string, limit float64, heads []*result.Result) []row {
	now, before := s.now.sum(routes), s.before.sum(routes)
	if now.requests == 0 {
		return nil
	}
	c := Comparison{Route: name, Metric: FailureRate, Status: Within, Limit: limit, Requests: now.requests, Head: now.rate(), N: s.now.rounds}
	if before.requests > 0 {
		c.Baseline = before.rate()
		c.Change = c.Head - c.Baseline
	}
	failures, requests := perRound(heads, routes)
	bounds := stats.RateInterval(failures, requests, rateConfidence)
	c.HeadRange = Range{bounds.Low, bounds.High}
	switch {
	case c.Head > c.Limit && bounds.Low > c.Limit:
		c.Status = Worse
	case c.Head > c.Limit:
		c.Status = Unclear
	}
	return []row{{line: line{route: name, metric: FailureRate}, Comparison: c}}
}

// rate is the share of the requests that failed.
func (c counts) rate() float64 { return float64(c.failures) / float64(max(c.requests, 1)) }

// perRound lists the failures and the requests of some routes in each round of runs.
func perRound(runs []*result.Result, routes []string) (failures, requests []int64) {
	for _, r := range runs {
		for _, round := range r.Rounds {
			var failed, sent int64
			for _, route := range routes {
				f := round.Figures[route]
				failed, sent = failed+f.Failures, sent+f.Requests
			}
			failures, requests = append(failures, failed), append(requests, sent)
		}
	}
	return failures, requests
}

// errorsOf lists the most frequent errors of each route in runs. A text gets a class only if all failures of
// the route are of that class.
func errorsOf(runs ...*result.Result) map[string][]Failure {
	var sum tally.Tally
	for _, r := range runs {
		for name, route := range r.Tally.Routes {
			if route.Failures() > 0 {
				one := tally.Tally{Routes: map[string]*tally.Route{name: {Outcomes: route.Outcomes, Errors: route.Errors}}}
				sum.Merge(&one)
			}
		}
	}
	all := map[string][]Failure{}
	for name, route := range sum.Routes {
		all[name] = mostFrequent(route)
	}
	return all
}

// mostFrequent are the most frequent errors of a route: texts, or classes if no text is known.
func mostFrequent(route *tally.Route) []Failure {
	var classes, texts []Failure
	for class, n := range route.Outcomes {
		if class != tally.OK && n > 0 {
			classes = append(classes, Failure{Class: class.String(), Count: n})
		}
	}
	only := ""
	if len(classes) == 1 {
		only = classes[0].Class
	}
	for text, seen := range route.Errors {
		if text != "" && seen.Count > 0 {
			texts = append(texts, Failure{Class: only, Text: text, Count: seen.Count, Example: seen.Example})
		}
	}
	if len(texts) == 0 {
		texts = classes
	}
	slices.SortFunc(texts, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Class, b.Class))
	})
	return texts[:min(len(texts), maxFailures)]
}

// sampleRises gives samples to the failure rates that have risen in pairs of rounds by more than a point,
// even within their limits. Failures come in bursts, so it tests the rates of rounds, not requests, in one
// family with everything else.
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
