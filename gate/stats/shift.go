package stats

import (
	"math"
	"slices"
)

// Shift is the Hodges–Lehmann estimate of how far ys lie above xs: the median of all
// differences y−x. Hodges and Lehmann, Estimates of location based on rank tests, Annals of
// Mathematical Statistics 34, 1963. Missing values do not count; NaN when either has none.
func Shift(xs, ys []float64) float64 {
	differences := make([]float64, 0, len(xs)*len(ys))
	for _, y := range ys {
		for _, x := range xs {
			if d := y - x; !math.IsNaN(d) {
				differences = append(differences, d)
			}
		}
	}
	slices.Sort(differences)
	return medianOfSorted(differences)
}

// ShiftInterval holds the shift between xs and ys with at least the confidence: those of the
// sorted differences that the rank-sum test does not exclude, with the normal approximation of
// its distribution: Hollander and Wolfe, Nonparametric Statistical Methods, 1973, section 4.3.
// The whole line when there are too few values.
func ShiftInterval(xs, ys []float64, confidence float64) Interval {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	ys = slices.DeleteFunc(slices.Clone(ys), math.IsNaN)
	m, n := float64(len(xs)), float64(len(ys))
	k := int(math.Floor(m*n/2 - z(1-(1-confidence)/2)*math.Sqrt(m*n*(m+n+1)/12)))
	if k < 1 {
		return Interval{math.Inf(-1), math.Inf(1)}
	}
	var differences []float64
	for _, y := range ys {
		for _, x := range xs {
			differences = append(differences, y-x)
		}
	}
	slices.Sort(differences)
	return Interval{differences[k-1], differences[len(differences)-k]}
}
