package table_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A run of 12 routes and 40 rounds must stay under 32 KB, so that a million of them fit a
// database that nobody looks after. Latencies are log-normal, as those of services are.
func TestDocumentIsSmall(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	r := &result.Result{Schema: result.Schema, PlannedRounds: 40}
	for i := range r.PlannedRounds {
		round := &tally.Tally{}
		for route := range 12 {
			for range 300 {
				latency := time.Duration(math.Exp(0.6*random.NormFloat64()) * float64(20*time.Millisecond))
				round.Add(tally.Sample{Route: fmt.Sprintf("GET /api/v1/resource-%d/{id}", route), Due: -time.Duration(random.ExpFloat64() * float64(time.Millisecond)), Ended: latency, Class: tally.OK})
			}
		}
		r.Rounds = append(r.Rounds, result.NewRound(time.Duration(i)*time.Second, time.Second, round))
		r.Tally.Merge(round)
	}
	_, insert, err := table.Dialect("$").Insert(r)
	if err != nil {
		t.Fatal(err)
	}
	document := insert.Args[len(insert.Args)-1].([]byte)
	if len(document) > 32_000 {
		t.Errorf("the document has %d bytes", len(document))
	}
	t.Logf("%d bytes", len(document))
}
