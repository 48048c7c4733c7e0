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
	Dir     string    // base of a relative Start.Dir
	Environ []string  // NAME=value, like os.Environ; nil for this process's own. The plan's variables are added
	Secrets []string  // texts to mask in the output, besides those of the plan
	Log     io.Writer // gets the output, one line in each call
	Label   string    // before each line
}

// launched is a running command and the end of its output.
type launched struct {
	*process
	output *tail
}

// job is a command line of a plan.
type job struct {
	doing       string // what it is for, in messages
	line, shown string // the command itself, and what people may see of it
	watch       string // a text to look for in the output; empty for none
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

// command prepares a program with its arguments.
func (at Place) command(s *plan.Start, words []string) (*exec.Cmd, error) {
	command := exec.Command(words[0], words[1:]...)
	command.Dir = filepath.Join(at.Dir, s.Dir)
	if filepath.IsAbs(s.Dir) {
		command.Dir = s.Dir
	}
	// A relative path of a program starts in the directory that the program runs in.
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
