package result

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Spread holds the quartiles of a route's rounds, for each metric of its Figures that is a median.
type Spread struct {
	P50        Quartiles `json:"p50"`
	P95        Quartiles `json:"p95"`
	P99        Quartiles `json:"p99"`
	Throughput Quartiles `json:"throughput"`
}

// Quartiles are the lower and the upper quartile over the rounds, in thousandths of their median. Both are zero if the
// median is. Histories draw them as a band, and thousandths keep a row of a store small.
type Quartiles struct {
	Lower int64 `json:"lower"`
	Upper int64 `json:"upper"`
}

// maxUpper caps the upper quartile at a thousand times the median.
const maxUpper = 1_000_000

// Of returns the quartiles in the median's unit.
func (q Quartiles) Of(median float64) (lower, upper float64) {
	return median * float64(q.Lower) / 1000, median * float64(q.Upper) / 1000
}

func (s Spread) validate() error {
	for _, q := range []Quartiles{s.P50, s.P95, s.P99, s.Throughput} {
		if q != (Quartiles{}) && !(0 <= q.Lower && q.Lower <= 1000 && 1000 <= q.Upper && q.Upper <= maxUpper) {
			return fmt.Errorf("impossible spread %+v", s)
		}
	}
	return nil
}

// quartiles returns the quartiles of sorted values: at a quarter and three quarters of the way from the least to the
// greatest, interpolated between neighbours (type 7 of Hyndman and Fan, Sample Quantiles in Statistical Packages, The
// American Statistician 50, 1996).
func quartiles[T ~int64 | ~float64](sorted []T) Quartiles {
	middle := float64(median(sorted))
	if !(middle > 0) {
		return Quartiles{}
	}
	at := func(q float64) float64 {
		place := q * float64(len(sorted)-1)
		low := int(place)
		high := min(low+1, len(sorted)-1)
		return float64(sorted[low]) + (place-float64(low))*(float64(sorted[high])-float64(sorted[low]))
	}
	return Quartiles{
		Lower: int64(min(max(math.Round(1000*at(0.25)/middle), 0), 1000)),
		Upper: int64(min(max(math.Round(1000*at(0.75)/middle), 1000), maxUpper)),
	}
}

// RequestCost holds what the system used for an answered request: medians over the rounds whose Cost is settled. 0 means
// not counted.
type RequestCost struct {
	CPU          time.Duration `json:"cpu_ns,omitempty"`
	Cycles       int64         `json:"cycles,omitempty"`
	Instructions int64         `json:"instructions,omitempty"`
}

func (c RequestCost) validate() error {
	if c.CPU < 0 || c.CPU > maxCPU || c.Cycles < 0 || c.Instructions < 0 {
		return fmt.Errorf("impossible cost of a request %+v", c)
	}
	return nil
}

func (r *Result) requestCost() RequestCost {
	var cpu []time.Duration
	var cycles, instructions []int64
	for i := range r.Rounds {
		c := r.Rounds[i].Cost
		if c == nil || c.Unsettled || c.Requests <= 0 {
			continue
		}
		cpu = append(cpu, c.CPU/time.Duration(c.Requests))
		cycles, instructions = append(cycles, c.Cycles/c.Requests), append(instructions, c.Instructions/c.Requests)
	}
	counted := func(values []int64) int64 { // a round that a machine did not count has a zero
		return median(slices.DeleteFunc(values, func(v int64) bool { return v == 0 }))
	}
	return RequestCost{median(cpu), counted(cycles), counted(instructions)}
}

// Memory is the median resident memory of the system's processes over the rounds, in bytes; 0 if it was not read.
func (s *Summary) Memory() float64 { return s.Readings[Reading(OfSystem, RSSBytes)] }
