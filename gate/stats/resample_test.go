package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// For one line with few pairs the p values can be counted by hand.
func TestSignFlipExact(t *testing.T) {
	// Besides the identity only the flip of the smallest leaves the statistic as it is, since
	// that one is trimmed anyhow.
	near(t, "five pairs", stats.SignFlip([][]float64{{1, 2, 3, 4, 5}}, 0, 1)[0], 2./32, 0)
	near(t, "five pairs that point down", stats.SignFlip([][]float64{{-1, -2, -3, -4, -5}}, 0, 1)[0], 1, 0)
	// Equal values: the one flip that is trimmed changes nothing either, whichever it is.
	near(t, "equal values", stats.SignFlip([][]float64{{.3, .3, .3, .3, .3, .3, .3, .3}}, 0, 1)[0], 9./256, 0)
	// A second line without anything can only make p larger.
	up := []float64{.10, .12, .11, .13, .09, .14, .10, .12, .11, .13, .12, .10}
	flat := []float64{.01, -.02, .02, -.01, .01, -.01, .02, -.02, .01, -.02, .01, -.01}
	p := stats.SignFlip([][]float64{up, flat}, 0, 1)
	if p[0] < 1./4096 || p[0] > 0.01 || p[1] < 0.1 {
		t.Errorf("p %v", p)
	}
	// Without enough pairs there is nothing to say.
	nan := math.NaN()
	if p := stats.SignFlip([][]float64{{nan, .3, nan}, {nan, nan, nan}}, 10, 1); p[0] != 1 || p[1] != 1 {
		t.Errorf("p of one pair and of none: %v", p)
	}
}

// The statistic of a flipped line is its trimmed mean over a scale that knows no signs. Of a single line,
// only the means count.
func TestSignFlipUsesTrimmedMeans(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	d := make([]float64, 9)
	for i := range d {
		d[i] = random.NormFloat64() + 0.5
	}
	own := stats.Trimmed(d).Value
	reached := 0
	for pattern := range 1 << len(d) {
		flipped := make([]float64, len(d))
		for i, x := range d {
			flipped[i] = x
			if pattern>>i&1 == 1 {
				flipped[i] = -x
			}
		}
		if stats.Trimmed(flipped).Value >= own-1e-12 {
			reached++
		}
	}
	near(t, "p", stats.SignFlip([][]float64{d}, 0, 1)[0], float64(reached)/512, 0)
	// A line that is a thousand times another is as clear.
	var larger []float64
	for _, x := range d {
		larger = append(larger, 1000*x)
	}
	p := stats.SignFlip([][]float64{d, larger}, 0, 1)
	near(t, "p of the larger line", p[1], p[0], 0)
}

// If nothing differs, the chance that any line of a report has p ≤ α is at most α, however the lines correlate,
// and with any noise: heavy tails, or skewed by the order of the sides.
func TestSignFlipHoldsItsLevel(t *testing.T) {
	const reports, alpha = 2000, 0.05
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"normal":   random.NormFloat64,
		"Cauchy":   func() float64 { return random.NormFloat64() / random.NormFloat64() },
		"two ways": func() float64 { return float64(1-2*random.IntN(2)) * (0.2 + 0.01*random.Float64()) },
	} {
		red := 0
		for report := range reports {
			d := make([][]float64, 6)
			for j := range d {
				d[j] = make([]float64, 14)
			}
			for i := range 14 {
				shared := draw()
				for j := range d {
					d[j][i] = shared + 0.5*draw()
				}
			}
			if least(stats.SignFlip(d, 499, uint64(report))) <= alpha {
				red++
			}
		}
		if share := float64(red) / reports; share > alpha+3*math.Sqrt(alpha*(1-alpha)/reports) {
			t.Errorf("%s noise: %.1f %% of unchanged reports have p ≤ 5 %%", name, 100*share)
		}
	}
}

func least(p []float64) float64 {
	smallest := 1.0
	for _, x := range p {
		smallest = min(smallest, x)
	}
	return smallest
}

// R: wilcox.test of the permeability data, one-sided: 382 of 3,003 choices of the five reach
// its rank sum (W = 35).
func TestPermuteRanksIsTheRankSumTest(t *testing.T) {
	fresh := [][]float64{{.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46}}
	history := [][]float64{{1.15, .88, .90, .74, 1.21}}
	near(t, "p", stats.PermuteRanks(history, fresh, 3003, 1)[0], 382./3003, 1e-12)
	near(t, "p by draws", stats.PermuteRanks(history, fresh, 3002, 1)[0], 382./3003, 0.03)
}

func TestPermuteRanksWithHoles(t *testing.T) {
	nan := math.NaN()
	history := [][]float64{{1, 2, 1.5, nan, 1.2, 1.1, 1.4}, {nan, nan, 4, 5, 4.5, 4.2, 4.1}}
	fresh := [][]float64{{9, 8, 7}, {nan, nan, nan}}
	p := stats.PermuteRanks(history, fresh, 5000, 1)
	if p[0] > 0.02 || p[1] != 1 {
		t.Errorf("p %v: want the first line small and nothing said of the second", p)
	}
	if p := stats.PermuteRanks(nil, fresh, 10, 1); p != nil {
		t.Errorf("without a history: %v", p)
	}
	// One fresh run of twenty cannot have a smaller p than 1/21.
	var twenty []float64
	for i := range 20 {
		twenty = append(twenty, float64(i))
	}
	near(t, "one run", stats.PermuteRanks([][]float64{twenty}, [][]float64{{100}}, 2000, 1)[0], 1./21, 1e-12)
}

func BenchmarkSignFlip(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	d := make([][]float64, 404)
	for j := range d {
		d[j] = make([]float64, 20)
		for i := range d[j] {
			d[j][i] = random.NormFloat64()
		}
	}
	for b.Loop() {
		stats.SignFlip(d, 1999, 1)
	}
}

func BenchmarkPermuteRanks(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	history, fresh := make([][]float64, 404), make([][]float64, 404)
	for j := range history {
		for range 20 {
			history[j] = append(history[j], random.NormFloat64())
		}
		for range 5 {
			fresh[j] = append(fresh[j], random.NormFloat64())
		}
	}
	for b.Loop() {
		stats.PermuteRanks(history, fresh, 2000, 1)
	}
}
