package gate

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Whether a pair counts does not depend on the pairs after it.
func TestOutOfLineForGood(t *testing.T) {
	var control []result.Figures
	for _, ms := range []time.Duration{10, 10, 30, 10, 11, 30, 30, 31, 30, 30, 0, 30} {
		control = append(control, result.Figures{P50: ms * time.Millisecond})
	}
	strayed := 0
	for pair := range control {
		then, later := outOfLine(control[:pair+1], pair), outOfLine(control, pair)
		if then != later {
			t.Errorf("pair %d: out of line is %v when it is measured, and %v later", pair, then, later)
		}
		if then {
			strayed++
		}
	}
	if strayed == 0 || strayed == len(control) {
		t.Errorf("%d of %d pairs strayed", strayed, len(control))
	}
	if outOfLine(nil, 3) {
		t.Error("without a control nothing strays")
	}
}
