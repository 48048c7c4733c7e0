//go:build unix

package sut

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group, so that a signal to the group
// reaches whatever it starts.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = groupAttributes() }

// terminate asks the group to end. An error means that it has ended already.
func terminate(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }

// kill ends the group. An error means that it has ended already.
func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
