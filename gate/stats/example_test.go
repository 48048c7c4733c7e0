package stats_test

import (
	"fmt"
	"math"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// Two lines of ten pairs: the first is clearly above 0, the second is noise. Each p value is adjusted
// for having looked at both.
func ExampleSignFlip() {
	d := [][]float64{
		{0.31, 0.28, 0.33, 0.30, 0.29, 0.35, 0.27, 0.31, 0.30, 0.32},
		{0.02, -0.03, 0.01, -0.01, 0.03, -0.02, 0.01, -0.01, 0.02, -0.02},
	}
	for _, p := range stats.SignFlip(d, 1999, 1) {
		fmt.Printf("%.3f\n", p)
	}
	// Output:
	// 0.004
	// 0.791
}

// Two lines, each with eight runs of a history and four fresh ones: the first has shifted.
func ExamplePermuteRanks() {
	history := [][]float64{{1.0, 1.1, 0.9, 1.0, 1.2, 1.1, 0.9, 1.0}, {5.1, 5.0, 5.2, 4.9, 5.3, 5.0, 5.1, 5.2}}
	fresh := [][]float64{{1.5, 1.6, 1.4, 1.5}, {5.0, 5.2, 5.1, 4.9}}
	for _, p := range stats.PermuteRanks(history, fresh, 1999, 1) {
		fmt.Printf("%.3f\n", p)
	}
	// Output:
	// 0.004
	// 0.972
}

// How far the fresh values lie above the history.
func ExampleShift() {
	shift, interval := stats.Shift([]float64{10, 11, 9, 10, 12, 10}, []float64{13, 14, 12, 13, 15}, 0.95)
	fmt.Printf("%.1f, between %.1f and %.1f\n", shift, interval.Low, interval.High)
	// Output: 3.0, between 1.0 and 5.0
}

// A fifth of the values may be anything.
func ExampleTrimmed() {
	e := stats.Trimmed([]float64{2.0, 2.1, 1.9, 2.0, 2.2, 1.8, 2.0, 2.1, 1.9, 400})
	fmt.Printf("%.2f ± %.2f\n", e.Value, e.SE)
	// Output: 2.02 ± 0.05
}

// Three failures in 4,000 requests of four rounds.
func ExampleRateInterval() {
	i := stats.RateInterval([]int64{1, 0, 2, 0}, []int64{1000, 1000, 1000, 1000}, 0.98)
	fmt.Printf("between %.3f %% and %.3f %%\n", 100*i.Low, 100*i.High)
	// Output: between 0.008 % and 0.280 %
}

// 1 % spread over five looks: hardly anything early, most of it at the end.
func ExampleSpend() {
	for _, level := range stats.Spend(0.01, []float64{8. / 24, 12. / 24, 16. / 24, 20. / 24, 1}) {
		fmt.Printf("%.5f\n", level)
	}
	// Output:
	// 0.00001
	// 0.00026
	// 0.00134
	// 0.00317
	// 0.00522
}

// A series goes to another level with its seventh value. Missing values belong to no stretch.
func ExampleChangePoints() {
	series := []float64{10, 11, 10, math.NaN(), 10, 11, 10, 14, 15, 14, 15, 14, 15}
	for _, p := range stats.ChangePoints(series, 0.05) {
		fmt.Println(p.Index, p.Before, p.After)
	}
	// Output: 7 10 14.5
}
