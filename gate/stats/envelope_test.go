package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// memory is what a program has in use whose collector lets its live heap double, with noise.
func memory(random *rand.Rand, n int, cycle float64, live func(share float64) float64) []float64 {
	xs := make([]float64, n)
	garbage := random.Float64()
	for i := range xs {
		level := live(float64(i) / float64(n))
		xs[i] = level * (1 + garbage) * (1 + 0.01*random.NormFloat64())
		if garbage += (0.5 + random.Float64()) / cycle; garbage >= 1 {
			garbage = 0
		}
	}
	return xs
}

func TestLowerEnvelopeSimulated(t *testing.T) {
	const runs = 300
	check := func(what string, least, most float64, live func(random *rand.Rand) func(float64) float64) {
		t.Helper()
		random := rand.New(rand.NewPCG(7, 7))
		going, judged := 0, 0
		for range runs {
			e := stats.LowerEnvelope(memory(random, 600, 12, live(random)), 0.1)
			if e.Going {
				going++
			}
			if e.Judged {
				judged++
			}
		}
		share := float64(going) / runs
		t.Logf("%s: %.1f %% going on", what, 100*share)
		if share < least || share > most || judged < runs {
			t.Errorf("%s: going on in %.1f %%, want %.0f to %.0f %%; %d of %d judged", what, 100*share, 100*least, 100*most, judged, runs)
		}
	}
	fixed := func(live func(float64) float64) func(*rand.Rand) func(float64) float64 {
		return func(*rand.Rand) func(float64) float64 { return live }
	}
	fills := func(by, tau float64) func(float64) float64 {
		return func(at float64) float64 { return 1 + by*(1-math.Exp(-at/tau)) }
	}
	check("flat", 0, 0.01, fixed(func(float64) float64 { return 1 }))
	check("the allocator walks by 5 %", 0, 0.05, func(random *rand.Rand) func(float64) float64 {
		level := 1.0
		return func(float64) float64 {
			level += 0.05 / math.Sqrt(600) * random.NormFloat64()
			return level
		}
	})
	check("a step of 20 %", 0, 0.05, func(random *rand.Rand) func(float64) float64 {
		when := random.Float64()
		return func(at float64) float64 {
			if at > when {
				return 1.2
			}
			return 1
		}
	})
	check("caches fill, a tenth of the run", 0, 0.01, fixed(fills(0.5, 0.1)))
	check("caches fill, a quarter of the run", 0, 0.04, fixed(fills(0.5, 0.25)))
	check("leak of 20 %", 0.9, 1, fixed(func(at float64) float64 { return 1 + 0.2*at }))
	check("leak of 50 %", 0.99, 1, fixed(func(at float64) float64 { return 1 + 0.5*at }))
	check("leak of 30 % and caches", 0.9, 1, fixed(func(at float64) float64 { return fills(0.5, 0.1)(at) + 0.3*at }))
}

func TestLowerEnvelope(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	leak := func(at float64) float64 { return 100 * (1 + 0.5*at) }
	// 60 readings with a collection each 20: what a block's lowest reading means is not known.
	if e := stats.LowerEnvelope(memory(random, 60, 20, leak), 0.1); e.Judged || e.Going || e.Falls == 0 {
		t.Errorf("few collections: %+v", e)
	}
	// Live heap has no collections, and 80 readings do.
	var live []float64
	for i := range 80 {
		live = append(live, leak(float64(i)/80), math.NaN())
	}
	e := stats.LowerEnvelope(live, 0.1)
	if !e.Going || e.Falls != 0 || math.Abs(e.Growth-0.5) > 0.01 {
		t.Errorf("live heap: %+v", e)
	}
	if e := stats.LowerEnvelope(live, 0.6); e.Going || e.Slowing || !e.Judged {
		t.Errorf("below the limit: %+v", e)
	}
	var cache []float64
	for i := range 600 {
		cache = append(cache, 1-math.Exp(-float64(i)/100))
	}
	if e := stats.LowerEnvelope(cache, 0.1); e.Going || !e.Slowing {
		t.Errorf("a cache that fills: %+v", e)
	}
	// From nothing at all: file descriptors that never come back.
	var fds []float64
	for i := range 600 {
		fds = append(fds, float64(i/10))
	}
	if e := stats.LowerEnvelope(fds, 0.1); !e.Going {
		t.Errorf("from nothing: %+v", e)
	}
	for _, few := range [][]float64{nil, {1}, {1, 2, 3, math.NaN()}, make([]float64, 600)} {
		if e := stats.LowerEnvelope(few, 0.1); e.Going || e.Slowing {
			t.Errorf("of %d: %+v", len(few), e)
		}
	}
}
