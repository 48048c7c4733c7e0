package proc

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// CPUOf calls f and returns the CPU time that it took on the thread of its caller. What f starts elsewhere does not count.
// On other systems than Linux it is 0.
func CPUOf(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	f()
	return threadTime() - before
}

// threadTime is the CPU time of this thread.
func threadTime() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
