package foresee

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Sight says in sentences how small a change a paired gate will see with runTime of judged load a side, judging by runs of
// the same load on machines of one class, in the order of time. It also says which figures may hide a change of their
// limit.
func Sight(p gate.Policy, runs []*result.Result, runTime time.Duration) []string {
	powers := gate.PowerOfRuns(p, runs, runTime)
	seen := visible(powers)
	if len(seen) == 0 {
		return []string{fmt.Sprintf("The history has %s of this load, too few rounds and requests to say how small a change a paired gate would see.", runsInWords(len(runs)))}
	}
	longer := runTime * 3 / 2
	first := fmt.Sprintf("Judging by %s on %s, a paired gate sees %s in %s; %s would see %s.", runsInWords(len(runs)), machine(runs),
		inWords(seen, false), plan.InWords(runTime), plan.InWords(longer), inWords(visible(gate.PowerOfRuns(p, runs, longer)), true))
	return append([]string{first}, hidden(powers, runTime)...)
}

// visible are the powers that the first sentence tells: of the slowest tail on the noisiest route, and of CPU time.
func visible(all []gate.Power) (told []gate.Power) {
	for _, m := range []gate.Metric{gate.P95, gate.P99, gate.P50, gate.Throughput} {
		if own := noisiest(all, m); own.Visible > 0 {
			told = append(told, own)
			break
		}
	}
	if own := noisiest(all, gate.CPU); own.Visible > 0 {
		told = append(told, own)
	}
	return told
}

// noisiest is the power of a metric on the route where it is least; the zero Power if none has it.
func noisiest(all []gate.Power, m gate.Metric) (worst gate.Power) {
	for _, one := range all {
		if one.Metric == m && (one.Route != tally.All || m.IsCost()) && one.Visible > worst.Visible {
			worst = one
		}
	}
	return worst
}

func inWords(all []gate.Power, short bool) string {
	var words []string
	for _, one := range all {
		text := signed(one)
		switch {
		case short:
		case one.Metric == gate.CPU:
			text += " of CPU a request"
		default:
			text += fmt.Sprintf(" of %s on every route", one.Metric)
		}
		words = append(words, text)
	}
	return strings.Join(words, " and ")
}

// signed is a visible change such as +14 %.
func signed(one gate.Power) string {
	sign, percent := "+", 100*one.Visible
	if one.Metric == gate.Throughput {
		sign = "-"
	}
	if percent < 10 {
		return fmt.Sprintf("%s%.1f %%", sign, percent)
	}
	return fmt.Sprintf("%s%.0f %%", sign, percent)
}

// mostHidden is the most figures that are named.
const mostHidden = 5

// hidden names the figures in which a change as large as their limit may not be seen, and the run_time that would show it.
// Those of all routes together are only means of others.
func hidden(all []gate.Power, runTime time.Duration) []string {
	blind := slices.DeleteFunc(slices.Clone(all), func(one gate.Power) bool {
		return one.Visible <= one.Limit || one.Route == tally.All && !one.Metric.IsCost()
	})
	if len(blind) == 0 {
		return nil
	}
	slices.SortStableFunc(blind, func(a, b gate.Power) int { return cmp.Compare(b.Visible/b.Limit, a.Visible/a.Limit) })
	var names []string
	for _, one := range blind[:min(len(blind), mostHidden)] {
		name := one.Route + " " + string(one.Metric)
		if one.Metric.IsCost() {
			name = string(one.Metric)
		}
		names = append(names, fmt.Sprintf("%s (%s)", name, signed(one)))
	}
	text := "A change of just its limit may stay unseen in " + strings.Join(names, ", ")
	if more := len(blind) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	times := math.Pow(math.Log1p(blind[0].Visible)/math.Log1p(blind[0].Limit), 2)
	if needed := time.Duration(times * float64(runTime)).Round(time.Second); needed <= time.Hour {
		text += fmt.Sprintf("; a run_time of about %s would show it", plan.InWords(needed))
	}
	return []string{text + "."}
}

func runsInWords(n int) string {
	if n == 1 {
		return "1 stored run"
	}
	return fmt.Sprintf("%d stored runs", n)
}

// machine describes the machines of runs of one class.
func machine(runs []*result.Result) string {
	e := runs[0].Environment
	return fmt.Sprintf("%d cores of %s", e.CPUCores, cmp.Or(e.CPUModel, e.Arch))
}
