package capacity

import (
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// Outcome is what became of a trial.
type Outcome struct {
	Trial
	Status Status `json:"status"`
	// Judged are the rules of the SLO, and what was measured.
	Judged []gate.Threshold `json:"judged,omitempty"`
	// Why says why the trial ended early, or what hindered it; empty if neither.
	Why string `json:"why,omitempty"`

	Requests     int64         `json:"requests"`
	Throughput   float64       `json:"throughput_per_sec"` // requests that succeeded
	Failures     float64       `json:"failure_share"`
	GeneratorCPU float64       `json:"generator_cpu_share"` // of the cores that it may use
	Took         time.Duration `json:"took_ns"`             // with all that came before it, since the last outcome
}

// Broke are the rules of the SLO that were not kept.
func (o Outcome) Broke() []gate.Threshold {
	return slices.DeleteFunc(slices.Clone(o.Judged), func(t gate.Threshold) bool { return t.Status != gate.Worse })
}

// unjudged says that a rule of the SLO could not be judged: its route had no request.
func (o Outcome) unjudged() bool {
	return slices.ContainsFunc(o.Judged, func(t gate.Threshold) bool { return t.Status == gate.NotJudged })
}

// Status says what a trial shows.
type Status string

// The outcomes.
const (
	Held     Status = "held"
	Broken   Status = "broken"
	Hindered Status = "hindered" // by the load generator or its machine: nothing is said of the system
	Refused  Status = "refused"  // a limit of the profile allows no such load
)

// Stop is why a search ended.
type Stop string

// The reasons.
const (
	Found       Stop = "found"
	AtLimit     Stop = "limit"     // no higher load is allowed
	AtGenerator Stop = "generator" // no higher load can be made here
	Nothing     Stop = "nothing"   // the lowest load did not hold
	OutOfBudget Stop = "budget"
	Interrupted Stop = "interrupted"
	Failed      Stop = "failed" // the system ended, or a limit of the profile was passed
)

// Claim is what a search found: two loads that were tried.
type Claim struct {
	Users bool `json:"users"` // loads are users, and not tasks each second
	// Holds is the highest load that held; nil for none.
	Holds *Outcome `json:"holds,omitempty"`
	// Confirmed says that Holds was confirmed in a long trial, or in Times of them.
	Confirmed bool `json:"confirmed"`
	Times     int  `json:"times,omitempty"`
	// Breaks is the lowest load above Holds that did not hold; nil for none. If it was hindered or refused, the system may hold more.
	Breaks  *Outcome `json:"breaks,omitempty"`
	Stopped Stop     `json:"stopped"`
	Why     string   `json:"why,omitempty"`
	// Unsteady are the loads up to that of Holds that broke in another trial.
	Unsteady []float64 `json:"unsteady,omitempty"`
	Trials   []Outcome `json:"trials"`
}

// Claim is what is known so far.
func (s *Search) Claim() Claim {
	c := Claim{Users: s.config.Whole, Stopped: s.stopped, Why: s.why, Trials: slices.Clone(s.trials)}
	if s.done {
		c.Confirmed, c.Holds, c.Times = true, s.low, s.times
	} else {
		c.Holds = s.highest()
	}
	c.Breaks = s.high
	if c.Holds == nil {
		return c
	}
	for _, o := range s.trials {
		if o.Status == Broken && o.Load <= c.Holds.Load && !slices.Contains(c.Unsteady, o.Load) {
			c.Unsteady = append(c.Unsteady, o.Load)
		}
	}
	slices.Sort(c.Unsteady)
	return c
}

// highest is the highest load that held below the one that did not.
func (s *Search) highest() (best *Outcome) {
	for i := range s.trials {
		o := &s.trials[i]
		below := s.high == nil || o.Load < s.high.Load
		if o.Status == Held && below && (best == nil || o.Load >= best.Load) {
			best = o
		}
	}
	return best
}
