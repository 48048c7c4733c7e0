package gate

import (
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The least that a round needs before its figures mean anything. Beyond a quantile there must be
// ten requests (Hahn and Meeker, Statistical Intervals, ch. 5: with fewer the interval of a
// quantile is open or wider than any limit). A count of n requests has a standard deviation
// of at least √n: 10 % for a hundred.
const (
	minBeyondQuantile = 10
	minPerRound       = 100
)

// mergedRounds is how many rounds of a paired comparison together must have what a figure needs: half of the budget.
// All rounds so far then make one figure of each side.
const mergedRounds = MaxPairs / 2

// needs is the number of requests that a round must have for this metric to be judged.
func (s *sides) needs(m Metric) float64 { return s.inEach(needs(m)) }

// headNeeds is the same for the judged runs.
func (s *sides) headNeeds(m Metric) float64 { return s.inEach(headNeeds(m)) }

// inEach is what each of the rounds must have if they can be merged.
func (s *sides) inEach(requests float64) float64 {
	if s.merges {
		return requests / mergedRounds
	}
	return requests
}

// needs is the number of requests that a figure needs, of a round or of merged ones.
func needs(m Metric) float64 {
	if q, ok := m.quantile(); ok {
		return math.Ceil(minBeyondQuantile/(1-q) - 1e-9) // 0.95 is not exact
	}
	return minPerRound
}

// headNeeds is the same of the judged runs. A loss of throughput leaves few requests, so few are enough to
// judge it.
func headNeeds(m Metric) float64 {
	if m == Throughput {
		return minBeyondQuantile
	}
	return needs(m)
}

// cannotJudge says why a metric cannot be judged; nil when it can.
func (s *sides) cannotJudge(route string, metric Metric) *Why {
	before, now := s.counts(route)
	limits := s.p.forRoute(route)
	if route == tally.All {
		limits.FailureRate = 1 // it consists of routes within their limits
	}
	if before.requests+now.requests == 0 && route != tally.All {
		return &Why{Kind: NotAsked}
	}
	had, has := s.perRound(route)
	switch {
	case s.p.loads && had < s.needs(metric) && before.requests > 0:
		return s.tooFew(route, metric, true)
	case has < s.headNeeds(metric):
		return s.tooFew(route, metric, false)
	case metric.IsLatency() && now.fail(limits), metric == Throughput && now.failures == now.requests:
		return &Why{Kind: ManyFailures}
	case before.requests == 0:
		return &Why{Kind: NotInBaseline}
	case had < s.needs(metric):
		return s.tooFew(route, metric, has >= s.needs(metric)) // else it is on both sides
	case before.fail(limits):
		return &Why{Kind: ManyFailures, OnBase: true}
	}
	if why := now.tooOpen(metric); why != nil {
		return why
	}
	if why := before.tooOpen(metric); why != nil {
		why.OnBase = true
		return why
	}
	return nil
}

// tooFew explains that a metric has too few requests: on base only, or on head and maybe base as well.
func (s *sides) tooFew(route string, metric Metric, onBase bool) *Why {
	had, has := s.perRound(route)
	why := &Why{Kind: FewRequests, OnBase: onBase, OnStart: s.onStart(route), Has: math.Floor(has), Needs: math.Ceil(s.headNeeds(metric))}
	if had < s.needs(metric) { // then head needs as many: base will have no more
		why.Needs = math.Ceil(s.needs(metric))
	}
	if onBase {
		why.Has = math.Floor(had)
	}
	if !why.OnStart {
		why.RunTime = s.longer(s.factor(route, metric))
	}
	return why
}

// perRound is the mean number of requests of a route, or of all routes together, in a round of either side.
func (s *sides) perRound(route string) (before, now float64) {
	b, n := s.counts(route)
	return perOf(b, s.before), perOf(n, s.now)
}

// counts are the requests of a route, or of all routes together, on either side.
func (s *sides) counts(route string) (before, now counts) {
	if route == tally.All {
		return s.whole()
	}
	return s.before.routes[route], s.now.routes[route]
}

func perOf(c counts, s side) float64 { return float64(c.requests) / float64(max(s.rounds, 1)) }

// fail reports whether more requests failed than the limit allows.
func (c counts) fail(limits RoutePolicy) bool {
	return float64(c.failures) > limits.FailureRate*float64(c.requests)
}

// tooOpen says that more requests are unfinished than lie beyond a quantile: any of them may be the
// quantile; nil if not.
func (c counts) tooOpen(m Metric) *Why {
	q, ok := m.quantile()
	if most := math.Floor((1-q)*float64(c.requests) + 1e-9); ok && float64(c.unfinished) > most {
		return &Why{Kind: Unfinished, Has: float64(c.unfinished), Needs: most}
	}
	return nil
}

// lost reports whether a metric cannot be judged because the change itself costs its route requests, by more
// than throughput may change. Silence would hide the worst changes. It excludes a route that failed before:
// failing may have brought it many requests.
func (s *sides) lost(route string, metric Metric) bool {
	if s.before.fails(route, s.p.forRoute(route)) {
		return false
	}
	before, now := s.perRound(route)
	return now > 0 && now < s.headNeeds(metric) && before >= s.needs(metric) && now < (1-min(s.p.forRoute(route).Degradation, 0.5))*before
}
