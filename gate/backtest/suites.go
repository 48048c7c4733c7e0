package backtest

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/history"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// FromHistory is a recorded history as a suite. All its figures have the policy's limit.
func FromHistory(p gate.Policy, h history.History) Suite {
	s := Suite{Name: h.Name}
	for _, c := range h.Columns {
		unit := gate.Metric(c.Unit)
		if unit == gate.FailureRate { // another program's figure and no failure rate of ours
			unit = ""
		}
		s.Matrix.Columns = append(s.Matrix.Columns, gate.Column{Route: c.Name, Metric: unit, HigherIsBetter: c.HigherIsBetter, Limit: p.Degradation})
	}
	for _, run := range h.Runs {
		s.Matrix.Rows = append(s.Matrix.Rows, run.Values)
		s.Runs = append(s.Runs, Run{Index: run.Index, Commit: run.Commit})
	}
	return s
}

// FromRuns are runs, oldest first, as suites: one for each profile and class of environment, since
// runs of two of them cannot be compared.
func FromRuns(p gate.Policy, runs []result.Summary) []Suite {
	type kind struct{ series, digest, class string }
	groups := map[kind][]result.Summary{}
	var order []kind
	for _, r := range runs {
		k := kind{r.Series, r.ProfileDigest, r.Environment.Class()}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	suites := make([]Suite, len(order))
	for n, k := range order {
		s := Suite{Name: fmt.Sprintf("%s, profile %.12s, %s", k.series, k.digest, groups[k][0].Environment.Words()), Matrix: gate.MatrixOf(p, groups[k])}
		for i, r := range groups[k] {
			s.Runs = append(s.Runs, Run{Index: i, Commit: r.Commit})
		}
		suites[n] = s
	}
	return suites
}
