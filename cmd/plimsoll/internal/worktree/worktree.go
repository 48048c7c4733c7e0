// Package worktree checks a commit of a git repository out beside it.
//
// It runs the git program. The user's working trees and index stay as they are, and no hook
// runs. Errors are
// sentences; those about a commit that is not there wrap ErrNoCommit.
package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoCommit is returned, wrapped, for a commit, or a directory in it, that is not there.
var ErrNoCommit = errors.New("no such commit")

// refusal is a sentence about what is not there.
type refusal struct{ text string }

func (r refusal) Error() string        { return r.text }
func (r refusal) Is(target error) bool { return target == ErrNoCommit }

// Tree is a commit that is checked out. The caller must Remove it.
type Tree struct {
	Dir    string // the counterpart of the directory that Checkout was given
	Commit string // all of its name

	repository string // of the working tree that it belongs to
	root       string // of the checkout
	parent     string // the temporary directory that it lies in
}

// Checkout puts the commit that ref names into a new working tree, its submodules too. dir is
// any directory of the repository.
func Checkout(ctx context.Context, dir, ref string) (*Tree, error) {
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	commit, err := resolve(ctx, dir, ref)
	if err != nil {
		return nil, err
	}
	prefix, err := git(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	parent, err := os.MkdirTemp("", "plimsoll-base-*")
	if err != nil {
		return nil, fmt.Errorf("check out %s: %w", ref, err)
	}
	t := &Tree{Commit: commit, repository: top, parent: parent, root: filepath.Join(parent, filepath.Base(top))}
	t.Dir = filepath.Join(t.root, filepath.FromSlash(prefix))
	if err := t.fill(ctx, ref, prefix); err != nil {
		return nil, errors.Join(err, t.Remove())
	}
	return t, nil
}

// fill makes the working tree.
func (t *Tree) fill(ctx context.Context, ref, prefix string) error {
	if _, err := git(ctx, t.repository, "worktree", "add", "--quiet", "--detach", t.root, t.Commit); err != nil {
		return fmt.Errorf("check out %s: %w", ref, err)
	}
	if _, err := os.Stat(t.Dir); errors.Is(err, fs.ErrNotExist) {
		return refusal{fmt.Sprintf("at %s there is no directory %s: nothing to build and start there", ref, prefix)}
	}
	if _, err := os.Stat(filepath.Join(t.root, ".gitmodules")); err != nil {
		return nil //nolint:nilerr // there are no submodules
	}
	if _, err := git(ctx, t.root, "submodule", "update", "--init", "--recursive", "--quiet"); err != nil {
		return fmt.Errorf("check out the submodules of %s: %w", ref, err)
	}
	return nil
}

// Remove takes the working tree away. It works when the context of Checkout has ended, and a
// second time does nothing.
func (t *Tree) Remove() error {
	if t.parent == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var err error
	if _, statErr := os.Stat(t.root); statErr == nil {
		_, err = git(ctx, t.repository, "worktree", "remove", "--force", t.root)
	}
	err = errors.Join(err, os.RemoveAll(t.parent))
	t.parent = ""
	if err != nil {
		return fmt.Errorf("take the checkout of base away: %w", err)
	}
	return nil
}

// MergeBase is the commit at which two commits parted.
func MergeBase(ctx context.Context, dir, a, b string) (commit string, err error) {
	for _, ref := range []string{a, b} {
		if _, err := resolve(ctx, dir, ref); err != nil {
			return "", err
		}
	}
	commit, err = git(ctx, dir, "merge-base", a, b)
	if err != nil || commit == "" {
		return "", refusal{fmt.Sprintf("%s and %s have no commit in common here%s", a, b, shallow(ctx, dir))}
	}
	return commit, nil
}

// Dirty reports whether the working tree that dir is in differs from its commit: changed files,
// or new ones that are not ignored. Files that match one of the globs do not count.
func Dirty(ctx context.Context, dir string, globs ...string) (bool, error) {
	args := []string{"status", "--porcelain", "--untracked-files=all", "--", ":/"}
	for _, glob := range globs {
		args = append(args, ":(top,exclude,glob)"+glob)
	}
	changes, err := git(ctx, dir, args...)
	return changes != "", err
}

// Same reports whether a commit is the one that is checked out in dir.
func Same(ctx context.Context, dir, commit string) bool {
	head, err := resolve(ctx, dir, "HEAD")
	return err == nil && head == commit
}

// resolve is the name of the commit that ref stands for.
func resolve(ctx context.Context, dir, ref string) (string, error) {
	if ref == "" || strings.HasPrefix(ref, "-") {
		return "", refusal{fmt.Sprintf("%q names no commit", ref)}
	}
	if _, err := git(ctx, dir, "rev-parse", "--git-dir"); err != nil {
		return "", err
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil || commit == "" {
		return "", refusal{fmt.Sprintf("there is no commit %s in this repository%s", ref, shallow(ctx, dir))}
	}
	return commit, nil
}

// shallow is what there is to say when history is missing.
func shallow(ctx context.Context, dir string) string {
	if is, err := git(ctx, dir, "rev-parse", "--is-shallow-repository"); err == nil && is == "true" {
		return ": it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	}
	return ""
}

// redirecting are the variables that would make git look at another repository.
var redirecting = []string{"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_PREFIX=", "GIT_COMMON_DIR=", "GIT_OBJECT_DIRECTORY="}

// git gives the output of a git command in a directory.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "core.hooksPath=/dev/null"}, args...)...)
	command.Dir = dir
	command.Env = []string{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0"}
	for _, variable := range os.Environ() {
		redirects := false
		for _, name := range redirecting {
			redirects = redirects || strings.HasPrefix(variable, name)
		}
		if !redirects && !strings.HasPrefix(variable, "LC_ALL=") {
			command.Env = append(command.Env, variable)
		}
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	said := strings.TrimSpace(stderr.String())
	switch {
	case err == nil:
		return strings.TrimSpace(stdout.String()), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not installed, and another commit cannot be had without it")
	case strings.Contains(said, "not a git repository"):
		return "", refusal{fmt.Sprintf("%s is in no git repository", dir)}
	case said == "":
		return "", fmt.Errorf("git %s: %w", args[0], err)
	default:
		return "", fmt.Errorf("git %s: %s", args[0], said)
	}
}
