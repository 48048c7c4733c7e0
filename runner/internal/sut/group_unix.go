//go:build unix

package sut

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group. A signal to the group reaches everything
// that the command starts.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = groupAttributes() }

// terminate asks the group to end. An error means that it has already ended.
func terminate(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }

// kill ends the group at once. An error means that it has already ended.
func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
