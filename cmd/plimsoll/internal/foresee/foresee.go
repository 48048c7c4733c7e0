// Package foresee says what a plan will not be able to tell, before anything is sent.
//
// A plan and a policy go in, a Foresight comes out: users who may send more than a limit allows, and figures for
// which there will be too few requests. How often a route is requested follows from rates, weights, waits and repeats; how long
// the system takes is not known, so the numbers of a load with users are the most that there can be.
package foresee

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Foresight is what can be known before a run.
type Foresight struct {
	Notes []string // a sentence each
	// Blind are the routes for which a gate will lack requests: the route, how many requests there will be, and
	// what each of Gates cannot judge.
	Blind [][]string
	Gates []string // how many requests each figure needs, in each gate that may judge this plan
	// RunTime would be enough for all figures; 0 if nothing is missing, or that depends on the system.
	RunTime time.Duration
}

// Of looks at a plan and the policy of its gate.
func Of(pl *plan.Plan, p gate.Policy) Foresight {
	f := Foresight{Notes: tooFast(pl)}
	f.blind(pl, p)
	return f
}

// tooFast says that users may send more than the limit allows: then the run ends early.
func tooFast(pl *plan.Plan) []string {
	if pl.Open != nil || pl.Limits.Rate == 0 {
		return nil // a rate past the limit is refused
	}
	sum, free := 0.0, false
	for _, t := range count(pl) {
		sum, free = sum+t.most, free || t.free
	}
	judged := float64(pl.Rounds) * pl.RoundLength.Seconds()
	switch {
	case free:
		return []string{fmt.Sprintf("users who never wait send as much as the system answers: a run that sends more than limits.rate, %g/s, ends early", pl.Limits.Rate)}
	case sum/judged > pl.Limits.Rate:
		return []string{fmt.Sprintf("these users may send up to %.0f requests per second, and limits.rate allows %g: such a run ends early", sum/judged, pl.Limits.Rate)}
	}
	return nil
}

// traffic is how often a route is requested during the judged load.
type traffic struct {
	most float64 // requests; the most that there can be with users, and about as many as there are with a rate
	// free is set when users who never wait request it: how often depends on how fast the system answers. Then
	// most counts as if a task took a second.
	free bool
}

// judge is a gate, with how many rounds it cuts a run into.
type judge struct {
	name   string
	rounds int
}

// judges are the gates that may judge a plan: what runs elsewhere is rarely there twice.
func judges(pl *plan.Plan) []judge {
	all := []judge{{"stored", pl.Rounds}}
	if pl.Start != nil {
		all = append(all, judge{"paired", gate.MaxPairs})
	}
	return all
}

// blind finds the figures for which there will be too few requests.
func (f *Foresight) blind(pl *plan.Plan, p gate.Policy) {
	judged := time.Duration(pl.Rounds) * pl.RoundLength
	of := count(pl)
	for i, route := range pl.Routes {
		t := of[i]
		if t.most == 0 || p.Routes[route.Name].Ignore {
			continue
		}
		row, lacks := []string{route.Name, t.words(pl)}, false
		for _, j := range judges(pl) {
			missing, need := j.lacks(p, t)
			row, lacks = append(row, missing), lacks || missing != ""
			if !t.free && missing != "" {
				f.RunTime = max(f.RunTime, time.Duration(math.Ceil(judged.Seconds()*float64(need)/t.most))*time.Second)
			}
		}
		if lacks {
			f.Blind = append(f.Blind, row)
		}
	}
	for _, j := range judges(pl) {
		var needs []string
		for _, m := range p.Metrics {
			needs = append(needs, fmt.Sprintf("%s needs %d", m, gate.Needs(m)*j.rounds))
		}
		f.Gates = append(f.Gates, fmt.Sprintf("%s gate: %s", j.name, strings.Join(needs, ", ")))
	}
}

// lacks names the metrics that a gate cannot judge with so much traffic, and how many requests they need.
func (j judge) lacks(p gate.Policy, t traffic) (metrics string, need int) {
	var missing []string
	for _, m := range p.Metrics {
		n := gate.Needs(m) * j.rounds
		switch within := time.Duration(t.most / float64(n) * float64(time.Second)); {
		case t.free && within < usual:
			missing = append(missing, fmt.Sprintf("%s (if a task takes over %v)", m, rounded(within)))
		case !t.free && t.most < float64(n):
			missing, need = append(missing, string(m)), max(need, n)
		}
	}
	return strings.Join(missing, ", "), need
}

// usual is how long the tasks of many services take: what is judged while they take longer is not worth a word.
const usual = 200 * time.Millisecond

// words says how often a route is requested.
func (t traffic) words(pl *plan.Plan) string {
	switch {
	case t.free:
		return "as the system answers"
	case pl.Open != nil:
		return fmt.Sprintf("about %.0f", t.most)
	default:
		return fmt.Sprintf("at most %.0f", t.most)
	}
}

// rounded is a span to two digits or so.
func rounded(d time.Duration) time.Duration {
	if d > 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// count counts, for each route, the requests of the judged load.
func count(pl *plan.Plan) []traffic {
	all := make([]traffic, len(pl.Routes))
	atWork := timeAtWork(pl)
	weights := 0
	for _, b := range pl.Behaviours {
		weights += b.Weight
	}
	for i, b := range pl.Behaviours {
		total := 0
		for _, t := range b.Tasks {
			total += t.Weight
		}
		for _, t := range b.Tasks {
			share := float64(t.Weight) / float64(total)
			var tasks float64
			free := false
			switch {
			case pl.Open != nil:
				tasks = pl.Open.Expected() * judgedShare(pl) * float64(b.Weight) / float64(weights) * share
			default:
				period := period(b, total)
				if free = period <= 0; !free {
					tasks = atWork[i].Seconds() / period * share
				} else {
					tasks = atWork[i].Seconds() * share
				}
			}
			visit(t.Steps, 1, func(route int, times float64) {
				all[route].most += tasks * times
				all[route].free = all[route].free || free && (pl.Open != nil || atWork[i] > 0)
			})
		}
	}
	return all
}

// period is the least that passes between two tasks of a user, on average, in seconds. total is the sum of the
// weights of its tasks.
func period(b plan.Behaviour, total int) float64 {
	within := 0.0
	for _, t := range b.Tasks {
		within += waits(t.Steps) * float64(t.Weight) / float64(total)
	}
	if b.Wait.Kind == profile.WaitPace {
		return max(b.Wait.Period.Seconds(), within)
	}
	return atLeast(b.Wait) + within
}

// judgedShare is the part of the load that is judged.
func judgedShare(pl *plan.Plan) float64 {
	return float64(pl.Length()-pl.WarmUp) / float64(pl.Length())
}

// timeAtWork is how long the users of each kind work during the judged load, all together.
func timeAtWork(pl *plan.Plan) []time.Duration {
	all := make([]time.Duration, len(pl.Behaviours))
	for _, u := range pl.Users {
		for _, span := range u.Spans {
			all[u.Behaviour] += max(span.To-max(span.From, pl.WarmUp), 0)
		}
	}
	return all
}

// atLeast is the mean of a wait in seconds.
func atLeast(w profile.Wait) float64 {
	if w.Kind == profile.WaitPace {
		return w.Period.Seconds()
	}
	return ((w.Min + w.Max) / 2).Seconds()
}

// waits is how long a user waits within a task, in seconds.
func waits(steps []plan.Step) (sum float64) {
	for _, s := range steps {
		if len(s.If) > 0 {
			continue // it may be left out
		}
		switch {
		case s.Wait != nil:
			sum += atLeast(*s.Wait) * s.Repeat.Mean()
		case s.Steps != nil:
			sum += waits(s.Steps) * s.Repeat.Mean()
		}
	}
	return sum
}

// visit calls do for the route of each call, with how often a task makes it at most.
func visit(steps []plan.Step, times float64, do func(route int, times float64)) {
	for _, s := range steps {
		often := times * s.Repeat.Mean()
		if s.Call != nil {
			do(s.Call.Route(), often)
		}
		visit(s.Steps, often, do)
	}
}
