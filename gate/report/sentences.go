package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Sentence says a reason or a notice in one line of plain text. The line is safe for a terminal, and
// in a fenced block of markdown. Every reader gets the same sentence.
func Sentence(r gate.Reason) string {
	say := sentences[r.Kind]
	switch {
	case say == nil:
		return string(r.Kind)
	case r.Of == gate.OfLoads:
		return "under load: " + say(&r)
	default:
		return say(&r)
	}
}

// Line is a verdict in one line of plain text: its outcome, who accepted it, and its first reason.
func Line(v gate.Verdict) string {
	text := v.Outcome.String()
	if v.Accepted != nil && v.Outcome == gate.Pass {
		text += ", accepted by " + plain(v.Accepted.By, maxName)
	}
	if len(v.Reasons) == 0 {
		return text
	}
	return text + ": " + Sentence(v.Reasons[0])
}

// Once leaves out each reason that another one includes: if a failing route keeps others from being
// requested, one sentence says both.
func Once(reasons []gate.Reason) []gate.Reason {
	told := map[string]bool{}
	for _, r := range reasons {
		if r.Kind == gate.NotReached && r.Of != gate.OfBase {
			told[r.Route] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(reasons), func(r gate.Reason) bool { return r.Kind == gate.Failing && told[r.Route] })
}

// sentences has the sentence of each kind of reason.
var sentences = map[gate.ReasonKind]func(*gate.Reason) string{
	gate.Slower:          pastLimit,
	gate.SlowUnderLoad:   pastLimit,
	gate.LowerThroughput: pastLimit,
	gate.CostsMore:       pastLimit,
	gate.Failing:         failing,
	gate.PastThreshold: func(r *gate.Reason) string {
		return fmt.Sprintf("%s: %s does not hold: it is %.4g", name(r.Route), plain(r.Rule, maxName), r.Now)
	},
	gate.LowCoverage: func(r *gate.Reason) string {
		return fmt.Sprintf("%s compared, which is %s, and gate.coverage asks for %s", operations(r.Has, r.Needs), wholePercent(float64(r.Has)/float64(max(r.Needs, 1))), wholePercent(r.Limit))
	},
	gate.NoBaseline: func(r *gate.Reason) string {
		return fmt.Sprintf("no baseline yet: run %s on %s", ourUpdate, plain(r.Branch, maxName))
	},
	gate.TooFewRuns: func(r *gate.Reason) string {
		return fmt.Sprintf("the baseline has %d of the %d runs that it needs: run %s %s on %s", r.Has, r.Needs, ourUpdate, again(r.Needs-r.Has), plain(cmp.Or(r.Branch, "main"), maxName))
	},
	gate.SingleRuns: func(r *gate.Reason) string {
		return "one run against one proves nothing: `plimsoll gate` compares with a history" + orPairs(r, ", "+pairedGate+" with the base in pairs of rounds")
	},
	gate.TooFewPairs: func(r *gate.Reason) string {
		return fmt.Sprintf("only %d pairs of rounds were measured, the next verdict needs %d", r.Has, r.Needs)
	},
	gate.OtherProfile:     otherProfile,
	gate.OtherEnvironment: otherEnvironment,
	gate.RunNotWhole:      notWhole,
	gate.NoRun:            fixed("there is no run to judge"),
	gate.NoSamples:        noSamples,
	gate.NothingCompared: func(r *gate.Reason) string {
		if r.Of == gate.OfLoads {
			return "no route could be compared with the idle load"
		}
		return "no route could be compared with the baseline"
	},
	gate.RouteMissing:   routeMissing,
	gate.RouteNotJudged: routeNotJudged,
	gate.CostNotJudged: func(r *gate.Reason) string {
		return fmt.Sprintf("gate.cost sets a limit, but %s of a request could not be judged: %s", metric(r.Metric, plain), because(r.Why, plain))
	},
	gate.NotRequested: func(r *gate.Reason) string {
		return fmt.Sprintf("%s was never requested, so it could not be compared: give it more weight or users, or make run_time longer", name(r.Route))
	},
	gate.NotReached: notReached,
	gate.LostSight:  lostSight,
	gate.LooksWorse: func(r *gate.Reason) string {
		return fmt.Sprintf("%s is %s in %s, which proves nothing: %d runs can tell", line(r), moved(r), runs(r.Has), r.Needs) + orPairs(r, ", and so can "+pairedGate)
	},
	gate.NotProven: notProven,
	gate.AddedLoad: func(r *gate.Reason) string {
		return fmt.Sprintf("%s is %s%s while %s: to find out whether that explains it, load at a fixed rate (`load.rate`, or `wait: pace 1s`)", line(r), moved(r), sure(r), because(r.Why, plain))
	},
	gate.TooNoisy: func(r *gate.Reason) string {
		return fmt.Sprintf("%s is too noisy to rule out a change of %s%s after %d pairs of rounds: %s", line(r), limit(r), sure(r), r.Has, seen(r))
	},
	gate.LegsLost: legsLost,
	gate.NoisyMachine: func(r *gate.Reason) string {
		if len(r.Names) > 0 {
			return fmt.Sprintf("%s is too noisy: %d of %s disturbed (other work took CPU time, or the load was sent late); run all legs again, or use quieter runners", plain(r.Names[0], maxName), r.Has, pairs(r))
		}
		return fmt.Sprintf("the machine is too noisy: %d of %s disturbed (other work took CPU time, or the load was sent late); try again, or use a quieter runner", r.Has, pairs(r))
	},
	gate.ControlStrayed: func(r *gate.Reason) string {
		return fmt.Sprintf("the machine's speed changed during the run: requests to the control took %s before the load and %s after it", latency(time.Duration(r.Before)), latency(time.Duration(r.Now)))
	},
	gate.CommonShift: commonShift,
	gate.AgainstShift: func(r *gate.Reason) string {
		return fmt.Sprintf("%s is %s relative to the other routes, which moved together", line(r), moved(r)) + orPairs(r, ": "+pairedGate+" can tell")
	},
	gate.BusyMachine:   busy,
	gate.BusyGenerator: busy,
	gate.ThresholdOpen: func(r *gate.Reason) string {
		return fmt.Sprintf("%s: %s cannot be decided: the comparison ended before its run_time was over, and the whole run_time would give about %.4g", name(r.Route), plain(r.Rule, maxName), r.Now)
	},
	gate.Unstable: func(r *gate.Reason) string { return course(r.Course) },
	gate.Unsteady: func(r *gate.Reason) string { return course(r.Course) },
	gate.NotAged: func(r *gate.Reason) string {
		return "the aged system was not compared with a fresh one: " + plain(r.Text, maxSentence)
	},
	gate.NotRead: func(r *gate.Reason) string {
		return "no memory, file, thread or connection of the system was read: " + plain(r.Text, maxSentence)
	},
	gate.NotMeasured: func(r *gate.Reason) string { return plain(r.Text, maxSentence) },

	gate.Creep: func(r *gate.Reason) string {
		return fmt.Sprintf("%s has crept by %+.0f %% since %s, in steps too small to fail", line(r), 100*r.Change, r.Since.UTC().Format(time.DateOnly))
	},
	gate.Step: func(r *gate.Reason) string {
		return fmt.Sprintf("%s changed by %+.0f %% on the branch itself, at commit %.7s of %s", line(r), 100*r.Change, plain(cmp.Or(r.Commit, "unknown"), maxName), r.Since.UTC().Format(time.DateOnly))
	},
	gate.LowSight: lowSight,
	gate.OrderEffect: func(r *gate.Reason) string {
		return fmt.Sprintf("%s: being loaded second alone changed %s by %+.0f %%; a longer warm_up would reduce that", name(r.Route), plain(string(r.Metric), maxName), 100*r.Change)
	},
	gate.CostUp: func(r *gate.Reason) string {
		return fmt.Sprintf("a request costs %.1f %% more %s%s, the limit is %s", 100*r.Change, plain(string(r.Metric), maxName), sure(r), limit(r))
	},
	gate.IdleBusy: idleBusy,
	gate.Disturbed: func(r *gate.Reason) string {
		return fmt.Sprintf("%d of %s disturbed and replaced: the machine was busy with other work, or too slow to send in time", r.Has, pairs(r))
	},
	gate.ControlMoved: func(r *gate.Reason) string {
		return fmt.Sprintf("the control is %.0f %% slower than in the history, so it may be the machine", 100*r.Change)
	},
	gate.UnknownBase: func(r *gate.Reason) string {
		return fmt.Sprintf("the commits that this change is based on are unknown (%s), so it is compared with the newest runs of %s, which may be newer than its base", plain(r.Text, maxSentence), plain(r.Branch, maxName))
	},
	gate.NotAccepted: func(r *gate.Reason) string {
		if r.Text != "" {
			return plain(r.Text, maxSentence)
		}
		return fmt.Sprintf("%s set the label %s, but nothing was compared, so there is nothing to accept", plain(r.By, maxName), plain(r.Label, maxName))
	},
}

// again is a number of further times.
func again(n int) string {
	if n == 1 {
		return "once more"
	}
	return fmt.Sprintf("%d more times", n)
}

// pairs is the number of measured pairs, followed by the verb for the r.Has disturbed ones among them.
func pairs(r *gate.Reason) string {
	return count(r.Needs, "pair") + " of rounds " + are(r.Has, "was", "were")
}

func fixed(text string) func(*gate.Reason) string { return func(*gate.Reason) string { return text } }

func pastLimit(r *gate.Reason) string {
	return fmt.Sprintf("%s is %s, the limit is %s%s", line(r), moved(r), limit(r), sure(r))
}

func failing(r *gate.Reason) string {
	if r.Why != nil {
		return fmt.Sprintf("%s, and %.2f %% before: %s", failed(r), 100*r.Before, because(r.Why, plain))
	}
	return fmt.Sprintf("%s, the limit is %s", failed(r), limit(r))
}

func otherProfile(r *gate.Reason) string {
	switch {
	case r.Of == gate.OfPair:
		return "base and head were loaded with different profiles"
	case r.Of == gate.OfFresh:
		return "the runs to judge do not belong together: their profiles differ"
	}
	digests := ""
	if len(r.Names) == 2 {
		digests = fmt.Sprintf(" (digest %.12s, this run %.12s)", plain(r.Names[1], maxName), plain(r.Names[0], maxName))
	}
	return "the baseline was measured with another profile" + digests + ": run " + ourUpdate + " with this profile on its branch"
}

func otherEnvironment(r *gate.Reason) string {
	differences := ""
	if len(r.Names) > 0 {
		differences = " (" + plain(strings.Join(r.Names, "; "), maxSentence) + ")"
	}
	switch r.Of {
	case gate.OfPair:
		return "base and head were measured in different environments" + differences
	case gate.OfFresh:
		return "the runs to judge do not belong together: their environments differ" + differences
	default:
		return "the baseline was measured in another environment" + differences + ": record a baseline in this environment"
	}
}

// side is the prefix of a sentence about one side of a pairing.
func side(of gate.Part) string {
	switch of {
	case gate.OfBase, gate.OfHead:
		return string(of) + ": "
	case gate.OfIdle:
		return "idle: "
	case gate.OfFull:
		return "full load: "
	default:
		return ""
	}
}

func notWhole(r *gate.Reason) string {
	switch {
	case r.Of == gate.OfBaseline:
		return "every run of the baseline is incomplete"
	case r.Text != "":
		return side(r.Of) + "the run is incomplete: " + plain(r.Text, maxSentence)
	default:
		return fmt.Sprintf("%sthe run is incomplete: only %d of %d rounds were measured", side(r.Of), r.Has, r.Needs)
	}
}

func noSamples(r *gate.Reason) string {
	if r.Rule != "" {
		return fmt.Sprintf("%s: no request was measured, so %s cannot be checked", name(r.Route), plain(r.Rule, maxName))
	}
	return side(r.Of) + "no request was sent during the judged rounds: make run_time longer or waits shorter"
}

func routeMissing(r *gate.Reason) string {
	if r.Of == gate.OfHead {
		return name(r.Route) + " was requested in the baseline but not in this run: check whether the steps before it still succeed. If its path changes from run to run, give it a fixed name in the profile"
	}
	return name(r.Route) + " was requested in this run but not in the baseline: if it is new, there is nothing to compare it with yet. If its path changes from run to run, give it a fixed name in the profile"
}

func routeNotJudged(r *gate.Reason) string {
	if r.Before > 0 {
		failing := requestsOf(r.Before, r.Requests)
		if how := ways(r.Failures, sum(r.Failures)); how != "" {
			failing += ": " + how
		}
		where := "in the baseline"
		if r.Of == gate.OfLoads {
			where = "under the idle load"
		}
		return fmt.Sprintf("%s failed %s (%s), so it could not be compared", name(r.Route), where, failing)
	}
	what := name(r.Route)
	switch {
	case r.Rule != "":
		what += ": " + plain(r.Rule, maxName)
	case r.Metric != "" && r.RunTime == 0:
		what = line(r)
	}
	text := what + " could not be judged: " + because(r.Why, plain)
	if how := ways(r.Failures, sum(r.Failures)); how != "" {
		text += "; it failed with " + how
	}
	switch {
	case r.RunTime > 0:
		text += "; " + longer(r)
	case r.Why != nil && r.Why.OnStart:
		text += "; " + onlyOnStart
	}
	return text
}

// longer says which run_time would be enough, and for which metric.
func longer(r *gate.Reason) string {
	text := fmt.Sprintf("a run_time of %s would be enough", strict.InWords(r.RunTime))
	if r.Metric != "" {
		text += " for its " + metric(r.Metric, plain)
	}
	return text
}

func lostSight(r *gate.Reason) string {
	var metrics []string
	for _, m := range r.Metrics {
		metrics = append(metrics, metric(m, plain))
	}
	text := fmt.Sprintf("%s: %s can no longer be judged: %s in a round instead of %.0f", name(r.Route), join(metrics), count(int(min(r.Now, math.MaxInt32)), "request"), r.Before)
	if r.Why != nil {
		text += ", which follows " + because(r.Why, plain)
	} else {
		text += ". That drop is itself a change"
	}
	if r.RunTime > 0 {
		return text + "; " + longer(&gate.Reason{RunTime: r.RunTime})
	}
	return text + "; a longer run_time would leave enough"
}

// notReached says that a failing route kept users from others.
func notReached(r *gate.Reason) string {
	var names []string
	for _, n := range r.Names {
		names = append(names, name(n))
	}
	if r.Has > 0 {
		names = append(names, fmt.Sprintf("%d more", r.Has))
	}
	was := "were"
	if len(r.Names)+r.Has == 1 {
		was = "was"
	}
	return fmt.Sprintf("%s%s, so %s %s never requested", side(r.Of), failed(r), join(names), was)
}

// busy says that the machine or the load generator had no CPU time left.
func busy(r *gate.Reason) string {
	if r.Text != "" { // it has the figures
		return side(r.Of) + plain(r.Text, maxSentence)
	}
	return fmt.Sprintf("%sothers used %.0f %% of the CPU time, the load generator %.0f %%", side(r.Of), 100*r.Now, 100*r.Before)
}

func notProven(r *gate.Reason) string {
	if r.Why != nil && r.Why.Kind == gate.OtherLegs {
		if r.Metric == gate.FailureRate {
			return fmt.Sprintf("%s, the limit is %s: %s", failed(r), limit(r), because(r.Why, plain))
		}
		return fmt.Sprintf("%s is %s%s: %s", line(r), moved(r), sure(r), because(r.Why, plain))
	}
	if r.Metric == gate.FailureRate {
		low := 0.0
		if r.Interval != nil {
			low = r.Interval.Low
		}
		return fmt.Sprintf("%s, the limit is %s, but with so few requests that may be chance (with 99 %% confidence the rate is above %.2f %%): a longer run_time would tell", failed(r), limit(r), 100*low)
	}
	text := fmt.Sprintf("%s looks %s%s, but ", line(r), moved(r), sure(r))
	switch {
	case r.Why == nil:
		return text + fmt.Sprintf("%d pairs of rounds do not prove it: %s", r.Has, seen(r))
	case r.Why.Kind == gate.FewRuns:
		return text + fmt.Sprintf("the history has %.0f of the %.0f runs that it needs to fail a change", r.Why.Has, r.Why.Needs) + orPairs(r, ": "+pairedGate+" can tell now")
	default:
		return text + because(r.Why, plain) + orPairs(r, ": "+pairedGate+" can tell")
	}
}

func commonShift(r *gate.Reason) string {
	const causes = " than the history, because of another machine or a change that affects everything"
	if r.Change < 0 {
		return fmt.Sprintf("the whole run shifted: half of all routes are at least %.0f %% better", -100*r.Change) + causes
	}
	return fmt.Sprintf("the whole run shifted: half of all routes are at least %.0f %% worse", 100*r.Change) + causes + orPairs(r, "; "+pairedGate+" can tell which")
}

func lowSight(r *gate.Reason) string {
	var names []string
	for _, s := range r.Sights {
		names = append(names, fmt.Sprintf("%s %s (%.0f %%)", name(s.Route), plain(string(s.Metric), maxName), 100*s.Visible))
	}
	if r.Has > 0 {
		names = append(names, fmt.Sprintf("%d more", r.Has))
	}
	what := "more requests in a round (a longer run_time)"
	switch {
	case r.Of == gate.OfBaseline && r.Imported:
		what = "runs on a quieter machine"
	case r.Of == gate.OfBaseline:
		what = pairedGate
	}
	return fmt.Sprintf("only large changes can be seen in %s: %s would show smaller ones", strings.Join(names, ", "), what)
}
