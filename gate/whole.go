package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// All routes together are judged at one mix, that of the baseline. In the closed model users who get
// their answers sooner send more requests, so a route that becomes faster has a larger share of all
// requests, and their quantiles move towards its own: a faster slow route makes "all requests" slower
// (Simpson's paradox). Here the change of the whole is the mean of its routes' changes, on the log scale,
// weighted by the baseline's requests. If no route is worse, the whole is not.

// compared lists the routes that can be compared. All routes together consist of them.
func (s *sides) compared() []string {
	return slices.DeleteFunc(s.calls(), func(route string) bool {
		limits := s.p.forRoute(route)
		return s.now.routes[route].requests == 0 || s.before.routes[route].requests == 0 || s.now.fails(route, limits) || s.before.fails(route, limits)
	})
}

// whole is all routes together on either side.
func (s *sides) whole() (before, now counts) {
	routes := s.compared()
	return s.before.sum(routes), s.now.sum(routes)
}

// share is a route with its share of the baseline's requests.
type share struct {
	route  string
	weight float64
}

// shares are the routes of all together, weighted by the baseline's requests.
func (s *sides) shares() []share {
	var all []share
	for _, route := range s.compared() {
		all = append(all, share{route, float64(s.before.routes[route].requests)})
	}
	return all
}

// sampled has the values of a row in both samples. A route that is missing in some run cannot be part of the
// mix, which is the same for all runs.
func (s *sides) sampled(l line, before, now []unit) (b, n []float64) {
	if l.route != tally.All {
		return l.valuesOf(before), l.valuesOf(now)
	}
	mixed := newMix(len(before) + len(now))
	units := slices.Concat(before, now)
	for _, one := range s.shares() {
		if values := l.of(one.route).valuesOf(units); !slices.ContainsFunc(values, math.IsNaN) {
			mixed.add(one.weight, values)
		}
	}
	all := mixed.mean()
	return l.moved(before, all[:len(before)], all[:len(before)]), l.moved(before, all[:len(before)], all[len(before):])
}

// paired has the values of a row in rounds of base and head, pair by pair. In each pair, all routes together
// are the routes that both rounds have.
func (s *sides) paired(l line, base, head []unit) (b, h []float64) {
	if l.route != tally.All {
		return l.valuesOf(base), l.valuesOf(head)
	}
	first, second := newMix(len(base)), newMix(len(head))
	for _, one := range s.shares() {
		b, h := l.of(one.route).valuesOf(base), l.of(one.route).valuesOf(head)
		for i := range b {
			if math.IsNaN(b[i] + h[i]) {
				b[i], h[i] = math.NaN(), math.NaN()
			}
		}
		first.add(one.weight, b)
		second.add(one.weight, h)
	}
	return l.moved(base, first.mean(), first.mean()), l.moved(base, first.mean(), second.mean())
}

// of is the line of the same metric of another route.
func (l line) of(route string) line {
	l.route = route
	return l
}

// mix is a weighted mean of routes in each of some units.
type mix struct{ sums, weights []float64 }

func newMix(units int) mix { return mix{make([]float64, units), make([]float64, units)} }

// add adds a route's values, without those that are missing.
func (m mix) add(weight float64, values []float64) {
	for i, v := range values {
		if !math.IsNaN(v) {
			m.sums[i] += weight * v
			m.weights[i] += weight
		}
	}
}

// mean is the weighted mean in each unit; NaN without a route.
func (m mix) mean() []float64 {
	means := make([]float64, len(m.sums))
	for i := range means {
		means[i] = m.sums[i] / m.weights[i]
	}
	return means
}

// moved shifts values so that the middle of the baseline is the figure of all its requests, which people know.
// The figures of head are then those that it would have at the same mix.
func (l line) moved(base []unit, mixed, values []float64) []float64 {
	by := stats.Median(there(l.valuesOf(base))) - stats.Median(there(mixed))
	if math.IsNaN(by) {
		by = 0
	}
	moved := slices.Clone(values)
	for i := range moved {
		moved[i] += by
	}
	return moved
}
