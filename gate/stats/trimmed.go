package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// trim is the share of values that Trimmed leaves out at either end.
const trim = 0.2

// leastSE keeps a standard error above 0 when all values are equal. A millionth on the log scale is
// far below what any clock can tell apart.
const leastSE = 1e-6

// Estimate is an estimated location with its standard error. Its distribution is Student's t with DF
// degrees of freedom.
type Estimate struct {
	Value float64
	SE    float64
	DF    int
	N     int // how many values it was made from
}

// Trimmed is the 20 % trimmed mean of xs with Yuen's standard error: the two-sample form is in
// Yuen, The two-sample trimmed t for unequal population variances, Biometrika 61, 1974; the
// one-sample form is s_w·√((n−1)/(h(h−1))), with s_w the winsorised standard deviation and h
// the values that are left (Tukey and McLaughlin 1963). A fifth of the values may be anything.
// Missing values do not count; with fewer than two left SE is +Inf. Trimmed does not change xs.
func Trimmed(xs []float64) Estimate {
	sorted := slices.DeleteFunc(slices.Clone(xs), math.IsNaN)
	slices.Sort(sorted)
	e := Estimate{Value: math.NaN(), SE: math.Inf(1), N: len(sorted)}
	if e.N == 0 {
		return e
	}
	e.Value, e.SE = trimmedBy(sorted, int(trim*float64(e.N)))
	e.DF = e.N - 2*int(trim*float64(e.N)) - 1
	return e
}

// trimmedBy is the mean of sorted values without g of them at either end, and its standard error.
func trimmedBy(x []float64, g int) (value, se float64) {
	n := len(x)
	h := n - 2*g
	low, high := x[g], x[n-g-1]
	inner := 0.0
	for _, v := range x[g : n-g] {
		inner += v
	}
	if h < 2 {
		return inner / float64(h), math.Inf(1)
	}
	mean := (inner + float64(g)*(low+high)) / float64(n)
	squares := float64(g) * ((low-mean)*(low-mean) + (high-mean)*(high-mean))
	for _, v := range x[g : n-g] {
		squares += (v - mean) * (v - mean)
	}
	// s_w² = squares/(n−1), and the factor n−1 cancels.
	return inner / float64(h), max(math.Sqrt(squares/float64(h*(h-1))), leastSE)
}

// meanWithin is the mean of sorted values without g of them at either end.
func meanWithin(x []float64, g int) float64 {
	sum := 0.0
	for _, v := range x[g : len(x)-g] {
		sum += v
	}
	return sum / float64(len(x)-2*g)
}

// t is the quantile of Student's t with the estimate's degrees of freedom.
func (e Estimate) t(q float64) float64 {
	if e.DF < 1 {
		return math.Inf(1)
	}
	return distuv.StudentsT{Sigma: 1, Nu: float64(e.DF)}.Quantile(q)
}

// Interval holds the location with a confidence, 0.95 for 95 %.
func (e Estimate) Interval(confidence float64) Interval {
	half := e.t(1-(1-confidence)/2) * e.SE
	return Interval{e.Value - half, e.Value + half}
}

// Upper is the one-sided upper bound that the location exceeds with probability alpha.
func (e Estimate) Upper(alpha float64) float64 { return e.Value + e.t(1-alpha)*e.SE }
