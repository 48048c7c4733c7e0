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

// Location is the Hodges–Lehmann estimate of the middle of xs, the median of the means of all
// pairs (Walsh averages, each value with itself among them), and the interval that the signed
// rank test does not exclude, with at least the confidence, from the test's exact
// distribution: Hollander and Wolfe, Nonparametric Statistical Methods, 1973, sections 3.2 and
// 3.3. The interval is the whole line when there are too few values. Missing values do not
// count.
func Location(xs []float64, confidence float64) (estimate float64, interval Interval) {
	xs = slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	var walsh []float64
	for i := range xs {
		for j := i; j < len(xs); j++ {
			walsh = append(walsh, xs[i]+(xs[j]-xs[i])/2)
		}
	}
	slices.Sort(walsh)
	estimate = medianOfSorted(walsh)
	k := signedRankCritical(len(xs), (1-confidence)/2) + 1
	if k < 1 {
		return estimate, Interval{math.Inf(-1), math.Inf(1)}
	}
	return estimate, Interval{walsh[k-1], walsh[len(walsh)-k]}
}

// SignedRank is Wilcoxon's V, the sum of the ranks of the sizes of those of xs that are above
// 0, and the exact chance of a V at least as large when xs lie evenly around 0. Zeros are left
// out; with ties the exact distribution is that of untied ranks, and the chance a little off.
func SignedRank(xs []float64) (v, p float64) {
	var sizes []float64
	var positive []bool
	for _, x := range xs {
		if x != 0 && !math.IsNaN(x) {
			sizes, positive = append(sizes, math.Abs(x)), append(positive, x > 0)
		}
	}
	for i, rank := range midranks(sizes) {
		if positive[i] {
			v += rank
		}
	}
	counts := signedRankCounts(len(sizes))
	for w := int(math.Ceil(v)); w < len(counts); w++ {
		p += counts[w]
	}
	return v, p
}

// signedRankCounts is the exact distribution of the signed rank statistic of n values: the
// chance of each sum of ranks, counted over all patterns of signs.
func signedRankCounts(n int) []float64 {
	chance := make([]float64, n*(n+1)/2+1)
	chance[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := rank * (rank + 1) / 2; sum >= 0; sum-- {
			chance[sum] /= 2
			if sum >= rank {
				chance[sum] += chance[sum-rank] / 2
			}
		}
	}
	return chance
}

// signedRankCritical is the largest V with P(V' ≤ V) ≤ level, −1 when there is none.
func signedRankCritical(n int, level float64) int {
	sum := 0.0
	for v, p := range signedRankCounts(n) {
		if sum += p; sum > level {
			return v - 1
		}
	}
	return -1
}
