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

// prefix begins the name of each temporary directory with a checkout. A hash of the machine's name
// and the ID of the process that made it follow.
const prefix = "plimsoll-base-"

// machine is a hash of this machine's name; each container has its own name.
func machine() (sum uint32, err error) {
	name, err := os.Hostname()
	hash := fnv.New32a()
	hash.Write([]byte(name))
	return hash.Sum32(), err
}

// pattern is the name pattern for this process's temporary directories, for os.MkdirTemp.
func pattern() (string, error) {
	here, err := machine()
	return fmt.Sprintf("%s%08x-%d-*", prefix, here, os.Getpid()), err
}

// abandoned reports whether the process that made a temporary directory has ended. In doubt it
// reports false: another machine may share the repository.
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

// removeAbandoned removes the checkouts of this repository that killed processes left. A process that
// was killed while git made its tree leaves the tree locked.
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

// remove removes a temporary directory, and then the repository's record of the working tree in it.
// The record goes last: while it is there, the next checkout can find what is left.
func remove(ctx context.Context, repository git.Dir, parent, root string) error {
	if err := removeAll(ctx, parent); err != nil {
		return err
	}
	// --force twice removes a locked tree too.
	_, err := repository.Run(ctx, "worktree", "remove", "--force", "--force", root)
	if err != nil && strings.HasSuffix(err.Error(), "is not a working tree") {
		return nil // git has no record of it
	}
	return err
}

// patience is how long removeAll keeps trying while a process that was told to stop still writes.
const patience = 5 * time.Second

// removeAll is os.RemoveAll for what a build or an interrupted checkout left.
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

// unprotect makes all directories writable: Go's module cache, for one, is read-only.
func unprotect(parent string) error {
	return filepath.WalkDir(parent, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o700)
	})
}
