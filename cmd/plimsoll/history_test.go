package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// BenchmarkHistory reads a history of 200 runs of 100 routes from the embedded store and judges a
// run by it, as a stored gate does after it has measured.
func BenchmarkHistory(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "baselines.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	}()
	run := storetest.NewLarge(0, 100, 6)
	for i := range 200 { // the figures of one run are enough: only their number matters
		run.Commit = fmt.Sprintf("%040x", i)
		if _, _, err := store.Put(b.Context(), run); err != nil {
			b.Fatal(err)
		}
	}
	fresh := []*result.Result{storetest.NewLarge(1, 100, 6)}
	p := gate.DefaultPolicy()
	p.Baseline.Branch, p.Baseline.Window = run.Branch, 200
	for b.Loop() {
		history, err := baseline.Choose(b.Context(), store, fresh, past(p, nil))
		if err != nil || len(history) != 200 {
			b.Fatalf("%d runs, %v", len(history), err)
		}
		if v := gate.Judge(p, fresh, history); v.Compared != 100 {
			b.Fatalf("%d of 100 routes compared: %v", v.Compared, v.Reasons)
		}
		gate.Trend(p, history)
	}
}
