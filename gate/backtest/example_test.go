package backtest_test

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/backtest"
)

// A history with a step of a half at its fortieth run.
func ExampleInOrder() {
	s := suite(60, func(i int) float64 {
		if i >= 40 {
			return 1.5
		}
		return 1
	})
	for _, r := range backtest.InOrder(gate.DefaultPolicy(), s) {
		if r.Verdict == gate.Fail {
			fmt.Println(r.Index, r.Flagged[0].Route, r.Persisted)
		}
	}
	// Output: 140 p95 true
}
