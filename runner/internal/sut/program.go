package sut

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Program is a running program that is not the system, such as one that loads the system, with everything that it started.
// It is ended as reliably as a System.
type Program struct{ *launched }

// Command says how a Program is started. No shell takes part.
type Command struct {
	Args []string // the program and its arguments; a program with a slash is relative to the Place's Dir
	Env  []string // NAME=value, besides the Place's
	// Stdin and Stdout are the caller's, who closes them after Run. Standard error is kept, as the output of a System is.
	Stdin, Stdout *os.File
	Watch         string // a text to look for in standard error; empty for none
}

// Run starts a program. s is the system's start, whose secrets are masked in the output; it may be nil. If there is no error,
// the caller must end the program.
func (at Place) Run(c Command, s *plan.Start) (*Program, error) {
	if s == nil {
		s = &plan.Start{}
	}
	name := c.Args[0]
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(at.Dir, name)
	}
	command := exec.Command(name, c.Args[1:]...)
	environ := at.Environ
	if environ == nil {
		environ = os.Environ()
	}
	command.Dir, command.Env = at.Dir, slices.Concat(environ, c.Env)
	command.Stdin, command.Stdout = c.Stdin, c.Stdout
	hidden := secretsOf(s, at.Secrets)
	output, shown := &tail{secrets: hidden, watch: c.Watch}, &mask{secrets: hidden, to: at.Log, label: at.Label}
	command.Stderr = both{output, shown}
	process, err := startProcess(command, guarding{guarded: at.Guarded}, shown.flush)
	if err != nil {
		return nil, err
	}
	return &Program{&launched{process, output, command.Env}}, nil
}

// both are the two readers of a program's output. Neither fails.
type both struct {
	kept  *tail
	shown *mask
}

func (b both) Write(p []byte) (int, error) {
	_, _ = b.kept.Write(p)
	return b.shown.Write(p)
}

// Ended is closed when the program, and all that it started, has ended.
func (p *Program) Ended() <-chan struct{} { return p.ended }

// Output is the last lines that the program wrote to standard error.
func (p *Program) Output() string { return p.output.String() }

// Seen reports whether the text of Command.Watch has appeared.
func (p *Program) Seen() bool { return p.output.Seen() }

// Terminate asks the program to end.
func (p *Program) Terminate() { p.terminate() }

// Kill ends the program at once.
func (p *Program) Kill() { p.kill() }

// How says how the program ended, such as "exit status 1", with its exit status, -1 if it has none. Call it after Ended is
// closed.
func (p *Program) How() (words string, status int) {
	if p.end.err != nil || p.end.signal != 0 {
		return p.end.String(), -1
	}
	return p.end.String(), p.end.code
}
