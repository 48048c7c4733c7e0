package foresee

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// lowCoverage returns a note if the gate can never compare as many operations as gate.coverage asks for: too few have
// a step, or too few of those get enough requests.
func lowCoverage(pl *plan.Plan, p gate.Policy, api *gate.API) []string {
	if api == nil || p.Coverage == 0 {
		return nil
	}
	total := len(api.Operations)
	tooFew := func(operations int) bool { return float64(operations) < p.Coverage*float64(total) }
	asked := func(operations int, verb string) string {
		return fmt.Sprintf("gate.coverage asks for %s %% of the operations, and %s %d of %d, which is %.0f %%",
			strconv.FormatFloat(math.Round(p.Coverage*1e4)/1e2, 'f', -1, 64), verb, operations, total, math.Floor(100*float64(operations)/float64(max(total, 1))+1e-9))
	}
	sent := reached(api, func(route string) bool { return !p.Routes[route].Ignore })
	if tooFew(sent) {
		return []string{asked(sent, "the steps of this profile send") + ": every gate will fail. Write steps for more of them, leave some out with api.leave_out, or lower gate.coverage"}
	}
	of := count(pl)
	traffics := map[string]traffic{}
	for i, route := range pl.Routes {
		traffics[route.Name] = of[i]
	}
	var notes []string
	for _, j := range judges(pl) {
		judged := reached(api, func(route string) bool { return !p.Routes[route].Ignore && j.judges(p, traffics[route]) })
		if tooFew(judged) {
			notes = append(notes, asked(judged, "the "+j.name+" gate can judge")+", because the others get too few requests: it will never pass. Raise run_time or users, or lower gate.coverage")
		}
	}
	return notes
}

// reached counts the operations that have at least one good route.
func reached(api *gate.API, good func(route string) bool) (operations int) {
	for _, o := range api.Operations {
		for _, route := range o.Routes {
			if good(route) {
				operations++
				break
			}
		}
	}
	return operations
}

// judges reports whether a gate can judge a figure of a route with this traffic. In doubt it can.
func (j judge) judges(p gate.Policy, t traffic) bool {
	if t.most == 0 { // only outside of tasks
		return true
	}
	for _, m := range p.RouteMetrics() {
		n := float64(j.needs(m))
		if t.most >= n || t.free && time.Duration(t.most/n*float64(time.Second)) >= shortest {
			return true
		}
	}
	return false
}

// shortest is how fast the tasks of a fast service are.
const shortest = time.Millisecond
