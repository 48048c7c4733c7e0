//go:build !linux

package cost

import (
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// clock reads the CPU time of a process.
func clock(of proc.Member) (time.Duration, bool) {
	p, err := process.NewProcess(int32(of.PID))
	if err != nil {
		return 0, false
	}
	times, err := p.Times()
	if err != nil {
		return 0, false
	}
	return time.Duration((times.User + times.System) * float64(time.Second)), true
}
