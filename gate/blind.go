package gate

import (
	"math"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// blind lists the doubts about routes that could not be judged, wholly or in part. The rows come from
// collect.
func (s *sides) blind(rows []row) (doubts []Reason) {
	var missing [2][]Reason // in head or on both sides, in base
	for own := range byRoute(rows) {
		lost := append(s.lostSight(own), s.cutOffOnly(own)...)
		doubts = append(doubts, lost...)
		if own[0].Route == tally.All {
			continue
		}
		switch why := s.blindRoute(own, len(lost) > 0); {
		case why == nil:
		case why.Kind == RouteMissing && why.Of == OfBase:
			missing[1] = append(missing[1], *why)
		case why.Kind == RouteMissing || why.Kind == NotRequested:
			missing[0] = append(missing[0], *why)
		default:
			doubts = append(doubts, *why)
		}
	}
	doubts = append(doubts, s.now.notReached(s.p, missing[0])...)
	return append(doubts, s.before.notReached(s.p, missing[1])...)
}

// lostSight is the doubt about the metrics of a route that the change has made impossible to judge.
func (s *sides) lostSight(rows []row) []Reason {
	route := rows[0].Route
	var lost []Metric
	for i := range rows {
		if r := &rows[i]; r.Why != nil && r.Why.Kind == FewRequests && s.lost(route, r.Metric) {
			lost = append(lost, r.Metric)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	doubt := Reason{Kind: LostSight, Route: route, Metrics: lost}
	doubt.Before, doubt.Now = s.perRound(route)
	for _, m := range s.p.RouteMetrics() { // with more requests base has enough for the next metric, so head needs enough too
		doubt.RunTime = max(doubt.RunTime, s.longer(multiple(s.now.routes[route].requests, s.now.rounds, s.headNeeds(m))))
	}
	return []Reason{doubt}
}

// cutOffOnly is the doubt about the metrics of a route that cannot be judged only because the end of the load
// cut off too many requests of head: head may hang. A history does not say how many of its own were cut off.
func (s *sides) cutOffOnly(rows []row) []Reason {
	if !s.before.toTheEnd {
		return nil
	}
	for i := range rows {
		r := &rows[i]
		if r.Why != nil && r.Why.Kind == Unfinished && !r.Why.OnBase && r.Route != tally.All && s.before.routes[r.Route].tooOpen(r.Metric) == nil {
			return []Reason{{Kind: RouteNotJudged, Route: r.Route, Metric: r.Metric, Why: r.Why}}
		}
	}
	return nil
}

// followed settles the doubts about routes that lost requests because of another route. If some metrics of
// such a route can still be judged, that is enough, as for any route with few requests. Otherwise the doubt
// stays, and names the other route.
func followed(doubts []Reason, rows []row) []Reason {
	var kept []Reason
	for _, d := range doubts {
		judged := false
		for i := range rows {
			switch r := &rows[i]; {
			case d.Kind != LostSight || r.Route != d.Route:
			case r.Metric == Throughput && r.Status == Follows:
				d.Why = r.Why.clone()
			case r.Metric.IsLatency() && r.Status != NotJudged:
				judged = true
			}
		}
		if d.Why == nil || d.Kind != LostSight || !judged {
			kept = append(kept, d)
		}
	}
	return kept
}

// blindRoute is the doubt about a route without any metric that can be judged; nil if one can be, or if
// another reason covers the route.
func (s *sides) blindRoute(rows []row, lost bool) *Reason {
	route, limits := rows[0].Route, s.p.forRoute(rows[0].Route)
	var few, why *row
	for i := range rows {
		r := &rows[i]
		switch {
		case r.judgeable():
			return nil
		case r.Why.Kind == FewRequests && (few == nil || s.factor(route, r.Metric) < s.factor(route, few.Metric)):
			few = r
		case r.Why.Kind != FewRequests && why == nil:
			why = r
		}
	}
	now, before := s.now.routes[route], s.before.routes[route]
	switch {
	case now.requests+before.requests == 0:
		return &Reason{Kind: NotRequested, Route: route}
	case s.incidental(route):
		return nil
	case now.requests == 0:
		return &Reason{Kind: RouteMissing, Route: route, Of: OfHead}
	case lost, now.fail(limits): // lostSight has it, or it is reported as failures
		return nil
	case before.requests == 0:
		return &Reason{Kind: RouteMissing, Route: route, Of: OfBase}
	case before.fail(limits):
		why := &Why{Kind: ManyFailures, OnBase: true}
		return &Reason{Kind: RouteNotJudged, Route: route, Why: why, Before: before.rate(), Requests: before.requests, Failures: s.before.errors[route]}
	case few != nil:
		return &Reason{Kind: RouteNotJudged, Route: route, Metric: few.Metric, Why: few.Why, RunTime: few.Why.RunTime}
	default:
		return &Reason{Kind: RouteNotJudged, Route: route, Why: why.Why}
	}
}

// incidental reports whether a route belongs to no task and is hardly requested: users who start late, or
// again, leave some requests of on_start in judged time.
func (s *sides) incidental(route string) bool {
	before, now := s.perRound(route)
	return len(s.planned) > 0 && !s.planned[route] && max(before, now) < needs(P50)
}

// onStart reports whether no task sends a route: users do so when they start.
func (s *sides) onStart(route string) bool {
	return len(s.planned) > 0 && !s.planned[route] && route != tally.All && !(s.parts[route] && s.inTask(route))
}

// inTask reports whether the messages of a route are those of a stream that a task sends. Their route begins with
// that of the stream.
func (s *sides) inTask(route string) bool {
	for stream := range s.planned {
		if strings.HasPrefix(route, stream+" ") {
			return true
		}
	}
	return false
}

// factor is by how much the requests of a route must grow before a metric can be judged, on the side that needs more.
func (s *sides) factor(route string, m Metric) float64 {
	before, now := s.counts(route)
	return max(multiple(now.requests, s.now.rounds, s.headNeeds(m)), multiple(before.requests, s.before.rounds, s.needs(m)))
}

// spare is the least margin of an advised run_time.
const spare = 1.15

// multiple is the factor by which requests must grow so that each of some rounds has needs of them. The number
// of requests varies, now and in the longer run, so it adds two standard deviations of a Poisson process.
func multiple(requests int64, rounds int, needs float64) float64 {
	had, wanted := float64(requests), needs*float64(rounds)
	return wanted / had * max(spare, 1+2*math.Sqrt(1/had+1/wanted))
}

// longest is the longest run_time that is worth advising.
const longest = 24 * time.Hour

// longer is a run_time that brings factor times as many requests; 0 if it would be too long to advise, or if
// the present one is unknown.
func (s *sides) longer(factor float64) time.Duration {
	would := max(factor, spare) * float64(s.runTime)
	if !(would > 0 && would <= float64(longest)) {
		return 0
	}
	return time.Duration(math.Ceil(would/float64(time.Second))) * time.Second
}

const (
	// mostNamed is the most routes that NotReached names.
	mostNamed = 10
	// mostlyFails is the least share of failed requests with which a route keeps users from other routes.
	mostlyFails = 0.5
)

// notReached gives one reason for all routes that were not requested if a failing route is the likely cause:
// a login, or a step before them. Otherwise it gives one reason for each.
func (s side) notReached(p Policy, missing []Reason) []Reason {
	route, worst := "", 0.0
	for name, c := range s.routes {
		rate := float64(c.failures) / float64(max(c.requests, 1))
		if c.fail(p.forRoute(name)) && (rate > worst || rate == worst && name < route) {
			route, worst = name, rate
		}
	}
	if len(missing) == 0 || worst < mostlyFails {
		return missing
	}
	one := Reason{Kind: NotReached, Of: missing[0].Of, Route: route, Now: worst, Requests: s.routes[route].requests, Limit: p.forRoute(route).FailureRate, Failures: s.errors[route]}
	if one.Of == "" {
		one.Of = OfHead
	}
	for _, m := range missing {
		if len(one.Names) == mostNamed {
			one.Has++
			continue
		}
		one.Names = append(one.Names, m.Route)
	}
	return []Reason{one}
}

// blindAfterAll lists the doubts about routes that had enough requests, but no values that can be compared.
func blindAfterAll(rows []row) (doubts []Reason) {
	judged := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; r.found != nil && r.Metric != FailureRate {
			judged[r.Route] = judged[r.Route] || r.Status != NotJudged
		}
	}
	for i := range rows {
		r := &rows[i]
		if known, ok := judged[r.Route]; ok && !known && r.found != nil && r.Route != tally.All {
			delete(judged, r.Route) // once
			doubts = append(doubts, Reason{Kind: RouteNotJudged, Route: r.Route, Why: r.Why})
		}
	}
	return doubts
}
