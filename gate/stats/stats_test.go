package stats_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// near fails unless got is want within the tolerance.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: got %.8g, want %.8g", what, got, want)
	}
}

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
	near(t, "MAD", stats.MAD([]float64{1, 1, 2, 2, 4, 6, 9}), 1.4826, 1e-12) // the example of Wikipedia's page on it
}

// depression is Hollander and Wolfe's data on a tranquilliser (1973, table 3.1), before and
// after, which R's wilcox.test shows too.
func depression() (d []float64) {
	x := []float64{1.83, .50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	y := []float64{.878, .647, .598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	for i := range x {
		d = append(d, x[i]-y[i])
	}
	return d
}

func TestTrimmed(t *testing.T) {
	d := depression()
	e := stats.Trimmed(d)
	near(t, "trimmed mean", e.Value, 0.4302857, 1e-7) // as computed by WRS2's trimci
	near(t, "Yuen's standard error", e.SE, 0.17640, 5e-6)
	if e.DF != 6 || e.N != 9 {
		t.Errorf("df %d of %d, want 6 of 9", e.DF, e.N)
	}
	near(t, "upper bound", e.Upper(0.025), e.Interval(0.95).High, 1e-12)
	near(t, "upper bound", e.Upper(0.025), 0.4302857+2.446912*0.17640, 2e-5) // t of 6 degrees of freedom

	// A fifth of the values may be anything; missing ones do not count.
	wild := append(slices.Clone(d), math.NaN())
	wild[0], wild[1] = 1e9, math.NaN()
	if got := stats.Trimmed(wild); got.N != 8 || math.Abs(got.Value) > 1 {
		t.Errorf("with an outlier: %+v", got)
	}
	if got := stats.Trimmed(nil); !math.IsNaN(got.Value) || !math.IsInf(got.SE, 1) {
		t.Errorf("of nothing: %+v", got)
	}
	if got := stats.Trimmed([]float64{2}); got.Value != 2 || !math.IsInf(got.SE, 1) || !math.IsInf(got.Upper(0.01), 1) {
		t.Errorf("of one value: %+v", got)
	}
}

// Adding a constant moves the estimate and nothing else; negating mirrors it; the order does
// not matter.
func TestTrimmedProperties(t *testing.T) {
	d := depression()
	e := stats.Trimmed(d)
	var moved, mirrored []float64
	for _, x := range d {
		moved, mirrored = append(moved, x+3), append(mirrored, -x)
	}
	slices.Reverse(moved)
	m, n := stats.Trimmed(moved), stats.Trimmed(mirrored)
	near(t, "moved", m.Value, e.Value+3, 1e-12)
	near(t, "moved se", m.SE, e.SE, 1e-12)
	near(t, "mirrored", n.Value, -e.Value, 1e-12)
	near(t, "mirrored se", n.SE, e.SE, 1e-12)
}

func TestShift(t *testing.T) {
	// R's ?wilcox.test: permeability constants of the human chorioamnion, Hollander and Wolfe,
	// table 4.1. The shift of x against y is 0.305.
	x := []float64{.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46}
	y := []float64{1.15, .88, .90, .74, 1.21}
	// R: wilcox.test(x, y, conf.int = TRUE, exact = FALSE) is within a rank of the exact
	// (-0.15, 0.76).
	shift, interval := stats.Shift(y, x, 0.95)
	near(t, "shift", shift, 0.305, 1e-9)
	if interval.Low < -0.2 || interval.Low > -0.09 || interval.High < 0.7 || interval.High > 0.8 {
		t.Errorf("interval %v", interval)
	}
	back, mirrored := stats.Shift(x, y, 0.95)
	near(t, "shift back", back, -shift, 1e-12)
	near(t, "interval back", mirrored.High, -interval.Low, 1e-12)
	if _, got := stats.Shift(x[:1], y[:1], 0.95); !math.IsInf(got.High, 1) {
		t.Errorf("one against one bounds nothing, got %v", got)
	}
	if got, _ := stats.Shift([]float64{math.NaN()}, y, 0.95); !math.IsNaN(got) {
		t.Errorf("against nothing: %v", got)
	}
}

// The shift is the median of all differences, however they are put in order.
func TestShiftIsTheMedianOfDifferences(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 0))
	for m := 1; m < 12; m++ {
		for n := 1; n < 12; n++ {
			xs, ys := make([]float64, m), make([]float64, n)
			var all []float64
			for i := range xs {
				xs[i] = random.NormFloat64()
			}
			for i := range ys {
				ys[i] = float64(random.IntN(3))
				for _, x := range xs {
					all = append(all, ys[i]-x)
				}
			}
			if got, _ := stats.Shift(xs, ys, 0.95); got != stats.Median(all) {
				t.Errorf("%d against %d: got %v, want %v", m, n, got, stats.Median(all))
			}
		}
	}
}

func TestRateInterval(t *testing.T) {
	near(t, "none of 100, 95 % two-sided", stats.RateInterval([]int64{0}, []int64{100}, 0.95).High, 0.036217, 1e-6) // Clopper and Pearson
	near(t, "none of 100, 95 % one-sided", stats.RateInterval([]int64{0}, []int64{100}, 0.90).High, 0.029513, 1e-6)
	i := stats.RateInterval([]int64{2, 3}, []int64{50, 50}, 0.95)
	near(t, "5 of 100", i.Low, 0.016432, 1e-6) // binom.test(5, 100) in R
	near(t, "5 of 100", i.High, 0.112835, 1e-6)
	// A burst in one round is worth less than as many failures spread evenly.
	burst := stats.RateInterval([]int64{20, 0, 0, 0}, []int64{100, 100, 100, 100}, 0.95)
	even := stats.RateInterval([]int64{5, 5, 5, 5}, []int64{100, 100, 100, 100}, 0.95)
	if burst.Low >= even.Low || burst.High <= even.High {
		t.Errorf("a burst %v should be less certain than %v", burst, even)
	}
	if got := stats.RateInterval(nil, nil, 0.95); got != (stats.Interval{Low: 0, High: 1}) {
		t.Errorf("of nothing: %v", got)
	}
	if got := stats.RateInterval([]int64{7}, []int64{7}, 0.95); got.High != 1 || got.Low < 0.5 {
		t.Errorf("all of seven: %v", got)
	}
}

func TestSmallestVisible(t *testing.T) {
	for se, want := range map[float64]float64{0.01: 0.045, 0.02: 0.091, 0.03: 0.14, 0.05: 0.24, 0.08: 0.42} {
		near(t, "smallest visible", math.Expm1(stats.SmallestVisible(se, 0.001)), want, 0.005)
	}
}

// The levels of Lan and DeMets' O'Brien–Fleming function at 8, 12, 16, 20, 24 of 24.
func TestSpend(t *testing.T) {
	shares := []float64{8. / 24, 12. / 24, 16. / 24, 20. / 24, 1}
	for alpha, want := range map[float64][]float64{
		0.01: {8.1e-6, 2.62e-4, 1.34e-3, 3.17e-3, 5.22e-3},
		0.05: {6.9e-4, 4.89e-3, 1.08e-2, 1.54e-2, 1.82e-2},
	} {
		sum := 0.0
		for i, got := range stats.Spend(alpha, shares) {
			near(t, "level", got, want[i], 0.006*want[i]+1e-8)
			sum += got
		}
		near(t, "all levels", sum, alpha, 1e-12)
	}
}

func TestChangePoints(t *testing.T) {
	var labelled []struct {
		Name   string
		Series []float64
		Want   []int
	}
	text, err := os.ReadFile(filepath.Join("testdata", "change_points.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &labelled); err != nil {
		t.Fatal(err)
	}
	for _, c := range labelled {
		var got []int
		for _, p := range stats.ChangePoints(c.Series, 0.01) {
			if math.Abs(p.After/p.Before-1) >= 0.05 { // the magnitude that the labels are for
				got = append(got, p.Index)
			}
		}
		if !slices.Equal(got, c.Want) {
			t.Errorf("%s: changes at %v, want %v", c.Name, got, c.Want)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for _, length := range [][2]int{{12, 8}, {40, 12}, {12, 40}, {100, 20}, {300, 30}} {
		for range 20 {
			var series []float64
			for i := range length[0] + length[1] {
				level := 10.0
				if i >= length[0] {
					level = 12
				}
				series = append(series, level*(1+0.04*(random.Float64()-0.5)))
			}
			got := stats.ChangePoints(series, 0.01) // the noise alone may have some too
			if !slices.ContainsFunc(got, func(p stats.ChangePoint) bool { return p.Index == length[0] }) {
				t.Errorf("%d values, then %d on a clearly higher level: %+v", length[0], length[1], got)
			}
		}
	}
	holes := []float64{1, 1.1, math.NaN(), 1, 1.05, 0.99, 1, 2, math.NaN(), 2.1, 2, 2.2, 2.1, 2, 2.1, 2}
	if got := stats.ChangePoints(holes, 0.05); len(got) != 1 || got[0].Index != 7 || got[0].After != 2.05 {
		t.Errorf("with holes: %+v", got)
	}
	if got := stats.ChangePoints(nil, 0.01); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I: 81 of
// 263, 15 of 148, 0 of 20 and 1 of 29.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		got := stats.Wilson(c.k, c.n, 0.95)
		near(t, "low", got.Low, c.low, 5e-5)
		near(t, "high", got.High, c.high, 5e-5)
	}
	if got := stats.Wilson(0, 0, 0.95); got != (stats.Interval{Low: 0, High: 1}) {
		t.Errorf("of nothing: %v", got)
	}
}
