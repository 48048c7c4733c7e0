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

// submodules checks the submodules of the working tree at root out. modules is where another
// working tree of the same repository keeps its own: what they hold need not be fetched.
func submodules(ctx context.Context, root git.Dir, modules string) error {
	if _, err := os.Stat(filepath.Join(root.Path, ".gitmodules")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	listed, err := root.Run(ctx, "config", "-z", "--file", ".gitmodules", "--get-regexp", `^submodule\..*\.path$`)
	if err != nil {
		return ctx.Err() // else it is a file that names none
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
			continue // named, but not in this commit
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

// seed checks a commit out from the repository of a submodule that is here already, without a
// copy of its objects. What fails leaves an empty directory.
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
	// A build may ask for the newest tag, as it does in the user's own tree.
	if _, err := there.Run(ctx, "fetch", "--quiet", "--no-recurse-submodules", own.Path, "refs/tags/*:refs/tags/*"); err != nil {
		return err
	}
	_, err = there.Run(ctx, "checkout", "--quiet", "--no-recurse-submodules", "--detach", commit)
	return err
}

// fetch has git get a submodule from where it comes from. With submodule.active git needs no
// `submodule init`, which would write into the configuration that the user's tree shares.
func fetch(ctx context.Context, root git.Dir, path string) error {
	_, err := root.Run(ctx, "-c", "submodule.active=.", "submodule", "update", "--recursive", "--quiet", "--", path)
	if err != nil {
		return fmt.Errorf("submodule %s: %w", path, err)
	}
	return nil
}
