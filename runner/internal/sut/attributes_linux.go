package sut

import "syscall"

// groupAttributes also makes the kernel kill the system if this program is killed.
func groupAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
