package stats_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// rainfall is Smith's data on cloud seeding in Hollander and Wolfe, Nonparametric Statistical Methods, 1973, example 9.1:
// double ratios of five years.
var rainfall = []float64{1.26, 1.27, 1.12, 1.16, 1.03}

func TestTheilSen(t *testing.T) {
	years := []float64{1, 2, 3, 4, 5}
	line := stats.TheilSen(years, rainfall)
	near(t, "slope", line.Slope, -0.05625, 1e-12) // of the ten slopes, those in the middle are −0.0575 and −0.055
	near(t, "slope of gaps", stats.TheilSen([]float64{1, 2, 10}, []float64{0, math.NaN(), 18}).Slope, 2, 1e-12)
	line = stats.TheilSen([]float64{0, 1, 2, 3, 4, 5, 6, 7}, []float64{5, 7, 9, 1e9, 13, 15, -1e9, 19}) // 2 of 8 are anything
	near(t, "slope with outliers", line.Slope, 2, 1e-12)
	near(t, "intercept with outliers", line.Intercept, 5, 1e-12)
	for _, xs := range [][]float64{nil, {1}, {1, 1}} {
		if got := stats.TheilSen(xs, rainfall[:len(xs)]); !math.IsNaN(got.Slope) {
			t.Errorf("of %v: %+v", xs, got)
		}
	}
}

func TestMannKendall(t *testing.T) {
	check := func(what string, ys []float64, s int, p, tolerance float64) {
		t.Helper()
		got := stats.MannKendall(ys)
		if got.S != s {
			t.Errorf("%s: S = %d, want %d", what, got.S, s)
		}
		near(t, what, got.P, p, tolerance)
	}
	falling := make([]float64, len(rainfall))
	for i, y := range rainfall {
		falling[i] = -y
	}
	check("cloud seeding", falling, 6, 0.117, 0.0005) // Hollander and Wolfe's own P
	// Kendall's table of exact chances (Rank Correlation Methods, 1970, appendix 1), by orders with that S.
	check("4 values, S 6", []float64{1, 2, 3, 4}, 6, 0.042, 0.0005)
	check("4 values, S 4", []float64{1, 2, 4, 3}, 4, 0.167, 0.0005)
	check("5 values, S 8", []float64{1, 2, 3, 5, 4}, 8, 0.042, 0.0005)
	check("10 values, S 23", []float64{1, 2, 3, 4, 5, 6, 10, 9, 8, 7}, 33, 0.0011, 0.00005)
	check("10 values, S 23", []float64{2, 1, 3, 4, 5, 10, 9, 8, 7, 6}, 23, 0.023, 0.0005)
	// Gilbert, Statistical Methods for Environmental Pollution Monitoring, 1987, section 16.4.2: nine values with three
	// groups of ties (2, 3 and 3 values). Their variance is 1506/18.
	ties := []float64{23, 24, 0, 6, 0, 24, 24, 0, 23}
	s := stats.MannKendall(ties).S
	deviation := math.Sqrt(1506. / 18)
	check("ties", ties, s, math.Erfc((float64(s)-1)/deviation/math.Sqrt2)/2, 1e-12)
	check("missing", []float64{1, math.NaN(), 2, 3, math.NaN(), 4}, 6, 0.042, 0.0005)
	check("equal", []float64{1, 1, 1, 1, 1}, 0, 1, 0)
	check("too few", []float64{1, 2}, 1, 1, 0)
}

// The exact chances and the approximation agree where one ends and the other begins.
func TestMannKendallApproximation(t *testing.T) {
	for s := 0; s <= 300; s += 20 {
		ys := make([]float64, 40)
		for i := range ys {
			ys[i] = float64(i)
		}
		for k, i := (780-s)/2, 0; k > 0; i++ { // that many inversions: rotate values to the front
			by := min(k, 39-i)
			v := ys[39]
			copy(ys[40-by:], ys[39-by:39])
			ys[39-by] = v
			k -= by
		}
		exact := stats.MannKendall(ys)
		if exact.S != s {
			t.Fatalf("S = %d, want %d", exact.S, s)
		}
		deviation := math.Sqrt(40 * 39 * 85 / 18.)
		near(t, "P", exact.P, math.Erfc((float64(s)-1)/deviation/math.Sqrt2)/2, 0.002)
	}
}

// noise is an autoregression of order 1 with standard deviation sd.
func noise(random *rand.Rand, n int, phi, sd float64) []float64 {
	xs := make([]float64, n)
	x := random.NormFloat64()
	for i := range xs {
		xs[i] = sd * x
		x = phi*x + math.Sqrt(1-phi*phi)*random.NormFloat64()
	}
	return xs
}

// The p value holds for all lines of a report together, and a drift is found in the line that has it and in no other.
func TestJointTrend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const reports, lines, windows = 300, 12, 180
	anyRed, found, wrong := 0, 0, 0
	for report := range reports {
		shared := noise(random, windows, 0.8, 0.06)
		d := make([][]float64, lines)
		for j := range d {
			d[j] = noise(random, windows, 0.8, 0.06)
			for i := range d[j] {
				d[j][i] = (d[j][i] + shared[i]) / math.Sqrt2
			}
		}
		p := stats.JointTrend(d, 12, 499, uint64(report))
		if slices.Min(p) <= 0.01 {
			anyRed++
		}
		for i := range d[3] {
			d[3][i] += 0.4 * float64(i) / windows
		}
		p = stats.JointTrend(d, 12, 499, uint64(report))
		if p[3] <= 0.01 {
			found++
		}
		p[3] = 1
		if slices.Min(p) <= 0.01 {
			wrong++
		}
	}
	t.Logf("of %d: any red %d, found %d, wrong %d", reports, anyRed, found, wrong)
	// Blocks of 15 windows hang together a little, so that slightly more than 1 % are red by the test alone.
	if anyRed > 15 || found < 285 || wrong > 15 {
		t.Errorf("of %d reports: %d red without a drift, drift found in %d, another line red in %d", reports, anyRed, found, wrong)
	}
}

func TestJointTrendOfLittle(t *testing.T) {
	nan := math.NaN()
	rising := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	few := slices.Repeat([]float64{nan}, 12)
	few[0], few[5], few[11] = 1, 2, 3
	p := stats.JointTrend([][]float64{rising, few, slices.Repeat([]float64{7}, 12), slices.Repeat([]float64{nan}, 12)}, 12, 999, 1)
	if p[0] > 0.002 || p[1] != 1 || p[2] != 1 || p[3] != 1 {
		t.Errorf("rising, three values, equal, none: %v", p)
	}
	again := stats.JointTrend([][]float64{rising, few}, 12, 999, 1)
	if again[0] != p[0] {
		t.Errorf("another p for the same line: %v and %v", again[0], p[0])
	}
	if got := stats.JointTrend(nil, 12, 99, 1); len(got) != 0 {
		t.Errorf("of no lines: %v", got)
	}
	if got := stats.BlockMedians([]float64{1, 2, 9, nan, 4, nan, nan, nan}, 4); got[0] != 1.5 || got[1] != 9 || got[2] != 4 || !math.IsNaN(got[3]) {
		t.Errorf("block medians %v", got)
	}
}
