package worktree_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/worktree"
)

// run runs git in a directory, away from the configuration of whoever runs the tests.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	command.Dir = dir
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, output)
	}
	return strings.TrimSpace(string(output))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// repository has three commits of a file app/v, the first of which is tagged and has no
// directory app.
func repository(t *testing.T) (dir string, commits []string) {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	t.Setenv("GIT_CONFIG_COUNT", "1") // git refuses submodules on disk by itself
	t.Setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
	t.Setenv("GIT_CONFIG_VALUE_0", "always")
	dir = t.TempDir()
	run(t, dir, "init", "-q", "-b", "main")
	for i, file := range []string{"README", "app/v", "app/v"} {
		write(t, filepath.Join(dir, file), string(rune('1'+i)))
		run(t, dir, "add", ".")
		run(t, dir, "commit", "-qm", "c")
		commits = append(commits, run(t, dir, "rev-parse", "HEAD"))
	}
	run(t, dir, "tag", "first", commits[0])
	return dir, commits
}

func TestCheckout(t *testing.T) {
	dir, commits := repository(t)
	write(t, filepath.Join(dir, "app/v"), "changed")
	write(t, filepath.Join(dir, "app/new"), "new")
	for ref, want := range map[string]string{"HEAD": commits[2], "HEAD~1": commits[1], commits[1][:8]: commits[1], "main": commits[2]} {
		tree, err := worktree.Checkout(t.Context(), filepath.Join(dir, "app"), ref)
		if err != nil {
			t.Fatalf("%s: %v", ref, err)
		}
		text, err := os.ReadFile(filepath.Join(tree.Dir, "v"))
		if err != nil || tree.Commit != want || string(text) != map[string]string{commits[1]: "2", commits[2]: "3"}[want] {
			t.Errorf("%s: commit %s, app/v is %q, %v", ref, tree.Commit, text, err)
		}
		if err := errors.Join(tree.Remove(), tree.Remove()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(tree.Dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there", tree.Dir)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "app/v")); string(text) != "changed" {
		t.Error("the working tree was touched")
	}
	if left := run(t, dir, "worktree", "list"); strings.Count(left, "\n") != 0 {
		t.Errorf("left behind:\n%s", left)
	}
}

func TestRefused(t *testing.T) {
	dir, _ := repository(t)
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", "--depth=1", "file://"+dir, clone)
	for _, c := range []struct{ dir, ref, want string }{
		{dir, "nowhere", "there is no commit nowhere in this repository"},
		{dir, "--help", `"--help" names no commit`},
		{dir, "", `"" names no commit`},
		{clone, "HEAD~1", "there is no commit HEAD~1 in this repository: it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"},
		{filepath.Join(dir, "app"), "first", "at first there is no directory app/: nothing to build and start there"},
		{t.TempDir(), "HEAD", "is in no git repository"},
	} {
		tree, err := worktree.Checkout(t.Context(), c.dir, c.ref)
		if !errors.Is(err, worktree.ErrNoCommit) || tree != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %s: got %v, want %s", c.ref, c.dir, err, c.want)
		}
	}
	if left := run(t, dir, "worktree", "list"); strings.Count(left, "\n") != 0 {
		t.Errorf("left behind:\n%s", left)
	}
}

func TestMergeBase(t *testing.T) {
	dir, commits := repository(t)
	run(t, dir, "checkout", "-qb", "feature", commits[1])
	write(t, filepath.Join(dir, "app/w"), "w")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "w")
	if got, err := worktree.MergeBase(t.Context(), dir, "HEAD", "main"); err != nil || got != commits[1] {
		t.Errorf("got %s, %v, want %s", got, err, commits[1])
	}
	if worktree.Same(t.Context(), dir, commits[1]) || !worktree.Same(t.Context(), dir, run(t, dir, "rev-parse", "HEAD")) {
		t.Error("HEAD is the commit of the branch, and no other")
	}
	if _, err := worktree.MergeBase(t.Context(), dir, "HEAD", "origin/main"); !errors.Is(err, worktree.ErrNoCommit) {
		t.Errorf("got %v", err)
	}
	run(t, dir, "checkout", "-q", "--orphan", "alone")
	run(t, dir, "commit", "-qm", "alone")
	if _, err := worktree.MergeBase(t.Context(), dir, "HEAD", "main"); err == nil || !strings.Contains(err.Error(), "HEAD and main have no commit in common here") {
		t.Errorf("got %v", err)
	}
}

func TestDirty(t *testing.T) {
	dir, _ := repository(t)
	for step, want := range []bool{false, false, true} {
		switch step {
		case 1:
			write(t, filepath.Join(dir, "app", "result.json"), "x")
		case 2:
			write(t, filepath.Join(dir, "app", "new", "untracked"), "x")
		}
		if got, err := worktree.Dirty(t.Context(), filepath.Join(dir, "app"), "**/result*.json"); err != nil || got != want {
			t.Errorf("step %d: %v, %v", step, got, err)
		}
	}
}

func TestSubmodules(t *testing.T) {
	dir, _ := repository(t)
	library := t.TempDir()
	run(t, library, "init", "-q", "-b", "main")
	write(t, filepath.Join(library, "lib"), "l")
	run(t, library, "add", ".")
	run(t, library, "commit", "-qm", "l")
	run(t, dir, "submodule", "--quiet", "add", library, "library")
	run(t, dir, "commit", "-qm", "with a library")
	tree, err := worktree.Checkout(t.Context(), dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(tree.Dir, "library/lib")); err != nil || string(text) != "l" {
		t.Errorf("library/lib is %q, %v", text, err)
	}
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
}

// What was checked out is taken away also once everything has been told to end.
func TestRemoveAfterTheEnd(t *testing.T) {
	dir, _ := repository(t)
	ctx, cancel := context.WithCancel(t.Context())
	tree, err := worktree.Checkout(ctx, dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := tree.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := worktree.Checkout(ctx, dir, "HEAD"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := run(t, dir, "worktree", "list"); strings.Count(left, "\n") != 0 {
		t.Errorf("left behind:\n%s", left)
	}
}
