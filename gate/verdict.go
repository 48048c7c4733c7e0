package gate

import (
	"fmt"
	"slices"
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

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (o *Outcome) UnmarshalText(text []byte) error {
	for _, known := range []Outcome{Unjudged, Pass, Fail, Inconclusive} {
		if known.String() == string(text) {
			*o = known
			return nil
		}
	}
	return fmt.Errorf("%.40q is no outcome of a gate: pass, fail, inconclusive and unjudged are", text)
}

// Mode tells what a change was compared with.
type Mode string

// The modes.
const (
	Paired Mode = "paired" // rounds of base and head, in turn on one machine
	Stored Mode = "stored" // the history of a branch
)

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
	return fmt.Errorf("%.40q is no status of a comparison", text)
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
	Reason string `json:"reason,omitempty"` // why it is what it is, where the figures do not say it

	// Values in the metric's unit: the medians, and the ranges that they were taken of. Of
	// rounds in a paired comparison; in a stored one Baseline is of the runs of the history, Head
	// of the fresh runs, or of the rounds of a single one. For FailureRate both are shares over
	// all requests.
	Baseline      float64 `json:"baseline"`
	BaselineRange Range   `json:"baseline_range"`
	Head          float64 `json:"head"`
	HeadRange     Range   `json:"head_range"`
	// Change is relative and estimated from pairs or runs, so that it is not quite
	// Head/Baseline-1; for FailureRate it is the difference of the shares. Interval holds it
	// with 95 % confidence; nil when too few are there to say.
	Change   float64 `json:"change"`
	Interval *Range  `json:"interval,omitempty"`
	// Limit is how far Change may go: upwards for latencies, downwards for Throughput. For
	// FailureRate it is the share itself.
	Limit    float64 `json:"limit"`
	Requests int64   `json:"requests"` // of the runs being judged
	N        int     `json:"n"`        // pairs of rounds, or fresh runs
	// P is the chance of a difference so clear anywhere in the report when nothing has changed,
	// and Alpha what it is held against; nil where nothing was past its limit.
	P     *float64 `json:"p,omitempty"`
	Alpha float64  `json:"alpha,omitempty"`
	// SmallestVisible is the smallest relative change that would be found nine times in ten; 0
	// when that cannot be told.
	SmallestVisible float64 `json:"smallest_visible,omitempty"`
}

// Threshold is an absolute limit of a route and what became of it.
type Threshold struct {
	Route  string  `json:"route"`
	Rule   string  `json:"rule"` // as the profile has it, such as p(95)<500
	Status Status  `json:"status"`
	Value  float64 `json:"value"` // in the rule's unit: ms, requests, requests per second
}

// ReasonKind tells reasons apart, for machines.
type ReasonKind string

// Why a verdict is not a plain pass.
const (
	Slower            ReasonKind = "slower"
	LowerThroughput   ReasonKind = "lower-throughput"
	Failing           ReasonKind = "failing"
	PastThreshold     ReasonKind = "past-threshold"
	NoBaseline        ReasonKind = "no-baseline"
	TooFewRuns        ReasonKind = "too-few-runs"
	OtherProfile      ReasonKind = "other-profile"
	OtherEnvironment  ReasonKind = "other-environment"
	RunNotWhole       ReasonKind = "run-not-whole"
	NoSamples         ReasonKind = "no-samples"
	RouteMissing      ReasonKind = "route-missing"
	RouteCannotBeSeen ReasonKind = "too-few-requests"
	LostSight         ReasonKind = "lost-sight"    // too few requests, because of the change itself
	LooksWorse        ReasonKind = "looks-worse"   // and more runs would tell
	NotProven         ReasonKind = "not-proven"    // past the limit, and it may be noise
	TooNoisy          ReasonKind = "too-noisy"     // not past the limit, and it may be
	NoisyMachine      ReasonKind = "noisy-machine" // too much of the measuring was disturbed
	CommonShift       ReasonKind = "common-shift"  // everything moved together
	NotMeasured       ReasonKind = "not-measured"  // an error, and no verdict
)

// What a verdict notes without being changed by it.
const (
	Creep       ReasonKind = "creep"        // small changes have added up on the branch
	Step        ReasonKind = "step"         // the branch itself changed its level
	LowSight    ReasonKind = "low-sight"    // only large changes could be seen
	OrderEffect ReasonKind = "order-effect" // being second was worse by itself
	Disturbed   ReasonKind = "disturbed"    // pairs were left out and replaced
	UnknownBase ReasonKind = "unknown-base" // the baseline may be younger than the change's base
	NotAccepted ReasonKind = "not-accepted" // somebody meant to accept the change, and it does not count
)

// Reason is one reason of a verdict.
type Reason struct {
	Kind ReasonKind `json:"kind"`
	Text string     `json:"text"` // a sentence
}

// Verdict is what a judge says.
type Verdict struct {
	Outcome     Outcome      `json:"verdict"`
	Mode        Mode         `json:"mode"`
	Reasons     []Reason     `json:"reasons"`           // most important first; empty for a plain pass
	Notices     []Reason     `json:"notices,omitempty"` // what is worth knowing and changes nothing
	Comparisons []Comparison `json:"comparisons"`
	Thresholds  []Threshold  `json:"thresholds,omitempty"`
	Compared    int          `json:"compared"` // routes with at least one metric judged against the baseline
	Total       int          `json:"total"`    // routes that there are to compare
	Baseline    Baseline     `json:"baseline"`
	// More is how many pairs or fresh runs more could still tell something; 0 when the verdict
	// is final.
	More int `json:"more,omitempty"`
	// Accepted is who let a failing change pass; nil when nobody has, or there was no need.
	Accepted *Acceptance `json:"accepted,omitempty"`
}

// Acceptance is somebody's word that a change is to pass although it is worse.
type Acceptance struct {
	By  string    `json:"by"`
	Why string    `json:"why,omitempty"`
	At  time.Time `json:"at"`
}

// Accept is the verdict with a known change accepted: a Fail becomes a Pass that bears the
// acceptance, and keeps its comparisons and reasons. Doubt about something else cannot be accepted
// away: what could not be told of another route makes it Inconclusive, for that reason. Any other verdict is
// returned as it was, and so is one in which nothing could be compared, or with an acceptance
// that does not say by whom and when.
func (v Verdict) Accept(a Acceptance) Verdict {
	if v.Outcome != Fail || v.Compared == 0 || a.By == "" || a.At.IsZero() {
		return v
	}
	v.Outcome, v.Accepted = Pass, &a
	elsewhere := v.doubtElsewhere()
	doubts := slices.DeleteFunc(slices.Clone(v.Reasons), func(r Reason) bool {
		switch r.Kind {
		case Slower, LowerThroughput, Failing, PastThreshold:
			return true
		case LostSight, CommonShift: // which come of what is accepted, or may
			return true
		case NotProven, TooNoisy, LooksWorse:
			return !elsewhere
		default:
			return false
		}
	})
	if len(doubts) > 0 {
		v.Outcome, v.Reasons = Inconclusive, doubts
	}
	return v
}

// doubtElsewhere reports whether a route is in doubt of which nothing is known to be worse. What is
// in doubt of a route that is worse is accepted with it.
func (v Verdict) doubtElsewhere() bool {
	worse := map[string]bool{tally.All: true} // of all together, something is
	for _, c := range v.Of(Worse) {
		worse[c.Route] = true
	}
	return slices.ContainsFunc(v.Comparisons, func(c Comparison) bool {
		return (c.Status == Unclear || c.Status == Suspect) && !worse[c.Route]
	})
}

// Baseline tells what a change was compared with.
type Baseline struct {
	Branch string    `json:"branch,omitempty"`
	Runs   int       `json:"runs,omitempty"`   // of the history
	Pairs  int       `json:"pairs,omitempty"`  // of rounds
	Starts int       `json:"starts,omitempty"` // how often both sides were started, paired
	Commit string    `json:"commit,omitempty"` // of the newest run, or of the base
	Newest time.Time `json:"newest,omitzero"`
	// Behind is how many commits the newest run lies before the base of the change; nil when
	// that is not known.
	Behind *int `json:"behind,omitempty"`
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
