package stats

import (
	"math"
	"slices"
)

// Shift is the Hodges–Lehmann estimate of how far ys lie above xs, the median of all differences
// y−x, and an interval that holds it with at least the confidence. Hodges and Lehmann, Estimates of
// location based on rank tests, Annals of Mathematical Statistics 34, 1963. The interval holds the
// sorted differences that the rank-sum test does not exclude, with the normal approximation of
// its distribution: Hollander and Wolfe, Nonparametric Statistical Methods, 1973, section 4.3.
// Missing values do not count. The estimate is NaN when either side has no value, and the interval
// is the whole line when there are too few.
func Shift(xs, ys []float64, confidence float64) (estimate float64, interval Interval) {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	ys = slices.DeleteFunc(slices.Clone(ys), math.IsNaN)
	d := differences(xs, ys)
	m, n := float64(len(xs)), float64(len(ys))
	k := int(math.Floor(m*n/2 - z(1-(1-confidence)/2)*math.Sqrt(m*n*(m+n+1)/12)))
	if k < 1 {
		return medianOfSorted(d), Interval{math.Inf(-1), math.Inf(1)}
	}
	return medianOfSorted(d), Interval{d[k-1], d[len(d)-k]}
}

// differences are all differences y−x in growing order. It sorts xs: for each y the differences are
// then in order already, and merging them costs much less than sorting them all.
func differences(xs, ys []float64) []float64 {
	slices.Sort(xs)
	d := make([]float64, 0, len(xs)*len(ys))
	for _, y := range ys {
		for i := len(xs) - 1; i >= 0; i-- {
			d = append(d, y-xs[i])
		}
	}
	if len(xs) == 0 {
		return d
	}
	other := make([]float64, len(d))
	for run := len(xs); run < len(d); run *= 2 {
		for from := 0; from < len(d); from += 2 * run {
			middle, to := min(from+run, len(d)), min(from+2*run, len(d))
			merge(other[from:to], d[from:middle], d[middle:to])
		}
		d, other = other, d
	}
	return d
}

// merge merges two sorted lists into one.
func merge(into, a, b []float64) {
	n, i, j := 0, 0, 0
	for ; i < len(a) && j < len(b); n++ {
		if a[i] <= b[j] {
			into[n] = a[i]
			i++
		} else {
			into[n] = b[j]
			j++
		}
	}
	n += copy(into[n:], a[i:])
	copy(into[n:], b[j:])
}
