package storetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// NewLarge is NewResult with the given numbers of routes and of one-second rounds, 300 requests to a route in
// each. Latencies are log-normal, as those of services are. Equal arguments give equal runs.
func NewLarge(n, routes, rounds int) *result.Result {
	random := rand.New(rand.NewPCG(uint64(n), 2))
	return NewResult(n, func(r *result.Result) {
		r.PlannedRounds, r.Rounds, r.Tally = rounds, nil, tally.Tally{}
		for i := range rounds {
			round := &tally.Tally{}
			for route := range routes {
				for range 300 {
					latency := time.Duration(math.Exp(0.6*random.NormFloat64()) * float64(20*time.Millisecond))
					round.Add(tally.Sample{Route: fmt.Sprintf("GET /api/v1/resource-%d/{id}", route), Due: -time.Duration(random.ExpFloat64() * float64(time.Millisecond)), Ended: latency, Class: tally.OK})
				}
			}
			r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*time.Second, time.Second, round))
			r.Tally.Merge(round)
		}
		r.Finished = r.Started.Add(time.Duration(rounds) * time.Second)
	})
}
