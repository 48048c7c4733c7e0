package stats

import (
	"math"
	"slices"
)

// ChangePoint is where a series goes to another level and stays there.
type ChangePoint struct {
	Index         int     // of the first value on the new level
	Before, After float64 // the medians of the stretches on either side
}

// leastStretch is how many values a level must last. Fewer are outliers.
const leastStretch = 5

// ChangePoints finds where a series changes its level: the test of Pettitt, A non-parametric
// approach to the change-point problem, Applied Statistics 28, 1979, at level alpha, and then
// the same on either side of each change (binary segmentation). It uses ranks, so single outliers do
// not move it. The change is placed where the two medians fit best, by the sum of absolute differences: Bai,
// Least absolute deviation estimation of a shift, Econometric Theory 11, 1995. Missing values belong to no
// stretch.
func ChangePoints(series []float64, alpha float64) []ChangePoint {
	var at []int // indices of the values that are there
	for i, x := range series {
		if !math.IsNaN(x) {
			at = append(at, i)
		}
	}
	values := make([]float64, len(at))
	for k, i := range at {
		values[k] = series[i]
	}
	cuts := append([]int{0}, segment(values, 0, alpha)...)
	cuts = append(cuts, len(values))
	var points []ChangePoint
	for k := 1; k < len(cuts)-1; k++ {
		points = append(points, ChangePoint{at[cuts[k]], Median(values[cuts[k-1]:cuts[k]]), Median(values[cuts[k]:cuts[k+1]])})
	}
	return points
}

// segment gives the cuts of values, which begin at offset, in growing order.
func segment(values []float64, offset int, alpha float64) []int {
	cut, p := pettitt(values)
	if p > alpha || cut < leastStretch || len(values)-cut < leastStretch {
		return nil
	}
	cut = placed(values, cut)
	return slices.Concat(segment(values[:cut], offset, alpha), []int{offset + cut}, segment(values[cut:], offset+cut, alpha))
}

// placed moves a cut to where the medians on either side of it fit best. The test's own place is off by some values where
// one side is longer: those of the longer side that lie above its middle look like the other side's.
func placed(values []float64, cut int) int {
	for range 4 { // it has settled by then
		before, after := Median(values[:cut]), Median(values[cut:])
		best, least, sum := cut, math.Inf(1), 0.0
		for k, x := range values[:len(values)-leastStretch] {
			sum += math.Abs(x-before) - math.Abs(x-after)
			if k+1 >= leastStretch && sum < least {
				best, least = k+1, sum
			}
		}
		if best == cut {
			break
		}
		cut = best
	}
	return cut
}

// pettitt gives the most likely first index of a new level, and the approximate chance of seeing one
// as clear in a series without any: 2·exp(−6K²/(n³+n²)), at most 1.
func pettitt(values []float64) (cut int, p float64) {
	n := float64(len(values))
	most, sum := 0.0, 0.0
	for k, rank := range midranks(values) {
		sum += 2*rank - (n + 1) // −U after k+1 values, by the ranks' identity
		if size := math.Abs(sum); size > most {
			most, cut = size, k+1
		}
	}
	return cut, min(1, 2*math.Exp(-6*most*most/(n*n*n+n*n)))
}
