package storetest_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// BenchmarkWindow reads a branch as a gate does: the figures of 100 routes in 200 runs.
func BenchmarkWindow(b *testing.B) {
	b.Run("PostgreSQL", func(b *testing.B) {
		store, err := postgres.Open(b.Context(), pgtest.Database(b))
		windowOf(b, store, err)
	})
	b.Run("SQLite", func(b *testing.B) {
		store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "b.db"))
		windowOf(b, store, err)
	})
}

func windowOf(b *testing.B, store baseline.Store, err error) {
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	const routes, runs = 100, 200
	r := storetest.NewResult(0)
	r.Rounds, r.PlannedRounds = r.Rounds[:1], 1
	items := r.Tally.Routes["GET /items"]
	for n := range routes {
		name := fmt.Sprintf("GET /api/v1/resource-%d/{id}", n)
		r.Tally.Routes[name] = items
		r.Rounds[0].Figures[name] = result.Figures{
			Requests: 300, P50: time.Duration(20_123_456 + n), P95: time.Duration(51_234_567 + n), P99: time.Duration(81_234_567 + n), Throughput: 29.987654321 + float64(n),
		}
	}
	for range runs {
		r.Started, r.Finished = r.Started.Add(time.Minute), r.Finished.Add(time.Minute)
		if _, _, err := store.Put(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		past, err := baseline.Choose(b.Context(), store, []*result.Result{storetest.NewResult(0)}, baseline.Past{Branch: r.Branch, Limit: runs})
		if err != nil || len(past) != runs {
			b.Fatalf("%d runs, %v", len(past), err)
		}
	}
}
