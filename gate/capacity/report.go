package capacity

import (
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Schema is the version of the JSON form of a Report.
const Schema = 1

// Report is what a search found, the limits it searched for, and the machine that it ran on.
type Report struct {
	Schema      int                `json:"schema"`
	Series      string             `json:"series"`
	Commit      string             `json:"commit,omitempty"`
	Target      string             `json:"target"`
	Tool        string             `json:"tool"`
	Started     time.Time          `json:"started"`
	Environment result.Environment `json:"environment"` // of the load generator
	SLO         []string           `json:"slo"`
	Claim
	// Bottleneck is what the system's throughput stops at; nil if the trials do not tell.
	Bottleneck *bottleneck.Finding `json:"bottleneck,omitempty"`
	Absent     []result.Absent     `json:"absent,omitempty"` // sources that were not read
}

// Outcome is the claim as a verdict: Pass if a load was confirmed and each limit was judged at it, Fail if not even the
// lowest load holds, and Inconclusive otherwise.
func (c Claim) Outcome() gate.Outcome {
	switch {
	case c.Confirmed && c.Holds != nil && !c.Holds.unjudged():
		return gate.Pass
	case c.Stopped == Nothing && c.Breaks != nil && c.Breaks.Status == Broken:
		return gate.Fail
	}
	return gate.Inconclusive
}
