package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
)

// submodules checks out the submodules of the working tree at root. modules is where another working
// tree of the repository keeps its submodules: commits found there need not be fetched.
func submodules(ctx context.Context, root git.Dir, modules string) error {
	if _, err := os.Stat(filepath.Join(root.Path, ".gitmodules")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	listed, err := root.Run(ctx, "config", "-z", "--file", ".gitmodules", "--get-regexp", `^submodule\..*\.path$`)
	if err != nil {
		return ctx.Err() // without ctx.Err, the file names no submodules
	}
	for setting := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		name, path, _ := strings.Cut(setting, "\n")
		name = strings.TrimSuffix(strings.TrimPrefix(name, "submodule."), ".path")
		if !filepath.IsLocal(name) || !filepath.IsLocal(path) {
			continue // git refuses them too
		}
		commit, err := root.Run(ctx, "rev-parse", "--verify", "--quiet", "HEAD:"+path)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // named in the file, but not in this commit
		}
		own, there := root.At(filepath.Join(modules, filepath.FromSlash(name))), root.At(filepath.Join(root.Path, filepath.FromSlash(path)))
		if err := seed(ctx, own, there, commit); err == nil {
			if err := submodules(ctx, there, filepath.Join(own.Path, "modules")); err != nil {
				return err
			}
			continue
		}
		if err := fetch(ctx, root, path); err != nil {
			return err
		}
	}
	return nil
}

// seed checks out a commit from a submodule's repository that is on this machine, without copying its
// objects. If it fails, it leaves an empty directory.
func seed(ctx context.Context, own, there git.Dir, commit string) (err error) {
	if _, err := own.Run(ctx, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(there.Path), os.MkdirAll(there.Path, 0o755))
		}
	}()
	if _, err := there.Run(ctx, "init", "--quiet"); err != nil {
		return err
	}
	objects := []byte(filepath.Join(own.Path, "objects") + "\n")
	if err := os.WriteFile(filepath.Join(there.Path, ".git", "objects", "info", "alternates"), objects, 0o644); err != nil {
		return err
	}
	switch ends, err := os.ReadFile(filepath.Join(own.Path, "shallow")); {
	case err == nil:
		if err := os.WriteFile(filepath.Join(there.Path, ".git", "shallow"), ends, 0o644); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if url, err := own.Run(ctx, "config", "remote.origin.url"); err == nil {
		if _, err := there.Run(ctx, "remote", "add", "origin", url); err != nil {
			return err
		}
	}
	// A build may ask for the newest tag, as in the user's own tree.
	if _, err := there.Run(ctx, "fetch", "--quiet", "--no-recurse-submodules", own.Path, "refs/tags/*:refs/tags/*"); err != nil {
		return err
	}
	_, err = there.Run(ctx, "checkout", "--quiet", "--no-recurse-submodules", "--detach", commit)
	return err
}

// fetch gets a submodule from its origin. With submodule.active git needs no `submodule init`, which
// would write to the configuration that the user's tree shares.
func fetch(ctx context.Context, root git.Dir, path string) error {
	_, err := root.Run(ctx, "-c", "submodule.active=.", "submodule", "update", "--recursive", "--quiet", "--", path)
	if err != nil {
		return fmt.Errorf("submodule %s: %w", path, err)
	}
	return nil
}
