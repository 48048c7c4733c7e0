package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Routes of one service share its cores, caches and locks, so a change of one really moves the others a
// little. A route that has become much slower leaves colder caches and longer queues. A route that has become
// faster brings users back sooner, and their requests queue for the other routes.

const (
	// farSlower times another route's increase in latency is the least increase that makes a route its
	// cause. GET /search at +4 ms once moved a route that nobody had touched from 237 to 365 µs.
	farSlower = 4
	// leastAdded is the least rise of all requests per second that may slow a route. It slows a queue that is
	// 70 % busy by 30 %, and one that is half busy by 11 %.
	leastAdded = 0.10
	// busiest is the assumed utilization of a system's bottleneck under the added load. On a machine that is
	// busier, all the users that the faster route sets free wait in the queue, however many they are.
	busiest = 0.90
	// leastFaster is the least improvement with which a route adds load.
	leastFaster = 0.10
)

// mostAdded is the most times as slow that a route may become when its system answers this many times as many
// requests per second: the slowdown of a queue for one server that is 90 % busy afterwards. A queue takes
// 1/(1-utilization) times as long as the work (M/G/1 with processor sharing, Kleinrock, Queueing Systems
// 2, chapter 4); with more servers it changes by less.
func mostAdded(times float64) float64 { return (1 - busiest/times) / (1 - busiest) }

// addedLoad puts worse rows into doubt if another route is faster and all routes together are therefore
// requested more often. That happens if users ask again as soon as they have their answers: a slower route
// may only have to share with more requests, and a fixed rate would tell. Rows that are slower by more than
// the added requests can explain stay worse.
func (s *sides) addedLoad(rows []row) []row {
	times, most := s.timesRequested(), 0.0
	switch {
	case s.users == 0:
		return rows
	case s.saturated && times >= 1: // the faster routes have set that time of the users free
		most = math.Inf(1)
	case times >= 1+leastAdded:
		most = mostAdded(times)
	}
	faster := s.faster(rows)
	if most == 0 || len(faster) == 0 {
		return rows
	}
	load := moreLoad{s: s, most: most, others: s.meansWithout(faster, rows)}
	rows = slices.Clone(rows)
	still := map[Metric]bool{} // rows of routes that stay worse
	for i := range rows {
		if r := &rows[i]; r.Status != Worse || r.Route == tally.All || r.Metric == FailureRate {
			continue
		} else if slices.Contains(faster, r.Route) || !load.explains(r) {
			still[r.Metric] = true
		} else {
			r.doubtLoad(times, faster)
		}
	}
	for i := range rows { // all routes together are no more than their routes
		if r := &rows[i]; r.Status == Worse && r.Route == tally.All && r.Metric != FailureRate && !still[r.Metric] {
			r.doubtLoad(times, faster)
		}
	}
	return rows
}

func (r *row) doubtLoad(times float64, faster []string) {
	r.Status, r.Why = Unclear, caused("", faster)
	r.Why.Kind, r.Why.Change = MoreLoad, times-1
}

// moreLoad bounds the effect on other routes of the load that a faster route adds.
type moreLoad struct {
	s      *sides
	most   float64            // times as slow
	others map[Metric]float64 // what requests to the other routes took before, in ns
}

// explains reports whether the added load alone may make a row worse. If requests share the cores, all become
// slower by the same factor. If requests wait for one another, all wait equally long, so a quick route may
// become many times as slow: it grows by as much time as the added load adds to the mean of them all.
func (m moreLoad) explains(r *row) bool {
	metric, own, is := r.Metric, r.Baseline, 1+r.Change
	if r.Metric == Throughput { // of users who ask for nothing else
		metric, own = P50, m.s.before.routes[r.Route].mean
		is = 1 / max(is, math.SmallestNonzeroFloat64)
	}
	return is <= 1+(m.most-1)*max(1, m.others[metric]/max(own, 1))
}

// meansWithout has the mean latencies of the baseline, over requests to all routes but some.
func (s *sides) meansWithout(some []string, rows []row) map[Metric]float64 {
	sums, weights := map[Metric]float64{}, map[Metric]float64{}
	for i := range rows {
		if r := &rows[i]; r.Metric.IsLatency() && r.Route != tally.All && r.Baseline > 0 && !slices.Contains(some, r.Route) {
			weight := perOf(s.before.routes[r.Route], s.before)
			sums[r.Metric] += weight * r.Baseline
			weights[r.Metric] += weight
		}
	}
	for m := range sums {
		sums[m] /= weights[m]
	}
	return sums
}

// timesRequested is the number of whole calls per round, as a multiple of the number before.
func (s *sides) timesRequested() float64 {
	sum := func(one side) (n float64) {
		for route, c := range one.routes {
			if !s.parts[route] {
				n += perOf(c, one)
			}
		}
		return n
	}
	if had := sum(s.before); had > 0 {
		return sum(s.now) / had
	}
	return 0
}

// saturated reports whether a run's machine had next to no CPU time left in its rounds.
func saturated(r *result.Result) bool {
	used := 0.0
	for i := range r.Rounds {
		used += r.Rounds[i].Machine.Generator + r.Rounds[i].Machine.Busy()
	}
	return used > busiest*float64(len(r.Rounds))
}

// faster lists the routes that users wait less for: the whole interval of their p50's change is below zero.
// Routes that are not judged have no interval, such as those that are ignored, that failed or that are gone:
// the improvement in their time must be as large as a change for the worse that fails.
func (s *sides) faster(rows []row) (names []string) {
	judged := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		if r.Metric != P50 || r.Status == NotJudged || r.Route == tally.All {
			continue
		}
		judged[r.Route] = true
		if r.Change <= -leastFaster && r.Interval != nil && r.Interval.High < 0 {
			names = append(names, r.Route)
		}
	}
	had := s.before.parts()
	for route, before := range s.before.routes {
		now := s.now.routes[route]
		if !judged[route] && had[route] >= leastPart && now.mean < before.mean*(1-s.p.Degradation) {
			names = append(names, route)
		}
	}
	slices.Sort(names)
	return names
}

// rises has the increase in latency of each worse row, in ns, by metric. It leaves out routes that are only a
// small part of the load.
type rises map[Metric]map[string]float64

func (c *causes) addRise(r *row) {
	if r.Status != Worse || !r.Metric.IsLatency() || max(c.had[r.Route], c.has[r.Route]) < leastPart {
		return
	}
	if c.rises[r.Metric] == nil {
		c.rises[r.Metric] = map[string]float64{}
	}
	c.rises[r.Metric][r.Route] = r.rise()
}

// rise is the increase of a latency in ns.
func (c *Comparison) rise() float64 { return c.Baseline * c.Change }

// largest is the rise of a route's metric, or of its p50 if that is larger.
func (all rises) largest(m Metric, route string) float64 { return max(all[m][route], all[P50][route]) }

// ofFarSlower finds routes that have become slower by far more time than the row. They are worse themselves,
// so blame moves to them and nothing is hidden. A route that is ignored, or within a larger limit of its own,
// is no cause.
func (c *causes) ofFarSlower(r *row) *Why {
	if !r.Metric.IsLatency() || !(r.rise() > 0) {
		return nil
	}
	var names []string
	most := 0.0
	for _, m := range []Metric{P50, r.Metric} {
		for route := range c.rises[m] {
			if route == r.Route || c.rises.largest(r.Metric, route) < farSlower*r.rise() || slices.Contains(names, route) {
				continue
			}
			names = append(names, route)
			most = max(most, c.rises.largest(r.Metric, route))
		}
	}
	names = slices.DeleteFunc(names, func(route string) bool { // it follows from another one of these
		return most >= farSlower*c.rises.largest(r.Metric, route)
	})
	slices.Sort(names)
	return caused(ByFarSlower, names)
}
