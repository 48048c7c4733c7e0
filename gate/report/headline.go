package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// show makes foreign text harmless for one kind of reader: plain is for a terminal, code and span are
// for markdown.
type show func(text string, most int) string

// mark is the sign in front of a headline.
func mark(o gate.Outcome) string {
	switch o {
	case gate.Pass:
		return "✅"
	case gate.Fail:
		return "❌"
	default:
		return "⚠️"
	}
}

// headline sums up the result in a few words. It follows the outcome's word.
func (r Report) headline(foreign show) string {
	v := r.Verdict
	switch {
	case v.Accepted != nil && v.Outcome == gate.Pass:
		return fmt.Sprintf("%s, accepted by %s", r.failing(), foreign(v.Accepted.By, maxName))
	case v.Outcome == gate.Pass && v.Mode == gate.Soak:
		return r.steady()
	case v.Outcome == gate.Pass && v.Compared < v.Total:
		return fmt.Sprintf("%d of %d routes within limits", v.Compared, v.Total) + underLoad(v)
	case v.Outcome == gate.Pass:
		return count(v.Compared, "route") + " within limits" + underLoad(v)
	case v.Outcome == gate.Fail:
		return r.failing()
	default:
		return doubt(v).what
	}
}

// failing counts the routes past their limits, for each kind of limit, and the broken thresholds.
func (r Report) failing() string {
	wrong := map[gate.ReasonKind]map[string]bool{gate.Slower: {}, gate.SlowUnderLoad: {}, gate.LowerThroughput: {}, gate.CostsMore: {}, gate.Failing: {}}
	for i := range r.Verdict.Comparisons {
		if c := &r.Verdict.Comparisons[i]; c.Status == gate.Worse {
			wrong[wrongKind(c)][c.Route] = true
		}
	}
	var parts []string
	for _, part := range []struct {
		kind      gate.ReasonKind
		one, more string
	}{
		{gate.Slower, "is slower", "are slower"},
		{gate.SlowUnderLoad, "is too slow under load", "are too slow under load"},
		{gate.LowerThroughput, "has lower throughput", "have lower throughput"},
		{gate.CostsMore, "a request costs more", ""},
		{gate.Failing, "is past its failure limit", "are past their failure limits"},
	} {
		routes := wrong[part.kind]
		everywhere := routes[tally.All]
		delete(routes, tally.All)
		switch n := len(routes); {
		case n > 0:
			parts = append(parts, fmt.Sprintf("%s%d%s %s", r.atLeast(), n, r.of(len(parts), n), are(n, part.one, part.more)))
		case everywhere && part.kind == gate.CostsMore:
			parts = append(parts, part.one)
		case everywhere:
			parts = append(parts, "all routes together "+part.more)
		}
	}
	broken := 0
	for _, t := range r.Verdict.Thresholds {
		if t.Status == gate.Worse {
			broken++
		}
	}
	if broken > 0 {
		parts = append(parts, fmt.Sprintf("%s %s not hold", count(broken, "threshold"), are(broken, "does", "do")))
	}
	if c := r.Verdict.Coverage; c != nil && c.Low {
		parts = append(parts, fmt.Sprintf("only %d of %s compared", c.Compared, count(c.Total, "operation")))
	}
	if text := unstableHeadline(r.Verdict); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// wrongKind is the kind of reason that a worse comparison gives.
func wrongKind(c *gate.Comparison) gate.ReasonKind {
	switch c.Metric {
	case gate.FailureRate:
		return gate.Failing
	case gate.Throughput:
		return gate.LowerThroughput
	case gate.CPU, gate.Cycles, gate.Instructions:
		return gate.CostsMore
	case gate.P50UnderLoad, gate.P95UnderLoad:
		return gate.SlowUnderLoad
	default:
		return gate.Slower
	}
}

// atLeast is the prefix of a number of worse routes if the file was too small to hold all of them.
func (r Report) atLeast() string {
	all := r.Verdict.Comparisons
	if r.LeftOut > 0 && len(all) > 0 && all[len(all)-1].Status == gate.Worse {
		return "at least "
	}
	return ""
}

// of adds the number of all routes to the first part of a headline.
func (r Report) of(part, n int) string {
	switch {
	case part > 0:
		return ""
	case r.Verdict.Total < n: // nothing was compared; failures need no baseline
		return are(n, " route", " routes")
	default:
		return fmt.Sprintf(" of %s", count(r.Verdict.Total, "route"))
	}
}

// doubts has a few words for each kind of doubt: why the gate could not tell, and in markdown what would
// settle it.
var doubts = map[gate.ReasonKind]struct{ what, settle string }{
	gate.NotProven:        {"it looks worse, but that is not proven", "a longer `run_time`, or " + pairedGate + ", which compares with the base on the same machine"},
	gate.AddedLoad:        {"a route is slower while a faster one adds load", "a fixed rate (`load.rate`, or `wait: pace 1s`), at which a faster route adds no load"},
	gate.TooNoisy:         {"too noisy to tell", "a longer `run_time`, or a quieter runner"},
	gate.NoisyMachine:     {"the machine is too noisy", "another run of the job, or a quieter runner"},
	gate.LegsLost:         {"a leg of the fleet is missing", "another run of all legs"},
	gate.ControlStrayed:   {"the machine is too noisy", "another run of the job, or a quieter runner"},
	gate.LooksWorse:       {"it looks worse, but in too few runs to tell", fmt.Sprintf("%d runs of this change, or %s", gate.FreshRuns, pairedGate)},
	gate.CommonShift:      {"the whole run shifted", pairedGate + ", which compares with the base on the same machine"},
	gate.NoBaseline:       {"no baseline yet", ourUpdate + " on the branch that this change goes to, or " + pairedGate + ", which needs none"},
	gate.TooFewRuns:       {"too few baseline runs", "more runs of " + ourUpdate + ", or " + pairedGate + ", which needs none"},
	gate.SingleRuns:       {"one run against one proves nothing", pairedGate},
	gate.TooFewPairs:      {"too few pairs of rounds", "a longer `run_time`"},
	gate.OtherProfile:     {"the baseline has another profile", ourUpdate + " with this profile, or " + pairedGate},
	gate.OtherEnvironment: {"the baseline has another environment", ourUpdate + " in this environment, or " + pairedGate},
	gate.RunNotWhole:      {"the run is incomplete", "a fix, and another run of the job"},
	gate.NoRun:            {"there is no run to judge", "a run of the profile"},
	gate.NoSamples:        {"nothing to compare", "a longer `run_time`, or shorter waits"},
	gate.NothingCompared:  {"no route could be compared", "a longer `run_time`, or more `weight` or `users` for its routes"},
	gate.RouteMissing:     {"the two sides have different routes", "a fixed `name` in the profile for each route whose path changes, or a baseline that has the new routes"},
	gate.NotRequested:     {"a route was never requested", "more `weight` or `users` for it, or a longer `run_time`"},
	gate.NotReached:       {"a failing route keeps others from being requested", "successful requests to that route"},
	gate.AgainstShift:     {"the whole run shifted, and one route more than the others", pairedGate + ", which compares with the base on the same machine"},
	gate.BusyMachine:      {"the machine was busy", "another run of the job, or a quieter runner"},
	gate.BusyGenerator:    {"the load generator was the bottleneck", "a larger runner, or less load"},
	gate.NotAged:          {"the aged system was not compared with a fresh one", "another soak, or `gate.soak.aged: false`"},
	gate.NotRead:          {"nothing that could grow was read", "a profile whose `monitor` reads the system"},
	gate.ThresholdOpen:    {"a threshold could not be decided", "a threshold on the rate instead of the count, or another run of the job"},
	gate.LostSight:        {"the change leaves too few requests to judge it by", "a longer `run_time`"},
	gate.CostNotJudged:    {"what a request costs could not be judged", "a longer `run_time`, or a profile without `gate.cost`"},
	gate.RouteNotJudged:   {"a route could not be judged", "a longer `run_time`, or more `weight` or `users` for the route"},
}

// settlesImports is what would settle a doubt about runs of another tool, where that differs from doubts.
var settlesImports = map[gate.ReasonKind]string{
	gate.NotProven:        "more runs of this change, and a longer history",
	gate.LooksWorse:       fmt.Sprintf("%d runs of this change", gate.FreshRuns),
	gate.CommonShift:      "runs of both on one machine",
	gate.AgainstShift:     "runs of both on one machine",
	gate.NoBaseline:       ourUpdate + " on the branch that this change goes to",
	gate.TooFewRuns:       "more runs of " + ourUpdate,
	gate.SingleRuns:       "a history of runs: " + ourUpdate,
	gate.OtherProfile:     ourUpdate + " with results of this tool and kind",
	gate.OtherEnvironment: ourUpdate + " in this environment",
}

// doubt says in a few words why the gate could not tell, and in markdown what would settle it.
func doubt(v gate.Verdict) (words struct{ what, settle string }) {
	if len(v.Reasons) == 0 {
		words.what = "there is more to measure"
		return words
	}
	r := weightiest(v.Reasons)
	words = doubts[r.Kind]
	if settle := settlesImports[r.Kind]; r.Imported && settle != "" {
		words.settle = settle
	}
	switch {
	case r.Of == gate.OfFresh:
		words.what, words.settle = "the runs do not belong together", "runs of one profile on one machine"
	case r.Of == gate.OfBaseline && r.Kind == gate.RunNotWhole:
		words.what, words.settle = "every run of the baseline is incomplete", ourUpdate+orPairs(&r, ", or "+pairedGate+", which needs none")
	case r.Of == gate.OfPair && r.Kind == gate.OtherProfile:
		words.what, words.settle = "the sides have different profiles", "one profile for both sides"
	case r.Of == gate.OfPair && r.Kind == gate.OtherEnvironment:
		words.what, words.settle = "the sides have different environments", "one machine for both sides"
	case r.Kind == gate.NoBaseline && r.Branch != "":
		words.settle = fmt.Sprintf("%s on %s", ourUpdate, span(r.Branch, maxName)) + orPairs(&r, ", or "+pairedGate+", which needs none")
	case r.Kind == gate.NoSamples && r.Rule != "":
		words.what = "a threshold has no data"
	case r.Kind == gate.RouteNotJudged && r.Why != nil && r.Why.Kind == gate.FewRequests:
		words.what = "too few requests"
	case r.Kind == gate.RouteNotJudged && r.Why != nil && r.Why.Kind == gate.ManyFailures:
		words.what, words.settle = "a route failed in the baseline", "a baseline without these failures; if this change fixes them, the next change can be compared"
	case r.Kind == gate.NotProven && v.Mode != gate.Stored:
		words.settle = "a longer `run_time`"
	}
	switch most := longest(v.Reasons); {
	case r.Why != nil && r.Why.OnStart:
		words.settle = "a task that sends the route too, or a shorter `renew`"
	case r.RunTime > 0 && most > 0:
		words.settle = fmt.Sprintf("a `run_time` of %s", strict.InWords(most))
	}
	return words
}

// weightiest is the first reason that keeps everything from being judged, or else the first reason.
func weightiest(reasons []gate.Reason) gate.Reason {
	for _, r := range reasons {
		switch r.Kind {
		case gate.NoBaseline, gate.TooFewRuns, gate.SingleRuns, gate.TooFewPairs:
			return r
		}
	}
	return reasons[0]
}

// longest is the run_time that is enough for all reasons that are about a lack of requests; 0 if there are
// none, or if one of them has no known run_time.
func longest(reasons []gate.Reason) (most time.Duration) {
	for _, r := range reasons {
		few := r.Kind == gate.LostSight || r.Kind == gate.RouteNotJudged && r.Why != nil && r.Why.Kind == gate.FewRequests
		if few && r.RunTime == 0 {
			return 0
		}
		most = max(most, r.RunTime)
	}
	return most
}

// settle says in markdown what would end the doubt; empty if there is no doubt.
func settle(v gate.Verdict) string {
	if v.Outcome != gate.Inconclusive {
		return ""
	}
	return doubt(v).settle
}

// shownSentences has at most most sentences, of the reasons that no table shows.
func shownSentences(reasons []gate.Reason, most int) []string {
	return sentencesOf(slices.DeleteFunc(Once(reasons), func(r gate.Reason) bool {
		switch r.Kind {
		case gate.Slower, gate.SlowUnderLoad, gate.LowerThroughput, gate.CostsMore:
			return true
		case gate.Failing:
			return len(r.Failures) == 0
		}
		return false
	}), most)
}

// sentencesOf returns sentences for the first most reasons, and the number of the others.
func sentencesOf(reasons []gate.Reason, most int) []string {
	var lines []string
	for _, reason := range reasons[:min(len(reasons), most)] {
		lines = append(lines, Sentence(reason))
	}
	if more := len(reasons) - most; more > 0 && most > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}
