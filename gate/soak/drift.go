package soak

import (
	"cmp"
	"math"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The rule for drift: blocks of at least leastBlock, put into other orders, at driftP for all lines together.
const (
	blocks     = 12
	leastBlock = 10 * time.Second
	orders     = 1999
	driftP     = 0.01
)

// driftNeeds are the requests that a window must have on average for a figure to be followed.
var driftNeeds = []struct {
	metric   gate.Metric
	requests float64
}{{gate.P50, 20}, {gate.P95, 100}, {gate.Throughput, 20}}

// drifting follows the figures of each route over the rounds. It notes those that got worse by more than the limit.
func drifting(p gate.Policy, r *result.Result) []gate.Course {
	if len(r.Rounds) < blocks || r.Length() < blocks*leastBlock {
		return nil
	}
	var courses []gate.Course
	var lines [][]float64
	for _, route := range append([]string{tally.All}, r.Routes()...) {
		if p.Routes[route].Ignore {
			continue
		}
		for _, m := range driftNeeds {
			if requestsAWindow(r, route) < m.requests {
				continue
			}
			line := followed(r, route, m.metric)
			courses = append(courses, drift(line, gate.Course{
				Kind: gate.Drift, Name: route, Metric: m.metric, Status: gate.Within, Limit: p.Soak.Drift, Over: r.Length(),
			}))
			lines = append(lines, line)
		}
	}
	for i, chance := range stats.JointTrend(lines, blocks, orders, seedOf(r)) {
		c := &courses[i]
		if worse := worseBy(c); chance <= driftP && worse > math.Log1p(c.Limit) {
			c.Status, c.Why = gate.Suspect, gate.OnlyNoted
		}
	}
	return courses
}

// requestsAWindow is how many requests of a route a round has on average.
func requestsAWindow(r *result.Result, route string) float64 {
	sum := int64(0)
	for _, round := range r.Rounds {
		sum += round.Of(route).Requests
	}
	return float64(sum) / float64(len(r.Rounds))
}

// followed is a figure of each round on the log scale, where more is worse. It is NaN without requests.
func followed(r *result.Result, route string, m gate.Metric) []float64 {
	line := make([]float64, len(r.Rounds))
	for i, round := range r.Rounds {
		f := round.Of(route)
		v := map[gate.Metric]float64{gate.P50: float64(f.P50), gate.P95: float64(f.P95), gate.Throughput: f.Throughput}[m]
		line[i] = math.NaN()
		if v > 0 {
			line[i] = math.Log(v)
		}
		if m == gate.Throughput {
			line[i] = -line[i]
		}
	}
	return line
}

// drift fills in the values of the Theil–Sen line through a figure, at the beginning and the end.
func drift(line []float64, c gate.Course) gate.Course {
	at := make([]float64, len(line))
	for i := range at {
		at[i] = (float64(i) + 0.5) / float64(len(line))
	}
	fit := stats.TheilSen(at, line)
	if math.IsNaN(fit.Slope) {
		c.Status, c.Why = gate.NotJudged, gate.FewReadings
		return c
	}
	sign := 1.0
	if c.Metric == gate.Throughput {
		sign = -1
	}
	c.Before, c.Now = math.Exp(sign*fit.Intercept), math.Exp(sign*(fit.Intercept+fit.Slope))
	c.Change = c.Now/c.Before - 1
	return c
}

// worseBy is how much worse a figure became, on the log scale.
func worseBy(c *gate.Course) float64 {
	if c.Before == 0 {
		return 0
	}
	by := math.Log(cmp.Or(c.Now, 1) / c.Before)
	if c.Metric == gate.Throughput {
		return -by
	}
	return by
}
