package stats_test

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{1e308, 1.5e308}, 1.25e308}, // the sum of both would be infinite
		{[]float64{-1, -3}, -2},
	} {
		before := slices.Clone(c.xs)
		if got := stats.Median(c.xs); got != c.want {
			t.Errorf("Median(%v) = %v, want %v", c.xs, got, c.want)
		}
		if !slices.Equal(c.xs, before) {
			t.Errorf("Median changed %v to %v", before, c.xs)
		}
	}
	if got := stats.Median(nil); !math.IsNaN(got) {
		t.Errorf("Median of nothing = %v, want NaN", got)
	}
}
