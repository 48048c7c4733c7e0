package backtest_test

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
	"github.com/plimsoll-ci/plimsoll/gate/history"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Another tool's figure is never taken for a failure rate of ours, whatever its unit is called.
func TestFromHistory(t *testing.T) {
	p := gate.DefaultPolicy()
	s := backtest.FromHistory(p, history.History{
		Name: "h", Columns: []history.Column{{Name: "p95", Unit: "ms"}, {Name: "rate", Unit: "failures", HigherIsBetter: true}},
		Runs: []history.Run{{Index: 7, Commit: "c7", Values: []float64{1, math.NaN()}}},
	})
	want := []gate.Column{{Route: "p95", Metric: "ms", Limit: p.Degradation}, {Route: "rate", HigherIsBetter: true, Limit: p.Degradation}}
	if s.Name != "h" || len(s.Matrix.Columns) != 2 || s.Matrix.Columns[0] != want[0] || s.Matrix.Columns[1] != want[1] || s.Matrix.Rows[0][0] != 1 || s.Runs[0] != (backtest.Run{Index: 7, Commit: "c7"}) {
		t.Errorf("got %+v", s)
	}
}

// Each profile's runs have a suite of their own, in the order of their first runs.
func TestFromRuns(t *testing.T) {
	var runs []result.Summary
	for i, digest := range []string{"aaaaaaaaaaaaaaaa", "b", "aaaaaaaaaaaaaaaa"} {
		f := result.Figures{Requests: 20_000, Throughput: 100, P50: time.Millisecond, P95: time.Millisecond, P99: time.Millisecond}
		runs = append(runs, result.Summary{
			Identity: result.Identity{Series: "shop", ProfileDigest: digest, Commit: string(rune('x' + i))}, Environment: result.Environment{OS: "linux", CPUCores: 2}, Rounds: 6, Figures: map[string]result.Figures{"GET /a": f, "*": f},
		})
	}
	suites := backtest.FromRuns(gate.DefaultPolicy(), runs)
	if len(suites) != 2 || len(suites[0].Runs) != 2 || len(suites[1].Runs) != 1 || suites[0].Runs[1].Commit != "z" || len(suites[0].Matrix.Columns) != 8 || len(suites[0].Matrix.Rows) != 2 {
		t.Errorf("got %+v", suites)
	}
	if want := "shop, profile aaaaaaaaaaaa, operating system linux, cores 2, memory 0 GiB"; suites[0].Name != want { // nothing empty
		t.Errorf("named %q", suites[0].Name)
	}
}
