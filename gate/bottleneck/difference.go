package bottleneck

import (
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Change is what one request used on two sides, or what was there while it was answered.
type Change struct {
	Name string  `json:"name"`
	Base float64 `json:"base"` // median of the rounds
	Head float64 `json:"head"`
	// Ratio is head over base, with an interval of 95 %: the trimmed mean of the pairs of rounds.
	Ratio    float64        `json:"ratio"`
	Interval stats.Interval `json:"interval"`
}

// Names of changes.
const (
	CPUPerRequest   = "cpu_seconds_per_request"
	DelayPerRequest = "run_delay_seconds_per_request"
	DiskPerRequest  = "disk_bytes_per_request"
	NetPerRequest   = "net_bytes_per_request"
	ConnectionsOpen = "connections"
	GCOfCPU         = "gc_cpu_share"
)

// Cause is what a slower head does.
type Cause string

// The causes. NotKnown is the zero Cause.
const (
	NotKnown    Cause = ""
	WorksMore   Cause = "works more"   // a request costs surely more CPU
	WaitsLonger Cause = "waits longer" // a request costs surely about the same CPU
)

// What is surely more CPU, and what is surely about the same.
const (
	surelyMore = 0.02 // the least change that counts as more work
	aboutSame  = 0.08
)

// Difference compares what a request used on base and head, which were loaded in turn. Only what both sides read is
// there. The cause supposes that head is slower, which the verdict says: a change by itself proves nothing.
func Difference(base, head *result.Result) (changes []Change, cause Cause) {
	for _, f := range perRequest {
		if c, ok := compare(f.name, series(base, f.of), series(head, f.of)); ok {
			changes = append(changes, c)
		}
	}
	if len(changes) == 0 || changes[0].Name != CPUPerRequest {
		return changes, NotKnown
	}
	switch cpu := changes[0]; {
	case cpu.Interval.Low > 1+surelyMore:
		return changes, WorksMore
	case cpu.Interval.High < 1+aboutSame:
		return changes, WaitsLonger
	}
	return changes, NotKnown
}

// perRequest are the figures of a round that are compared, CPU first. NaN is a figure that was not read.
var perRequest = [...]struct {
	name string
	of   func(result.Round) float64
}{
	{CPUPerRequest, cpuOf},
	{DelayPerRequest, func(r result.Round) float64 { return perSecond(r, result.RunDelayCores) }},
	{DiskPerRequest, func(r result.Round) float64 {
		return perSecond(r, result.ReadBytes) + perSecond(r, result.WrittenBytes)
	}},
	{NetPerRequest, func(r result.Round) float64 {
		return (read(r, result.OfMachine, result.NetIn) + read(r, result.OfMachine, result.NetOut)) / rate(r)
	}},
	{ConnectionsOpen, connections},
	{GCOfCPU, func(r result.Round) float64 { return read(r, result.OfSystem, result.GCCPUShare) }},
}

// cpuOf is a request's CPU time: counted where it was, else from the readings.
func cpuOf(r result.Round) float64 {
	if c := r.Cost; c != nil && c.Requests > 0 && c.CPU > 0 {
		return c.CPU.Seconds() / float64(c.Requests)
	}
	return perSecond(r, result.CPUCores)
}

func perSecond(r result.Round, figure string) float64 {
	return read(r, result.OfSystem, figure) / rate(r)
}

func read(r result.Round, subject, figure string) float64 {
	if x, ok := r.Readings[result.Reading(subject, figure)]; ok {
		return x
	}
	return math.NaN()
}

// rate is how many requests were answered each second.
func rate(r result.Round) float64 {
	if r.Length <= 0 || r.Total.Requests <= r.Total.Failures {
		return math.NaN()
	}
	return float64(r.Total.Requests-r.Total.Failures) / r.Length.Seconds()
}

func connections(r result.Round) float64 {
	sum, any := 0.0, false
	for name, n := range r.Readings {
		if strings.HasPrefix(name, result.Reading(result.OfSystem, result.Connections)+".") {
			sum, any = sum+n, true
		}
	}
	if !any {
		return math.NaN()
	}
	return sum
}

func series(r *result.Result, of func(result.Round) float64) []float64 {
	xs := make([]float64, len(r.Rounds))
	for i, round := range r.Rounds {
		xs[i] = of(round)
	}
	return xs
}

// compare needs two pairs of rounds with values above 0 on both sides.
func compare(name string, base, head []float64) (Change, bool) {
	if len(base) != len(head) {
		return Change{}, false
	}
	var d, bs, hs []float64
	for i := range base {
		if base[i] > 0 && head[i] > 0 {
			d = append(d, math.Log(head[i]/base[i]))
			bs, hs = append(bs, base[i]), append(hs, head[i])
		}
	}
	if len(d) < 2 {
		return Change{}, false
	}
	e := stats.Trimmed(d)
	interval := e.Interval(0.95)
	return Change{
		Name: name, Base: stats.Median(bs), Head: stats.Median(hs), Ratio: math.Exp(e.Value),
		Interval: stats.Interval{Low: math.Exp(interval.Low), High: math.Exp(interval.High)},
	}, true
}
