package gate

import (
	"fmt"
	"math"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A control is a server that never changes. Where it moved, the machine did.
const (
	// controlStray is how far the control may be from its own middle in a pair that counts, and
	// from the first measurement to the second in a run that does, on the log scale.
	controlStray = 0.4
	// controlMoved is how far the control may be from what it was in the history without a word.
	controlMoved = 0.05
)

// outOfLine reports whether the control strayed after a pair, from what it was until then: a
// pair that counts will always count. It does not know the sides.
func outOfLine(control []result.Figures, pair int) bool {
	if pair >= len(control) {
		return false
	}
	var all []float64
	for _, f := range control[:pair+1] {
		all = append(all, onScale(float64(f.P50), false))
	}
	stray := math.Abs(all[pair] - stats.Median(all))
	return stray > controlStray || math.IsNaN(stray)
}

// controlLevel is the middle of what the control's requests took in runs, on the log scale;
// NaN without a control.
func controlLevel(runs []result.Summary) float64 {
	var all []float64
	for _, r := range runs {
		if level := onScale(float64(r.Control), false); !math.IsNaN(level) {
			all = append(all, level)
		}
	}
	return stats.Median(all)
}

// judgeControl doubts a run during which the control did not hold still, and what is worse by
// no more than the control is: that is the machine, as far as can be told.
func (j *judge) judgeControl(findings []finding) {
	for _, r := range j.heads {
		if len(r.Control) == 2 && math.Abs(onScale(float64(r.Control[1].P50), false)-onScale(float64(r.Control[0].P50), false)) > controlStray {
			j.doubt(NoisyMachine, "the machine did not hold still: requests to the control took %v before the load and %v after it", r.Control[0].P50, r.Control[1].P50)
			break
		}
	}
	moved := controlLevel(j.fresh) - controlLevel(j.past)
	if math.IsNaN(moved) || moved <= controlMoved {
		return
	}
	text := fmt.Sprintf("the control is %.0f %% slower as well, so that it may be the machine", 100*math.Expm1(moved))
	j.notice(NoisyMachine, "against the history %s", text)
	for i, f := range findings {
		c := &j.verdict.Comparisons[j.rows[i]]
		if c.Status == Worse && f.change-moved <= j.lines[i].limit {
			c.Status, c.Reason = Unclear, text
		}
	}
}
