package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// pairedGate is the command that compares with the base on one machine.
const pairedGate = "`plimsoll gate --paired`"

// orPairs is advice to measure in pairs; empty for runs of another tool, which cannot be paired.
func orPairs(r *gate.Reason, advice string) string {
	if r.Imported {
		return ""
	}
	return advice
}

// ourUpdate is the command that records a run of a branch as a baseline.
const ourUpdate = "`plimsoll baseline update`"

// RouteName is a route as people call it.
func RouteName(route string) string {
	if route == tally.All {
		return "all routes"
	}
	return route
}

// name is a route's name, made safe for a sentence.
func name(route string) string { return plain(RouteName(route), maxName) }

// line names one metric of one route.
func line(r *gate.Reason) string { return name(r.Route) + ": " + plain(string(r.Metric), maxName) }

// moved says how far a metric moved, such as "27.1 % slower".
func moved(r *gate.Reason) string {
	word := "slower"
	switch {
	case r.Metric == gate.Throughput:
		word = "lower"
	case r.Metric.IsCost():
		word = "more a request"
	case r.Metric.IsUnderLoad():
		word = "slower than when idle"
	}
	return fmt.Sprintf("%.1f %% %s", 100*math.Abs(r.Change), word)
}

// limit is a limit without its sign, such as 20 %.
func limit(r *gate.Reason) string { return fmt.Sprintf("%.3g %%", 100*math.Abs(r.Limit)) }

// sure gives the interval of a change; empty if there is none.
func sure(r *gate.Reason) string {
	if r.Interval == nil {
		return ""
	}
	return fmt.Sprintf(" (95 %% interval: %s to %s %%)", signed(r.Interval.Low, 1), signed(r.Interval.High, 1))
}

// runs is a number of runs.
func runs(n int) string {
	if n == 1 {
		return "one run"
	}
	return fmt.Sprintf("%d runs", n)
}

// seen says which changes could have been seen, and what would help.
func seen(r *gate.Reason) string {
	if r.Visible == 0 {
		return "a longer run_time would help"
	}
	return fmt.Sprintf("only changes of %.0f %% or more can be seen here; a longer run_time would show smaller ones", 100*r.Visible)
}

// because explains a comparison where its figures do not; empty for nil. foreign makes the names of routes
// harmless; nothing else in it comes from outside.
func because(w *gate.Why, foreign show) string {
	if w == nil {
		return ""
	}
	where := ""
	switch {
	case w.OnBase:
		where = " in the baseline"
	case w.OnIdle:
		where = " under the idle load"
	}
	switch w.Kind {
	case gate.FewRequests:
		return fmt.Sprintf("too few requests%s (%.0f in a round, %.0f are needed)", where, w.Has, w.Needs)
	case gate.FewRounds:
		return "too few rounds have a value that can be compared"
	case gate.FewRuns:
		return fmt.Sprintf("too few runs (the history has %.0f, %.0f are needed)", w.Has, w.Needs)
	case gate.NotInBaseline:
		return "the baseline does not have this route"
	case gate.ManyFailures:
		return "too many failures" + where + ": failed requests can look fast"
	case gate.NotAsked:
		return "it was not requested" + where
	case gate.Unfinished:
		return fmt.Sprintf("too many requests%s were unfinished when the load ended (%.0f, at most %.0f are allowed)", where, w.Has, w.Needs)
	case gate.BelowEffect:
		return "changed by less than " + exactly(time.Duration(w.Needs))
	case gate.Caused:
		return caused(w, foreign)
	case gate.ControlToo:
		return fmt.Sprintf("the control is %.0f %% slower as well, so it may be the machine", 100*w.Change)
	case gate.MoreLoad:
		return fmt.Sprintf("the system answers %.0f %% more requests per second, because users wait less for %s", 100*w.Change, foreign(routesOf(w), maxSentence))
	case gate.Restless:
		return "the runs of the history differ too much among themselves to prove it"
	case gate.FewStarts:
		return fmt.Sprintf("the systems are started %.0f times, and %.0f are needed", w.Has, w.Needs)
	case gate.Unsettled:
		return fmt.Sprintf("in %.0f of %.0f rounds the system was still at work when the load paused", w.Has, w.Needs)
	case gate.Undecided:
		if w.RunTime > 0 {
			return "too few requests to tell, and a run_time of " + strict.InWords(w.RunTime) + " would be enough"
		}
		return "too noisy to tell"
	case gate.NotCounted:
		return "it was not counted on both sides"
	case gate.OtherLegs:
		return fmt.Sprintf("past the limit on the %.0f of %.0f legs that were measured", w.Has, w.Needs)
	case gate.OnlyTold:
		return "another machine has other costs"
	default: // gate.Risen
		return "a rise of more than one percentage point, and not by chance"
	}
}

// routesOf names the routes of an explanation.
func routesOf(w *gate.Why) string {
	names := strings.Join(w.Routes, ", ")
	if w.More > 0 {
		names += ", others"
	}
	return names
}

// caused names the routes that a comparison follows from, and says how they changed.
func caused(w *gate.Why, foreign show) string {
	text := "from " + foreign(routesOf(w), maxSentence)
	n := len(w.Routes) + w.More
	switch w.By {
	case gate.ByFarSlower:
		return text + ", which " + are(n, "is", "are") + " slower by far more"
	case gate.ByFailing:
		return text + ", which " + are(n, "fails", "fail")
	case gate.ByBase:
		return text + ", which failed in the baseline"
	case gate.ByNew:
		return text + ", which " + are(n, "is", "are") + " new"
	case gate.ByGone:
		return text + ", which " + are(n, "is", "are") + " no longer requested"
	default: // slower
		return text
	}
}

// accepted says what an acceptance is based on: its label, or somebody's words.
func accepted(a *gate.Acceptance, foreign show) string {
	if a.Label == "" {
		return foreign(a.Why, maxSentence)
	}
	text := "label " + foreign(a.Label, maxName)
	if a.Pull > 0 {
		text += fmt.Sprintf(" on pull request %d", a.Pull)
	}
	return text
}
