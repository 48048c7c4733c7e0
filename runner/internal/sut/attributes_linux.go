package sut

import "syscall"

// groupAttributes make a new group. If this program is killed, the kernel kills the group's leader. A
// guard is left alive, because its work begins then.
func groupAttributes(guard bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if !guard {
		attributes.Pdeathsig = syscall.SIGKILL
	}
	return attributes
}
