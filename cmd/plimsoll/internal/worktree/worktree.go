// Package worktree checks a commit of a git repository out beside it.
//
// A directory of the user's and a ref go in; a Tree comes out, with the counterpart of that
// directory in a temporary place. It runs the git program. The user's working trees, index and
// configuration stay as they are, and no hook runs. Submodules are checked out too, from what
// the user's tree holds of them where that is enough, so that no network is needed.
//
// What is left of a checkout whose process was killed is taken away by the next one. `git
// worktree prune` would do less, and also forget trees of the user on a disk that is not there.
//
// Errors are sentences. Those about what the user named, a commit, a directory in it or a
// repository that is not there, are ErrNoCommit; all others are trouble.
package worktree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoCommit is what errors.Is finds in the error about a commit that is not there, about a
// directory that is not in it, and about a place that is in no repository.
var ErrNoCommit = errors.New("no such commit")

// refusal is a sentence about what is not there.
type refusal struct{ text string }

func (r refusal) Error() string        { return r.text }
func (r refusal) Is(target error) bool { return target == ErrNoCommit }

// Tree is a commit that is checked out. The caller must Remove it.
type Tree struct {
	Dir    string // the counterpart of the directory that Checkout was given
	Commit string // all of its name
	Ref    string // what Checkout was asked for

	repository string // of the working tree that it belongs to
	root       string // of the checkout
	parent     string // the temporary directory that it lies in
}

// Checkout puts the commit that ref names into a new working tree, its submodules too. dir is
// any directory of the repository. When it fails or ctx ends, nothing is left behind.
func Checkout(ctx context.Context, dir, ref string) (*Tree, error) {
	commit, err := resolve(ctx, dir, ref)
	if err != nil {
		return nil, err
	}
	top, err := git(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	below, err := git(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	if err := removeAbandoned(ctx, top); err != nil {
		return nil, err
	}
	pattern, err := pattern()
	if err != nil {
		return nil, fmt.Errorf("check out %s: %w", ref, err)
	}
	parent, err := os.MkdirTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("check out %s: %w", ref, err)
	}
	t := &Tree{Commit: commit, Ref: ref, repository: top, parent: parent, root: filepath.Join(parent, filepath.Base(top))}
	t.Dir = filepath.Join(t.root, filepath.FromSlash(below))
	if err := t.fill(ctx, below); err != nil {
		return nil, errors.Join(err, t.Remove())
	}
	return t, nil
}

// fill makes the working tree. below is where Dir is in it, as git writes it.
func (t *Tree) fill(ctx context.Context, below string) error {
	if _, err := git(ctx, t.repository, "worktree", "add", "--quiet", "--no-checkout", "--detach", t.root, t.Commit); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	// `worktree add` would leave this to a child, which goes on writing when its parent is stopped.
	if _, err := git(ctx, t.root, "reset", "--hard", "--quiet", "--no-recurse-submodules"); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	modules, err := git(ctx, t.repository, "rev-parse", "--git-path", "modules")
	if err != nil {
		return err
	}
	if !filepath.IsAbs(modules) {
		modules = filepath.Join(t.repository, modules)
	}
	if err := submodules(ctx, t.root, modules); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	if info, err := os.Stat(t.Dir); err != nil || !info.IsDir() {
		return refusal{fmt.Sprintf("at %s there is no directory %s: nothing to build and start there", t.Ref, below)}
	}
	return nil
}

// Remove takes the working tree away. It works when the context of Checkout has ended. Once it
// has returned nil, another call does nothing; after an error it tries again.
func (t *Tree) Remove() error {
	if t.parent == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := remove(ctx, t.repository, t.parent, t.root); err != nil {
		return fmt.Errorf("take the checkout of %s away: %w", t.Ref, err)
	}
	t.parent = ""
	return nil
}

// MergeBase is the commit at which two commits parted.
func MergeBase(ctx context.Context, dir, a, b string) (commit string, err error) {
	from, err := resolve(ctx, dir, a)
	if err != nil {
		return "", err
	}
	to, err := resolve(ctx, dir, b)
	if err != nil {
		return "", err
	}
	commit, err = git(ctx, dir, "merge-base", from, to)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
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
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", refusal{fmt.Sprintf("there is no commit %s in this repository%s", ref, shallow(ctx, dir))}
	case strings.HasPrefix(commit, "^"): // git takes ^ref for "all but ref"
		return "", refusal{fmt.Sprintf("%q names no commit", ref)}
	default:
		return commit, nil
	}
}

// shallow is what there is to say when history is missing.
func shallow(ctx context.Context, dir string) string {
	if is, err := git(ctx, dir, "rev-parse", "--is-shallow-repository"); err == nil && is == "true" {
		return ": it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	}
	return ""
}
