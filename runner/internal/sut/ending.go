package sut

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// ending is how a command ended.
type ending struct {
	code   int    // exit status; -1 if there is none
	signal int    // that ended it; 0 for none
	left   string // names the processes that it left in the background; empty for none, or if unknown
	err    error  // why nothing is known
}

// ok reports whether the command ended with status 0.
func (e ending) ok() bool { return e.err == nil && e.code == 0 && e.signal == 0 }

// endingOf reads the results of Wait.
func endingOf(state *os.ProcessState, err error) ending {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ending{code: -1, err: err}
	}
	return endingOfStatus(state.Sys().(syscall.WaitStatus))
}

func endingOfStatus(status syscall.WaitStatus) ending {
	if status.Signaled() {
		return ending{code: -1, signal: int(status.Signal())}
	}
	return ending{code: status.ExitStatus()}
}

// String gives for example "exit status 3".
func (e ending) String() string {
	switch {
	case e.err != nil:
		return e.err.Error()
	case e.signal != 0:
		return "signal " + signalName(e.signal)
	case e.code == 0:
		return "status 0"
	}
	return fmt.Sprintf("exit status %d", e.code)
}

// These signals have the same number on every system that has them.
const (
	sigHup, sigInt, sigQuit, sigAbort, sigKill, sigSegv, sigTerm = 1, 2, 3, 6, 9, 11, 15
)

var signalNames = map[int]string{
	sigHup: "SIGHUP", sigInt: "SIGINT", sigQuit: "SIGQUIT", sigAbort: "SIGABRT", sigKill: "SIGKILL", sigSegv: "SIGSEGV", sigTerm: "SIGTERM",
}

func signalName(signal int) string {
	if name, ok := signalNames[signal]; ok {
		return name
	}
	return fmt.Sprint(signal)
}

// deadly is the signal that ended the command, or the program that its shell waited for; 0 for none.
func (e ending) deadly() int {
	if e.signal == 0 && e.err == nil && e.code > 128 && signalNames[e.code-128] != "" {
		return e.code - 128 // shells and virtual machines report a signal as 128 + its number
	}
	return e.signal
}

// itself says how a system ended that we did not ask to end. killed is the number of processes that the
// kernel has killed meanwhile for lack of memory.
func (e ending) itself(ready bool, killed int) string {
	status := ""
	if e.signal == 0 {
		status = fmt.Sprintf(" (exit status %d)", e.code)
	}
	switch signal := e.deadly(); {
	case e.err != nil:
		return fmt.Sprintf("run the system: %v", e.err)
	case e.left != "" && e.ok():
		return fmt.Sprintf("the command of the system ended with %v, and left %s in the background: it must stay in the foreground as long as the system runs (no & at its end, no nohup, no -d or --daemon)", e, e.left)
	case signal == sigKill && killed > 0:
		return "the system under test was killed" + status + ": the machine or the container ran out of memory. Give it more memory, or use less load"
	case signal == sigKill:
		return "the system under test was killed by SIGKILL from outside" + status
	case signal == sigHup, signal == sigInt, signal == sigQuit, signal == sigTerm:
		return "the system under test was ended by " + signalName(signal) + " from outside" + status
	case signal != 0:
		return "the system under test crashed with " + signalName(signal) + status
	case e.ok() && !ready:
		return "the system under test exited on its own, with status 0, before it was ready. If its command starts the system in the background (-d, --daemon), start it in the foreground"
	case !ready:
		return fmt.Sprintf("the system under test exited on its own, with %v, before it was ready", e)
	}
	return fmt.Sprintf("the system under test exited on its own, with %v", e)
}

// oomKills is how many processes the kernel has killed so far for lack of memory; 0 if it does not tell.
func oomKills() int {
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var n int
		if _, err := fmt.Sscanf(line, "oom_kill %d", &n); err == nil {
			return n
		}
	}
	return 0
}
