package worktree_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	t.Setenv("TMPDIR", t.TempDir())
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
	run(t, dir, "tag", "second", commits[1])
	run(t, dir, "tag", "-a", "-m", "of its own", "noted", commits[1])
	return dir, commits
}

// own is what the user has: files, index and configuration.
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
	if left := run(t, dir, "worktree", "list"); strings.Count(left, "\n") != 0 {
		t.Errorf("left behind:\n%s", left)
	}
}

func TestCheckout(t *testing.T) {
	dir, commits := repository(t)
	write(t, filepath.Join(dir, "app/v"), "changed")
	write(t, filepath.Join(dir, "app/new"), "new")
	before := own(t, dir)
	for ref, want := range map[string]string{"HEAD": commits[2], "HEAD~1": commits[1], commits[1][:8]: commits[1], "main": commits[2], "second": commits[1], "noted": commits[1]} {
		tree, err := worktree.Checkout(t.Context(), filepath.Join(dir, "app"), ref)
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
	dir, commits := repository(t)
	run(t, dir, "checkout", "-q", "--detach")
	run(t, dir, "rm", "-rq", "app")
	write(t, filepath.Join(dir, "app"), "a file")
	run(t, dir, "add", ".")
	run(t, dir, "commit", "-qm", "a file")
	run(t, dir, "tag", "file")
	run(t, dir, "checkout", "-q", "main")
	write(t, filepath.Join(dir, "app/below/new"), "new")
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", "--depth=1", "file://"+dir, clone)
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
		{t.TempDir(), "HEAD", "is in no git repository"},
	} {
		tree, err := worktree.Checkout(t.Context(), c.dir, c.ref)
		if !errors.Is(err, worktree.ErrNoCommit) || tree != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s in %s: got %v, want %s", c.ref, c.dir, err, c.want)
		}
	}
	alone(t, dir)
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

// A clone of two branches with one commit each does not reach the one at which they parted.
func TestMergeBaseOfShallowClone(t *testing.T) {
	dir, commits := repository(t)
	run(t, dir, "checkout", "-qb", "feature", commits[1])
	run(t, dir, "commit", "-qm", "w", "--allow-empty")
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", "--depth=1", "--no-single-branch", "file://"+dir, clone)
	_, err := worktree.MergeBase(t.Context(), clone, "HEAD", "origin/main")
	want := "HEAD and origin/main have no commit in common here: it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	if !errors.Is(err, worktree.ErrNoCommit) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := worktree.MergeBase(ctx, clone, "HEAD", "origin/main"); !errors.Is(err, context.Canceled) || errors.Is(err, worktree.ErrNoCommit) {
		t.Errorf("got %v", err)
	}
}

func TestDirty(t *testing.T) {
	dir, _ := repository(t)
	write(t, filepath.Join(dir, ".git/info/exclude"), "ignored\n")
	file, untracked := filepath.Join(dir, "app/v"), filepath.Join(dir, "untracked")
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"as committed", func() {}, false},
		{"a file that is ignored", func() { write(t, filepath.Join(dir, "ignored"), "x") }, false},
		{"a file with another time", func() {
			if err := os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a file that does not count", func() { write(t, filepath.Join(dir, "app/result.json"), "x") }, false},
		{"a new file", func() { write(t, untracked, "x") }, true},
		{"a new file that status does not show", func() { run(t, dir, "config", "status.showUntrackedFiles", "no") }, true},
		{"without it", func() {
			if err := os.Remove(untracked); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a changed file", func() { write(t, file, "changed") }, true},
	} {
		step.do()
		before := own(t, dir)
		for _, from := range []string{dir, filepath.Join(dir, "app")} {
			if got, err := worktree.Dirty(t.Context(), from, "**/result*.json"); err != nil || got != step.want {
				t.Errorf("%s: got %v, %v, want %v", step.name, got, err, step.want)
			}
		}
		if after := own(t, dir); after != before {
			t.Errorf("%s: the user's tree was %s, and is %s", step.name, before, after)
		}
	}
	if _, err := worktree.Dirty(t.Context(), t.TempDir()); !errors.Is(err, worktree.ErrNoCommit) {
		t.Errorf("got %v", err)
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
	alone(t, dir)
}

// Neither the hooks of the user run nor do variables, such as git sets for hooks, lead astray.
func TestSurroundings(t *testing.T) {
	dir, commits := repository(t)
	other := t.TempDir()
	run(t, other, "init", "-q")
	mark := filepath.Join(t.TempDir(), "mark")
	for _, hook := range []string{"post-checkout", "reference-transaction", "post-index-change"} {
		write(t, filepath.Join(dir, ".git/hooks", hook), "#!/bin/sh\necho "+hook+" >>"+mark+"\n")
		if err := os.Chmod(filepath.Join(dir, ".git/hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("GIT_DIR", filepath.Join(other, ".git"))
	t.Setenv("GIT_WORK_TREE", other)
	t.Setenv("GIT_INDEX_FILE", filepath.Join(other, "index"))
	tree, err := worktree.Checkout(t.Context(), filepath.Join(dir, "app"), "HEAD~1")
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
	dir, _ := repository(t)
	t.Setenv("PATH", t.TempDir())
	_, err := worktree.Checkout(t.Context(), dir, "HEAD")
	if want := "git is not installed, and another commit cannot be had without it"; err == nil || err.Error() != want || errors.Is(err, worktree.ErrNoCommit) {
		t.Errorf("got %v, want %s", err, want)
	}
}
