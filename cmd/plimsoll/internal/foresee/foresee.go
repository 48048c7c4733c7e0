// Package foresee predicts, before anything is sent, which figures a plan will not be able to judge.
//
// A plan and a policy go in, a Foresight comes out: users who may send more than a limit allows, and figures with too
// few requests. The requests of a route follow from rates, weights, waits and repeats. How long the system takes is not
// known, so the numbers of a load with users are upper bounds.
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

// Foresight is what can be predicted about a run.
type Foresight struct {
	Notes []string // a sentence each
	// Blind are the routes with too few requests for a gate: the route, how many requests there will be, and the
	// metrics that each of Gates cannot judge.
	Blind [][]string
	Gates []string // how many requests each figure needs, in each gate that may judge this plan
	// RunTime is what all figures need at least; 0 if nothing is missing, or if it depends on the system.
	RunTime time.Duration
	Free    bool // Blind has figures that depend on how long a task takes
}

// Of makes the Foresight of a plan and the policy of its gate. api may be nil.
func Of(pl *plan.Plan, p gate.Policy, api *gate.API) Foresight {
	f := Foresight{Notes: tooFast(pl)}
	if text := TooShortToPair(time.Duration(pl.Rounds) * pl.RoundLength); text != "" && pl.Start != nil && pl.Locust == nil {
		f.Notes = append(f.Notes, "for a paired gate "+text)
	}
	if pl.Target.HTTP == profile.HTTP3 {
		f.Notes = append(f.Notes, overHTTP3)
	}
	f.Notes = append(f.Notes, lowCoverage(pl, p, api)...)
	if p.UnderLoad.Asked {
		f.Notes = append(f.Notes, UnderLoad(pl, p)...)
	}
	f.blind(pl, p)
	return f
}

// overHTTP3 says what http: 3 costs and what it is for.
const overHTTP3 = "http: 3 costs this machine several times the CPU time of http: 2, so it sends less: it is for a service whose HTTP/3 is to be measured, or which speaks nothing else"

// leastRound is the shortest round that means anything.
const leastRound = 100 * time.Millisecond

// TooShortToPair says why a paired gate refuses a run_time: its rounds would be too short. It is empty if they are
// long enough.
func TooShortToPair(judged time.Duration) string {
	if judged/gate.MaxPairs >= leastRound {
		return ""
	}
	return fmt.Sprintf("a run_time of %s makes %d rounds of %s for each side, which is too short: give a run_time of %s or more",
		plan.InWords(judged), gate.MaxPairs, plan.InWords(judged/gate.MaxPairs), plan.InWords(gate.MaxPairs*leastRound))
}

// tooFast returns a note if users may send more than limits.rate allows, which ends the run early.
func tooFast(pl *plan.Plan) []string {
	if pl.Open != nil || pl.Limits.Rate == 0 {
		return nil // a rate past the limit is refused
	}
	sum, free := 0.0, false
	for i, t := range count(pl) {
		if !pl.Routes[i].Part {
			sum, free = sum+t.most, free || t.free
		}
	}
	judged := float64(pl.Rounds) * pl.RoundLength.Seconds()
	switch {
	case free:
		return []string{fmt.Sprintf("users who never wait send as fast as the system answers: a run that sends more than limits.rate, %g/s, ends early", pl.Limits.Rate)}
	case sum/judged > pl.Limits.Rate:
		return []string{fmt.Sprintf("these users may send up to %.0f requests per second, and limits.rate allows %g: such a run ends early", sum/judged, pl.Limits.Rate)}
	}
	return nil
}

// traffic is how often a route is requested during the judged load.
type traffic struct {
	most float64 // requests: an upper bound with users, about the true number with a rate
	// free is set when users who never wait request it: then the number depends on how fast the system answers, and
	// most assumes that a task takes a second.
	free bool
}

// judge is a gate, and how many requests of a route it needs in the whole load to judge a metric.
type judge struct {
	name  string
	needs func(gate.Metric) int
}

// judges are the gates that may judge a plan. Without target.start it is the stored gate alone: a system that runs
// elsewhere rarely has a second copy to compare with.
func judges(pl *plan.Plan) []judge {
	all := []judge{{"stored", func(m gate.Metric) int { return gate.Needs(m) * pl.Rounds }}}
	if pl.Start != nil {
		all = append(all, judge{"paired", gate.NeedsOfPairs})
	}
	return all
}

// blind finds the figures with too few requests.
func (f *Foresight) blind(pl *plan.Plan, p gate.Policy) {
	judged := time.Duration(pl.Rounds) * pl.RoundLength
	of := count(pl)
	for i, route := range pl.Routes {
		t := of[i]
		if t.most == 0 || t.most == unknown || p.Routes[route.Name].Ignore {
			continue
		}
		row, lacks := []string{route.Name, t.words(pl)}, false
		for _, j := range judges(pl) {
			missing, need := j.lacks(p, t)
			row, lacks = append(row, missing), lacks || missing != ""
			f.Free = f.Free || t.free && missing != ""
			if !t.free && missing != "" {
				f.RunTime = max(f.RunTime, time.Duration(math.Ceil(spare*judged.Seconds()*float64(need)/t.most))*time.Second)
			}
		}
		if lacks {
			f.Blind = append(f.Blind, row)
		}
	}
	for _, j := range judges(pl) {
		var needs []string
		for _, m := range p.RouteMetrics() {
			needs = append(needs, fmt.Sprintf("%s needs %d", m, j.needs(m)))
		}
		f.Gates = append(f.Gates, fmt.Sprintf("%s gate: %s", j.name, strings.Join(needs, ", ")))
	}
}

// spare is the margin of RunTime: the number of requests varies.
const spare = 1.15

// lacks names the metrics that a gate cannot judge with this traffic, and how many requests they need.
func (j judge) lacks(p gate.Policy, t traffic) (metrics string, need int) {
	var missing []string
	for _, m := range p.RouteMetrics() {
		n := j.needs(m)
		switch within := time.Duration(t.most / float64(n) * float64(time.Second)); {
		case t.free && within < usual:
			missing = append(missing, fmt.Sprintf("%s over %s", m, plan.InWords(within)))
		case !t.free && t.most < float64(n):
			missing, need = append(missing, string(m)), max(need, n)
		}
	}
	return strings.Join(missing, ", "), need
}

// usual is how long the tasks of many services take. A metric that can be judged with tasks this slow needs no remark.
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
		tasks, free := 0.0, false
		if pl.Open != nil {
			tasks = pl.Open.Expected() * judgedShare(pl) * float64(b.Weight) / float64(weights)
		} else {
			each := period(b, total)
			if each <= 0 {
				each, free = 1, atWork[i] > 0
			}
			tasks = atWork[i].Seconds() / each
		}
		for _, t := range b.Tasks {
			ofTask := tasks * (float64(t.Weight) / float64(total))
			visit(t.Steps, 1, func(route int, times float64) {
				all[route].most += ofTask * times
				all[route].free = all[route].free || free
			})
		}
	}
	return all
}

// period is the shortest mean time between two tasks of a user, in seconds. total is the sum of its tasks' weights.
func period(b plan.Behaviour, total int) float64 {
	within := 0.0
	for _, t := range b.Tasks {
		within += waits(t.Steps) * float64(t.Weight) / float64(total)
	}
	if b.Wait.Kind == profile.WaitPace {
		return max(b.Wait.Period.Seconds(), within)
	}
	return meanOf(b.Wait) + within
}

// judgedShare is the judged share of the load.
func judgedShare(pl *plan.Plan) float64 {
	return float64(pl.Length()-pl.WarmUp) / float64(pl.Length())
}

// timeAtWork is the time that all users of each behaviour together work during the judged load.
func timeAtWork(pl *plan.Plan) []time.Duration {
	all := make([]time.Duration, len(pl.Behaviours))
	for _, u := range pl.Users {
		for _, span := range u.Spans {
			all[u.Behaviour] += max(span.To-max(span.From, pl.WarmUp), 0)
		}
	}
	return all
}

// meanOf is the mean of a wait in seconds.
func meanOf(w profile.Wait) float64 {
	if w.Kind == profile.WaitPace {
		return w.Period.Seconds()
	}
	return ((w.Min + w.Max) / 2).Seconds()
}

// waits is how long a user waits within a task, in seconds.
func waits(steps []plan.Step) (sum float64) {
	for _, s := range steps {
		if len(s.If) > 0 {
			continue // it may be skipped
		}
		switch {
		case s.Wait != nil:
			sum += meanOf(*s.Wait) * s.Repeat.Mean()
		case s.Call != nil:
			sum += lasts(s.Call) * s.Repeat.Mean()
		case s.Steps != nil:
			sum += waits(s.Steps) * s.Repeat.Mean()
		}
	}
	return sum
}

// visit calls do for the routes of each call, with how often a task makes it on average if no condition skips it.
func visit(steps []plan.Step, times float64, do func(route int, times float64)) {
	for _, s := range steps {
		often := times * s.Repeat.Mean()
		if s.Call != nil {
			do(s.Call.Route(), often)
			parts(s.Call, often, do)
		}
		visit(s.Steps, often, do)
	}
}
