package gate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// If no route is worse, all routes together are not, however the mix moves.
func TestWholeIsNotWorseThanItsRoutes(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		routes := 2 + random.IntN(6)
		round := func(latency func(i int) float64) result.Round {
			r := result.Round{Figures: map[string]result.Figures{}}
			for i := range routes {
				ms := time.Duration(latency(i) * float64(time.Millisecond))
				n := 1 + int64(random.IntN(3000))
				r.Figures[fmt.Sprint("GET /", i)] = result.Figures{Requests: n, P50: ms, P95: 2 * ms, P99: 3 * ms, Throughput: float64(n)}
				r.Total.Requests += n
			}
			r.Total.P50 = time.Duration(1 + random.IntN(1e9)) // whatever the middle request of all was
			return r
		}
		speed := make([]float64, routes)
		for i := range speed {
			speed[i] = 1 + 500*random.Float64()
		}
		base := &result.Result{Rounds: []result.Round{round(func(i int) float64 { return speed[i] })}}
		head := &result.Result{Rounds: []result.Round{round(func(i int) float64 { return speed[i] * (1 - 0.9*random.Float64()*random.Float64()) })}}
		for _, r := range []*result.Result{base, head} {
			for name, f := range r.Rounds[0].Figures {
				r.Tally.Add(tally.Sample{Route: name, Class: tally.OK, Ended: f.P50})
			}
		}
		s := sidesOf(DefaultPolicy(), sideOfRounds(base), sideOfRounds(head), head)
		l := newLine(tally.All, P50, false, 0.2)
		before, now := s.paired(l, unitsOfRounds(base, nil), unitsOfRounds(head, nil))
		if now[0] > before[0]+1e-9 {
			t.Fatalf("%d routes, none slower, and in pairs the whole moved by %+.3f", routes, now[0]-before[0])
		}
		before, now = s.sampled(l, unitsOfRounds(base, nil), unitsOfRounds(head, nil))
		if stats.Median(now) > stats.Median(before)+1e-9 {
			t.Fatalf("%d routes, none slower, and in runs the whole moved by %+.3f", routes, now[0]-before[0])
		}
	}
}

// If noise leaves only the whole open, the last look settles it. It settles nothing else.
func TestNoiseOfWhole(t *testing.T) {
	at := func(route string, status Status, change float64) row {
		return row{Comparison: Comparison{Route: route, Metric: P95, Status: status, Change: change, Limit: 0.2}}
	}
	for name, c := range map[string]struct {
		rows []row
		want Status
	}{
		"alone":                        {[]row{at(tally.All, Unclear, 0.1), at("a", Within, 0)}, Within},
		"past the limit":               {[]row{at(tally.All, Unclear, 0.3), at("a", Within, 0)}, Unclear},
		"beside a route in doubt":      {[]row{at(tally.All, Unclear, 0.1), at("a", Unclear, 0)}, Within},
		"beside a route that is worse": {[]row{at(tally.All, Unclear, 0.1), at("a", Worse, 0.5)}, Within},
	} {
		if got := noiseOfWhole(c.rows)[0].Status; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
