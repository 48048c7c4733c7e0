package gpu

import (
	"os/exec"
	"syscall"
)

// isolate gives the program a group of its own, which an interrupt of the terminal does not reach. The kernel kills it
// if this program dies.
func isolate(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
