package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
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

// Judge compares a run with the runs of its baseline. The baseline may hold runs that do not
// fit; they are left out, and when none is left the verdict says what they differ in.
func Judge(p Policy, head *result.Result, baseline []*result.Result) Verdict {
	j := judge{policy: p, head: head}
	if reason := unfit(head); reason != nil {
		return j.inconclusive(*reason)
	}
	j.base = slices.DeleteFunc(slices.Clone(baseline), func(b *result.Result) bool { return misfit(head, b) != nil })
	j.verdict.Baseline = describe(p, j.base)
	j.judgeFailures()
	if reason := j.tooLittle(baseline); reason != nil {
		return j.inconclusive(*reason)
	}
	for _, route := range j.routes() {
		j.compare(route)
	}
	return j.close()
}

// judge is one judgement in the making.
type judge struct {
	policy  Policy
	head    *result.Result
	base    []*result.Result // only those that fit
	verdict Verdict
	doubts  []Reason
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

// misfit says why a run cannot stand as the baseline of another; nil when it can.
func misfit(head, b *result.Result) *Reason {
	switch {
	case !b.Whole():
		return &Reason{RunNotWhole, "the baseline runs are not whole"}
	case b.Series != head.Series || b.ProfileDigest != head.ProfileDigest:
		return &Reason{OtherProfile, fmt.Sprintf(
			"the baseline was measured with another profile (digest %.12s, this run %.12s): run `plimsoll baseline update` with this one on its branch",
			b.ProfileDigest, head.ProfileDigest)}
	case b.Environment.Class() != head.Environment.Class():
		return &Reason{OtherEnvironment, "the baseline was measured in another environment (" +
			strings.Join(head.Environment.Differences(b.Environment), "; ") + "): record one in this environment"}
	}
	return nil
}

// tooLittle says why the baseline is not enough; nil when it is.
func (j *judge) tooLittle(all []*result.Result) *Reason {
	switch runs := len(j.base); {
	case len(all) == 0:
		return &Reason{NoBaseline, fmt.Sprintf("no baseline yet: run `plimsoll baseline update` on %s", j.policy.Baseline.Branch)}
	case runs == 0:
		return misfit(j.head, all[0])
	case runs < j.policy.Baseline.MinRuns:
		return &Reason{TooFewRuns, fmt.Sprintf("the baseline has %d of the %d runs that it takes: run `plimsoll baseline update` %d more times on %s",
			runs, j.policy.Baseline.MinRuns, j.policy.Baseline.MinRuns-runs, j.policy.Baseline.Branch)}
	}
	return nil
}

func describe(p Policy, base []*result.Result) Baseline {
	b := Baseline{Branch: p.Baseline.Branch, Runs: len(base)}
	for _, r := range base {
		if r.Started.After(b.Newest) {
			b.Newest, b.Commit = r.Started, r.Commit
		}
	}
	return b
}

// routes lists what is to be compared: every route of either side, those of all together
// first.
func (j *judge) routes() []string {
	names := j.head.Routes()
	for _, b := range j.base {
		names = append(names, b.Routes()...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return j.policy.forRoute(name).Ignore })
	return append([]string{tally.All}, names...)
}

// judgeFailures holds the run to its failure rates, for which it needs no baseline.
func (j *judge) judgeFailures() {
	for _, route := range append([]string{tally.All}, j.head.Routes()...) {
		rules := j.policy.forRoute(route)
		failures, requests := countFailures(j.head, route)
		if rules.Ignore || requests == 0 {
			continue
		}
		c := Comparison{Route: route, Metric: FailureRate, Status: Within, Head: float64(failures) / float64(requests), Limit: rules.FailureRate, Requests: requests}
		var baseFailures, baseRequests int64
		for _, b := range j.base {
			f, n := countFailures(b, route)
			baseFailures, baseRequests = baseFailures+f, baseRequests+n
		}
		if baseRequests > 0 {
			c.Baseline = float64(baseFailures) / float64(baseRequests)
			c.Change = c.Head - c.Baseline
		}
		if c.Head > c.Limit {
			c.Status = Worse
		}
		j.verdict.Comparisons = append(j.verdict.Comparisons, c)
	}
}

func countFailures(r *result.Result, route string) (failures, requests int64) {
	for _, round := range r.Rounds {
		f := round.Of(route)
		failures, requests = failures+f.Failures, requests+f.Requests
	}
	return failures, requests
}

// compare judges the policy's metrics of one route.
func (j *judge) compare(route string) {
	failures, requests := countFailures(j.head, route)
	judged, why := 0, ""
	for _, metric := range j.policy.Metrics {
		c := Comparison{Route: route, Metric: metric, Requests: requests, Limit: j.limit(route, metric)}
		c.Status, c.Reason = NotJudged, j.cannotJudge(route, metric, failures, requests)
		if c.Reason == "" {
			j.measure(&c)
		}
		if c.Status == NotJudged {
			why = c.Reason
		} else {
			judged++
		}
		j.verdict.Comparisons = append(j.verdict.Comparisons, c)
	}
	if route == tally.All {
		return
	}
	j.verdict.Total++
	switch {
	case judged > 0:
		j.verdict.Compared++
	case requests == 0:
		j.doubts = append(j.doubts, Reason{RouteMissing, fmt.Sprintf("%s was not requested in this run, and was in its baseline", route)})
	default:
		j.doubts = append(j.doubts, Reason{RouteCannotBeSeen, fmt.Sprintf("%s could not be judged (%s): %s", route, why, j.wouldDo(route))})
	}
}

// limit is how far a metric may change: 20 % fewer requests is 20 % lower throughput.
func (j *judge) limit(route string, metric Metric) float64 {
	limit := j.policy.forRoute(route).Degradation
	if metric == Throughput {
		return -limit
	}
	return limit
}

// cannotJudge says why a metric cannot be judged; empty when it can.
func (j *judge) cannotJudge(route string, metric Metric, failures, requests int64) string {
	rules := j.policy.forRoute(route)
	perRound := float64(requests) / float64(len(j.head.Rounds))
	if seen := slices.ContainsFunc(j.base, func(b *result.Result) bool { _, n := countFailures(b, route); return n > 0 }); !seen {
		return "the baseline does not have this route"
	}
	if need := needs(metric); perRound < need {
		return fmt.Sprintf("too few requests: %.0f in a round, %.0f are needed", perRound, need)
	}
	if metric.IsLatency() && float64(failures) > rules.FailureRate*float64(requests) {
		return "too many failures: a failed request can look fast"
	}
	return ""
}

// needs is how many requests a round must have for a metric of it to be judged.
func needs(m Metric) float64 {
	if q, ok := m.quantile(); ok {
		return math.Ceil(minBeyondQuantile/(1-q) - 1e-9) // 0.95 is not exact
	}
	return minPerRound
}

// wouldDo says how long a run would have to be for the easiest metric of a route.
func (j *judge) wouldDo(route string) string {
	_, requests := countFailures(j.head, route)
	need := math.Inf(1)
	for _, m := range j.policy.Metrics {
		need = min(need, needs(m))
	}
	factor := need * float64(len(j.head.Rounds)) / float64(requests)
	long := time.Duration(factor * float64(j.head.Length())).Round(time.Second)
	return fmt.Sprintf("a run_time of %v would do, or gate.routes can ignore it", max(long, time.Second))
}

// measure compares the medians.
func (j *judge) measure(c *Comparison) {
	var head, base []float64
	for _, round := range j.head.Rounds {
		head = append(head, c.Metric.of(round.Of(c.Route)))
	}
	for _, b := range j.base {
		var rounds []float64
		for _, round := range b.Rounds {
			rounds = append(rounds, c.Metric.of(round.Of(c.Route)))
		}
		base = append(base, stats.Median(rounds))
	}
	c.Head, c.HeadRange = stats.Median(head), Range{slices.Min(head), slices.Max(head)}
	c.Baseline, c.BaselineRange = stats.Median(base), Range{slices.Min(base), slices.Max(base)}
	if c.Baseline <= 0 {
		c.Reason = "the baseline is 0"
		return
	}
	c.Change = c.Head/c.Baseline - 1
	c.Status = Within
	switch {
	case c.Metric == Throughput && c.Change < c.Limit:
		c.Status = Worse
	case c.Metric.IsLatency() && c.Change > c.Limit && c.Head-c.Baseline >= float64(j.policy.MinEffect):
		c.Status = Worse
	case c.Metric.IsLatency() && c.Change > c.Limit:
		c.Reason = fmt.Sprintf("by less than %v", j.policy.MinEffect)
	}
}

// inconclusive ends a judgement that lacks something. A failure rate past its limit needs no
// baseline, and still fails.
func (j *judge) inconclusive(r Reason) Verdict {
	j.doubts = append(j.doubts, r)
	return j.close()
}

// close weighs what was found: what is worse, then what is in doubt.
func (j *judge) close() Verdict {
	v := j.verdict
	slices.SortStableFunc(v.Comparisons, func(a, b Comparison) int {
		return cmp.Or(cmp.Compare(severity(b), severity(a)), cmp.Compare(a.Route, b.Route))
	})
	for _, c := range v.Comparisons {
		if c.Status == Worse {
			v.Reasons = append(v.Reasons, worse(c))
		}
	}
	failed := len(v.Reasons) > 0
	v.Reasons = append(v.Reasons, j.doubts...)
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

// severity orders comparisons, worst first: what is past its limit by how many times that
// limit it is past, then the rest by how near to it they come.
func severity(c Comparison) float64 {
	share := c.Change / c.Limit
	if c.Metric == FailureRate {
		share = c.Head / max(c.Limit, 1e-6) // a limit of 0 allows none
	}
	switch c.Status {
	case Worse:
		return 1 + share
	case Within:
		return min(share, 1) // a latency below min_effect may have changed by more
	default:
		return math.Inf(-1)
	}
}

// worse says in a sentence what is past its limit.
func worse(c Comparison) Reason {
	route := RouteName(c.Route)
	switch {
	case c.Metric == FailureRate:
		return Reason{Failing, fmt.Sprintf("%s: %.2f %% of %d requests failed, the limit is %g %%", route, 100*c.Head, c.Requests, 100*c.Limit)}
	case c.Metric == Throughput:
		return Reason{LowerThroughput, fmt.Sprintf("%s: throughput is %.1f %% lower, the limit is %g %%", route, -100*c.Change, -100*c.Limit)}
	default:
		return Reason{Slower, fmt.Sprintf("%s: %s is %.1f %% slower, the limit is %g %%", route, c.Metric, 100*c.Change, 100*c.Limit)}
	}
}
