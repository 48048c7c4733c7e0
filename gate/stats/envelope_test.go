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

// lives are the levels that watching.md names, and what else a service may do. A leak is nobody's fault but its own.
var lives = []struct {
	what        string
	least, most float64 // the share of runs that are going on
	live        func(random *rand.Rand) func(at float64) float64
}{
	{"flat", 0, 0, always(func(float64) float64 { return 1 })},
	{"wanders by 5 %", 0, 0.01, wanders(0.05)},
	{"wanders by 10 %", 0, 0.012, wanders(0.10)},
	{"wanders by 20 %", 0, 0.015, wanders(0.20)},
	{"a step of 20 %", 0, 0.002, steps(0.2)},
	{"two steps of 15 %", 0, 0.002, steps(0.15, 0.15)},
	{"caches of 50 %, a tenth of the run", 0, 0, always(fills(0.5, 0.1))},
	{"caches of 50 %, a quarter of the run", 0, 0.008, always(fills(0.5, 0.25))},
	{"caches of 30 %, a quarter of the run", 0, 0.008, always(fills(0.3, 0.25))},
	{"leak of 20 %", 0.9, 1, always(func(at float64) float64 { return 1 + 0.2*at })},
	{"leak of 50 %", 0.99, 1, always(func(at float64) float64 { return 1 + 0.5*at })},
	{"leak of 30 % and caches", 0.85, 1, always(func(at float64) float64 { return fills(0.5, 0.1)(at) + 0.3*at })},
}

func always(live func(float64) float64) func(*rand.Rand) func(float64) float64 {
	return func(*rand.Rand) func(float64) float64 { return live }
}

func fills(by, tau float64) func(float64) float64 {
	return func(at float64) float64 { return 1 + by*(1-math.Exp(-at/tau)) }
}

func wanders(by float64) func(*rand.Rand) func(float64) float64 {
	return func(random *rand.Rand) func(float64) float64 {
		level, last := 1.0, 0.0
		return func(at float64) float64 {
			level += by * math.Sqrt(at-last) * random.NormFloat64()
			last = at
			return level
		}
	}
}

func steps(by ...float64) func(*rand.Rand) func(float64) float64 {
	return func(random *rand.Rand) func(float64) float64 {
		when := make([]float64, len(by))
		for i := range when {
			when[i] = random.Float64()
		}
		return func(at float64) float64 {
			level := 1.0
			for i := range by {
				if at > when[i] {
					level += by[i]
				}
			}
			return level
		}
	}
}

func TestLowerEnvelopeSimulated(t *testing.T) {
	const runs = 600
	for _, one := range lives {
		random := rand.New(rand.NewPCG(7, 7))
		going, judged := 0, 0
		for range runs {
			e := stats.LowerEnvelope(memory(random, 600, 12, one.live(random)), 0.1)
			if e.Going {
				going++
			}
			if e.Judged {
				judged++
			}
		}
		share := float64(going) / runs
		t.Logf("%s: %.1f %% going on", one.what, 100*share)
		if share < one.least || share > one.most || judged < runs {
			t.Errorf("%s: going on in %.1f %%, want %.1f to %.1f %%; %d of %d judged", one.what, 100*share, 100*one.least, 100*one.most, judged, runs)
		}
	}
}

// Open files, threads, goroutines, connections and live heaps have no collections, and noise of their own.
func TestLowerEdgeSimulated(t *testing.T) {
	const runs = 600
	for _, one := range lives {
		random := rand.New(rand.NewPCG(8, 8))
		going := 0
		for range runs {
			live := one.live(random)
			level := noise(random, 600, 0.8, 0.01)
			for i := range level {
				level[i] = live(float64(i)/600) * (1 + level[i])
			}
			if stats.LowerEdge(level, 0.1).Going {
				going++
			}
		}
		share := float64(going) / runs
		t.Logf("%s: %.1f %% going on", one.what, 100*share)
		if share < one.least || share > one.most {
			t.Errorf("%s: going on in %.1f %%, want %.1f to %.1f %%", one.what, 100*share, 100*one.least, 100*one.most)
		}
	}
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
	// Two steps.
	step := make([]float64, 600)
	for i := range step {
		step[i] = 1 + 0.3*min(1, float64(i/240)) + 0.3*float64(i/480)
	}
	if e := stats.LowerEdge(step, 0.1); e.Going || !e.Uneven {
		t.Errorf("steps: %+v", e)
	}
	// Connections that come and go are no collections.
	var busy []float64
	for i := range 600 {
		busy = append(busy, 20+30*float64(i%300)/300)
	}
	if e := stats.LowerEdge(busy, 0.1); !e.Judged || e.Going || stats.LowerEnvelope(busy, 0.1).Judged {
		t.Errorf("two falls that are no collections: %+v", e)
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
