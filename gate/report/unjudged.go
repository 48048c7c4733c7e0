package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// maxUnjudged is the most routes with unjudged figures that are listed.
const maxUnjudged = 20

// hasFigures reports whether a comparison has something to show in a table. The figures of too few requests to tell say
// nothing.
func hasFigures(c *gate.Comparison) bool {
	return c.Status != gate.NotJudged || !leftOpen(c) && (c.Baseline != 0 || c.Head != 0)
}

// leftOpen reports whether a figure of a route has so few requests that it was left open.
func leftOpen(c *gate.Comparison) bool {
	return !c.Metric.IsCost() && c.Why != nil && c.Why.Kind == gate.Undecided
}

// flawless reports whether a comparison says only that no request of a route failed, before and now.
func flawless(c *gate.Comparison) bool {
	return c.Metric == gate.FailureRate && c.Status == gate.Within && c.Baseline == 0 && c.Head == 0
}

// noFailures says in a line how many routes had no failed request; empty if none had.
func noFailures(v gate.Verdict) string {
	n := 0
	for i := range v.Comparisons {
		if c := &v.Comparisons[i]; flawless(c) && c.Route != tally.All {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return "no failed request on " + count(n, "route")
}

// withFigures filters order, the indices of comparisons, for those that a table shows.
func withFigures(v gate.Verdict, order []int) []int {
	var shown []int
	for _, i := range order {
		if c := &v.Comparisons[i]; hasFigures(c) && !flawless(c) {
			shown = append(shown, i)
		}
	}
	return shown
}

// unjudged has a line of plain text for each route with unjudged figures: which they are, why, and what
// would help. It leaves out routes that the reasons explain.
func (r Report) unjudged(order []int) []string { return lacking(r.unspoken(order)) }

// unjudgedInBrief is unjudged with one line for all figures that only lack requests.
func (r Report) unjudgedInBrief(order []int) []string {
	all := r.unspoken(order)
	few := slices.DeleteFunc(slices.Clone(all), func(c *gate.Comparison) bool { return !lacksRequests(c) })
	if !slices.ContainsFunc(few, func(c *gate.Comparison) bool { return c.Route != few[0].Route }) { // of one route
		return lacking(all)
	}
	return append([]string{inBrief(few)}, lacking(slices.DeleteFunc(all, lacksRequests))...)
}

// unspoken are the comparisons without figures whose routes the reasons do not explain.
func (r Report) unspoken(order []int) (all []*gate.Comparison) {
	said := spokenOf(r.Verdict)
	for _, i := range order {
		if c := &r.Verdict.Comparisons[i]; !hasFigures(c) && !said[c.Route] {
			all = append(all, c)
		}
	}
	return all
}

// lacking has a line for each route of some unjudged comparisons.
func lacking(all []*gate.Comparison) (lines []string) {
	own := map[string][]*gate.Comparison{}
	var routes []string
	for _, c := range all {
		if own[c.Route] == nil {
			routes = append(routes, c.Route)
		}
		own[c.Route] = append(own[c.Route], c)
	}
	for _, route := range routes[:min(len(routes), maxUnjudged)] {
		lines = append(lines, name(route)+": "+missing(own[route]))
	}
	if more := len(routes) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and figures of %s", count(more, "more route")))
	}
	return lines
}

// lacksRequests reports whether a comparison only lacks requests, which a longer run_time brings.
func lacksRequests(c *gate.Comparison) bool {
	return c.Why != nil && (c.Why.Kind == gate.FewRequests || leftOpen(c)) && !c.Why.OnStart && !c.Why.OnBase && c.Why.RunTime > 0
}

// mostInBrief is how many routes a metric names in brief.
const mostInBrief = 2

// inBrief says in one line which figures lack requests, and which run_time would bring them.
func inBrief(few []*gate.Comparison) string {
	var parts []string
	var longest time.Duration
	for _, m := range gate.Metrics() {
		var routes []string
		for _, c := range few {
			if c.Metric == m {
				routes, longest = append(routes, name(c.Route)), max(longest, c.Why.RunTime)
			}
		}
		switch {
		case len(routes) > mostInBrief:
			parts = append(parts, fmt.Sprintf("%s of %s", metric(m, plain), count(len(routes), "route")))
		case len(routes) > 0:
			parts = append(parts, fmt.Sprintf("%s of %s", metric(m, plain), join(routes)))
		}
	}
	return fmt.Sprintf("too few requests: %s; a run_time of %s would be enough for all", strings.Join(parts, ", "), strict.InWords(longest))
}

// spokenOf are the routes whose lack of figures the reasons explain. A route that fails has no latencies to
// compare, and neither have all routes together with it.
func spokenOf(v gate.Verdict) map[string]bool {
	said := map[string]bool{}
	for _, r := range v.Reasons {
		switch r.Kind {
		case gate.RouteNotJudged, gate.RouteMissing, gate.NotRequested, gate.NotReached, gate.Failing:
			said[r.Route] = true
		}
	}
	for i := range v.Comparisons {
		if c := &v.Comparisons[i]; c.Metric == gate.FailureRate && c.Status == gate.Follows {
			said[c.Route] = true
		}
	}
	return said
}

// missing says why some metrics of one route could not be judged. The metrics that lack requests share a
// sentence. If several need a longer run_time, it names the longest.
func missing(own []*gate.Comparison) string {
	enough := longestRunTime(own)
	var parts, few []string
	var lacking []*gate.Why
	for len(own) > 0 {
		var names []string
		var group, rest []*gate.Comparison
		first := own[0].Why
		for _, c := range own {
			if !alike(first, c.Why) {
				rest = append(rest, c)
				continue
			}
			group, names = append(group, c), append(names, metric(c.Metric, plain))
		}
		own = rest
		if first != nil && first.Kind == gate.FewRequests {
			few, lacking = append(few, join(names)+" "+are(len(names), "needs", "need")), append(lacking, first)
			continue
		}
		if first != nil && first.Kind == gate.Undecided && longestRunTime(group) > 0 {
			few := *first
			few.RunTime, first = enough, &few
		}
		parts = append(parts, strings.TrimSuffix(join(names)+": "+because(first, plain), ": "))
	}
	if len(few) > 0 {
		parts = append(parts, tooFew(few, lacking, enough))
	}
	return strings.Join(parts, "; ")
}

// longestRunTime is the longest run_time that any of the comparisons needs; 0 if none is known.
func longestRunTime(all []*gate.Comparison) (longest time.Duration) {
	for _, c := range all {
		if c.Why != nil {
			longest = max(longest, c.Why.RunTime)
		}
	}
	return longest
}

// alike reports whether two explanations are the same, apart from their figures.
func alike(a, b *gate.Why) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Kind == b.Kind && a.OnBase == b.OnBase && a.OnIdle == b.OnIdle && a.Needs == b.Needs
}

// tooFew says how many requests a route has in a round, how many each metric needs ("p95 needs" 200), and
// which run_time would be enough, if that is known.
func tooFew(metrics []string, lacking []*gate.Why, enough time.Duration) string {
	var needs []string
	known := true
	for i, w := range lacking {
		needs = append(needs, fmt.Sprintf("%s %.0f", metrics[i], w.Needs))
		known = known && w.RunTime > 0
	}
	where := ""
	switch {
	case lacking[0].OnBase:
		where = " of the baseline"
	case lacking[0].OnIdle:
		where = " of the idle load"
	}
	has := count(int(min(lacking[0].Has, math.MaxInt32)), "request")
	if lacking[0].Has == 0 {
		has = "no request"
	}
	text := fmt.Sprintf("%s in a round%s, and %s", has, where, join(needs))
	switch {
	case lacking[0].OnStart:
		return text + "; " + onlyOnStart
	case !known:
		return text
	case len(metrics) > 1:
		return text + fmt.Sprintf(": a run_time of %s would be enough for all", strict.InWords(enough))
	}
	return text + fmt.Sprintf(": a run_time of %s would be enough", strict.InWords(enough))
}

// onlyOnStart advises about a route that no task sends.
const onlyOnStart = "only on_start sends it: to judge it, send it in a task, or let its users renew more often"

// join lists words: a, b and c.
func join(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
