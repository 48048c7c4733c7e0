// Package gate judges runs: is this one worse than those, and how sure is that?
//
// Judge takes a fresh Result, the Results that stand as its baseline and a Policy, and gives
// a Verdict with a Comparison for each metric of each route. It does no I/O and looks at no
// clock. The unit is the round, never the request: requests inside a round are not
// independent of one another. For now the rule is plain: the median of the run's rounds
// against the median of the baseline runs' medians, a failure when it is worse by more than
// the limit; docs/verdict.md says what that can and cannot see.
//
// Doubt is not success: no samples, no baseline, another profile or machine, a run cut short
// make a verdict Inconclusive with its reasons, never a Pass.
package gate

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Outcome is what a Verdict says. The zero value is none.
type Outcome uint8

// The outcomes.
const (
	Unjudged     Outcome = iota
	Pass                 // everything compared is within its limits
	Fail                 // something is worse, or fails too often
	Inconclusive         // it could not be told
)

// String is the outcome as one word.
func (o Outcome) String() string {
	return [...]string{"unjudged", "pass", "fail", "inconclusive"}[o]
}

// MarshalText writes the outcome as one word.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Metric is a figure of a route that is judged.
type Metric string

// The metrics. Latencies are response times in nanoseconds, Throughput is requests that
// succeeded per second, FailureRate a share from 0 to 1.
const (
	P50         Metric = "p50"
	P95         Metric = "p95"
	P99         Metric = "p99"
	Throughput  Metric = "throughput"
	FailureRate Metric = "failures"
)

// quantile is the q of a latency metric.
func (m Metric) quantile() (q float64, ok bool) {
	q, ok = map[Metric]float64{P50: 0.50, P95: 0.95, P99: 0.99}[m]
	return q, ok
}

// IsLatency reports whether values of the metric are nanoseconds, of which less is better.
func (m Metric) IsLatency() bool {
	_, ok := m.quantile()
	return ok
}

// of is the metric's value in one round.
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

// Status is what became of one Comparison. The zero value is none.
type Status uint8

// The statuses.
const (
	Within    Status = iota + 1 // inside the limit
	Worse                       // past the limit
	NotJudged                   // not enough to judge by
)

var statusNames = map[Status]string{Within: "within", Worse: "worse", NotJudged: "not judged"}

// String is the status in words.
func (s Status) String() string { return statusNames[s] }

// MarshalText writes the status in words.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

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
	Reason string `json:"reason,omitempty"` // why it was not judged, or is within though past the limit

	// Values in the metric's unit. Baseline is the median of the baseline runs, Head the
	// median of the run's rounds; the ranges are what these medians were taken of. For
	// FailureRate both are shares over the whole run, and Baseline that of all runs.
	Baseline      float64 `json:"baseline"`
	BaselineRange Range   `json:"baseline_range"`
	Head          float64 `json:"head"`
	HeadRange     Range   `json:"head_range"`
	// Change is relative, Head/Baseline-1; for FailureRate the difference of the shares.
	Change float64 `json:"change"`
	// Limit is how far Change may go: upwards for latencies, downwards for Throughput. For
	// FailureRate it is the share itself.
	Limit    float64 `json:"limit"`
	Requests int64   `json:"requests"` // of the run being judged
}

// ReasonKind tells reasons apart, for machines.
type ReasonKind string

// Why a verdict is not a pass.
const (
	Slower            ReasonKind = "slower"
	LowerThroughput   ReasonKind = "lower-throughput"
	Failing           ReasonKind = "failing"
	NoBaseline        ReasonKind = "no-baseline"
	TooFewRuns        ReasonKind = "too-few-runs"
	OtherProfile      ReasonKind = "other-profile"
	OtherEnvironment  ReasonKind = "other-environment"
	RunNotWhole       ReasonKind = "run-not-whole"
	NoSamples         ReasonKind = "no-samples"
	RouteMissing      ReasonKind = "route-missing"
	RouteCannotBeSeen ReasonKind = "too-few-requests"
)

// Reason is one reason of a verdict.
type Reason struct {
	Kind ReasonKind `json:"kind"`
	Text string     `json:"text"` // a sentence
}

// Verdict is what Judge says.
type Verdict struct {
	Outcome     Outcome      `json:"verdict"`
	Reasons     []Reason     `json:"reasons"` // most important first; empty for a plain pass
	Comparisons []Comparison `json:"comparisons"`
	Compared    int          `json:"compared"` // routes with at least one metric judged against the baseline
	Total       int          `json:"total"`    // routes that there are to compare
	Baseline    Baseline     `json:"baseline"`
}

// Baseline tells what a run was compared with.
type Baseline struct {
	Branch string    `json:"branch"`
	Runs   int       `json:"runs"`
	Commit string    `json:"commit,omitempty"` // of the newest run
	Newest time.Time `json:"newest,omitzero"`
}

// Of gives the comparisons with a status.
func (v Verdict) Of(s Status) []Comparison {
	var matching []Comparison
	for _, c := range v.Comparisons {
		if c.Status == s {
			matching = append(matching, c)
		}
	}
	return matching
}

// RouteName is a route as people call it.
func RouteName(route string) string {
	if route == tally.All {
		return "all routes"
	}
	return route
}

// String is the verdict in a line.
func (v Verdict) String() string {
	if len(v.Reasons) == 0 {
		return v.Outcome.String()
	}
	return fmt.Sprintf("%s: %s", v.Outcome, v.Reasons[0].Text)
}
