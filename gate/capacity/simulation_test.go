package capacity_test

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// The system of the simulations: a queue before eight servers, with a lognormal service time, and Poisson arrivals.
const (
	servers     = 8
	meanService = 0.008 // seconds
	sigma       = 0.5   // of the logarithm
	slo         = 0.050 // seconds that 95 % of the answers may take
)

// station is the system in one trial.
type station struct {
	chance *rand.Rand
	slow   float64 // factor of the service times
	free   freeing // when each server is free
}

// freeing is a heap of instants.
type freeing []float64

func (f freeing) Len() int           { return len(f) }
func (f freeing) Less(i, j int) bool { return f[i] < f[j] }
func (f freeing) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *freeing) Push(any)          { panic("the number of servers stays the same") }
func (f *freeing) Pop() any          { panic("the number of servers stays the same") }

// holds runs a trial and reports whether the answers to its judged arrivals kept the SLO.
func (s *station) holds(t capacity.Trial) bool {
	s.free = make(freeing, servers)
	var judged, late int
	for at, end := 0.0, (t.Settle + t.Length).Seconds(); ; {
		if at += s.chance.ExpFloat64() / t.Load; at > end {
			return float64(late) < 0.05*float64(judged)
		}
		took := s.slow * meanService * math.Exp(sigma*s.chance.NormFloat64()-sigma*sigma/2)
		ended := max(s.free[0], at) + took
		s.free[0] = ended
		heap.Fix(&s.free, 0)
		if at < t.Settle.Seconds() {
			continue
		}
		if judged++; ended-at > slo {
			late++
		}
	}
}

// truth is the rate at which the system just keeps the SLO, with steady machines.
func truth() float64 {
	low, high := 100.0, 1100.0
	for high-low > 0.5 {
		middle := (low + high) / 2
		s := station{chance: rand.New(rand.NewPCG(7, 7)), slow: 1}
		if s.holds(capacity.Trial{Load: middle, Settle: 10 * time.Second, Length: 3000 * time.Second}) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// searched is the claims of many searches on machines whose speed differs from trial to trial by noise, and how long they
// took.
func searched(t *testing.T, c capacity.Config, noise float64, times int) (claims []float64, took []time.Duration) {
	t.Helper()
	for seed := range uint64(times) {
		chance := rand.New(rand.NewPCG(seed, 1))
		s := capacity.New(c)
		var all time.Duration
		for {
			trial, more := s.Next()
			if !more {
				break
			}
			o := capacity.Outcome{Trial: trial, Status: capacity.Broken, Took: trial.Settle + trial.Length}
			if (&station{chance: chance, slow: math.Exp(noise * chance.NormFloat64())}).holds(trial) {
				o.Status = capacity.Held
			}
			s.Add(o)
			all += o.Took
		}
		claim := s.Claim()
		if claim.Holds == nil || !claim.Confirmed || claim.Breaks == nil || claim.Breaks.Load <= claim.Holds.Load {
			t.Fatalf("seed %d: no bracket: %+v", seed, claim)
		}
		claims, took = append(claims, claim.Holds.Load), append(took, all)
	}
	return claims, took
}

// The bar of the design: claims lie between −12 and +5 % of the truth, take at most 150 s, and are more than 5 % too high
// in at most 2 of 100 searches. A sure search may take longer and claim less.
func TestClaimsAgainstASimulatedTruth(t *testing.T) {
	sure := capacity.Rates()
	sure.Sure = true
	of := truth()
	for _, c := range []struct {
		name   string
		search capacity.Config
		noise  float64
		least  float64 // %
		most   time.Duration
	}{
		{"2 %", capacity.Rates(), 0.02, -12, 150 * time.Second}, {"6 %", capacity.Rates(), 0.06, -12, 150 * time.Second},
		{"2 %, sure", sure, 0.02, -12, 180 * time.Second}, {"6 %, sure", sure, 0.06, -15, 180 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			times := 300
			if testing.Short() || c.search.Sure {
				times = 100
			}
			claims, took := searched(t, c.search, c.noise, times)
			slices.Sort(claims)
			slices.Sort(took)
			over := 0
			for _, claim := range claims {
				if claim > 1.05*of {
					over++
				}
			}
			at := func(q float64) float64 { return 100 * (claims[int(q*float64(times))]/of - 1) }
			t.Logf("truth %.0f/s; median %+.1f %%, 5 to 95 %%: %+.1f … %+.1f %%; more than 5 %% too high: %.1f %%; median %v, 95 %% %v",
				of, at(0.5), at(0.05), at(0.95), 100*float64(over)/float64(times), took[times/2], took[times*95/100])
			if at(0.05) < c.least || at(0.95) > 5 {
				t.Errorf("claims lie between %+.1f and %+.1f %%, and may between %+.0f and +5 %%", at(0.05), at(0.95), c.least)
			}
			if 100*over > 2*times {
				t.Errorf("%d of %d claims are more than 5 %% too high", over, times)
			}
			if took[times/2] > c.most {
				t.Errorf("half of the searches took more than %v, and may take %v", took[times/2], c.most)
			}
		})
	}
}
