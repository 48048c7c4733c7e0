package selftest

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// mostSeen is the most figures that the table of sights lists.
const mostSeen = 40

// printSight says how small a change the gate could see.
func (s *Selftest) printSight(w io.Writer) error {
	p := s.bench.Job.Policy
	all := gate.PowerOfPairs(p, s.unchanged)
	pairs := 0
	for _, sides := range s.unchanged {
		pairs += len(sides[0].Rounds)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintf(w, "\nThe comparisons without a change have %d pairs, too few, or with too few requests, to say how small a change\nthe gate could see.\n", pairs)
		return err
	}
	slices.SortStableFunc(all, func(a, b gate.Power) int { // costs first, then the figures that hide most
		return cmp.Or(order(a)-order(b), cmp.Compare(b.Fails/b.Limit, a.Fails/a.Limit))
	})
	if _, err := fmt.Fprintf(w, "\nWhat this profile could see on this machine, in a whole comparison of %s a side:\n", plan.InWords(s.bench.Job.Load.Judged())); err != nil {
		return err
	}
	var rows [][]string
	for _, one := range all[:min(len(all), mostSeen)] {
		rows = append(rows, seenRow(one))
	}
	if err := report.Table(w, []string{"Figure", "Limit", "Seen from", "Red from"}, rows); err != nil {
		return err
	}
	if more := len(all) - len(rows); more > 0 {
		fmt.Fprintf(w, "and %d more figures, which show smaller changes.\n", more)
	}
	_, err := fmt.Fprintf(w, "\nA change of the size in \"Seen from\" is told from chance nine times in ten, and one of the size in \"Red from\" fails the gate\nnine times in ten. Both are estimated from the %d pairs without a change.\n%s", pairs, s.uncounted(all))
	return err
}

func order(one gate.Power) int {
	switch {
	case one.Metric.IsCost():
		return 0
	case one.Route == tally.All:
		return 1
	default:
		return 2
	}
}

func seenRow(one gate.Power) []string {
	figure := one.Route + ": " + string(one.Metric)
	switch {
	case one.Metric.IsCost():
		figure = string(one.Metric) + " a request"
	case one.Route == tally.All:
		figure = "all routes: " + string(one.Metric)
	}
	sign := "+"
	if one.Metric == gate.Throughput {
		sign = "-"
	}
	change := func(share float64) string { return fmt.Sprintf("%s%.3g %%", sign, 100*share) }
	red := change(one.Fails)
	if one.Starts < one.NeedsStarts {
		red = fmt.Sprintf("never: %d starts, %d needed", one.Starts, one.NeedsStarts)
	}
	return []string{figure, change(one.Limit), change(one.Visible), red}
}

// uncounted says why costs are not among the figures; empty if they are.
func (s *Selftest) uncounted(all []gate.Power) string {
	if !slices.ContainsFunc(s.bench.Job.Policy.Metrics, gate.Metric.IsCost) {
		return ""
	}
	counted, starts := false, 0
	for _, sides := range s.unchanged {
		starts += sides[0].Starts
		counted = counted || slices.ContainsFunc(sides[0].Rounds, func(r result.Round) bool { return r.Cost != nil })
	}
	switch absent := s.absent(); {
	case slices.ContainsFunc(all, func(one gate.Power) bool { return one.Metric.IsCost() }):
		return absent
	case counted:
		return fmt.Sprintf("What a request costs is known from %d starts of the system, too few to say what could be seen of it. A larger --budget\nbrings more, and a longer run_time more in each comparison.\n", starts) + absent
	default:
		return cmp.Or(absent, "What a request costs was not counted: the system was not started here.\n")
	}
}

// absent says which costs could not be read, and why.
func (s *Selftest) absent() (text string) {
	if watch := s.unchanged[0][0].Watch; watch != nil {
		for _, a := range watch.Absent {
			if a.Source == "cost" || a.Source == "cycles and instructions" {
				text += fmt.Sprintf("Not counted: %s (%s).\n", a.Source, a.Why)
			}
		}
	}
	return text
}
