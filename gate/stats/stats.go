// Package stats is the arithmetic of the gate: numbers in, numbers out, each function with
// its source. It knows nothing of runs and metrics.
//
// Two tests carry the gate. SignFlip is for pairs of rounds, PermuteRanks for fresh runs
// against a history of runs; both look at all lines (a metric of a route is a line) of a
// report at once and give each line a p value that is adjusted for having looked at all of
// them: the single-step max-T of Westfall and Young, Resampling-Based Multiple Testing, 1993,
// ch. 2. They are exact where there are few rearrangements. Otherwise they draw some from a seed, the
// identity among them (Phipson and Smyth 2010), so equal inputs give equal outputs. If the pairs come from several machines,
// Rotate tests in addition to SignFlip.
//
// Put skewed values (latencies, throughput) on the log scale before passing them. NaN stands for a
// value that is missing.
package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Median is the middle value of xs, or the mean of the two in the middle; NaN of no values. It does
// not change xs.
func Median(xs []float64) float64 {
	sorted := slices.Clone(xs)
	slices.Sort(sorted)
	return medianOfSorted(sorted)
}

func medianOfSorted(sorted []float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1] + (sorted[middle]-sorted[middle-1])/2
}

// MAD is the median absolute deviation of xs times 1.4826. For a normal distribution that is the
// standard deviation, whatever a minority of the values does: Hampel, The influence curve and its
// role in robust estimation, JASA 69, 1974. NaN of no values.
func MAD(xs []float64) float64 {
	center := Median(xs)
	distances := make([]float64, len(xs))
	for i, x := range xs {
		distances[i] = math.Abs(x - center)
	}
	return 1.4826 * Median(distances)
}

// Interval is a range in which a quantity lies with a stated confidence.
type Interval struct{ Low, High float64 }

// z is the quantile of the standard normal distribution.
func z(q float64) float64 { return distuv.UnitNormal.Quantile(q) }

// SmallestVisible is the change that a one-sided test at level alpha finds nine times in ten
// when the estimate has standard error se: (z(1−α)+z(0.9))·se, the usual formula for the power
// of a z test. It is on the scale of se: on the log scale exp(…)−1 is the relative change.
func SmallestVisible(se, alpha float64) float64 { return (z(1-alpha) + z(0.9)) * se }

// VisibleTo is SmallestVisible for an estimate with df degrees of freedom: Student's t takes the place of the normal
// distribution.
func VisibleTo(se, alpha float64, df int) float64 {
	t := distuv.StudentsT{Sigma: 1, Nu: float64(max(df, 1))}
	return (t.Quantile(1-alpha) + t.Quantile(0.9)) * se
}

// Spend divides a level alpha over several looks at the evidence. shares are the shares of the
// evidence at each look, 0 < share ≤ 1, in growing order. The result is each look's own nominal level;
// by the union bound all together use alpha. This is the spending function of Lan and DeMets,
// Discrete sequential boundaries for clinical trials, Biometrika 70, 1983, that resembles O'Brien
// and Fleming's boundaries: hardly anything early, most of it at the end.
func Spend(alpha float64, shares []float64) []float64 {
	levels := make([]float64, len(shares))
	spent := 0.0
	for i, share := range shares {
		total := 2 * (1 - distuv.UnitNormal.CDF(z(1-alpha/2)/math.Sqrt(share)))
		levels[i] = total - spent
		spent = total
	}
	return levels
}
