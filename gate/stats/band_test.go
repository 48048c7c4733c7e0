package stats_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// spectrumOf are rounds of values whose logarithms are normal. Each round has luck of its own; slower is added to the
// logarithms of the slowest fifth.
func spectrumOf(random *rand.Rand, rounds, values int, slower float64) (all []stats.Counted) {
	for range rounds {
		luck := random.NormFloat64() / 20
		var one stats.Counted
		for range values {
			z := random.NormFloat64()
			if z > 0.8416 {
				z += slower / 0.4
			}
			one.Values, one.Counts = append(one.Values, 3+luck+0.4*z), append(one.Counts, 1)
		}
		slices.Sort(one.Values)
		all = append(all, one)
	}
	return all
}

var spectrumQs = []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98}

// If nothing differs, the band of the differences holds zero at all quantiles together about 95 times in 100, and each
// quantile's own band holds the true quantile about as often.
func TestSpectraCover(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	const times = 200
	together, median := 0, 0
	for i := range times {
		s := stats.Spectra(spectrumOf(random, 20, 150, 0), spectrumOf(random, 20, 150, 0), spectrumQs, uint64(i))
		if !slices.ContainsFunc(s.ShiftBand, func(b stats.Interval) bool { return b.Low > 0 || b.High < 0 }) {
			together++
		}
		if b := s.HeadBand[2]; b.Low <= 3 && 3 <= b.High {
			median++
		}
	}
	if together < times*90/100 || median < times*90/100 {
		t.Errorf("all differences held %d times of %d, the median %d times", together, times, median)
	}
}

// A slower tail shows in the tail, and not at the median.
func TestSpectraFind(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	s := stats.Spectra(spectrumOf(random, 20, 300, 0), spectrumOf(random, 20, 300, 0.4), spectrumQs, 1)
	for i, q := range spectrumQs {
		if slower := s.ShiftBand[i].Low > 0; slower != (q >= 0.9) {
			t.Errorf("at %g: slower %v, %+v", q, slower, s.ShiftBand[i])
		}
		if got := s.Head[i] - s.Base[i]; got != s.Shift[i] {
			t.Errorf("at %g: a shift of %g, and the sides are %g apart", q, s.Shift[i], got)
		}
	}
	if math.Abs(s.Shift[5]-0.4) > 0.1 {
		t.Errorf("p95 is %g higher, want about 0.4", s.Shift[5])
	}
}

// The quantiles are those of all values, to the width of a bin.
func TestSpectraQuantiles(t *testing.T) {
	s := stats.Spectra(nil, []stats.Counted{{Values: []float64{1, 2}, Counts: []int64{3, 1}}, {}, {Values: []float64{4}, Counts: []int64{6}}}, []float64{0, 0.3, 0.4, 0.41, 1}, 1)
	for i, want := range []float64{1, 1, 2, 4, 4} {
		if math.Abs(s.Head[i]-want) > 0.0025 {
			t.Errorf("quantile %d is %g, want %g", i, s.Head[i], want)
		}
		if !math.IsNaN(s.Base[i]) || !math.IsNaN(s.Shift[i]) {
			t.Errorf("quantile %d of nothing is %g, and the shift %g", i, s.Base[i], s.Shift[i])
		}
	}
	if s.HeadBand != nil || s.BaseBand != nil || s.ShiftBand != nil {
		t.Error("three rounds give a band")
	}
}

// Sides of any number of rounds are taken, and the same ones give the same bands.
func TestSpectraShapes(t *testing.T) {
	for _, c := range []struct {
		base, head       int
		ofBase, ofShifts bool
	}{{0, 0, false, false}, {0, 8, false, false}, {5, 8, false, false}, {6, 8, true, true}, {400, 7, true, true}} {
		make := func() stats.Spectrum {
			random := rand.New(rand.NewPCG(15, 16))
			return stats.Spectra(spectrumOf(random, c.base, 40, 0), spectrumOf(random, c.head, 40, 0), spectrumQs, 7)
		}
		s := make()
		if (s.BaseBand != nil) != c.ofBase || (s.ShiftBand != nil) != c.ofShifts || (s.HeadBand != nil) != (c.head >= stats.LeastRounds) {
			t.Errorf("%d and %d rounds: bands of base %v, of head %v, of the shift %v", c.base, c.head, s.BaseBand != nil, s.HeadBand != nil, s.ShiftBand != nil)
		}
		if c.base > 0 && c.head > 0 && !reflect.DeepEqual(s, make()) {
			t.Errorf("%d and %d rounds: the same rounds give other bands", c.base, c.head)
		}
	}
}
