package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// view is a report with what markdown derives from all comparisons, computed once.
type view struct {
	Report
	all    []int    // indices of the comparisons that have figures, worst first
	matter int      // how many of them come before the folds
	blank  []string // what was not judged: a line for what lacks requests, and one for each other route
	let    []string // what passes because of min_effect
	routes routeCounts
}

// routeCounts counts routes by their worst comparison. Improved ones are within too.
type routeCounts struct {
	within, improved, follow, doubt, unjudged, forgiven int
}

func (r Report) view() view {
	order := gate.WorstFirst(r.Verdict.Comparisons)
	v := view{Report: r, all: withFigures(r.Verdict, order), blank: r.unjudgedInBrief(order), let: forgiven(r.Verdict, order)}
	matter := gate.Worse.Severity()
	if r.Verdict.Outcome == gate.Inconclusive {
		matter = gate.Unclear.Severity()
	}
	for v.matter < len(v.all) && r.Verdict.Comparisons[v.all[v.matter]].Status.Severity() >= matter {
		v.matter++
	}
	v.routes = countRoutes(r.Verdict.Comparisons)
	return v
}

// countRoutes counts routes by their worst comparison. All routes together are not a route.
func countRoutes(comparisons []gate.Comparison) (n routeCounts) {
	type route struct {
		severity           int
		improved, forgiven bool
	}
	routes := make(map[string]route, min(len(comparisons), 1<<16))
	for i := range comparisons {
		c := &comparisons[i]
		if c.Route == tally.All {
			continue
		}
		known, severity := routes[c.Route], c.Status.Severity()
		if c.Metric == gate.FailureRate && c.Status == gate.Within { // that alone compares nothing
			severity = gate.NotJudged.Severity()
		}
		routes[c.Route] = route{max(known.severity, severity), known.improved || improved(*c), known.forgiven || isForgiven(c)}
	}
	for _, one := range routes {
		switch one.severity {
		case gate.Unclear.Severity():
			n.doubt++
		case gate.Follows.Severity():
			n.follow++
		case gate.Within.Severity():
			n.within++
			if one.improved {
				n.improved++
			}
			if one.forgiven {
				n.forgiven++
			}
		case gate.NotJudged.Severity():
			n.unjudged++
		}
	}
	return n
}

// counts has a line with the numbers of routes by their result, and the baseline.
func (v view) counts() string {
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, text))
		}
	}
	if v.LeftOut == 0 {
		if v.Verdict.Compared > 0 && (v.Verdict.Outcome != gate.Pass || v.Verdict.Accepted != nil) { // otherwise the headline says it
			add(v.routes.within, are(v.routes.within, "route", "routes")+" within limits")
		}
		add(v.routes.improved, "improved")
		add(v.routes.follow, are(v.routes.follow, "follows", "follow")+" from others")
		add(v.routes.doubt, "in doubt")
		add(v.routes.unjudged, "not judged")
		if blind, all := len(v.Verdict.Of(gate.NotJudged)), len(v.Verdict.Comparisons); blind > 0 && v.routes.unjudged == 0 && v.Verdict.Compared > 0 {
			add(blind, fmt.Sprintf("of %d figures not judged", all))
		}
	}
	add(v.routes.forgiven, are(v.routes.forgiven, "passes", "pass")+" only because of `gate.min_effect`")
	parts = append(parts, fmt.Sprintf("**%d of %d compared**", v.Verdict.Compared, v.Verdict.Total))
	if text := against(v.Verdict, span); text != "" {
		parts = append(parts, text)
	}
	if v.Subject.Series != "" {
		parts = append(parts, "series "+span(v.Subject.Series, maxName))
	}
	return strings.Join(parts, " · ")
}

// against names the baseline.
func against(v gate.Verdict, foreign show) string {
	b, commit := v.Baseline, ""
	if b.Commit != "" {
		commit = " " + foreign(fmt.Sprintf("%.7s", b.Commit), maxName)
	}
	switch {
	case v.Mode == gate.Soak && b.Pairs > 0:
		return count(b.Pairs, "pair") + " of rounds, a fresh process and the aged one in turn; what both share, such as a database that fills up, is not seen"
	case v.Mode == gate.Soak:
		return "there was no fresh process"
	case b.Pairs > 0 && v.Mode == gate.UnderLoad:
		return count(b.Pairs, "pair") + " of rounds, idle and under full load in turn"
	case b.Pairs > 0:
		return fmt.Sprintf("%s of rounds%s, base%s and head in turn", count(b.Pairs, "pair"), onMachines(b.Legs), commit)
	case v.Mode != gate.Stored:
		return "no pair of rounds"
	case b.Runs == 0:
		return nothing(v)
	}
	var parts []string
	if b.Branch != "" {
		parts = append(parts, foreign(b.Branch, maxName))
	}
	switch {
	case b.Behind == nil:
	case *b.Behind == 0:
		parts = append(parts, "this change's base")
	default:
		parts = append(parts, count(*b.Behind, "commit")+" before this change's base")
	}
	parts = append(parts, count(b.Runs, "run"), "same environment")
	return fmt.Sprintf("baseline%s (%s)", commit, strings.Join(parts, ", "))
}

// nothing says why there was no run to compare with; empty if that is unknown.
func nothing(v gate.Verdict) string {
	for _, r := range v.Reasons {
		switch {
		case r.Kind == gate.NoBaseline:
			return "there is no baseline"
		case r.Of == gate.OfBaseline:
			return "no run of the baseline fits"
		}
	}
	return ""
}
