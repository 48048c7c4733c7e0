//go:build unix

package sut

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the leader of a process group. A signal to the group reaches everything
// that the command starts.
func ownGroup(c *exec.Cmd, guard bool) { c.SysProcAttr = groupAttributes(guard) }

// enclosure is not needed here: the group holds all that the command starts.
type enclosure struct{}

func enclose(*exec.Cmd) enclosure { return enclosure{} }

func (enclosure) close() {}

// shell runs a script.
func shell(script string) *exec.Cmd { return exec.Command(posixShell, "-c", script) }

// terminate asks the group to end. An error means that it has already ended.
func terminate(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }

// kill ends the group at once. An error means that it has already ended.
func kill(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
