package worktree_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
)

// own is the user's files, index and configuration.
func own(t *testing.T, dir string) string {
	t.Helper()
	all := ""
	for _, name := range []string{"app/v", ".git/index", ".git/config", ".git/HEAD"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprintf("%s: %q\n", name, text)
	}
	return all
}

// alone checks that the repository knows of no working tree but its own, and that no temporary
// directory is left.
func alone(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "plimsoll-base-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if left := gittest.Run(t, dir, "worktree", "list"); strings.Count(left, "\n") != 0 {
		t.Errorf("left behind:\n%s", left)
	}
}

func TestCheckout(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Write(t, filepath.Join(dir, "app/v"), "changed")
	gittest.Write(t, filepath.Join(dir, "app/new"), "new")
	before := own(t, dir)
	for ref, want := range map[string]string{"HEAD": commits[2], "HEAD~1": commits[1], commits[1][:8]: commits[1], "main": commits[2], "second": commits[1], "noted": commits[1]} {
		tree, err := worktree.Checkout(t.Context(), git.In(filepath.Join(dir, "app"), os.Environ()), ref)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		text, err := os.ReadFile(filepath.Join(tree.Dir, "v"))
		if err != nil || tree.Commit != want || tree.Ref != ref || string(text) != map[string]string{commits[1]: "2", commits[2]: "3"}[want] {
			t.Errorf("%s: commit %s, app/v is %q, %v", ref, tree.Commit, text, err)
		}
		if err := errors.Join(tree.Remove(), tree.Remove()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(tree.Dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there", tree.Dir)
		}
	}
	if after := own(t, dir); after != before {
		t.Errorf("the user's tree was %s, and is %s", before, after)
	}
	alone(t, dir)
}

func TestRefused(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "checkout", "-q", "--detach")
	gittest.Run(t, dir, "rm", "-rq", "app")
	gittest.Write(t, filepath.Join(dir, "app"), "a file")
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "commit", "-qm", "a file")
	gittest.Run(t, dir, "tag", "file")
	gittest.Run(t, dir, "checkout", "-q", "main")
	gittest.Write(t, filepath.Join(dir, "app/below/new"), "new")
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", "--depth=1", "file://"+dir, clone)
	for _, c := range []struct{ dir, ref, want string }{
		{dir, "nowhere", "there is no commit nowhere in this repository"},
		{dir, "--help", `"--help" names no commit`},
		{dir, "", `"" names no commit`},
		{dir, "^main", `"^main" names no commit`},
		{dir, "first..main", "there is no commit first..main in this repository"},
		{dir, "HEAD:app", "there is no commit HEAD:app in this repository"},
		{clone, commits[0], "there is no commit " + commits[0] + " in this repository: it is a shallow clone; fetch its history"},
		{filepath.Join(dir, "app"), "file", "at file there is no directory app/: nothing to build and start there"},
		{filepath.Join(dir, "app/below"), "file", "at file there is no directory app/below/: nothing to build and start there"},
		{clone, "HEAD~1", "there is no commit HEAD~1 in this repository: it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"},
		{filepath.Join(dir, "app"), "first", "at first there is no directory app/: nothing to build and start there"},
		{t.TempDir(), "HEAD", "is not in a git repository"},
	} {
		tree, err := worktree.Checkout(t.Context(), git.In(c.dir, os.Environ()), c.ref)
		if !errors.Is(err, git.ErrNoCommit) || tree != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %s: got %v, want %s", c.ref, c.dir, err, c.want)
		}
	}
	alone(t, dir)
}

// Remove works after the context has ended.
func TestRemoveAfterTheEnd(t *testing.T) {
	dir, _ := gittest.Repository(t)
	ctx, cancel := context.WithCancel(t.Context())
	tree, err := worktree.Checkout(ctx, git.In(dir, os.Environ()), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := worktree.Checkout(ctx, git.In(dir, os.Environ()), "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	alone(t, dir)
}

// No hook of the user runs, and the variables that git sets for hooks have no effect.
func TestSurroundings(t *testing.T) {
	dir, commits := gittest.Repository(t)
	other := t.TempDir()
	gittest.Run(t, other, "init", "-q")
	mark := filepath.Join(t.TempDir(), "mark")
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change"} {
		gittest.Write(t, filepath.Join(dir, ".git/hooks", hook), "#!/bin/sh\necho "+hook+" >>"+mark+"\n")
		if err := os.Chmod(filepath.Join(dir, ".git/hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	t.Setenv("GIT_WORK_TREE", other)
	t.Setenv("GIT_INDEX_FILE", filepath.Join(other, "index"))
	tree, err := worktree.Checkout(t.Context(), git.In(filepath.Join(dir, "app"), os.Environ()), "HEAD~1")
	if err != nil || tree.Commit != commits[1] {
		t.Fatalf("got %v, %v", tree, err)
	}
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
	if ran, err := os.ReadFile(mark); !os.IsNotExist(err) {
		t.Errorf("hooks ran: %s, %v", ran, err)
	}
}

func TestWithoutGit(t *testing.T) {
	dir, _ := gittest.Repository(t)
	t.Setenv("PATH", t.TempDir())
	_, err := worktree.Checkout(t.Context(), git.In(dir, os.Environ()), "HEAD")
	if want := "git is not installed, and no other commit can be checked out without it"; err == nil || err.Error() != want || errors.Is(err, git.ErrNoCommit) {
		t.Errorf("got %v, want %s", err, want)
	}
}
