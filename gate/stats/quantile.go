package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// QuantileRanks tells between which of n sorted values, counted from 1, quantile q lies with
// at least the confidence, whatever they are distributed like: Hahn and Meeker, Statistical
// Intervals, 1991, section 5.2. A rank of 0 or n+1 means that n values are too few for a bound
// on that side.
func QuantileRanks(n int, q, confidence float64) (low, high int) {
	tail := (1 - confidence) / 2
	b := distuv.Binomial{N: float64(n), P: q}
	low, high = 0, n+1
	for l := 1; l <= n && b.CDF(float64(l-1)) <= tail; l++ {
		low = l
	}
	for u := n; u >= 1 && b.CDF(float64(u-1)) >= 1-tail; u-- {
		high = u
	}
	return low, high
}

// QuantileSE is the standard error, on the log scale, of quantile q of n values whose
// logarithms have the standard deviation sd: √(q(1−q)/n)/f, with the normal density f at the
// quantile (asymptotic; Serfling, Approximation Theorems, 1980, section 2.3.3).
func QuantileSE(n int, q, sd float64) float64 {
	return sd * math.Sqrt(q*(1-q)/float64(n)) / distuv.UnitNormal.Prob(z(q))
}
