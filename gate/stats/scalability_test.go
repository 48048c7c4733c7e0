package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

func usl(t *testing.T, ns, xs []float64) stats.Scaling {
	t.Helper()
	fits, _ := stats.Scalings(ns, xs)
	for _, s := range fits {
		if s.Model == stats.USL {
			return s
		}
	}
	t.Fatalf("no USL among %+v", fits)
	return stats.Scaling{}
}

// A Sun SPARCcenter 2000 in the SPEC SDM91 benchmark: the worked example of the R package usl, version 3.
func TestUSL(t *testing.T) {
	ns := []float64{1, 18, 36, 72, 108, 144, 216}
	xs := []float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2}
	s := usl(t, ns, xs)
	near(t, "σ (alpha there)", s.Sigma, 0.0277285, 1e-6)
	near(t, "κ (beta there)", s.Kappa, 0.0001044, 1e-7)
	near(t, "γ", s.Gamma, 89.9952330, 1e-3)
	near(t, "peak", s.Peak(), 96.52, 0.01)
	near(t, "limit of Amdahl's part", s.Gamma/s.Sigma, 3245.589, 0.3)
}

// What a model makes is what its fit gives back.
func TestScalingsOfModels(t *testing.T) {
	ns := []float64{1, 2, 4, 8, 16, 32, 64}
	for _, truth := range []stats.Scaling{
		{Model: stats.Linear, Gamma: 50},
		{Model: stats.HardLimit, Gamma: 47, Limit: 8},
		{Model: stats.Amdahl, Gamma: 100, Sigma: 0.07},
		{Model: stats.USL, Gamma: 100, Sigma: 0.02, Kappa: 0.0005},
	} {
		xs := make([]float64, len(ns))
		for i, n := range ns {
			xs[i] = truth.Throughput(n)
		}
		fits, clear := stats.Scalings(ns, xs)
		got := fits[0]
		if got.Model != truth.Model || !clear {
			t.Errorf("made by %+v: fits %+v, clear: %v", truth, fits, clear)
			continue
		}
		near(t, string(truth.Model)+" γ", got.Gamma, truth.Gamma, 1e-3)
		near(t, string(truth.Model)+" σ", got.Sigma, truth.Sigma, 1e-4)
		near(t, string(truth.Model)+" κ", got.Kappa, truth.Kappa, 1e-6)
		near(t, string(truth.Model)+" c", got.Limit, truth.Limit, 1e-3)
	}
}

// With 5 % of noise and three runs a step, the model that is named is the right one.
func TestScalingsSimulated(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for _, truth := range []stats.Scaling{
		{Model: stats.Linear, Gamma: 50},
		{Model: stats.HardLimit, Gamma: 47, Limit: 8},
		{Model: stats.Amdahl, Gamma: 100, Sigma: 0.07},
		{Model: stats.USL, Gamma: 100, Sigma: 0.02, Kappa: 0.0005},
	} {
		named, right := 0, 0
		for range 60 {
			var ns, xs []float64
			for n := 1.0; n <= 64; n *= 2 {
				for range 3 {
					ns, xs = append(ns, n), append(xs, truth.Throughput(n)*math.Exp(0.05*random.NormFloat64()))
				}
			}
			fits, clear := stats.Scalings(ns, xs)
			if clear {
				named++
			}
			if fits[0].Model == truth.Model {
				right++
			}
		}
		t.Logf("%s: best in %d of 60, some model named in %d", truth.Model, right, named)
		if right < 42 {
			t.Errorf("%s: taken for another in %d of 60", truth.Model, 60-right)
		}
	}
}

func TestAICc(t *testing.T) {
	// By the formula, worked by hand: 10·ln(4/10) + 2·3 + 2·3·4/6.
	near(t, "AICc", stats.AICc(4, 10, 3), -9.162907+6+4, 1e-5)
	if got := stats.AICc(4, 4, 3); !math.IsInf(got, 1) {
		t.Errorf("of too few values: %v", got)
	}
	// 2k where values are many: it becomes Akaike's own.
	near(t, "AIC", stats.AICc(1e6, 1e6, 5), 10, 1e-3)
	for _, c := range [][2][]float64{{nil, nil}, {{1}, {2}}, {{1, 1, 1, 1}, {2, 2, 2, 2}}, {{1, 2}, {0, 0}}} {
		if fits, clear := stats.Scalings(c[0], c[1]); clear && len(fits) < 2 {
			t.Errorf("of %v: %+v", c, fits)
		}
	}
	if fits, _ := stats.Scalings(nil, nil); len(fits) != 0 {
		t.Errorf("of nothing: %+v", fits)
	}
}
