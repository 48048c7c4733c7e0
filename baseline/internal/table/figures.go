package table

import (
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// figures are those of a whole run, by route and for all of them together: counts are sums over
// the rounds, latencies and throughput their medians, as rounds are what statistics see.
func figures(r *result.Result) map[string]result.Figures {
	of := map[string]result.Figures{}
	for _, route := range append(r.Routes(), tally.All) {
		var sum result.Figures
		var p50, p95, p99 []time.Duration
		var throughput []float64
		for _, round := range r.Rounds {
			f := round.Of(route)
			sum.Requests += f.Requests
			sum.Failures += f.Failures
			throughput = append(throughput, f.Throughput)
			if f.Requests == 0 {
				continue // it has no latency in this round, and 0 is none
			}
			p50, p95, p99 = append(p50, f.P50), append(p95, f.P95), append(p99, f.P99)
		}
		sum.P50, sum.P95, sum.P99, sum.Throughput = median(p50), median(p95), median(p99), median(throughput)
		of[strings.ReplaceAll(route, "\x00", "\ufffd")] = sum // PostgreSQL's JSON has no NUL
	}
	return of
}

// median is the middle of values, or halfway between the two in the middle.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	low, high := values[(len(values)-1)/2], values[len(values)/2]
	return low + (high-low)/2
}
