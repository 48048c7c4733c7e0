package gate

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Explanation says what a regression is made of: work or waiting.
type Explanation struct {
	Kind     ExplanationKind `json:"kind"`
	CPU      float64         `json:"cpu"` // relative change of the CPU time of a request
	Interval *Range          `json:"interval,omitempty"`
	// Relative changes of what else was read; nil if it was not read, or nothing was there.
	RunDelay    *float64 `json:"run_delay,omitempty"`   // of the time that the system's threads waited for a core, for each request
	DiskBytes   *float64 `json:"disk_bytes,omitempty"`  // read and written, for each request
	Connections *float64 `json:"connections,omitempty"` // that the system holds to others
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
// A route that takes many times as long is not explained by a rise of a few percent, which a less busy system has anyway:
// more of its requests find it asleep. leastOfRise is the least part of the rise of a latency that work can explain. Queues
// make a latency rise more than the work, but ten times more only if a core is nearly full, and then the bottleneck says so.
const (
	leastWork   = 0.02
	mostSame    = 0.05
	leastOfRise = 1.0 / 10
)

// explain says what a regression is made of, from the rows of the routes and of the costs; nil if nothing is proven
// worse, or the CPU time of a request is too uncertain to tell. besides adds what else was read.
func explain(rows, costs []row, besides func(*Explanation)) *Explanation {
	slower, dearer, longest := false, false, 0.0
	for i := range rows {
		if r := &rows[i]; r.Status == Worse && r.Metric != FailureRate {
			slower = true
			if r.Metric.IsLatency() {
				longest = max(longest, r.Change)
			}
		}
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
	if cpu.Why != nil && cpu.Why.Kind == Unsettled { // the rest of its rounds may have others' work
		return nil
	}
	e := &Explanation{CPU: cpu.Change, Interval: cpu.Interval}
	switch {
	case cpu.Interval.Low > 0 && cpu.Change >= leastWork && (dearer || cpu.Change >= leastOfRise*longest):
		e.Kind = WorksMore
	case slower && cpu.Interval.High < mostSame:
		e.Kind = WaitsLonger
	default:
		return nil
	}
	besides(e)
	return e
}

// besides adds the changes of what was read in the pairs.
func (j *pairing) besides(e *Explanation) {
	e.RunDelay = j.changeOf(func(r *result.Round) float64 { return ofRequest(r, result.RunDelayCores) })
	e.DiskBytes = j.changeOf(func(r *result.Round) float64 {
		return ofRequest(r, result.ReadBytes) + ofRequest(r, result.WrittenBytes)
	})
	e.Connections = j.changeOf(connections)
}

// changeOf is the change of a figure from pair to pair, in the middle; nil if too few pairs have it.
func (j *pairing) changeOf(figure func(*result.Round) float64) *float64 {
	var d []float64
	for _, i := range j.good {
		before, now := figure(&j.base.Rounds[i]), figure(&j.head.Rounds[i])
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

// ofRequest is what the system had of something for each request of a round; 0 if it was not read.
func ofRequest(r *result.Round, figure string) float64 {
	return r.Readings[result.Reading(result.OfSystem, figure)] * r.Length.Seconds() / float64(r.Total.Requests)
}

// connections is how many connections the system held in a round; 0 if they were not read.
func connections(r *result.Round) (sum float64) {
	for name, n := range r.Readings {
		if strings.HasPrefix(name, result.Reading(result.OfSystem, result.Connections)+".") {
			sum += n
		}
	}
	return sum
}

// check is an error if no gate can have written this explanation.
func (e *Explanation) check() error {
	switch {
	case e == nil:
		return nil
	case e.Kind != WorksMore && e.Kind != WaitsLonger:
		return fmt.Errorf("%.40q is not an explanation of a regression", string(e.Kind))
	case !inRange(e.CPU) || !e.Interval.sound():
		return fmt.Errorf("the explanation %s: a number is out of range", e.Kind)
	}
	for _, change := range []*float64{e.RunDelay, e.DiskBytes, e.Connections} {
		if change != nil && !inRange(*change) {
			return fmt.Errorf("the explanation %s: a number is out of range", e.Kind)
		}
	}
	return nil
}
