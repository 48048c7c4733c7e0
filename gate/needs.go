package gate

import (
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// What a round needs before a figure of it means anything. Beyond a quantile there must be
// ten requests (Hahn and Meeker, Statistical Intervals, ch. 5: with fewer the interval of a
// quantile is open or wider than any limit). A count of n requests has a standard deviation
// of at least √n: 10 % for a hundred.
const (
	minBeyondQuantile = 10
	minPerRound       = 100
)

// needs is how many requests a round must have for a metric of it to be judged.
func needs(m Metric) float64 {
	if q, ok := m.quantile(); ok {
		return math.Ceil(minBeyondQuantile/(1-q) - 1e-9) // 0.95 is not exact
	}
	return minPerRound
}

// headNeeds is the same for the runs being judged. A loss of throughput leaves few requests, so
// few are enough to tell of one.
func headNeeds(m Metric) float64 {
	if m == Throughput {
		return minBeyondQuantile
	}
	return needs(m)
}

// cannotJudge says why a metric cannot be judged; nil when it can.
func (s *sides) cannotJudge(limits RoutePolicy, route string, metric Metric) *Why {
	for _, one := range []struct {
		side   *side
		need   float64
		onBase bool
	}{{&s.now, headNeeds(metric), false}, {&s.before, needs(metric), true}} {
		n := one.side.routes[route]
		switch each := one.side.meanRequests(route); {
		case one.onBase && n.requests == 0:
			return &Why{Kind: NotInBaseline}
		case each < one.need:
			onBase := one.onBase && s.now.meanRequests(route) >= one.need // else it is on both sides
			return &Why{Kind: FewRequests, OnBase: onBase, Has: math.Floor(each), Needs: one.need}
		case metric.IsLatency() && float64(n.failures) > limits.FailureRate*float64(n.requests):
			return &Why{Kind: ManyFailures, OnBase: one.onBase}
		}
	}
	return nil
}

// lost reports whether a metric cannot be judged because the change itself has left its route fewer
// requests, by more than throughput may change. Silence would hide the worst of changes.
func (s *sides) lost(limits RoutePolicy, route string, metric Metric) bool {
	before, now := s.before.meanRequests(route), s.now.meanRequests(route)
	return now > 0 && now < headNeeds(metric) && before >= needs(metric) && now < (1-min(limits.Degradation, 0.5))*before
}

// blind lists the doubts about routes that could not be judged, or not wholly. The rows come from
// collect.
func blind(p Policy, s sides, rows []row) (doubts []Reason) {
	for own := range byRoute(rows) {
		doubts = append(doubts, s.blindRoute(p, own)...)
	}
	return doubts
}

// blindRoute lists the doubts about one route.
func (s *sides) blindRoute(p Policy, rows []row) (doubts []Reason) {
	route, limits := rows[0].Route, p.forRoute(rows[0].Route)
	var lost []Metric
	var why *Why // of the last that cannot be judged
	judged := false
	for i := range rows {
		r := &rows[i]
		if judged = judged || r.judgeable(); r.judgeable() {
			continue
		}
		why = r.Why
		if why.Kind == FewRequests && s.lost(limits, route, r.Metric) {
			lost = append(lost, r.Metric)
		}
	}
	if len(lost) > 0 {
		doubts = append(doubts, Reason{Kind: LostSight, Route: route, Metrics: lost, Before: s.before.meanRequests(route), Now: s.now.meanRequests(route)})
	}
	now := s.now.routes[route]
	switch {
	case route == tally.All || judged:
	case now.requests == 0:
		doubts = append(doubts, Reason{Kind: RouteMissing, Route: route, Of: OfHead})
	case s.before.routes[route].requests == 0:
		doubts = append(doubts, Reason{Kind: RouteMissing, Route: route, Of: OfBase})
	case len(lost) > 0: // said already
	case why.Kind == FewRequests:
		doubts = append(doubts, Reason{Kind: RouteNotJudged, Route: route, Why: why, RunTime: s.wouldDo(p, route)})
	case now.failures <= int64(limits.FailureRate*float64(now.requests)): // head's failures are reported as such
		doubts = append(doubts, Reason{Kind: RouteNotJudged, Route: route, Why: why})
	}
	return doubts
}

// blindAfterAll lists the doubts about routes that had enough requests, and turned out to have no values
// that can be compared.
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

// wouldDo says how long a run would have to be for the easiest metric of a route.
func (s *sides) wouldDo(p Policy, route string) time.Duration {
	requests := s.now.routes[route].requests
	if base := s.before.routes[route].requests; base*int64(s.now.rounds) < requests*int64(s.before.rounds) {
		requests = max(base*int64(s.now.rounds)/int64(s.before.rounds), 1)
	}
	need := math.Inf(1)
	for _, m := range p.Metrics {
		need = min(need, needs(m))
	}
	factor := need * float64(s.now.rounds) / float64(requests)
	return max(time.Duration(factor*float64(s.runTime)).Round(time.Second), time.Second)
}
