// Package git asks the git program about a repository.
//
// A user's directory goes in, full commit SHAs come out. Working trees, index and configuration
// stay as they are, and no hook runs. Variables that would point git at another repository are
// removed from its environment.
//
// Errors are sentences. When the user names a commit or repository that does not exist, the error
// is ErrNoCommit; all other errors are trouble.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// leave is how long git may take to end after SIGTERM. It also bounds the wait for a child that keeps
// git's output open, such as a filter.
const leave = 2 * time.Second

// redirecting lists the variables that would point git at another repository: those of `git
// rev-parse --local-env-vars`, except the ones for configuration.
var redirecting = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_NAMESPACE",
}

// Dir is a user's directory, in which git runs.
type Dir struct {
	Path string
	Env  []string // git's environment, NAME=value
}

// In is a directory, with the environment for git.
func In(path string, env []string) Dir { return Dir{path, env} }

// At is another directory with the same environment.
func (d Dir) At(path string) Dir { return Dir{path, d.Env} }

// environment is git's environment. Messages are in English, since we read some of them. Git asks
// no questions: there may be no terminal. It takes no lock to refresh the user's index.
func (d Dir) environment() []string {
	kept := slices.DeleteFunc(slices.Clone(d.Env), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.Contains(redirecting, name)
	})
	return append(kept, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0")
}

// ErrNoCommit is the error, to errors.Is, about a commit that does not exist and about a directory
// outside any repository.
var ErrNoCommit = errors.New("no such commit")

// refusal says what does not exist.
type refusal struct{ text string }

func (r refusal) Error() string        { return r.text }
func (r refusal) Is(target error) bool { return target == ErrNoCommit }

// Refuse makes an error that is ErrNoCommit and says what does not exist.
func Refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

// Run runs a git command and returns its output without trailing line ends.
func (d Dir) Run(ctx context.Context, args ...string) (string, error) {
	var stdout bytes.Buffer
	if err := d.run(ctx, &stdout, args...); err != nil {
		return "", err
	}
	return strings.TrimRight(stdout.String(), "\r\n"), nil
}

// run runs a git command that writes its output to stdout.
func (d Dir) run(ctx context.Context, stdout io.Writer, args ...string) error {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=" + os.DevNull}, args...)...)
	command.Dir, command.Env = d.Path, d.environment()
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) } // git then removes its locks
	command.WaitDelay = leave
	var stderr bytes.Buffer
	command.Stdout, command.Stderr = stdout, &stderr
	err := command.Run()
	said := strings.TrimSpace(stderr.String())
	name := args[0]
	if name == "-c" { // a setting comes first
		name = args[2]
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("git is not installed, and no other commit can be checked out without it")
	case strings.Contains(said, "not a git repository"):
		return Refuse("%s is not in a git repository", d.Path)
	case said == "":
		return fmt.Errorf("git %s: %w", name, err)
	default:
		return fmt.Errorf("git %s: %s", name, said)
	}
}
