package soak

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// rateConfidence is two-sided: the lower bound of a failure rate holds with 99 %, as in the gate.
const rateConfidence = 0.98

// events are what no stable system does: it ends, is restarted, is killed for its memory or comes to the limit of it.
func events(r *result.Result) (courses []gate.Course) {
	for _, problem := range r.Problems {
		if problem.Kind == result.TargetDied {
			courses = append(courses, gate.Course{Kind: gate.Died, Name: result.OfSystem, Status: gate.Worse, Over: r.Length(), Text: problem.Text})
		}
	}
	if r.Watch == nil {
		return courses
	}
	seconds := r.Length().Seconds()
	for _, one := range []struct {
		kind   gate.CourseKind
		figure string
		from   map[string]float64
		times  float64
	}{
		{gate.Restarts, result.Restarts, r.Watch.Peak, 1},
		{gate.OutOfMemory, result.OOMKills, r.Watch.Mean, seconds},
		{gate.MemoryLimit, result.MemoryAtLimit, r.Watch.Mean, seconds},
	} {
		for _, name := range slices.Sorted(maps.Keys(one.from)) {
			subject, ok := strings.CutSuffix(name, "."+one.figure)
			if !ok || subject == result.OfMachine || subject == result.OfGenerator {
				continue
			}
			c := gate.Course{Kind: one.kind, Name: name, Status: gate.Within, Over: r.Length()}
			if v := one.from[name]; v > 0 {
				c.Status, c.Now = gate.Worse, max(1, math.Round(v*one.times))
			}
			courses = append(courses, c)
		}
	}
	return courses
}

// failing holds the failures of each route to its limit, in the last third of the rounds and in all of them.
func failing(p gate.Policy, r *result.Result) (courses []gate.Course) {
	for _, route := range r.Routes() {
		limit := p.FailureRate
		if own, ok := p.Routes[route]; ok {
			if own.Ignore {
				continue
			}
			limit = own.FailureRate
		}
		whole, past := pastRate(r.Rounds, route, limit)
		late, pastLate := pastRate(r.Rounds[len(r.Rounds)*2/3:], route, limit)
		c := gate.Course{Kind: gate.Failures, Name: route, Status: gate.Within, Before: whole, Now: late, Limit: limit, Over: r.Length()}
		if past || pastLate {
			c.Status = gate.Worse
		}
		courses = append(courses, c)
	}
	return courses
}

// pastRate is the failure rate of a route in some rounds, and whether it is surely past its limit.
func pastRate(rounds []result.Round, route string, limit float64) (rate float64, past bool) {
	var failures, requests []int64
	var failed, sent int64
	for _, round := range rounds {
		f := round.Of(route)
		failures, requests = append(failures, f.Failures), append(requests, f.Requests)
		failed, sent = failed+f.Failures, sent+f.Requests
	}
	rate = float64(failed) / float64(cmp.Or(sent, 1))
	return rate, rate > limit && stats.RateInterval(failures, requests, rateConfidence).Low > limit
}
