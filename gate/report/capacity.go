package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Capacity writes the outcome of a search for the highest load: the answer in one line, the evidence for it, and a table
// of the trials.
func Capacity(w io.Writer, r capacity.Report) error {
	fmt.Fprintln(w, CapacityLine(r))
	for _, line := range besidesClaim(r) {
		fmt.Fprintln(w, line)
	}
	if len(r.Trials) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	var limits []int
	for at := range r.SLO {
		limits = append(limits, at)
	}
	return trialGrid(r, r.Trials, limits, plain).text(w)
}

// CapacityLine is the answer of a search in a line: a bracket, never one number.
func CapacityLine(r capacity.Report) string {
	parts := []string{claimed(r.Claim)}
	if text := noHigher(r.Claim); text != "" {
		parts = append(parts, text)
	}
	if r.Holds != nil {
		parts = append(parts, fmt.Sprintf("generator used %.0f %%", 100*r.Holds.GeneratorCPU))
	}
	if f := r.Bottleneck; f != nil && r.Stopped != capacity.AtLimit && r.Stopped != capacity.AtGenerator {
		switch f.Kind {
		case bottleneck.Generator, bottleneck.None, bottleneck.Nearest, bottleneck.Unknown:
		default:
			parts = append(parts, fmt.Sprintf("limited by %s (%s)", evidence{*f}.what(), f.Grade))
		}
	}
	return strings.Join(parts, "; ")
}

// claimed is the bracket of a claim.
func claimed(c capacity.Claim) string {
	breaks := ""
	if c.Breaks != nil && c.Breaks.Status == capacity.Broken {
		breaks = "does not hold " + loadOf(c, c.Breaks.Load)
	}
	switch {
	case c.Holds == nil && breaks != "":
		return breaks + ": " + whyBroken(*c.Breaks)
	case c.Holds == nil:
		return "could not tell"
	}
	length := spanOf(max(1, c.Times), c.Holds.Length)
	if !c.Confirmed {
		length += ", not confirmed"
	}
	holds := "holds "
	if breaks == "" && c.Stopped == capacity.AtGenerator {
		holds = "holds at least "
	}
	text := holds + loadOf(c, c.Holds.Load) + " (" + length + ")"
	if breaks != "" {
		text += ", " + breaks
	}
	return text
}

// noHigher says why a search ended before it found a bracket; empty if it did find one.
func noHigher(c capacity.Claim) string {
	at := ""
	if c.Breaks != nil {
		at = " at " + loadOf(c, c.Breaks.Load)
	}
	why := plain(c.Why, maxSentence)
	switch c.Stopped {
	case capacity.AtLimit:
		return "no more was tried: " + why
	case capacity.AtGenerator:
		return "the rest was not seen" + at + ": " + why
	case capacity.Nothing:
		if c.Breaks != nil && c.Breaks.Status != capacity.Broken {
			return "nothing was seen" + at + ": " + plain(c.Breaks.Why, maxSentence)
		}
	case capacity.OutOfBudget:
		return "the budget was spent"
	case capacity.Interrupted:
		return "interrupted"
	case capacity.Failed:
		return "ended early: " + why
	}
	return ""
}

// loadOf is a load with its unit.
func loadOf(c capacity.Claim, load float64) string {
	if c.Users {
		return count(int(load), "user")
	}
	return aSecond(load)
}

// spanOf is how long a load was judged in all, in whole seconds.
func spanOf(times int, length time.Duration) string {
	return fmt.Sprintf("%.0f s", (time.Duration(times) * length).Seconds())
}

// whyBroken says what a trial did not keep.
func whyBroken(o capacity.Outcome) string {
	var parts []string
	for _, t := range o.Broke() {
		parts = append(parts, kept(t))
	}
	if o.Why != "" {
		parts = append(parts, "ended early: "+plain(o.Why, maxSentence))
	}
	if len(parts) == 0 {
		return "no request was answered"
	}
	return strings.Join(parts, "; ")
}

// kept writes a rule and the figure that was measured for it.
func kept(t gate.Threshold) string {
	rule := plain(t.Rule, maxName)
	if t.Route != tally.All {
		rule = plain(t.Route, maxName) + ": " + rule
	}
	switch {
	case strings.HasPrefix(t.Rule, "failures"):
		return fmt.Sprintf("%s was %s %%", rule, trimmed(t.Value))
	case t.Value == 0:
		return rule + ": no request was answered"
	}
	return rule + " was " + trimmedSpan(time.Duration(t.Value*float64(time.Millisecond)))
}

// besidesClaim are further lines: why the upper end did not hold, what else was seen.
func besidesClaim(r capacity.Report) (lines []string) {
	if r.Holds != nil && r.Breaks != nil && r.Breaks.Status == capacity.Broken {
		lines = append(lines, fmt.Sprintf("At %s: %s", loadOf(r.Claim, r.Breaks.Load), whyBroken(*r.Breaks)))
	}
	if r.Holds != nil {
		for _, t := range r.Holds.Judged {
			if t.Status == gate.NotJudged {
				lines = append(lines, fmt.Sprintf("Not judged: %s: %s, it had no requests", plain(t.Route, maxName), plain(t.Rule, maxName)))
			}
		}
		if r.Users || r.Holds.Throughput > 1.05*r.Holds.Load {
			lines = append(lines, fmt.Sprintf("%s made %s successful requests each second.", tasksOf(r.Claim), trimmedThousands(r.Holds.Throughput)))
		}
	}
	if len(r.Unsteady) > 0 {
		var loads []string
		for _, load := range r.Unsteady {
			loads = append(loads, loadOf(r.Claim, load))
		}
		lines = append(lines, "Not steady: in another trial it did not hold "+strings.Join(atMost(loads, 5, "loads"), ", "))
	}
	if r.Bottleneck != nil {
		lines = append(lines, "Bottleneck: "+Bottleneck(*r.Bottleneck, r.Users))
	}
	return lines
}

// tasksOf is the load that holds, in words.
func tasksOf(c capacity.Claim) string {
	if c.Users {
		return loadOf(c, c.Holds.Load)
	}
	return trimmedThousands(c.Holds.Load) + " tasks each second"
}

func trimmedThousands(v float64) string { return strings.TrimSuffix(aSecond(v), "/s") }

// TrialLine is a trial in a line of a log.
func TrialLine(users bool, o capacity.Outcome) string {
	text := fmt.Sprintf("%s for %s: %s", loadOf(capacity.Claim{Users: users}, o.Load), spanOf(1, o.Length), o.Status)
	switch o.Status {
	case capacity.Held:
		for _, t := range o.Judged {
			if t.Status == gate.Within {
				text += "; " + kept(t)
			}
		}
		return text
	case capacity.Broken:
		return text + "; " + whyBroken(o)
	}
	return text + "; " + plain(o.Why, maxSentence)
}

// trialRow returns the table row of a trial: its load, and what was measured for each limit.
func trialRow(c capacity.Claim, o *capacity.Outcome, limits []int) []string {
	row := []string{
		loadOf(c, o.Load), spanOf(1, o.Length), string(o.Status), thousands(o.Requests), aSecond(o.Throughput), share(o.Failures),
		fmt.Sprintf("%.0f %%", 100*o.GeneratorCPU),
	}
	for _, i := range limits { // the limits come first, then failure rates
		cell := unread
		if i < len(o.Judged) && o.Judged[i].Status != gate.NotJudged && o.Judged[i].Value > 0 {
			cell = trimmedSpan(time.Duration(o.Judged[i].Value * float64(time.Millisecond)))
		}
		row = append(row, cell)
	}
	return row
}
