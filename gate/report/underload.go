package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// UnderLoad says in a line how much slower a system is under its full load than when it is idle; empty if a verdict does
// not say.
func UnderLoad(v gate.Verdict) string {
	if v.Loads == nil {
		return ""
	}
	var all, worst *gate.Comparison
	for _, i := range gate.WorstFirst(v.Comparisons) {
		c := &v.Comparisons[i]
		if !c.Metric.IsUnderLoad() || c.Status == gate.NotJudged {
			continue
		}
		if worst == nil {
			worst = c
		}
		if c.Route == tally.All && c.Metric == gate.P50UnderLoad {
			all = c
		}
	}
	if worst == nil {
		return "not judged: too little could be compared"
	}
	if all == nil {
		all = worst
	}
	text := fmt.Sprintf("%s at %s against %s (limit %s): ", tightly(all.Change), quantileOf(all.Metric), burden(v.Loads.Idle), trimmedPercent(v.Loads.Limit))
	if all.Route != tally.All {
		text = name(all.Route) + " " + text
	}
	switch {
	case worst.Status == gate.Within:
		return text + "within"
	case worst.Status == gate.Worse:
		text += "past it"
	default:
		text += "not sure"
	}
	if worst.Route != tally.All {
		text += fmt.Sprintf(", %s %s at %s", name(worst.Route), tightly(worst.Change), quantileOf(worst.Metric))
	}
	return text
}

// quantileOf is the name of a metric under load without those words.
func quantileOf(m gate.Metric) string {
	if m == gate.P95UnderLoad {
		return string(gate.P95)
	}
	return string(gate.P50)
}

// tightly is a relative change such as +12.4%, and trimmedPercent a limit such as +20%.
func tightly(change float64) string       { return fmt.Sprintf("%+.1f%%", 100*change) }
func trimmedPercent(limit float64) string { return fmt.Sprintf("%+.3g%%", 100*limit) }

// burden is one of the two loads in a word or two.
func burden(b gate.Burden) string {
	if b.Users > 0 {
		return count(b.Users, "user")
	}
	return trimmed(b.Rate) + " tasks/sec"
}

// leastBusy is the CPU share above which requests wait noticeably for the CPU. With random arrivals and one server (M/M/1),
// a request waits share/(1-share) of its own time, here 43 %.
const leastBusy = 0.3

// twoLoads says which loads were compared and how busy they kept the system; empty for none.
func twoLoads(v gate.Verdict) string {
	l := v.Loads
	switch {
	case l == nil:
		return ""
	case l.Full.CPUShare == nil || l.Idle.CPUShare == nil:
		return fmt.Sprintf("%s, against %s; how busy the system was is unknown: %s",
			burden(l.Full), burden(l.Idle), plain(cmp.Or(l.Full.Unread, l.Idle.Unread), maxSentence))
	}
	text := fmt.Sprintf("%s kept %s busy, %s of what the system may use; %s kept %s busy, %s",
		burden(l.Full), cores(l.Full.CPUCores), wholePercent(*l.Full.CPUShare), burden(l.Idle), cores(l.Idle.CPUCores), wholePercent(*l.Idle.CPUShare))
	if *l.Full.CPUShare >= leastBusy && slices.ContainsFunc(v.Reasons, func(r gate.Reason) bool { return r.Kind == gate.SlowUnderLoad }) {
		text += ". Requests that wait for a busy CPU take longer, whatever the code does"
	}
	return text
}

// cores is a number of cores in use.
func cores(n float64) string { return fmt.Sprintf("%.2g cores", n) }

// underLoad ends the headline of a pass that was judged under load too.
func underLoad(v gate.Verdict) string {
	switch {
	case v.Loads == nil:
		return ""
	case v.Mode == gate.UnderLoad:
		return " under load"
	}
	return ", also under load"
}

// idleBusy says that the idle load was none.
func idleBusy(r *gate.Reason) string {
	return fmt.Sprintf("the idle load kept the system at %s of its CPU, more than %s: its answers wait already, so the full load looks better than it is; a smaller gate.under_load.idle would tell",
		wholePercent(r.Now), wholePercent(r.Limit))
}
