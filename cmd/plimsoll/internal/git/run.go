// Package git asks the git program about a repository.
//
// A directory of the user's goes in, commits come out, by their whole names. Working trees,
// index and configuration stay as they are, no hook runs, and variables that would make git
// look at another repository are taken away.
//
// Errors are sentences. Those about what the user named, a commit or a repository that is not
// there, are ErrNoCommit; all others are trouble.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// leave is how long git may take to end once it was told to. Children that hold on to its
// output, like a filter, are not waited for any longer.
const leave = 2 * time.Second

// redirecting are the variables that would make git look at another repository: those of `git
// rev-parse --local-env-vars` but for the ones that hold configuration.
var redirecting = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NAMESPACE",
}

// Dir is a directory of the user's, about whose repository git is asked.
type Dir struct {
	Path string
	Env  []string // that git runs in, NAME=value; nil for this process's own
}

// In is a directory, and the environment that git runs in there.
func In(path string, env []string) Dir { return Dir{path, env} }

// At is another directory, in which git runs in the same environment.
func (d Dir) At(path string) Dir { return Dir{path, d.Env} }

// environment is that of git: its messages in English, since some are looked at; no questions,
// since nobody may be there; and no lock to write a fresher index, which is the user's.
func (d Dir) environment() []string {
	given := d.Env
	if given == nil {
		given = os.Environ()
	}
	kept := slices.DeleteFunc(slices.Clone(given), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(redirecting, name)
	})
	return append(kept, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0")
}

// ErrNoCommit is what errors.Is finds in the error about a commit that is not there, and about a
// place that is in no repository.
var ErrNoCommit = errors.New("no such commit")

// refusal is a sentence about what is not there.
type refusal struct{ text string }

func (r refusal) Error() string        { return r.text }
func (r refusal) Is(target error) bool { return target == ErrNoCommit }

// Refuse is an error that is ErrNoCommit and says what is not there.
func Refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

// Run gives the output of a git command.
func (d Dir) Run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
	command.Dir, command.Env = d.Path, d.environment()
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) } // it takes its locks away
	command.WaitDelay = leave
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	said := strings.TrimSpace(stderr.String())
	name := args[0]
	if name == "-c" { // a setting
		name = args[2]
	}
	switch {
	case err == nil:
		return strings.TrimRight(stdout.String(), "\r\n"), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not installed, and another commit cannot be had without it")
	case strings.Contains(said, "not a git repository"):
		return "", Refuse("%s is in no git repository", d.Path)
	case said == "":
		return "", fmt.Errorf("git %s: %w", name, err)
	default:
		return "", fmt.Errorf("git %s: %s", name, said)
	}
}
