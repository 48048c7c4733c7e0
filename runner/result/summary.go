package result

import (
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Summary is a run as one row of figures: what a history needs to know of it. It holds no
// histogram and no round, so a store can read hundreds of them in milliseconds.
type Summary struct {
	ID string `json:"id"` // see Result.ID
	Identity
	Environment Environment `json:"environment"`
	Whole       bool        `json:"whole"`  // see Result.Whole
	Rounds      int         `json:"rounds"` // measured
	// Figures holds each route's figures, and those of all routes together under tally.All.
	// Requests and Failures are sums over the rounds. Latencies are the medians of the rounds
	// that had a request, throughput is the median of all rounds: rounds are the unit of all
	// statistics.
	Figures map[string]Figures `json:"figures"`
	// Control is the median response time of the reference server, 0 if there was none.
	Control time.Duration `json:"control_ns,omitempty"`
}

// Summary computes the run's row of figures. Nothing else in the program takes the median of
// a run.
func (r *Result) Summary() Summary {
	s := Summary{
		ID: r.ID(), Identity: r.Identity, Environment: r.Environment, Whole: r.Whole(), Rounds: len(r.Rounds),
		Figures: map[string]Figures{},
	}
	for _, route := range append(r.Routes(), tally.All) {
		s.Figures[route] = r.summarize(route)
	}
	var control []time.Duration
	for _, f := range r.Control {
		control = append(control, f.P50)
	}
	s.Control = median(control)
	return s
}

// summarize takes the median of one route over the rounds.
func (r *Result) summarize(route string) Figures {
	var sum Figures
	var p50, p95, p99 []time.Duration
	var throughput []float64
	for _, round := range r.Rounds {
		f := round.Of(route)
		sum.Requests += f.Requests
		sum.Failures += f.Failures
		throughput = append(throughput, f.Throughput)
		if f.Requests == 0 {
			continue // a round without requests has no latency
		}
		p50, p95, p99 = append(p50, f.P50), append(p95, f.P95), append(p99, f.P99)
	}
	sum.P50, sum.P95, sum.P99, sum.Throughput = median(p50), median(p95), median(p99), median(throughput)
	return sum
}

// Routes lists the routes in alphabetical order, without tally.All.
func (s *Summary) Routes() []string {
	names := make([]string, 0, len(s.Figures))
	for name := range s.Figures {
		if name != tally.All {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// median is the middle value, or the midpoint of the two in the middle; 0 for no values.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	low, high := values[(len(values)-1)/2], values[len(values)/2]
	return low + (high-low)/2
}
