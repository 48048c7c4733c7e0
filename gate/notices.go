package gate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

func noisy(dropped, pairs int) string {
	return fmt.Sprintf("the machine is too noisy: %d of %d pairs of rounds were disturbed (its time went elsewhere, or the load was sent late); try again, or on a quieter runner", dropped, pairs)
}

func tooFewPairs(n int) string {
	return fmt.Sprintf("%d pairs of rounds were measured, and a verdict falls after one of %s", n, strings.Trim(fmt.Sprint(looks), "[]"))
}

// lowSight notes the lines in which only large changes can be seen: their smallest visible
// change is past one and a half limits and ten points.
func (j *judge) lowSight() {
	var names []string
	for _, row := range j.rows {
		c := j.verdict.Comparisons[row]
		if c.Status == Within && c.SmallestVisible > guardFactor*math.Abs(c.Limit)+0.10 {
			names = append(names, fmt.Sprintf("%s %s (%.0f %%)", RouteName(c.Route), c.Metric, 100*c.SmallestVisible))
		}
	}
	if len(names) == 0 {
		return
	}
	what := "more requests in a round (a longer run_time)"
	if j.verdict.Mode == Stored {
		what = "`plimsoll gate --against` the base"
	}
	if len(names) > 5 {
		names = append(names[:5], fmt.Sprintf("%d more", len(names)-5))
	}
	j.notice(LowSight, "only large changes can be seen in %s: %s would see more", strings.Join(names, ", "), what)
}

// History of a branch is looked at beyond single changes: over so many days, with steps at
// this level.
const (
	creepSpan = 30 * 24 * time.Hour
	stepLevel = 0.01
)

// Trend tells what has become of a branch over time, from its runs in any order: small changes
// that have added up past half a limit since the oldest of the last 30 days, and where the
// branch itself changed its level by as much, with the commit. Runs that do not fit the newest
// are left out. Nothing of it blocks.
func Trend(p Policy, runs []result.Summary) []Reason {
	if len(runs) == 0 {
		return nil
	}
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b result.Summary) int { return a.Started.Compare(b.Started) })
	newest := runs[len(runs)-1]
	runs = slices.DeleteFunc(runs, func(r result.Summary) bool {
		return misfit(&newest, &r) != nil || newest.Started.Sub(r.Started) > creepSpan
	})
	if len(runs) < 2*recentRuns {
		return nil
	}
	j := &judge{policy: p, now: sideOf(runs[len(runs)-1:]), before: sideOf(runs)}
	j.collect()
	rows := j.table(runs)
	for k, l := range j.lines {
		j.trendOf(l, series(rows, k), runs)
	}
	return j.verdict.Notices
}

// series is all values of one line in the order of time, NaN where one is missing.
func series(rows [][]float64, k int) []float64 {
	values := make([]float64, len(rows))
	for i, row := range rows {
		values[i] = row[k]
	}
	return values
}

// trendOf notes the creep and the last step of one line.
func (j *judge) trendOf(l line, values []float64, runs []result.Summary) {
	half := suspectShare * l.limit
	points := stats.ChangePoints(values, stepLevel)
	for _, p := range slices.Backward(points) {
		if p.After-p.Before > half {
			r := runs[p.Index]
			j.notice(Step, "%s: %s changed by %+.0f %% on the branch itself, at %.7s of %s", RouteName(l.route), l.metric,
				100*relative(p.After-p.Before, l.up), orUnknown(r.Commit), r.Started.UTC().Format(time.DateOnly))
			return
		}
	}
	there := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(there) < 2*recentRuns {
		return
	}
	old, now := stats.Median(there[:recentRuns]), stats.Median(there[len(there)-recentRuns:])
	if now-old > half {
		j.notice(Creep, "%s: %s has crept by %+.0f %% since %s, in steps too small to fail", RouteName(l.route), l.metric,
			100*relative(now-old, l.up), runs[0].Started.UTC().Format(time.DateOnly))
	}
}

func orUnknown(commit string) string {
	if commit == "" {
		return "unknown"
	}
	return commit
}
