package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Metric is a figure of a route that is judged.
type Metric string

// The metrics. Latencies are response times in nanoseconds, Throughput is successful requests per
// second, FailureRate a share from 0 to 1. The costs are what the whole system used for an answered request: CPU
// time in nanoseconds, and cycles and instructions in user mode. The metrics under load compare the full load of a system with
// its idle one; see JudgeUnderLoad.
const (
	P50          Metric = "p50"
	P95          Metric = "p95"
	P99          Metric = "p99"
	Throughput   Metric = "throughput"
	FailureRate  Metric = "failures"
	CPU          Metric = "cpu"
	Cycles       Metric = "cycles"
	Instructions Metric = "instructions"
	P50UnderLoad Metric = "p50 under load"
	P95UnderLoad Metric = "p95 under load"
)

// Metrics lists the metrics in the order in which they are shown.
func Metrics() []Metric {
	return []Metric{P50, P95, P99, Throughput, FailureRate, CPU, Cycles, Instructions, P50UnderLoad, P95UnderLoad}
}

// IsCost reports whether the metric is a cost of a request. Costs belong to the whole system, not to a route.
func (m Metric) IsCost() bool { return m == CPU || m == Cycles || m == Instructions }

// quantile is the q of a latency metric.
func (m Metric) quantile() (q float64, ok bool) {
	switch m {
	case P50, P50UnderLoad:
		return 0.50, true
	case P95, P95UnderLoad:
		return 0.95, true
	case P99:
		return 0.99, true
	default:
		return 0, false
	}
}

// IsLatency reports whether the metric is a latency: its values are nanoseconds, and less is better.
func (m Metric) IsLatency() bool {
	_, ok := m.quantile()
	return ok
}

// of is the metric's value among some figures.
func (m Metric) of(f result.Figures) float64 {
	switch m {
	case P50:
		return float64(f.P50)
	case P95:
		return float64(f.P95)
	case P99:
		return float64(f.P99)
	case Throughput:
		return f.Throughput
	default:
		panic("gate: no single round has a " + string(m))
	}
}

// Status is the result of one Comparison. The zero value is no status.
type Status uint8

// The statuses.
const (
	Within    Status = iota + 1 // inside the limit
	Worse                       // past the limit
	NotJudged                   // too little to judge
	Suspect                     // looks worse in too few runs to say so
	Unclear                     // may be past the limit or not
	Follows                     // past the limit because another line is
)

var statusNames = map[Status]string{
	Within: "within", Worse: "worse", NotJudged: "not judged", Suspect: "suspect", Unclear: "unclear", Follows: "follows",
}

// String is the status in words.
func (s Status) String() string { return statusNames[s] }

// MarshalText writes the status in words.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (s *Status) UnmarshalText(text []byte) error {
	for known, name := range statusNames {
		if name == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("%.40q is not a status of a comparison", text)
}

// Severity says how bad a status is: 5 for Worse, 4 for Unclear and Suspect, 3 for Follows, 2 for
// Within, 1 for NotJudged, and 0 for no status.
func (s Status) Severity() int {
	switch s {
	case Worse:
		return 5
	case Unclear, Suspect:
		return 4
	case Follows:
		return 3
	case Within:
		return 2
	case NotJudged:
		return 1
	default:
		return 0
	}
}

// Range is the lowest and the highest of several values.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Comparison is one metric of one route.
type Comparison struct {
	Route  string `json:"route"` // tally.All for all together
	Metric Metric `json:"metric"`
	Status Status `json:"status"`
	Why    *Why   `json:"why,omitempty"` // nil where the figures say it all

	// Values in the metric's unit: the medians, and the ranges that they were taken from. In a
	// paired comparison they are of rounds. In a stored one Baseline is of the runs of the history,
	// Head of the fresh runs, or of the rounds of a single one. For FailureRate both are shares of
	// all requests, and HeadRange is the rate's interval with 98 % confidence.
	Baseline      float64 `json:"baseline"`
	BaselineRange Range   `json:"baseline_range"`
	Head          float64 `json:"head"`
	HeadRange     Range   `json:"head_range"`
	// Change is relative. It is estimated from pairs or runs, so it is not quite
	// Head/Baseline-1. For FailureRate it is the difference of the shares. Interval holds it
	// with 95 % confidence; nil when there are too few to say.
	Change   float64 `json:"change"`
	Interval *Range  `json:"interval,omitempty"`
	// Limit is how far Change may go: upwards for latencies, downwards for Throughput. For
	// FailureRate it is the share itself.
	Limit    float64 `json:"limit"`
	Requests int64   `json:"requests"` // of the runs being judged
	N        int     `json:"n"`        // pairs of rounds, fresh runs, or starts of the systems for a cost
	// P is the chance of a difference this clear anywhere in the report if nothing has changed. Alpha is
	// the level that P must not exceed. Both are nil if nothing was past its limit.
	P     *float64 `json:"p,omitempty"`
	Alpha float64  `json:"alpha,omitempty"`
	// SmallestVisible is the smallest relative change that would be found nine times in ten; 0 if
	// unknown.
	SmallestVisible float64 `json:"smallest_visible,omitempty"`
	// LetsThrough is the largest relative change that passes, without its sign: the largest of the limit,
	// min_effect as a share, and SmallestVisible. 0 if the metric was not judged.
	LetsThrough float64 `json:"lets_through,omitempty"`
	// Failures are the most frequent errors behind a FailureRate, at most three.
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is one way in which requests failed.
type Failure struct {
	Class string `json:"class,omitempty"` // the name of a tally.Class; empty if a text has no known class
	Text  string `json:"text,omitempty"`  // of an error
	Count int64  `json:"count"`           // requests with this failure
	// Example is one of the texts with its values, which Text leaves out; see tally.Kind.
	Example string `json:"example,omitempty"`
}

// Past is how much of its limit a comparison has used up: 1 at the limit, 2 at twice the limit, negative
// for a change for the better.
func (c *Comparison) Past() float64 {
	share := c.past()
	if math.IsNaN(share) {
		return 0
	}
	return share
}

func (c *Comparison) past() float64 {
	if c.Metric == FailureRate {
		return c.Head / max(c.Limit, 1e-6) // a limit of 0 allows none
	}
	return c.Change / c.Limit
}

// WorstFirst lists the indices of comparisons, the worst first: by the severity of the status,
// then by how much of its limit each has used up, then by route. A metric that is Within
// counts as at most 1, although min_effect may let a latency change by more than its limit.
func WorstFirst(comparisons []Comparison) []int {
	type key struct {
		severity int
		past     float64
	}
	keys := make([]key, len(comparisons))
	order := make([]int, len(comparisons))
	for i := range comparisons {
		c := &comparisons[i]
		keys[i], order[i] = key{c.Status.Severity(), c.Past()}, i
		if c.Status == Within {
			keys[i].past = min(keys[i].past, 1)
		}
	}
	slices.SortFunc(order, func(a, b int) int { // comparing places makes it stable, and cheaper than a stable sort
		if x, y := keys[a], keys[b]; x != y {
			return cmp.Or(y.severity-x.severity, cmp.Compare(y.past, x.past))
		}
		return cmp.Or(cmp.Compare(comparisons[a].Route, comparisons[b].Route), a-b)
	})
	return order
}

// Threshold is an absolute limit of a route, and whether it was kept.
type Threshold struct {
	Route  string  `json:"route"`
	Rule   string  `json:"rule"` // as the profile has it, such as p(95)<500
	Status Status  `json:"status"`
	Value  float64 `json:"value"` // in the rule's unit: ms, requests, requests per second
	// Counted is the number of requests counted in a pairing that ended early: Value is scaled from it to
	// the whole plan. 0 if Value itself was measured.
	Counted float64 `json:"counted,omitempty"`
}
