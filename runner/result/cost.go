package result

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Cost is what the system itself used to answer the requests of a round: all processes that were started for it,
// ended ones included. Divide by Requests for the cost of a request. In a pair it covers the whole stretches of the
// round, their unjudged beginning included, from before the first request until the system is quiet after the last.
type Cost struct {
	Requests     int64         `json:"requests"`               // that were answered
	CPU          time.Duration `json:"cpu_ns"`                 // user and system time, without Idle
	Idle         time.Duration `json:"idle_ns,omitempty"`      // CPU time that the system would have used without load, taken off
	Cycles       int64         `json:"cycles,omitempty"`       // in user mode; 0 if this machine does not count them
	Instructions int64         `json:"instructions,omitempty"` // in user mode; 0 if this machine does not count them
	// Unsettled says that the system was still at work when a stretch ended, or that Idle is more than a third of the CPU
	// time. So CPU may lack work of these requests, or have other work.
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
