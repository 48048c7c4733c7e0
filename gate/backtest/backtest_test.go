package backtest_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
)

// suite is n runs of two figures, a latency and a throughput; factor makes a run worse.
func suite(n int, factor func(i int) float64) backtest.Suite {
	random := rand.New(rand.NewPCG(7, 0))
	s := backtest.Suite{Name: "s", Matrix: gate.Matrix{Columns: []gate.Column{
		{Route: "p95", Metric: "ms", Limit: 0.2}, {Route: "rate", Metric: "req/s", HigherIsBetter: true, Limit: 0.2},
	}}}
	for i := range n {
		noise := func() float64 { return 1 + 0.02*random.NormFloat64() }
		s.Matrix.Rows = append(s.Matrix.Rows, []float64{10 * noise() * factor(i), 1000 * noise() / factor(i)})
		s.Runs = append(s.Runs, backtest.Run{Index: 100 + i, Commit: fmt.Sprint("c", i/2)})
	}
	return s
}

func level(int) float64 { return 1 }

// A change that stays is found once and then accepted; a single outlier is a suspect that does not stay.
func TestInOrder(t *testing.T) {
	s := suite(80, func(i int) float64 {
		switch {
		case i == 20:
			return 2
		case i >= 40:
			return 1.5
		default:
			return 1
		}
	})
	var red, suspect []int
	for _, r := range backtest.InOrder(gate.DefaultPolicy(), s) {
		if r.Verdict == gate.Fail {
			red = append(red, r.Index)
			if len(r.Flagged) != 2 || r.Flagged[0].Limit == 0 || r.Flagged[0].P == nil || !r.Persisted || r.Runs != 5 {
				t.Errorf("got %+v", r)
			}
		}
		if len(r.Suspects) > 0 {
			suspect = append(suspect, r.Index)
		}
		if r.Repeat != (r.Index%2 == 1) {
			t.Errorf("run %d of %s: repeat is %v", r.Index, r.Commit, r.Repeat)
		}
	}
	if !slices.Equal(red, []int{140}) || !slices.Equal(suspect, []int{120, 140}) {
		t.Errorf("red %v, suspect %v; want 140, and 120 and 140", red, suspect)
	}
	sum := backtest.Sum(backtest.InOrder(gate.DefaultPolicy(), s))
	if sum.Red != 1 || sum.Suspect != 2 || sum.Persisted != 1 || sum.Gone != 1 || sum.Repeats == 0 || sum.RepeatsRed != 0 || sum.Plain != 2 {
		t.Errorf("got %+v", sum)
	}
}

// If suites take turns under one name, each is judged by its own runs.
func TestInOrderOfSuitesThatTakeTurns(t *testing.T) {
	s := suite(120, func(i int) float64 {
		if i >= 80 {
			return 1.5
		}
		return 1
	})
	for i, row := range s.Matrix.Rows {
		row[i%2] = math.NaN()
	}
	red := 0
	for _, r := range backtest.InOrder(gate.DefaultPolicy(), s) {
		if r.Verdict == gate.Fail {
			red++
			if r.Index < 180 || r.Index > 183 {
				t.Errorf("red at %d, the change is at 180", r.Index)
			}
		}
	}
	if red == 0 {
		t.Error("a change of half is not found")
	}
}

func TestWindows(t *testing.T) {
	s := suite(60, level)
	p := gate.DefaultPolicy()
	if sum := backtest.Sum(backtest.Windows(p, s, 50, 0, 1)); sum.Reports != 50 || sum.Red != 0 || sum.Runs != 50 {
		t.Errorf("unchanged: %+v", sum)
	}
	changed := backtest.Windows(p, s, 50, 0.5, 1)
	if sum := backtest.Sum(changed); sum.Found != 50 || sum.Red != 50 || sum.Runs != 250 {
		t.Errorf("half as much again: %+v", sum)
	}
	for _, r := range changed {
		if len(r.Flagged) != 1 || r.Flagged[0].Figure != *r.Injected {
			t.Errorf("injected %v, flagged %+v", r.Injected, r.Flagged)
		}
	}
	if again := backtest.Windows(p, s, 50, 0.5, 1); fmt.Sprint(backtest.Sum(again)) != fmt.Sprint(backtest.Sum(changed)) {
		t.Error("the same seed gives other windows")
	}
	if short := backtest.Windows(p, suite(24, level), 50, 0, 1); short != nil {
		t.Errorf("24 runs are too few for a window, got %d", len(short))
	}
}

func TestSight(t *testing.T) {
	least, middle, most, ok := backtest.Sight(gate.DefaultPolicy(), suite(40, level))
	if !ok || least < 0.199 || middle < least || most < middle || most > 0.3 {
		t.Errorf("sees %v, %v, %v", least, middle, most)
	}
	if _, _, _, ok := backtest.Sight(gate.DefaultPolicy(), suite(4, level)); ok {
		t.Error("four runs see nothing")
	}
}
