package gate

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Trend looks at this many days of a branch, and for steps at this level.
const (
	creepSpan = 30 * 24 * time.Hour
	stepLevel = 0.01
)

// Trend notes how a branch has changed over the last 30 days, from its runs in any order: small changes that
// have added up past half a limit, and steps of at least as much, with their commits. It leaves out runs that
// do not fit the newest. Its notices block nothing.
func Trend(p Policy, runs []result.Summary) []Reason {
	if len(runs) == 0 {
		return nil
	}
	newest := slices.MaxFunc(runs, func(a, b result.Summary) int { return a.Started.Compare(b.Started) })
	recent := slices.DeleteFunc(fitting(&newest, runs), func(r result.Summary) bool { return newest.Started.Sub(r.Started) > creepSpan })
	if len(recent) < 2*recentRuns {
		return nil
	}
	var notices []Reason
	s, units := sides{p: p, before: sideOf(recent), now: sideOf(recent[len(recent)-1:])}, unitsOfRuns(recent)
	for _, r := range s.collect() {
		if r.judgeable() {
			values, _ := s.sampled(r.line, units, nil)
			notices = append(notices, trendOf(r.line, values, recent)...)
		}
	}
	return notices
}

// trendOf notes the last step of one line that was not taken back, or its creep. values are the line's in the runs.
func trendOf(l line, values []float64, runs []result.Summary) []Reason {
	half := suspectShare * l.limit
	lowest := math.Inf(1) // of the levels after a step
	for _, p := range slices.Backward(stats.ChangePoints(values, stepLevel)) {
		lowest = min(lowest, p.After)
		if lowest-p.Before > half {
			r := &runs[p.Index]
			return []Reason{{Kind: Step, Route: l.route, Metric: l.metric, Change: relative(p.After-p.Before, l.up), Commit: r.Commit, Since: r.Started}}
		}
	}
	known := there(values)
	if len(known) < 2*recentRuns {
		return nil
	}
	old, now := stats.Median(known[:recentRuns]), stats.Median(known[len(known)-recentRuns:])
	if now-old <= half {
		return nil
	}
	return []Reason{{Kind: Creep, Route: l.route, Metric: l.metric, Change: relative(now-old, l.up), Since: runs[0].Started}}
}
