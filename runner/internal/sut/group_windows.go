package sut

import (
	"os"
	"os/exec"
	"strconv"
)

// Windows has no process groups with signals: taskkill ends a process and its children.

func ownGroup(*exec.Cmd) {}

func terminate(c *exec.Cmd) { kill(c) }

// kill ends the tree. An error means that it has ended already.
func kill(c *exec.Cmd) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(c.Process.Pid)).Run()
}

func awaitEnd(*os.Process) bool { return false }
