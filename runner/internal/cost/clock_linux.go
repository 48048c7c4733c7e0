package cost

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
)

// clock reads the CPU clock of a process: of all its threads, ended ones included. The number of the clock is the
// MAKE_PROCESS_CPUCLOCK of Linux's posix-timers.h with CPUCLOCK_SCHED, as clock_getcpuclockid(3) makes it. Everybody may
// read it, even of a process that has ended and was not waited for.
func clock(of proc.Member) (time.Duration, bool) {
	const scheduled = 2
	var now unix.Timespec
	if err := unix.ClockGettime(^int32(of.PID)<<3|scheduled, &now); err != nil {
		return 0, false
	}
	return time.Duration(now.Nano()), true
}
