package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// draws are log latencies of some pairs of a side. Each pair has a level of its own.
func draws(r *rand.Rand, pairs, most int, by float64) (all [][]float64) {
	for range pairs {
		values := make([]float64, 1+r.IntN(most))
		level := by + 0.1*r.NormFloat64()
		for i := range values {
			values[i] = level + 0.5*r.NormFloat64()
		}
		all = append(all, values)
	}
	return all
}

func tails(all [][]float64) (tails []stats.Tail) {
	for _, values := range all {
		tails = append(tails, stats.Tail{N: int64(len(values)), Top: values})
	}
	return tails
}

// quantileOf is the quantile of several lists together, by its definition.
func quantileOf(q float64, lists ...[]float64) float64 {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return all[max(int(q*float64(len(all))+0.5), 1)-1]
}

// The figures of a Pool are those of all values together. Its test counts the values above the quantile of both sides.
func TestPoolOfQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, q := range []float64{0.5, 0.95, 0.99} {
		for range 20 {
			pairs := 6 + random.IntN(3)
			base, head := draws(random, pairs, 30, 0), draws(random, pairs, 30, 0.3)
			pool := stats.PoolOfQuantiles(q, tails(base), tails(head))
			b, h := pool.Figures(nil)
			near(t, "base", b, quantileOf(q, base...), 0)
			near(t, "head", h, quantileOf(q, head...), 0)
			b, h = pool.Figures([]int{1, 2})
			near(t, "two pairs of base", b, quantileOf(q, base[1:3]...), 0)
			near(t, "two pairs of head", h, quantileOf(q, head[1:3]...), 0)
			threshold := quantileOf(q, slices.Concat(append(slices.Clone(base), head...)...))
			above := func(lists ...[]float64) (n float64) {
				for _, v := range slices.Concat(lists...) {
					if v > threshold {
						n++
					}
				}
				return n
			}
			share := (above(base...) + above(head...)) / float64(len(slices.Concat(base...))+len(slices.Concat(head...)))
			for i, d := range pool.Differences() {
				near(t, "difference", d, above(head[i])-above(base[i])-share*float64(len(head[i])-len(base[i])), 1e-9)
			}
			near(t, "p", stats.FlipLines([]stats.Paired{pool}, 0, 1)[0], stats.SignFlip([][]float64{pool.Differences()}, 0, 1)[0], 0)
		}
	}
}

// More of a mean is better. A mix is the weighted mean of its pools.
func TestPoolOfMeans(t *testing.T) {
	base, head := []float64{10, 20, 30}, []float64{5, 10, 15}
	half := stats.PoolOfMeans(base, head)
	near(t, "half of it", half.Estimate().Value, math.Log(2), 1e-12)
	b, h := half.Figures([]int{0, 1})
	near(t, "base", b, -math.Log(15), 1e-12)
	near(t, "head", h, -math.Log(7.5), 1e-12)
	same := stats.PoolOfMeans(base, base)
	near(t, "a mix", stats.Mix([]float64{3, 1}, []*stats.Pool{half, same}).Estimate().Value, 0.75*math.Log(2), 1e-12)
}

// Nothing to compare is nothing proven.
func TestPoolOfNothing(t *testing.T) {
	none := make([]stats.Tail, 8)
	some := tails(draws(rand.New(rand.NewPCG(1, 1)), 8, 5, 0))
	for name, pool := range map[string]*stats.Pool{
		"no requests": stats.PoolOfQuantiles(0.5, none, none), "none of head": stats.PoolOfQuantiles(0.5, some, none),
		"a mix of none": stats.Mix(nil, nil), "no throughput": stats.PoolOfMeans(make([]float64, 8), make([]float64, 8)),
	} {
		e := pool.Estimate()
		if p := stats.FlipLines([]stats.Paired{pool}, 9, 1)[0]; p != 1 || !math.IsNaN(e.Value) || !math.IsInf(e.SE, 1) {
			t.Errorf("%s: p %v, %+v", name, p, e)
		}
	}
}

// If nothing differs, a report of pools and differences has p ≤ α in at most α of the cases, with whole pairs of one
// side beside a hog.
func TestPoolHoldsItsLevel(t *testing.T) {
	const reports, alpha = 1000, 0.05
	random := rand.New(rand.NewPCG(3, 2))
	red := 0
	for report := range reports {
		var lines []stats.Paired
		for range 3 {
			sides := [2][][]float64{draws(random, 14, 12, 0), draws(random, 14, 12, 0)}
			if hog := random.IntN(28); report%2 == 0 {
				for i := range sides[hog%2][hog/2] {
					sides[hog%2][hog/2][i] += 1
				}
			}
			lines = append(lines, stats.PoolOfQuantiles(0.9, tails(sides[0]), tails(sides[1])))
			var d stats.Differences
			for range 14 {
				d = append(d, random.NormFloat64())
			}
			lines = append(lines, d)
		}
		if least(stats.FlipLines(lines, 499, uint64(report))) <= alpha {
			red++
		}
	}
	if share := float64(red) / reports; share > alpha+3*math.Sqrt(alpha*(1-alpha)/reports) {
		t.Errorf("%.1f %% of unchanged reports have p ≤ 5 %%", 100*share)
	}
}

// The standard error of an estimate is the spread of estimates.
func TestPoolKnowsItsError(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 2))
	for _, pairs := range []int{6, 12, 24} {
		var errors, values []float64
		for range 300 {
			e := stats.PoolOfQuantiles(0.95, tails(draws(random, pairs, 60, 0)), tails(draws(random, pairs, 60, 0))).Estimate()
			errors, values = append(errors, e.SE), append(values, e.Value)
		}
		if ratio := stats.Median(errors) / stats.MAD(values); ratio < 0.8 || ratio > 1.4 {
			t.Errorf("%d pairs: the standard error is %.2f of the spread", pairs, ratio)
		}
	}
}
