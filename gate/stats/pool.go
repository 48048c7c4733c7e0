package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Pool is a line whose pairs are too small for figures of their own. Its location is the difference of two figures,
// head's less base's, each of all pairs together.
//
// The test looks at each pair all the same: at how many more of head's values than of base's lie above the quantile of
// all values of both sides. If nothing differs, that quantile is the same whichever side a pair's values belong to, so
// signs may be flipped as in SignFlip. This is the quantile test of Johnson, Verrill and Moore, Two-sample rank tests for
// detecting changes that occur in a small proportion of the treated population, Biometrics 43, 1987, in pairs. To make
// both figures anew after each flip would be a weaker test: a quantile of mixed sides jumps to the slower side's values
// as soon as there are a few of them, so nearly all flips look as clear as a true change.
//
// All parts of a Pool have the same pairs.
type Pool struct {
	pairs int
	parts []poolPart
}

// poolPart is one figure of both sides.
type poolPart struct {
	weight float64
	n      [2][]float64 // counted by base and by head in each pair
	// Of a quantile: the largest values, in falling order, each with its pair and its side. Of a mean: none.
	values []float64
	of     []int // twice the pair, plus 1 for head
	q      float64
}

// Tail is what one side counted in one pair: N values, and those of them that may matter, in any order.
type Tail struct {
	N   int64
	Top []float64
}

// topShare times the share of values beyond a quantile is how much of a pair may matter to it: a pair that is
// disturbed as a whole has that much influence, and no more.
const topShare = 4

// TopOf is how many of n values may matter to a quantile.
func TopOf(q float64, n int64) int64 {
	return min(n, int64(math.Ceil(topShare*(1-q)*float64(n)))+leastTop)
}

// leastTop is added, so that a pair with a handful of values has some that matter.
const leastTop = 3

// PoolOfQuantiles is a Pool of the q quantile of all values of a side. The values are on the line's scale.
func PoolOfQuantiles(q float64, base, head []Tail) *Pool {
	p := poolPart{weight: 1, q: q}
	type entry struct {
		value float64
		of    int
	}
	var all []entry
	for side, tails := range [][]Tail{base, head} {
		for i, t := range tails {
			p.n[side] = append(p.n[side], float64(t.N))
			for _, v := range t.Top {
				all = append(all, entry{v, 2*i + side})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.of, b.of)) })
	p.values, p.of = make([]float64, len(all)), make([]int, len(all))
	for i, e := range all {
		p.values[i], p.of[i] = e.value, e.of
	}
	return &Pool{len(base), []poolPart{p}}
}

// PoolOfMeans is a Pool of amounts, where a larger amount is better. Its figures are the negative logarithms of their means.
func PoolOfMeans(base, head []float64) *Pool {
	return &Pool{len(base), []poolPart{{weight: 1, n: [2][]float64{base, head}}}}
}

// Mix is a Pool whose value is the weighted mean of those of others.
func Mix(weights []float64, pools []*Pool) *Pool {
	var m Pool
	for k, p := range pools {
		m.pairs = max(m.pairs, p.pairs)
		for _, part := range p.parts {
			part.weight *= weights[k]
			m.parts = append(m.parts, part)
		}
	}
	return &m
}

// Figures are the figures of base and head over some of the pairs; nil for all. Of several parts they are means.
func (p *Pool) Figures(some []int) (base, head float64) {
	times := make([]float64, p.pairs)
	for i := range times {
		if some == nil || slices.Contains(some, i) {
			times[i] = 1
		}
	}
	return p.figures(times)
}

// figures are those of base and head with each pair taken a number of times.
func (p *Pool) figures(times []float64) (base, head float64) {
	weights := 0.0
	for k := range p.parts {
		part := &p.parts[k]
		if b, h := part.figures(times); !math.IsNaN(b + h) {
			base, head, weights = base+part.weight*b, head+part.weight*h, weights+part.weight
		}
	}
	return base / weights, head / weights // 0/0 is NaN
}

func (p *poolPart) figures(times []float64) (base, head float64) {
	var n [2]float64
	pairs := 0.0
	for i, by := range times {
		n[0], n[1], pairs = n[0]+by*p.n[0][i], n[1]+by*p.n[1][i], pairs+by
	}
	switch {
	case p.values == nil:
		return -math.Log(n[0] / pairs), -math.Log(n[1] / pairs)
	case n[0] == 0 || n[1] == 0:
		return math.NaN(), math.NaN()
	}
	return p.quantiles(times, [2]float64{p.beyond(n[0]), p.beyond(n[1])})
}

// beyond is the rank of the quantile of n values, from the largest down. It is the one of hist.Quantile.
func (p *poolPart) beyond(n float64) float64 { return n - max(math.Floor(p.q*n+0.5), 1) + 1 }

// quantiles walks down from the largest value until both sides have come to their ranks. A side that has fewer values
// gets the smallest one.
func (p *poolPart) quantiles(times []float64, ranks [2]float64) (base, head float64) {
	last := len(p.values) - 1
	found, seen := [2]float64{p.values[last], p.values[last]}, [2]float64{}
	missing := 2
	for k := 0; missing > 0 && k <= last; k++ {
		side := p.of[k] & 1
		before := seen[side]
		seen[side] += times[p.of[k]>>1]
		if before < ranks[side] && seen[side] >= ranks[side] {
			found[side], missing = p.values[k], missing-1
		}
	}
	return found[0], found[1]
}

// resamples is how often Estimate draws pairs anew: enough for a standard error to about 5 %.
const resamples = 200

// Estimate is the value with the standard error of a bootstrap over the pairs (Efron and Tibshirani, An Introduction
// to the Bootstrap, 1993, ch. 6), times √(n/(n−1)) because that of few pairs is too small. It has as many degrees of
// freedom as a mean of the pairs.
func (p *Pool) Estimate() Estimate {
	all := make([]int, p.pairs)
	for i := range all {
		all[i] = i
	}
	return p.estimate(all)
}

// estimate is Estimate of some of the pairs.
func (p *Pool) estimate(pairs []int) Estimate {
	n := len(pairs)
	before, now := p.Figures(pairs)
	e := Estimate{Value: now - before, SE: math.Inf(1), DF: n - 1, N: n}
	if n < 2 || math.IsNaN(e.Value) {
		return e
	}
	random := rand.New(rand.NewPCG(1, uint64(n)))
	var sum, squares, drawn float64
	times := make([]float64, p.pairs)
	for range resamples {
		clear(times)
		for range n {
			times[pairs[random.IntN(n)]]++
		}
		before, now = p.figures(times)
		if d := now - before - e.Value; !math.IsNaN(d) && !math.IsInf(d, 0) {
			sum, squares, drawn = sum+d, squares+d*d, drawn+1
		}
	}
	if drawn > resamples/2 {
		mean := sum / drawn
		e.SE = max(math.Sqrt((squares/drawn-mean*mean)*float64(n)/float64(n-1)), leastSE)
	}
	return e
}

// Differences are what the test flips: for each pair, how many more of head's values lie above the quantile of both
// sides, less those that would if head and base had the same share of them there; or how much less of an amount.
func (p *Pool) Differences() []float64 {
	d := make([]float64, p.pairs)
	for k := range p.parts {
		p.parts[k].addTo(d)
	}
	return d
}

func (p *poolPart) addTo(d []float64) {
	if p.values == nil {
		for i := range d {
			d[i] += p.n[0][i] - p.n[1][i]
		}
		return
	}
	total := 0.0
	for i := range d {
		total += p.n[0][i] + p.n[1][i]
	}
	var above int
	if total > 0 {
		rank := min(int(p.beyond(total)), len(p.values))
		above, _ = slices.BinarySearchFunc(p.values, p.values[rank-1], func(v, quantile float64) int { return cmp.Compare(quantile, v) })
	}
	for _, of := range p.of[:above] {
		d[of>>1] += float64(2*(of&1) - 1)
	}
	for i := range d {
		d[i] -= float64(above) / max(total, 1) * (p.n[1][i] - p.n[0][i])
	}
}

// underFlips is the test of the differences.
func (p *Pool) underFlips(patterns []uint64, t []float64) (own float64) {
	if before, now := p.Figures(nil); math.IsNaN(now - before) {
		return Differences(nil).underFlips(patterns, t)
	}
	return Differences(p.Differences()).underFlips(patterns, t)
}
