package foresee

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// mostUnderLoad is the most routes that UnderLoad names.
const mostUnderLoad = 20

// UnderLoad says which latencies cannot be compared between the idle load and the full one, because the idle load sends
// too few requests, and which run_time would do. A sentence each.
func UnderLoad(pl *plan.Plan, p gate.Policy) []string {
	idle, err := pl.Idle(p.UnderLoad.Idle)
	if err != nil {
		return []string{"gate.under_load cannot be judged: " + err.Error()}
	}
	var notes []string
	few, all := count(idle), count(pl)
	for i, route := range pl.Routes {
		if all[i].most == 0 || all[i].most == unknown || p.Routes[route.Name].Ignore {
			continue
		}
		if text := underLoad(idle, few[i]); text != "" {
			notes = append(notes, fmt.Sprintf("under load, %s: %s", route.Name, text))
		}
	}
	if more := len(notes) - mostUnderLoad; more > 0 {
		notes = append(notes[:mostUnderLoad], fmt.Sprintf("under load, %d more routes get too few requests from the idle load", more))
	}
	return notes
}

// underLoad says which metrics of a route the idle load is too small for; empty if there is none.
func underLoad(idle *plan.Plan, t traffic) string {
	if t.most == 0 {
		return fmt.Sprintf("the idle load (%s) never sends it, so it cannot be judged", burden(idle))
	}
	judged := time.Duration(idle.Rounds) * idle.RoundLength
	var needs []string
	for _, m := range gate.MetricsUnderLoad() {
		n := float64(gate.NeedsOfPairs(m))
		switch within := time.Duration(t.most / n * float64(time.Second)); {
		case t.free && within < usual:
			needs = append(needs, fmt.Sprintf("%s cannot be judged if a task takes longer than %s", m, plan.InWords(within)))
		case !t.free && t.most < n:
			long := time.Duration(math.Ceil(spare*judged.Seconds()*n/t.most)) * time.Second
			needs = append(needs, fmt.Sprintf("%s needs %.0f and a run_time of %s", m, n, plan.InWords(long)))
		}
	}
	if len(needs) == 0 {
		return ""
	}
	if t.free {
		return fmt.Sprintf("with %s %s", burden(idle), strings.Join(needs, ", "))
	}
	return fmt.Sprintf("the idle load (%s) sends it %s times; %s", burden(idle), t.words(idle), strings.Join(needs, ", "))
}

// burden is the idle load in a word or two.
func burden(idle *plan.Plan) string {
	switch {
	case idle.Open != nil:
		return fmt.Sprintf("%g/s", idle.Rate)
	case idle.AllUsers == 1:
		return "1 user"
	}
	return fmt.Sprintf("%d users", idle.AllUsers)
}
