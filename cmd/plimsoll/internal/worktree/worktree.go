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
// repository that is not there, are git.ErrNoCommit; all others are trouble.
package worktree

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
)

// Tree is a commit that is checked out. The caller must Remove it.
type Tree struct {
	Dir    string // the counterpart of the directory that Checkout was given
	Commit string // all of its name
	Ref    string // what Checkout was asked for

	repository git.Dir // the working tree that it belongs to
	root       string  // of the checkout
	parent     string  // the temporary directory that it lies in
}

// Checkout puts the commit that ref names into a new working tree, its submodules too. dir is
// any directory of the repository. When it fails or ctx ends, nothing is left behind.
func Checkout(ctx context.Context, dir git.Dir, ref string) (*Tree, error) {
	commit, err := dir.Resolve(ctx, ref)
	if err != nil {
		return nil, err
	}
	top, err := dir.Run(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	below, err := dir.Run(ctx, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	if err := removeAbandoned(ctx, dir.At(top)); err != nil {
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
	t := &Tree{Commit: commit, Ref: ref, repository: dir.At(top), parent: parent, root: filepath.Join(parent, filepath.Base(top))}
	t.Dir = filepath.Join(t.root, filepath.FromSlash(below))
	if err := t.fill(ctx, below); err != nil {
		return nil, errors.Join(err, t.Remove())
	}
	return t, nil
}

// fill makes the working tree. below is where Dir is in it, as git writes it.
func (t *Tree) fill(ctx context.Context, below string) error {
	if _, err := t.repository.Run(ctx, "worktree", "add", "--quiet", "--no-checkout", "--detach", t.root, t.Commit); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	// `worktree add` would leave this to a child, which goes on writing when its parent is stopped.
	if _, err := t.repository.At(t.root).Run(ctx, "reset", "--hard", "--quiet", "--no-recurse-submodules"); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	modules, err := t.repository.Run(ctx, "rev-parse", "--git-path", "modules")
	if err != nil {
		return err
	}
	if !filepath.IsAbs(modules) {
		modules = filepath.Join(t.repository.Path, modules)
	}
	if err := submodules(ctx, t.repository.At(t.root), modules); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	if info, err := os.Stat(t.Dir); err != nil || !info.IsDir() {
		return git.Refuse("at %s there is no directory %s: nothing to build and start there", t.Ref, below)
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
