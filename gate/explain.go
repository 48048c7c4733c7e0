package gate

import (
	"fmt"
	"math"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Explanation says what a regression is made of: work or waiting.
type Explanation struct {
	Kind     ExplanationKind `json:"kind"`
	CPU      float64         `json:"cpu"` // relative change of the CPU time of a request
	Interval *Range          `json:"interval,omitempty"`
	// RunDelay is the relative change of the time that the system's threads waited for a core, for each request; nil if
	// it was not read.
	RunDelay *float64 `json:"run_delay,omitempty"`
}

// ExplanationKind tells explanations apart.
type ExplanationKind string

// The explanations.
const (
	WorksMore   ExplanationKind = "works-more"   // a request costs more CPU time
	WaitsLonger ExplanationKind = "waits-longer" // requests take longer, and cost the same
)

// A rise of the CPU time of a request explains a regression from leastWork on. If it surely lies below mostSame, the
// request costs the same.
const (
	leastWork = 0.02
	mostSame  = 0.05
)

// explain says what a regression is made of, from the rows of the routes and of the costs; nil if nothing is proven
// worse, or the CPU time of a request is too uncertain to tell. runDelay returns the change of the run delay.
func explain(rows, costs []row, runDelay func() *float64) *Explanation {
	slower, dearer := false, false
	for i := range rows {
		slower = slower || rows[i].Status == Worse && rows[i].Metric != FailureRate
	}
	var cpu *row
	for i := range costs {
		dearer = dearer || costs[i].Status == Worse
		if costs[i].Metric == CPU {
			cpu = &costs[i]
		}
	}
	if !slower && !dearer || cpu == nil || cpu.found == nil || cpu.Interval == nil || cpu.N < leastStarts {
		return nil
	}
	e := &Explanation{CPU: cpu.Change, Interval: cpu.Interval}
	switch {
	case cpu.Interval.Low > 0 && cpu.Change >= leastWork:
		e.Kind = WorksMore
	case slower && cpu.Interval.High < mostSame:
		e.Kind = WaitsLonger
	default:
		return nil
	}
	e.RunDelay = runDelay()
	return e
}

// runDelay is the change of the run delay of a request, from pair to pair in the middle; nil if too few pairs have it.
func (j *pairing) runDelay() *float64 {
	var d []float64
	for _, i := range j.good {
		before, now := runDelay(&j.base.Rounds[i]), runDelay(&j.head.Rounds[i])
		if ratio := now / before; before > 0 && now > 0 && finite(ratio) {
			d = append(d, math.Log(ratio))
		}
	}
	if len(d) == 0 || len(d) < len(j.good)/2 {
		return nil
	}
	change := math.Expm1(stats.Median(d))
	return &change
}

// runDelay is the time that threads of the system waited for a core, for each request of a round.
func runDelay(r *result.Round) float64 {
	return r.Readings[result.Reading(result.OfSystem, result.RunDelayCores)] * r.Length.Seconds() / float64(r.Total.Requests)
}

// check is an error if no gate can have written this explanation.
func (e *Explanation) check() error {
	switch {
	case e == nil:
		return nil
	case e.Kind != WorksMore && e.Kind != WaitsLonger:
		return fmt.Errorf("%.40q is not an explanation of a regression", string(e.Kind))
	case !inRange(e.CPU) || !e.Interval.sound() || e.RunDelay != nil && !inRange(*e.RunDelay):
		return fmt.Errorf("the explanation %s: a number is out of range", e.Kind)
	}
	return nil
}
