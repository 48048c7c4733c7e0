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
// not move it. Missing values belong to no stretch.
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
	return slices.Concat(segment(values[:cut], offset, alpha), []int{offset + cut}, segment(values[cut:], offset+cut, alpha))
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
