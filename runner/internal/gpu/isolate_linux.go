package gpu

import (
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// isolate gives the program a group of its own, which an interrupt of the terminal does not reach. The kernel kills it
// if this program dies.
func isolate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}

// cpuOf is the CPU time of a process that runs: that of its clock (clock_getcpuclockid(3)).
func cpuOf(pid int) time.Duration {
	const processClock = 2
	var now unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|processClock), &now); err != nil {
		return 0 // it has ended
	}
	return time.Duration(now.Nano())
}
