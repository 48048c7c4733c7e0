package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The simulation of docs/verdict.md of a system that is idle and under full load in turn:
//
//	go test ./gate -run SimulatedUnderLoad -v -reports 2000
//
// The machine's speed wanders: its log is an AR(1) process with φ = 0.95 from one second to the next. Both loads have
// rounds of 2.5 s, put together from slices in turn. A figure is off by 4 % when idle and by 2 % under full load.
type loads struct {
	noise  float64 // standard deviation of the machine's log speed
	slices int     // of a round
	slower float64 // relative: the true slowdown of every route
}

const (
	loadsRound  = 2.5 // seconds
	loadsRoutes = 4
)

// machine is the log of a machine's speed over time.
type machine struct {
	phi, noise, level float64
	r                 *rand.Rand
}

// next is the mean over the next slice, taken as constant.
func (m *machine) next() float64 {
	m.level = m.phi*m.level + math.Sqrt(1-m.phi*m.phi)*m.noise*m.r.NormFloat64()
	return m.level
}

// report measures pairs until the verdict is final.
func (w loads) report(r *rand.Rand) Verdict {
	p := DefaultPolicy()
	m := &machine{phi: math.Pow(0.95, loadsRound/float64(w.slices)), noise: w.noise, r: r}
	m.level = w.noise * r.NormFloat64()
	var sides [2]*result.Result
	for i := range sides {
		sides[i] = &result.Result{
			PairSeed: "5eed", PlannedRounds: MostPairs, Tally: tally.Tally{Routes: map[string]*tally.Route{}},
			Identity: result.Identity{Series: "shop", ProfileDigest: fmt.Sprint(i), Users: 10 + 90*i},
		}
		for j := range loadsRoutes {
			sides[i].Tally.Add(tally.Sample{Route: fmt.Sprint("GET /", j), Class: tally.OK, Ended: time.Millisecond})
		}
	}
	swap := false
	for n := range MostPairs {
		if swap = !swap; n%2 == 0 {
			swap = r.IntN(2) == 0
		}
		var level [2]float64
		for k := range w.slices {
			for turn := range 2 {
				side := (turn + k) % 2
				if swap {
					side = 1 - side
				}
				level[side] += m.next() / float64(w.slices)
			}
		}
		for i := range sides {
			sides[i].Rounds = append(sides[i].Rounds, w.round(r, i, level[i], swap == (i == 0)))
			sides[i].PlannedRounds = n + 1
		}
		if v := JudgeUnderLoad(p, sides[0], sides[1], n == MostPairs-1); v.More == 0 {
			return v
		}
	}
	panic("gate: no verdict after the last pair")
}

func (w loads) round(r *rand.Rand, side int, level float64, second bool) result.Round {
	round := result.Round{Length: time.Duration(loadsRound * float64(time.Second)), Second: second, Figures: map[string]result.Figures{}}
	own, requests := 0.04, int64(250)
	if side == 1 {
		own, requests = 0.02, 2500
	}
	for j := range loadsRoutes {
		of := func(ms float64) time.Duration {
			x := level + own*studentT(r)
			if side == 1 {
				x += math.Log1p(w.slower)
			}
			return time.Duration(ms * math.Exp(x) * float64(time.Millisecond))
		}
		p50 := of(5 * float64(j+1))
		round.Figures[fmt.Sprint("GET /", j)] = result.Figures{Requests: requests, P50: p50, P95: max(p50, of(12*float64(j+1))), P99: 10 * p50}
		round.Total.Requests += requests
	}
	return round
}

// run returns the shares of red and open reports, and the pairs that were used on average.
func (w loads) run(n int) (red, open, pairs float64) {
	random := rand.New(rand.NewPCG(5, 0))
	for range n {
		v := w.report(random)
		pairs += float64(v.Loads.Pairs) / float64(n)
		switch v.Outcome {
		case Fail:
			red += 1 / float64(n)
		case Inconclusive:
			open += 1 / float64(n)
		}
	}
	return red, open, pairs
}

// TestSimulatedUnderLoad holds the comparison under load to what it promises: what is not past the limit is not red, and
// what is past it is found.
func TestSimulatedUnderLoad(t *testing.T) {
	n := *reports / 2
	if testing.Short() {
		n = 10
	}
	for _, noise := range []float64{0.12, 0.25} {
		for _, slices := range []int{2, 10} {
			for _, slower := range []float64{0, 0.10, 0.30} {
				t.Run(fmt.Sprintf("noise %v, slices %d, slower %v", noise, slices, slower), func(t *testing.T) {
					t.Parallel()
					red, open, pairs := loads{noise, slices, slower}.run(n)
					t.Logf("noise %2.0f %%, %2d slices, +%2.0f %%: %5.1f %% red, %4.1f %% open, %.1f pairs", 100*noise, slices, 100*slower, 100*red, 100*open, pairs)
					switch {
					case slower == 0 && red > 0, slower == 0.10 && red > max(0.01, 1/float64(n)):
						t.Errorf("%.1f %% are red", 100*red)
					case slower >= 0.30 && red < 0.99:
						t.Errorf("found in %.1f %%", 100*red)
					}
				})
			}
		}
	}
}
