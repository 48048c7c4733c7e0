package sut

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/shlex"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Place is where a system is built and started.
type Place struct {
	Dir     string    // a relative Start.Dir is taken from here
	Environ []string  // NAME=value, as os.Environ gives it; nil for this process's own. The plan's variables come on top
	Secrets []string  // texts that are not shown of what it prints, beside those of the plan
	Log     io.Writer // what it prints goes here, a line at a time
	Label   string    // before each line
}

// launched is a command at work, and the end of its output.
type launched struct {
	*process
	output *tail
}

// job is a command line of a plan.
type job struct {
	doing       string // in sentences: what it is started for
	line, shown string // for the system, and for people
	watch       string // a text to look for in its output; empty for none
}

// launch starts a command of a plan.
func (at Place) launch(s *plan.Start, j job) (*launched, error) {
	words, err := shlex.Split(j.line)
	if err != nil || len(words) == 0 {
		return nil, &Failure{What: fmt.Sprintf("%s: the command %q cannot be split into words: %v", j.doing, j.shown, err)}
	}
	hidden := secretsOf(s, at.Secrets)
	output, shown := &tail{secrets: hidden, watch: j.watch}, &mask{secrets: hidden, to: at.Log, label: at.Label}
	command, err := at.command(s, words)
	if err != nil {
		return nil, err
	}
	all := io.MultiWriter(output, shown)
	command.Stdout, command.Stderr = all, all
	process, err := startProcess(command, shown.flush)
	if err != nil {
		return nil, &Failure{What: hidden.hide(fmt.Sprintf("%s: %v", j.doing, err))}
	}
	return &launched{process, output}, nil
}

// command is a program with its arguments, which is not started yet.
func (at Place) command(s *plan.Start, words []string) (*exec.Cmd, error) {
	command := exec.Command(words[0], words[1:]...)
	command.Dir = filepath.Join(at.Dir, s.Dir)
	if filepath.IsAbs(s.Dir) {
		command.Dir = s.Dir
	}
	// A program named by a path is meant as seen from the directory that it is started in.
	if strings.ContainsRune(words[0], '/') && !filepath.IsAbs(words[0]) {
		path, err := filepath.Abs(filepath.Join(command.Dir, words[0]))
		if err != nil {
			return nil, err
		}
		command.Path, command.Err = path, nil
	}
	environ := at.Environ
	if environ == nil {
		environ = os.Environ()
	}
	command.Env = slices.Concat(environ, s.Env)
	return command, nil
}
