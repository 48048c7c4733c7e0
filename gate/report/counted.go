package report

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Counted is a route with its counts.
type Counted struct {
	Route  string
	Counts *tally.Route
}

// CountedOf are the routes of a run in alphabetical order, with their counts in the judged rounds.
func CountedOf(r *result.Result) (all []Counted) {
	for _, route := range r.Routes() {
		all = append(all, Counted{route, r.Tally.Routes[route]})
	}
	return all
}

// SplitRoute splits "GET /path" into type and name, as Locust's tables do. Any other name of a route has no type.
func SplitRoute(route string) (kind, name string) {
	method, path, ok := strings.Cut(route, " ")
	if !ok || method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") {
		return "", route
	}
	return method, path
}
