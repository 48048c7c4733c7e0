package gate

import (
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// sides are both sides of a comparison, added up.
type sides struct {
	p           Policy
	before, now side
	roundLength time.Duration
	runTime     time.Duration   // the full length of the load of this profile
	users       int             // of the closed model; 0 in the open one
	runs        int             // that are judged
	told        []row           // costs of the judged runs, which nothing judges
	saturated   bool            // the machine of the judged run had no CPU time left
	steady      bool            // a control is as fast as in the history
	parts       map[string]bool // routes that count messages within calls
	planned     map[string]bool // routes that tasks can request; empty if unknown
	merges      bool            // rounds with too few requests can be merged
}

// side adds up all the runs on one side of a comparison.
type side struct {
	rounds int
	routes map[string]counts    // without all routes together
	errors map[string][]Failure // of routes, as far as known
	// toTheEnd says that the routes' unfinished requests are known.
	toTheEnd bool
}

// counts has the requests of a route by their results, and their mean time.
type counts struct {
	failures, requests, unfinished int64
	mean                           float64 // ns, about
}

// sidesOf makes the sides of a comparison. before and now are already added up; fresh is one of the judged runs.
func sidesOf(p Policy, before, now side, fresh *result.Result) *sides {
	s := &sides{p: p, before: before, now: now, users: fresh.Users, runs: 1, saturated: saturated(fresh), parts: map[string]bool{}, planned: map[string]bool{}}
	s.roundLength = fresh.Length() / time.Duration(max(len(fresh.Rounds), 1))
	s.runTime = fresh.Length()
	for name, route := range fresh.Tally.Routes {
		s.parts[name] = route.Part
	}
	for _, route := range fresh.PlannedRoutes {
		s.planned[route] = true
		if _, known := s.now.routes[route]; !known {
			s.now.routes[route] = counts{}
		}
	}
	return s
}

// sideOf adds up runs by their summaries.
func sideOf(runs []result.Summary) side {
	s := side{routes: map[string]counts{}}
	for i := range runs {
		s.rounds += runs[i].Rounds
		for route := range runs[i].Figures {
			s.routes[route] = counts{}
		}
	}
	s.add(unitsOfRuns(runs))
	return s
}

// sideOfRounds adds up the rounds of one run.
func sideOfRounds(r *result.Result) side {
	s := side{rounds: len(r.Rounds), routes: map[string]counts{}}
	for _, route := range r.Routes() {
		s.routes[route] = counts{}
	}
	s.add(unitsOfRounds(r, nil))
	s.cutOff(r)
	s.errors, s.toTheEnd = errorsOf(r), true
	return s
}

// add counts the figures of all routes in each unit.
func (s side) add(units []unit) {
	delete(s.routes, tally.All)
	for route := range s.routes {
		var c counts
		var means []float64
		for _, of := range units {
			f := of(route)
			c.failures, c.requests = c.failures+f.Failures, c.requests+f.Requests
			if f.Requests > 0 {
				means = append(means, meanOf(f))
			}
		}
		if len(means) > 0 {
			c.mean = stats.Median(means)
		}
		s.routes[route] = c
	}
}

// cutOff counts the requests that were unfinished when the load of a run ended.
func (s side) cutOff(r *result.Result) {
	for name, route := range r.Tally.Routes {
		c := s.routes[name]
		c.unfinished += route.Unfinished
		s.routes[name] = c
	}
}

// meanOf approximates the mean of a distribution from three quantiles: each stands for the ranks nearest to
// it.
func meanOf(f result.Figures) float64 {
	return 0.725*float64(f.P50) + 0.245*float64(f.P95) + 0.03*float64(f.P99)
}

// parts gives the share of each route in the requests, or in the time of all requests if that share is larger.
func (s side) parts() map[string]float64 {
	var requests, spent float64
	for _, c := range s.routes {
		requests, spent = requests+float64(c.requests), spent+float64(c.requests)*c.mean
	}
	parts := make(map[string]float64, len(s.routes))
	for route, c := range s.routes {
		parts[route] = max(float64(c.requests)/max(requests, 1), float64(c.requests)*c.mean/max(spent, 1))
	}
	return parts
}

// sum adds up several routes.
func (s side) sum(routes []string) (c counts) {
	for _, route := range routes {
		one := s.routes[route]
		c.failures, c.requests, c.unfinished = c.failures+one.failures, c.requests+one.requests, c.unfinished+one.unfinished
	}
	return c
}

// fails reports whether more of a route's requests failed than the limit allows.
func (s side) fails(route string, limits RoutePolicy) bool { return s.routes[route].fail(limits) }

// named lists the routes of either side that the policy does not ignore, by name.
func (s *sides) named() []string {
	all := map[string]bool{}
	for _, one := range []side{s.now, s.before} {
		for route := range one.routes {
			if !s.p.forRoute(route).Ignore {
				all[route] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// calls are the named routes that count whole calls. All routes together consist of them.
func (s *sides) calls() []string {
	return slices.DeleteFunc(s.named(), func(route string) bool { return s.parts[route] })
}

// unit is one member of a sample, a run or a round, with the figures of each route.
type unit func(route string) result.Figures

func unitsOfRuns(runs []result.Summary) []unit {
	units := make([]unit, len(runs))
	for i := range runs {
		units[i] = func(route string) result.Figures { return runs[i].Figures[route] }
	}
	return units
}

// unitsOfRounds are some rounds of a run; nil selects all.
func unitsOfRounds(r *result.Result, some []int) []unit {
	if some == nil {
		some = make([]int, len(r.Rounds))
		for i := range some {
			some[i] = i
		}
	}
	units := make([]unit, len(some))
	for k, i := range some {
		units[k] = r.Rounds[i].Of
	}
	return units
}

// valuesOf are the line's metric in some units, on the line's scale.
func (l line) valuesOf(units []unit) []float64 {
	values := make([]float64, len(units))
	for i, of := range units {
		values[i] = onScale(l.metric.of(of(l.route)), l.up)
	}
	return values
}

// summaries are the runs' rows of figures.
func summaries(runs []*result.Result) []result.Summary {
	all := make([]result.Summary, len(runs))
	for i, r := range runs {
		all[i] = r.Summary()
	}
	return all
}
