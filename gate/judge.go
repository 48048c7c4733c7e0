package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// What a round needs before a figure of it means anything. Beyond a quantile there must be
// ten requests (Hahn and Meeker, Statistical Intervals, ch. 5: with fewer the interval of a
// quantile is open or wider than any limit). A count of n requests has a standard deviation
// of at least √n: 10 % for a hundred.
const (
	minBeyondQuantile = 10
	minPerRound       = 100
)

// judge is one judgement in the making.
type judge struct {
	policy  Policy
	heads   []*result.Result // being judged
	fresh   []result.Summary // of heads, judged by a history
	past    []result.Summary // the history, only what fits
	now     side             // of heads
	before  side             // of what they are compared with
	verdict Verdict
	doubts  []Reason

	lines []line // those that can be judged
	rows  []int  // of each line, its place in the verdict's Comparisons

	shift *Reason      // everything moved together; nil when it did not
	along map[int]bool // the comparisons, by their place, that only moved along
}

// unfit says why a run cannot be judged at all; nil when it can.
func unfit(r *result.Result) *Reason {
	switch {
	case len(r.Problems) > 0:
		return &Reason{RunNotWhole, "the run is not whole: " + r.Problems[0].Text}
	case !r.Whole():
		return &Reason{RunNotWhole, fmt.Sprintf("the run is not whole: %d of %d rounds were measured", len(r.Rounds), r.PlannedRounds)}
	case r.Tally.Total().Requests() == 0:
		return &Reason{NoSamples, "no request was sent during the judged rounds: make run_time longer or waits shorter"}
	}
	return nil
}

// collect makes a comparison of each metric of each route, and a line of those that can be
// judged.
func (j *judge) collect() {
	for _, route := range routesOf(j.policy, j.now, j.before) {
		j.collectRoute(route)
	}
}

func (j *judge) collectRoute(route string) {
	failures, requests := j.now.routes[route].failures, j.now.routes[route].requests
	baseRequests := j.before.routes[route].requests
	judged, why, tooFew := 0, "", false
	var lost []string
	for _, metric := range j.policy.Metrics {
		c := Comparison{Route: route, Metric: metric, Requests: requests, Limit: j.limit(route, metric), Status: NotJudged}
		c.Reason, tooFew = j.cannotJudge(route, metric)
		if tooFew && j.lost(route, metric) {
			lost = append(lost, string(metric))
		}
		if c.Reason == "" {
			judged++
			j.lines = append(j.lines, newLine(route, metric, metric == Throughput, j.policy.forRoute(route).Degradation))
			j.rows = append(j.rows, len(j.verdict.Comparisons))
		} else {
			why = c.Reason
		}
		j.verdict.Comparisons = append(j.verdict.Comparisons, c)
	}
	if len(lost) > 0 {
		j.doubt(LostSight, "%s: %s could be judged before this change and cannot now: %.0f requests in a round, and %.0f before, which is a change by itself; a longer run_time would tell",
			RouteName(route), strings.Join(lost, " and "), j.now.meanRequests(route), j.before.meanRequests(route))
	}
	if route == tally.All {
		return
	}
	j.verdict.Total++
	switch {
	case judged > 0:
		j.verdict.Compared++
	case requests == 0:
		j.doubt(RouteMissing, "%s was not requested in this run, and was in its baseline: was it renamed? Give it a name of its own in the profile, or ignore it in gate.routes", route)
	case baseRequests == 0:
		j.doubt(RouteMissing, "%s was requested in this run and not in its baseline: was it renamed? Give it a name of its own in the profile, or ignore it in gate.routes", route)
	case len(lost) > 0: // said already
	case tooFew:
		j.doubt(RouteCannotBeSeen, "%s could not be judged (%s): %s", route, why, j.wouldDo(route))
	case failures <= int64(j.policy.forRoute(route).FailureRate*float64(requests)): // head's own are told of as failures
		j.doubt(RouteCannotBeSeen, "%s could not be judged: %s", route, why)
	}
}

func (j *judge) doubt(kind ReasonKind, format string, args ...any) {
	j.doubts = append(j.doubts, Reason{kind, fmt.Sprintf(format, args...)})
}

func (j *judge) notice(kind ReasonKind, format string, args ...any) {
	j.verdict.Notices = append(j.verdict.Notices, Reason{kind, fmt.Sprintf(format, args...)})
}

// limit is how far a metric may change: 20 % fewer requests is 20 % lower throughput.
func (j *judge) limit(route string, metric Metric) float64 {
	limit := j.policy.forRoute(route).Degradation
	if metric == Throughput {
		return -limit
	}
	return limit
}

// cannotJudge says why a metric cannot be judged, empty when it can, and whether that is for
// too few requests.
func (j *judge) cannotJudge(route string, metric Metric) (why string, tooFew bool) {
	limit := j.policy.forRoute(route).FailureRate
	for _, side := range []struct {
		name string
		side side
		need float64
	}{{"", j.now, headNeeds(metric)}, {" on the side that it is compared with", j.before, needs(metric)}} {
		failures, requests := side.side.routes[route].failures, side.side.routes[route].requests
		switch each := side.side.meanRequests(route); {
		case side.name != "" && requests == 0:
			return "the baseline does not have this route", false
		case each < side.need && j.now.meanRequests(route) < side.need: // on both sides
			return fmt.Sprintf("too few requests: %.0f in a round, %.0f are needed", math.Floor(each), side.need), true
		case each < side.need:
			return fmt.Sprintf("too few requests%s: %.0f in a round, %.0f are needed", side.name, math.Floor(each), side.need), true
		case metric.IsLatency() && float64(failures) > limit*float64(requests):
			return fmt.Sprintf("too many failures%s: a failed request can look fast", side.name), false
		}
	}
	return "", false
}

// lost reports whether a metric cannot be judged because the change itself has made the requests
// of its route fewer, by more than throughput may change: silence would hide the worst of changes.
func (j *judge) lost(route string, metric Metric) bool {
	before, now := j.before.meanRequests(route), j.now.meanRequests(route)
	return now > 0 && now < headNeeds(metric) && before >= needs(metric) && now < (1-min(j.policy.forRoute(route).Degradation, 0.5))*before
}

// needs is how many requests a round must have for a metric of it to be judged.
func needs(m Metric) float64 {
	if q, ok := m.quantile(); ok {
		return math.Ceil(minBeyondQuantile/(1-q) - 1e-9) // 0.95 is not exact
	}
	return minPerRound
}

// headNeeds is the same for the runs being judged. That there are few requests is just what a loss
// of throughput is, so that few are enough to tell of one.
func headNeeds(m Metric) float64 {
	if m == Throughput {
		return minBeyondQuantile
	}
	return needs(m)
}

// wouldDo says how long a run would have to be for the easiest metric of a route.
func (j *judge) wouldDo(route string) string {
	requests := j.now.routes[route].requests
	if base := j.before.routes[route].requests; base*int64(j.now.rounds) < requests*int64(j.before.rounds) {
		requests = max(base*int64(j.now.rounds)/int64(j.before.rounds), 1)
	}
	need := math.Inf(1)
	for _, m := range j.policy.Metrics {
		need = min(need, needs(m))
	}
	factor := need * float64(j.now.rounds) / float64(requests)
	length := j.heads[0].Length()
	if j.verdict.Mode == Paired { // which may have ended before its budget
		length = length / time.Duration(len(j.heads[0].Rounds)) * MaxPairs
	}
	long := time.Duration(factor * float64(length)).Round(time.Second)
	return fmt.Sprintf("a run_time of %v would do, or gate.routes can ignore it", max(long, time.Second))
}

// fill puts what a rule found into the comparisons.
func (j *judge) fill(findings []finding) {
	for i, f := range findings {
		c := &j.verdict.Comparisons[j.rows[i]]
		up := j.lines[i].up
		c.Status, c.N, c.Alpha = f.status, f.n, f.level
		c.Change = relative(f.change, up)
		low, high := relative(f.interval.Low, up), relative(f.interval.High, up)
		if !math.IsInf(f.interval.Low, 0) && !math.IsInf(f.interval.High, 0) {
			c.Interval = &Range{min(low, high), max(low, high)}
		}
		if !math.IsNaN(f.p) {
			c.P = &f.p
		}
		if !math.IsInf(f.visible, 0) && !math.IsNaN(f.visible) {
			c.SmallestVisible = math.Abs(relative(f.visible, up))
		}
		if slices.Contains([]Status{Worse, Unclear, Suspect}, c.Status) && j.unfelt(*c) {
			c.Status, c.Reason = Within, fmt.Sprintf("by less than %v", j.policy.MinEffect)
		}
		if !finite(c.Change) || !(c.Baseline > 0) || !(c.Head > 0) {
			*c = Comparison{Route: c.Route, Metric: c.Metric, Status: NotJudged, Limit: c.Limit, Requests: c.Requests, Reason: "too few rounds have a value that can be compared"}
		}
	}
	j.recount()
}

// unfelt reports whether a latency has changed by less than anybody feels, whatever its share:
// the estimate is below the least effect, or, of what may or may not have changed, the upper
// bound is.
func (j *judge) unfelt(c Comparison) bool {
	most := c.Change
	switch {
	case c.Status == Unclear && c.Interval == nil:
		return false
	case c.Status == Unclear:
		most = c.Interval.High
	}
	return c.Metric.IsLatency() && c.Baseline*most < float64(j.policy.MinEffect)
}

// recount takes back the routes of which no metric could be judged after all.
func (j *judge) recount() {
	judged := map[string]bool{}
	for _, row := range j.rows {
		c := j.verdict.Comparisons[row]
		judged[c.Route] = judged[c.Route] || c.Status != NotJudged
	}
	for _, row := range j.rows {
		c := j.verdict.Comparisons[row]
		if known, ok := judged[c.Route]; ok && !known && c.Route != tally.All {
			delete(judged, c.Route) // once
			j.verdict.Compared--
			j.doubt(RouteCannotBeSeen, "%s could not be judged: %s", RouteName(c.Route), c.Reason)
		}
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// close weighs what was found: what is worse, then what is in doubt.
func (j *judge) close() Verdict {
	j.attribute()
	v := j.verdict
	order := j.bySeverity()
	for _, i := range order {
		if c := v.Comparisons[i]; c.Status == Worse {
			v.Reasons = j.add(v.Reasons, i, worse(c))
		}
	}
	for _, t := range v.Thresholds {
		if t.Status == Worse {
			v.Reasons = append(v.Reasons, t.reason())
		}
	}
	failed := len(v.Reasons) > 0
	for _, i := range order {
		if reason, ok := inDoubt(v.Mode, v.Comparisons[i]); ok {
			j.doubts = j.add(j.doubts, i, reason)
		}
	}
	v.Reasons = append(v.Reasons, j.doubts...)
	sorted := make([]Comparison, len(order))
	for k, i := range order {
		sorted[k] = v.Comparisons[i]
	}
	v.Comparisons = sorted
	switch {
	case failed:
		v.Outcome = Fail
	case len(j.doubts) > 0:
		v.Outcome = Inconclusive
	case v.Compared == 0:
		v.Outcome = Inconclusive
		v.Reasons = append(v.Reasons, Reason{NoSamples, "no route could be compared with the baseline"})
	default:
		v.Outcome = Pass
	}
	return v
}

// bySeverity are the places of the comparisons, worst first.
func (j *judge) bySeverity() []int {
	order := make([]int, len(j.verdict.Comparisons))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := j.verdict.Comparisons[a], j.verdict.Comparisons[b]
		return cmp.Or(cmp.Compare(severity(y), severity(x)), cmp.Compare(x.Route, y.Route))
	})
	return order
}

// add adds the reason of a comparison, or in its place, once, that everything moved.
func (j *judge) add(reasons []Reason, place int, r Reason) []Reason {
	if j.shift == nil || !j.along[place] {
		return append(reasons, r)
	}
	if slices.Contains(reasons, *j.shift) {
		return reasons
	}
	return append(reasons, *j.shift)
}

// inconclusive ends a judgement that lacks something. A failure rate past its limit needs no
// baseline, and still fails.
func (j *judge) inconclusive(r Reason) Verdict {
	j.doubts = append(j.doubts, r)
	j.verdict.More = 0
	return j.close()
}

// severity orders comparisons, worst first: what is past its limit by how many times that
// limit it is past, then what may be, then the rest by how near to it they come.
func severity(c Comparison) float64 {
	share := c.Change / c.Limit
	if c.Metric == FailureRate {
		share = c.Head / max(c.Limit, 1e-6) // a limit of 0 allows none
	}
	switch c.Status {
	case Worse:
		return 3e6 + min(share, 1e6)
	case Unclear, Suspect:
		return 2e6 + min(share, 1e5)
	case Follows:
		return 1e6 + min(share, 1e5)
	case Within:
		return min(share, 1) // a latency below min_effect may have changed by more
	default:
		return math.Inf(-1)
	}
}
