package worktree

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
)

// prefix begins the name of each temporary directory that holds a checkout. A sum of the name
// of the machine and the id of the process that made it follow.
const prefix = "plimsoll-base-"

// machine is the sum of this machine's name; a container has one of its own.
func machine() (sum uint32, err error) {
	name, err := os.Hostname()
	hash := fnv.New32a()
	hash.Write([]byte(name))
	return hash.Sum32(), err
}

// pattern is the name of a temporary directory of this process, for os.MkdirTemp.
func pattern() (string, error) {
	here, err := machine()
	return fmt.Sprintf("%s%08x-%d-*", prefix, here, os.Getpid()), err
}

// abandoned reports whether the process that made a temporary directory has ended. In doubt it
// has not: another machine may share the repository.
func abandoned(parent string) bool {
	var there uint32
	var pid, random int
	name, ours := strings.CutPrefix(filepath.Base(parent), prefix)
	if _, err := fmt.Sscanf(name, "%08x-%d-%d", &there, &pid, &random); err != nil || !ours {
		return false
	}
	if here, err := machine(); err != nil || here != there {
		return false
	}
	process, err := os.FindProcess(pid)
	return err == nil && errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// removeAbandoned takes away what earlier processes, which were killed, have left of this
// repository. One that was killed while git made its tree has left it locked.
func removeAbandoned(ctx context.Context, repository git.Dir) error {
	listed, err := repository.Run(ctx, "worktree", "list", "--porcelain")
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(listed, "\n") {
		root, is := strings.CutPrefix(line, "worktree ")
		if parent := filepath.Dir(filepath.FromSlash(root)); is && abandoned(parent) {
			_ = remove(ctx, repository, parent, root) // the next checkout tries again
		}
	}
	return ctx.Err()
}

// remove takes a temporary directory away, and what the repository knows of the working tree
// in it. The repository forgets last, so that what fails here can be found later.
func remove(ctx context.Context, repository git.Dir, parent, root string) error {
	if err := removeAll(ctx, parent); err != nil {
		return err
	}
	// Twice --force is for a tree that is locked.
	_, err := repository.Run(ctx, "worktree", "remove", "--force", "--force", root)
	if err != nil && strings.HasSuffix(err.Error(), "is not a working tree") {
		return nil // git never knew of it, or does no more
	}
	return err
}

// patience is how long a directory is removed again and again, while a process that has been
// told to stop still writes into it.
const patience = 5 * time.Second

// removeAll is os.RemoveAll for what a build, or a checkout that was stopped, has left.
func removeAll(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := os.RemoveAll(path)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrPermission) {
			if err := unprotect(path); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(patience / 50):
		}
	}
}

// unprotect makes all directories writable: a module cache of Go, for one, is not.
func unprotect(parent string) error {
	return filepath.WalkDir(parent, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700)
	})
}
