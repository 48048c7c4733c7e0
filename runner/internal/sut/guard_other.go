//go:build unix && !linux

package sut

import (
	"errors"
	"os"
	"syscall"
)

// self is this program.
func self() (string, error) { return os.Executable() }

// thread is not counted here.
func thread() int { return 0 }

// adopt is not possible here: processes that leave the group escape.
func adopt() {}

func commandAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// empty reports whether the command has ended and its group is empty.
func (g *guard) empty() bool { return g.ended && errors.Is(syscall.Kill(-g.pid, 0), syscall.ESRCH) }

// groupLives is asked after awaitEnd, which is not available here.
func groupLives(int) bool { return false }

// endMarked cannot see the environment of processes here.
func endMarked(string) {}

// left is not known here.
func (g *guard) left() string { return "" }

// signal sends a signal to the group. An error means that it is empty.
func (g *guard) signal(s syscall.Signal) { _ = syscall.Kill(-g.pid, s) }
