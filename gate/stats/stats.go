// Package stats is the arithmetic of the gate: numbers in, numbers out, each function with
// its source. It knows nothing of runs and metrics.
package stats

import (
	"math"
	"slices"
)

// Median is the middle of xs, the mean of both middles of an even number, and NaN of none.
// xs stays as it is.
func Median(xs []float64) float64 {
	if len(xs) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(xs))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1] + (sorted[middle]-sorted[middle-1])/2
}
