package sut

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Place is where a system is built and started.
type Place struct {
	Dir     string    // base of a relative Start.Dir
	Environ []string  // NAME=value, like os.Environ; nil for this process's own. The plan's variables are added
	Secrets []string  // texts to mask in the output, besides those of the plan
	Log     io.Writer // gets the output, one line in each call
	Label   string    // before each line
	// Count, unless nil, gets the thread that is about to start the system, and that only the system's processes
	// descend from. Without a guard there is none.
	Count   func(thread int)
	Guarded bool // the program's main calls Guard, so that nothing of a system survives it
}

// launched is a running command and the end of its output.
type launched struct {
	*process
	output  *tail
	environ []string
}

// job is a command line of a plan.
type job struct {
	doing string    // its purpose, in messages
	line  plan.Line // the command itself
	shown string    // the command without secrets, in messages
	watch string    // a text to look for in the output; empty for none
	count counting  // nil for nobody
	first int       // how many of the first lines of output to keep besides the last ones
}

// launch starts a command of a plan.
func (at Place) launch(s *plan.Start, j job) (*launched, error) {
	line, err := script(j.line)
	if err != nil {
		return nil, &Failure{What: fmt.Sprintf("%s: %q: %v", j.doing, j.shown, err)}
	}
	hidden := secretsOf(s, at.Secrets)
	output, shown := &tail{secrets: hidden, watch: j.watch, first: j.first}, &mask{secrets: hidden, to: at.Log, label: at.Label}
	command := at.command(s, line)
	all := io.MultiWriter(output, shown)
	command.Stdout, command.Stderr = all, all
	process, err := startProcess(command, guarding{at.Guarded, j.count}, shown.flush)
	if err != nil {
		return nil, &Failure{What: hidden.hide(fmt.Sprintf("%s: %v", j.doing, err))}
	}
	return &launched{process, output, command.Env}, nil
}

// command prepares the shell that runs a line.
func (at Place) command(s *plan.Start, line string) *exec.Cmd {
	command := shell(line)
	command.Dir = filepath.Join(at.Dir, s.Dir)
	if filepath.IsAbs(s.Dir) {
		command.Dir = s.Dir
	}
	environ := at.Environ
	if environ == nil {
		environ = os.Environ()
	}
	command.Env = slices.Concat(environ, s.Env)
	return command
}

// missing says which program the shell did not find; empty if it found all. The command has ended.
func (l *launched) missing() string {
	return l.output.hide(missing(l.end.code, l.output.String(), l.environ))
}
