package gate

import (
	"maps"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// side adds up all the runs on one side of a comparison.
type side struct {
	rounds int
	routes map[string]counts // tally.All for all together
}

// counts are a route's requests, and how many of them failed.
type counts struct{ failures, requests int64 }

// sideOf adds up runs by their summaries.
func sideOf(runs []result.Summary) side {
	s := side{routes: map[string]counts{}}
	for i := range runs {
		s.rounds += runs[i].Rounds
		for route, f := range runs[i].Figures {
			s.count(route, f)
		}
	}
	return s
}

// sideOfRounds adds up the rounds of one run.
func sideOfRounds(r *result.Result) side {
	s := side{rounds: len(r.Rounds), routes: map[string]counts{}}
	for _, route := range r.Routes() {
		s.routes[route] = counts{}
	}
	for _, round := range r.Rounds {
		s.count(tally.All, round.Total)
		for route, f := range round.Figures {
			s.count(route, f)
		}
	}
	return s
}

func (s side) count(route string, f result.Figures) {
	c := s.routes[route]
	s.routes[route] = counts{c.failures + f.Failures, c.requests + f.Requests}
}

// meanRequests is the mean number of requests of a route in a round.
func (s side) meanRequests(route string) float64 {
	return float64(s.routes[route].requests) / float64(max(s.rounds, 1))
}

// routesOf lists the routes of either side that the policy compares, all routes together first, then
// by name.
func routesOf(p Policy, sides ...side) []string {
	all := map[string]bool{}
	for _, s := range sides {
		for route := range s.routes {
			all[route] = route != tally.All && !p.forRoute(route).Ignore
		}
	}
	maps.DeleteFunc(all, func(_ string, compared bool) bool { return !compared })
	return append([]string{tally.All}, slices.Sorted(maps.Keys(all))...)
}

// summaries are the runs' rows of figures.
func summaries(runs []*result.Result) []result.Summary {
	all := make([]result.Summary, len(runs))
	for i, r := range runs {
		all[i] = r.Summary()
	}
	return all
}
