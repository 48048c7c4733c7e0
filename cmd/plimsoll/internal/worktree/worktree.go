// Package worktree checks out another commit of a repository into a temporary directory.
//
// A user's directory and a ref go in. A Tree comes out, with the counterpart of that directory in
// the checkout. The package runs the git program. The user's working trees, index and configuration
// stay as they are, and no hook runs. Submodules are checked out too, without the network if the
// user's tree has their commits.
//
// If a process is killed, the next checkout removes what it left. `git worktree prune` would remove
// less, and would also forget the user's trees on a disk that is not mounted.
//
// Errors are sentences. When the user names a commit, a directory in it or a repository that does
// not exist, the error is git.ErrNoCommit; all other errors are trouble.
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

// Tree is a checkout of a commit. The caller must Remove it.
type Tree struct {
	Dir    string // the counterpart of the directory that Checkout was given
	Commit string // the full SHA
	Ref    string // the ref that Checkout was given

	repository git.Dir // the working tree that it belongs to
	root       string  // the top directory of the checkout
	parent     string  // the temporary directory around it
}

// Checkout checks out the commit that ref names, with its submodules, into a new working tree. dir is
// any directory of the repository. If Checkout fails or ctx ends, it leaves nothing behind.
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

// fill makes the working tree. below is the path of Dir in it, as git writes it.
func (t *Tree) fill(ctx context.Context, below string) error {
	if _, err := t.repository.Run(ctx, "worktree", "add", "--quiet", "--no-checkout", "--detach", t.root, t.Commit); err != nil {
		return fmt.Errorf("check out %s: %w", t.Ref, err)
	}
	// `worktree add` would start a child for this, which keeps writing after its parent was stopped.
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

// Remove removes the working tree. It works even if Checkout's context has ended. After it returned
// nil, another call does nothing; after an error, another call tries again.
func (t *Tree) Remove() error {
	if t.parent == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := remove(ctx, t.repository, t.parent, t.root); err != nil {
		return fmt.Errorf("remove the checkout of %s: %w", t.Ref, err)
	}
	t.parent = ""
	return nil
}
