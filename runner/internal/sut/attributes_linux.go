package sut

import "syscall"

// groupAttributes make a new group. The kernel kills its leader if this program is killed, but not a
// guard, which has work to do then.
func groupAttributes(guard bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if !guard {
		attributes.Pdeathsig = syscall.SIGKILL
	}
	return attributes
}
