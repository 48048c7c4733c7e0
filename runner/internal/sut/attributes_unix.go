//go:build unix && !linux

package sut

import "syscall"

func groupAttributes(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
