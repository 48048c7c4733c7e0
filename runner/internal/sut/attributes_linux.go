package sut

import "syscall"

// groupAttributes also lets the kernel end the system when this program is killed before it
// can.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
