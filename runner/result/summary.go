package result

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Summary is a run as one row of figures, for a history. It has no histograms and no rounds, so a store can
// read hundreds of them in milliseconds.
type Summary struct {
	ID string `json:"id"` // see Result.ID
	Identity
	Environment Environment `json:"environment"`
	Whole       bool        `json:"whole"`  // see Result.Whole
	Rounds      int         `json:"rounds"` // measured
	// Figures holds each route's figures, and those of all routes together under tally.All.
	// Requests and Failures are sums over the rounds. Latencies are medians over the rounds with a
	// request, throughput is the median over all rounds: rounds are the unit of all statistics.
	Figures map[string]Figures `json:"figures"`
	// Control is the median response time of the reference server, 0 if there was none.
	Control time.Duration `json:"control_ns,omitempty"`
	// Readings holds the median of each reading over the rounds that have it.
	Readings map[string]float64 `json:"readings,omitempty"`
	// Spread has the spread of each route's rounds, and of all routes together under tally.All. Routes with requests in
	// fewer than two rounds have none, and neither have summaries of older programs.
	Spread map[string]Spread `json:"spread,omitempty"`
	// Cost is what the system used for a request; zero if that was not counted.
	Cost RequestCost `json:"cost,omitzero"`
}

// Summary computes the run's row of figures. No other code takes the median of a run.
func (r *Result) Summary() Summary {
	s := Summary{
		ID: r.ID(), Identity: r.Identity, Environment: r.Environment, Whole: r.Whole(), Rounds: len(r.Rounds),
		Figures: map[string]Figures{},
	}
	for _, route := range append(r.Routes(), tally.All) {
		figures, spread := r.summarize(route)
		s.Figures[route] = figures
		if spread != (Spread{}) {
			if s.Spread == nil {
				s.Spread = map[string]Spread{}
			}
			s.Spread[route] = spread
		}
	}
	var control []time.Duration
	for _, f := range r.Control {
		control = append(control, f.P50)
	}
	s.Control = median(control)
	s.Readings, s.Cost = r.readings(), r.requestCost()
	return s
}

func (r *Result) readings() map[string]float64 {
	all := map[string][]float64{}
	for _, round := range r.Rounds {
		for name, value := range round.Readings {
			all[name] = append(all[name], value)
		}
	}
	if len(all) == 0 {
		return nil
	}
	medians := make(map[string]float64, len(all))
	for name, values := range all {
		medians[name] = median(values)
	}
	return medians
}

// Validate checks a summary from a store, as Result.Validate checks a Result.
func (s *Summary) Validate() error {
	if !isID(s.ID) {
		return fmt.Errorf("%.80q is no ID of a run", s.ID)
	}
	if err := errors.Join(s.Identity.validate(), s.Environment.validate(), validateReadings(s.Readings)); err != nil {
		return err
	}
	if s.Rounds < 0 || s.Rounds > maxRounds || s.Control < 0 || s.Control > tally.MaxLatency {
		return fmt.Errorf("impossible summary of %d rounds with a control of %v", s.Rounds, s.Control)
	}
	if _, ok := s.Figures[tally.All]; !ok || len(s.Figures) > tally.MaxRoutes+1 {
		return fmt.Errorf("it has figures of %d routes, or none of all together", len(s.Figures))
	}
	for route, f := range s.Figures {
		if route != tally.All {
			if err := tally.ValidName(route); err != nil {
				return err
			}
		}
		if err := f.validate(); err != nil {
			return fmt.Errorf("route %.80q: %w", route, err)
		}
	}
	for route, spread := range s.Spread {
		if _, ok := s.Figures[route]; !ok {
			return fmt.Errorf("it has the spread of route %.80q and no figures of it", route)
		}
		if err := spread.validate(); err != nil {
			return fmt.Errorf("route %.80q: %w", route, err)
		}
	}
	return s.Cost.validate()
}

// summarize takes the medians of one route over the rounds, and how far the rounds lie apart.
func (r *Result) summarize(route string) (Figures, Spread) {
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
	if len(p50) < 2 {
		return sum, Spread{}
	}
	return sum, Spread{quartiles(p50), quartiles(p95), quartiles(p99), quartiles(throughput)}
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
