package result

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Cost is what the system itself used to answer the requests of a round: all processes that were started for it,
// ended ones included. Divide by Requests for the cost of a request.
type Cost struct {
	Requests     int64         `json:"requests"`               // that were answered
	CPU          time.Duration `json:"cpu_ns"`                 // user and system time, without Idle
	Idle         time.Duration `json:"idle_ns,omitempty"`      // CPU time that the system would have used without load, taken off
	Cycles       int64         `json:"cycles,omitempty"`       // in user mode; 0 if this machine does not count them
	Instructions int64         `json:"instructions,omitempty"` // in user mode; 0 if this machine does not count them
	// Unsettled says that the system was still at work when a stretch ended, so that a part of its work may stand in
	// the other side's round.
	Unsettled bool `json:"unsettled,omitempty"`
}

func (c *Cost) validate() error {
	if c == nil {
		return nil
	}
	if c.Requests < 0 || c.Requests > tally.MaxRequests || c.CPU < 0 || c.CPU > maxCPU || c.Idle < 0 || c.Idle > maxCPU || c.Cycles < 0 || c.Instructions < 0 {
		return fmt.Errorf("impossible cost %+v", *c)
	}
	return nil
}

// maxCPU is the CPU time of a round: a year of ten cores.
const maxCPU = 10 * maxLength
