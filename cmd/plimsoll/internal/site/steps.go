package site

import (
	"iter"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// The significance level for a step, and the smallest step to report. Among thousands of runs the test finds even tiny
// steps, and they are not worth a person's time.
const (
	stepLevel = 0.01
	leastStep = 0.05
)

// Step is a lasting change of a line's level.
type Step struct {
	Run           int // the first run on the new level, an index into the group's records
	Before, After float64
	Worse         bool
}

// lineKey names a line of a group.
type lineKey struct{ route, metric string }

// lines are all lines of the group: each metric of each route, by the index of the route. Those of the system belong to
// all routes together, which come first.
func (g *Group) lines() iter.Seq2[int, Metric] {
	return func(yield func(int, Metric) bool) {
		for n := range g.Routes {
			for _, m := range metrics() {
				if m.System && n > 0 {
					continue
				}
				if !yield(n, m) {
					return
				}
			}
		}
	}
}

// stepsOf returns the steps of one line. The first call searches all lines of the group, and later calls reuse that.
func (g *Group) stepsOf(r Route, m Metric) []Step {
	g.once.Do(func() {
		g.found = map[lineKey][]Step{}
		for n, metric := range g.lines() {
			name := g.Routes[n].Name
			if steps := g.steps(g.line(name, metric)); len(steps) > 0 {
				g.found[lineKey{name, metric.Key}] = steps
			}
		}
	})
	if m.System {
		r = g.Routes[0]
	}
	return g.found[lineKey{r.Name, m.Key}]
}

// allSteps are the steps of every line, the newest first.
func (g *Group) allSteps() []stepRow {
	var all []stepRow
	for n, m := range g.lines() {
		for _, s := range g.stepsOf(g.Routes[n], m) {
			all = append(all, g.stepRow(g.Routes[n], m, s))
		}
	}
	slices.SortStableFunc(all, func(a, b stepRow) int { return b.started.Compare(a.started) })
	return all
}

// steps finds the steps of a line, separately in each environment, since runs of different environments cannot be
// compared. It ignores excluded runs. The steps are ordered by time.
func (g *Group) steps(l Line) []Step {
	if l.Unit == "share" { // most are zero, so a rank test adds nothing to the chart
		return nil
	}
	var all []Step
	for environment := range g.Environments {
		var at []int
		var values []float64
		for i, v := range l.Values {
			if g.environment[i] == environment && g.Records[i].Excluded == nil && v > 0 && !math.IsInf(v, 0) {
				at, values = append(at, i), append(values, math.Log(v))
			}
		}
		for _, s := range levels(values) {
			before, after := math.Exp(s.Before), math.Exp(s.After)
			all = append(all, Step{at[s.Index], before, after, (after > before) != l.Higher})
		}
	}
	slices.SortStableFunc(all, func(a, b Step) int { return a.Run - b.Run })
	return all
}

// levels returns the change points of logarithms that are at least leastStep. It removes smaller ones, the smallest
// first, and joins the levels beside each.
func levels(values []float64) []stats.ChangePoint {
	starts, medians := []int{0}, []float64{0}
	for _, p := range stats.ChangePoints(values, stepLevel) {
		medians[len(medians)-1] = p.Before
		starts, medians = append(starts, p.Index), append(medians, p.After)
	}
	size := func(k int) float64 { return math.Abs(medians[k] - medians[k-1]) } // of the step to level k
	for len(starts) > 1 {
		smallest := 1
		for k := 2; k < len(starts); k++ {
			if size(k) < size(smallest) {
				smallest = k
			}
		}
		if size(smallest) >= math.Log1p(leastStep) {
			break
		}
		starts, medians = slices.Delete(starts, smallest, smallest+1), slices.Delete(medians, smallest, smallest+1)
		end := len(values)
		if smallest < len(starts) {
			end = starts[smallest]
		}
		medians[smallest-1] = stats.Median(values[starts[smallest-1]:end])
	}
	var points []stats.ChangePoint
	for k := 1; k < len(starts); k++ {
		points = append(points, stats.ChangePoint{Index: starts[k], Before: medians[k-1], After: medians[k]})
	}
	return points
}
