package worktree_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
)

// leftBy checks HEAD out in a process of its own, which ends without removing it.
func leftBy(t *testing.T, dir string) (left string) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestLeave$")
	command.Env = append(os.Environ(), "LEAVE_BEHIND="+dir)
	output, err := command.Output()
	left, _, _ = strings.Cut(string(output), "\n")
	if err != nil || !filepath.IsAbs(left) {
		t.Fatalf("%v: %s", err, output)
	}
	return left
}

// TestLeave is the process of leftBy.
func TestLeave(t *testing.T) {
	dir := os.Getenv("LEAVE_BEHIND")
	if dir == "" {
		t.Skip("only for leftBy")
	}
	tree, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString(tree.Dir + "\n")
}

// The next checkout removes what a killed process left, whether the directory is still there or git
// thinks that the tree is being made. It spares trees in use and those of the user.
func TestAbandoned(t *testing.T) {
	dir, _ := gittest.Repository(t)
	used, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD~1")
	if err != nil {
		t.Fatal(err)
	}
	left, locked := leftBy(t, dir), leftBy(t, dir)
	gittest.Run(t, dir, "worktree", "lock", locked)
	if err := os.RemoveAll(filepath.Dir(locked)); err != nil {
		t.Fatal(err)
	}
	away, users := filepath.Join(t.TempDir(), "away"), filepath.Join(t.TempDir(), "users")
	gittest.Run(t, dir, "worktree", "add", "-q", "--detach", users)
	if err := os.Rename(users, away); err != nil { // as on a disk that is not there now
		t.Fatal(err)
	}
	tree, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	known := gittest.Run(t, dir, "worktree", "list")
	for path, want := range map[string]bool{left: false, locked: false, used.Dir: true, tree.Dir: true} {
		if _, err := os.Stat(path); (err == nil) != want || strings.Contains(known, filepath.Base(filepath.Dir(path))) != want {
			t.Errorf("%s: %v; want it there: %v; git knows\n%s", path, err, want, known)
		}
	}
	if err := errors.Join(used.Remove(), tree.Remove()); err != nil {
		t.Error(err)
	}
	if known := gittest.Run(t, dir, "worktree", "list"); !strings.Contains(known, users) {
		t.Errorf("the user's own tree was forgotten:\n%s", known)
	}
	gittest.Run(t, dir, "worktree", "prune")
	alone(t, dir)
}

// git is stopped, and nothing waits for its remaining children.
func TestCheckoutIsStopped(t *testing.T) {
	dir, _ := gittest.Repository(t)
	mark := filepath.Join(t.TempDir(), "mark")
	gittest.Run(t, dir, "config", "filter.slow.smudge", "echo $$ >"+mark+"; exec sleep 60")
	gittest.Write(t, filepath.Join(dir, ".gitattributes"), "slow filter=slow\n")
	gittest.Write(t, filepath.Join(dir, "slow"), "s")
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "commit", "-qm", "slow")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel()
	watch.Go(func() {
		for ctx.Err() == nil {
			if text, err := os.ReadFile(mark); err == nil && len(text) > 0 {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
	start := time.Now()
	_, err := worktree.Checkout(ctx, git.In(dir, os.Environ()), "HEAD")
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 40*time.Second {
		t.Errorf("after %v: %v", took, err)
	}
	alone(t, dir)
}

// A build may leave read-only directories, such as Go's module cache.
func TestRemoveProtected(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir, _ := gittest.Repository(t)
	tree, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	gittest.Write(t, filepath.Join(tree.Dir, "cache/module/file"), "x")
	for _, path := range []string{"cache/module", "cache"} {
		if err := os.Chmod(filepath.Join(tree.Dir, path), 0o500); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
	alone(t, dir)
}

// After a failed Remove, another call tries again.
func TestRemoveAgain(t *testing.T) {
	dir, _ := gittest.Repository(t)
	tree, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	if err := tree.Remove(); err == nil || !strings.Contains(err.Error(), "remove the checkout of HEAD: git is not installed") {
		t.Errorf("got %v", err)
	}
	t.Setenv("PATH", path)
	if err := errors.Join(tree.Remove(), tree.Remove()); err != nil {
		t.Error(err)
	}
	alone(t, dir)
}
