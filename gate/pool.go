package gate

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A round of a rare route has too few requests for a quantile, although the whole load has enough. Such a row has one
// figure for each side, of all pairs together, and the test flips the same pairs as everywhere: stats.Pool.

// haveTallies reports whether the rounds of a side can be merged. A stored result has only their figures.
func haveTallies(r *result.Result) bool {
	return !slices.ContainsFunc(r.Rounds, func(one result.Round) bool { return one.Tally == nil })
}

// small reports whether the rounds have too few requests for figures of their own.
func (s *sides) small(l line) bool {
	before, now := s.perRound(l.route)
	return s.merges && (before < needs(l.metric) || now < headNeeds(l.metric))
}

// pool gives a row one figure of each side. For all routes together, it is the mean of the routes that can be compared.
func (s *sides) pool(r *row, base, head *result.Result, pairs []int) {
	if r.Route != tally.All {
		r.pool = poolOf(r.line, base, head, pairs)
		r.describePool(s.blocks(r.line, len(pairs)), 0)
		return
	}
	var weights []float64
	var pools []*stats.Pool
	for _, one := range s.shares() {
		weights, pools = append(weights, one.weight), append(pools, poolOf(r.line.of(one.route), base, head, pairs))
	}
	r.pool = stats.Mix(weights, pools)
	known := stats.Median(there(r.line.valuesOf(unitsOfRounds(base, pairs)))) // see moved
	mixed, _ := r.pool.Figures(nil)
	by := known - mixed
	if !finite(by) {
		by = 0
	}
	r.describePool(s.blocks(r.line, len(pairs)), by)
}

// poolOf is the pool of a route's rounds.
func poolOf(l line, base, head *result.Result, pairs []int) *stats.Pool {
	if q, ok := l.metric.quantile(); ok {
		return stats.PoolOfQuantiles(q, tailsOf(l, q, base, pairs), tailsOf(l, q, head, pairs))
	}
	rates := func(r *result.Result) (all []float64) {
		for _, i := range pairs {
			all = append(all, r.Rounds[i].Figures[l.route].Throughput)
		}
		return all
	}
	return stats.PoolOfMeans(rates(base), rates(head))
}

// tailsOf are the largest response times of a route in each of some rounds, on the line's scale.
func tailsOf(l line, q float64, r *result.Result, pairs []int) []stats.Tail {
	tails := make([]stats.Tail, len(pairs))
	for k, i := range pairs {
		route := r.Rounds[i].Tally.Routes[l.route]
		if route == nil {
			continue
		}
		n := route.Response.Count()
		tails[k].N = n
		for _, d := range route.Response.Largest(stats.TopOf(q, n)) {
			tails[k].Top = append(tails[k].Top, onScale(float64(max(d, time.Nanosecond)), false))
		}
	}
	return tails
}

// blocks cuts n pairs into the smallest blocks of neighbours that have enough requests.
func (s *sides) blocks(l line, n int) (blocks [][]int) {
	before, now := s.perRound(l.route)
	size := int(math.Ceil(max(needs(l.metric)/before, headNeeds(l.metric)/now)))
	size = min(max(size, 1), n)
	for from := 0; from+size <= n; from += size {
		block := make([]int, size)
		for i := range block {
			block[i] = from + i
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// describePool puts the figures of both sides into the comparison, and their ranges over blocks of pairs, all moved on
// the line's scale.
func (r *row) describePool(blocks [][]int, by float64) {
	for _, block := range blocks {
		b, h := r.pool.Figures(block)
		r.before, r.now = append(r.before, b+by), append(r.now, h+by)
	}
	r.describe()
}

// settlePools takes back doubts that come only from few requests. Such a row proves a change or shows that there is
// none, and what it leaves open is told and not judged, unless it is all that can be said of its route. Before the last
// look a row that looks past its limit and is surely up stays open, and at the early look any row does.
func (s *sides) settlePools(rows []row, at look) []row {
	rows = slices.Clone(rows)
	judged := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; r.Metric != FailureRate && r.Status != NotJudged && (r.pool == nil || r.Status != Unclear) {
			judged[r.Route] = true
		}
	}
	for i := range rows {
		r := &rows[i]
		if r.pool == nil || r.Status != Unclear || !judged[r.Route] || !at.last && (at.early || r.past() > 1 && r.found.interval.Low > 0) {
			continue
		}
		r.Status, r.Why = NotJudged, &Why{Kind: Undecided, RunTime: s.longer(r.moreToTell())}
		r.P, r.LetsThrough = nil, 0
	}
	return rows
}

// moreToTell is by how much the load must grow before noise leaves a row without a change below its guard: the width
// of its interval falls with the root of the load.
func (r *row) moreToTell() float64 {
	half := (r.found.interval.High - r.found.interval.Low) / 2
	return math.Pow(half/r.line.guard, 2)
}
