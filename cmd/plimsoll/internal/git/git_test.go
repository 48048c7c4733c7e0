package git_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
)

// index returns the bytes of the user's index.
func index(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, ".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMergeBase(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "checkout", "-qb", "feature", commits[1])
	gittest.Write(t, filepath.Join(dir, "app/w"), "w")
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "commit", "-qm", "w")
	if got, err := git.In(dir, os.Environ()).MergeBase(t.Context(), "HEAD", "main"); err != nil || got != commits[1] {
		t.Errorf("got %s, %v, want %s", got, err, commits[1])
	}
	if git.In(dir, os.Environ()).Same(t.Context(), commits[1]) || !git.In(dir, os.Environ()).Same(t.Context(), gittest.Run(t, dir, "rev-parse", "HEAD")) {
		t.Error("HEAD is the commit of the branch, and no other")
	}
	if _, err := git.In(dir, os.Environ()).MergeBase(t.Context(), "HEAD", "origin/main"); !errors.Is(err, git.ErrNoCommit) {
		t.Errorf("got %v", err)
	}
	gittest.Run(t, dir, "checkout", "-q", "--orphan", "alone")
	gittest.Run(t, dir, "commit", "-qm", "alone")
	if _, err := git.In(dir, os.Environ()).MergeBase(t.Context(), "HEAD", "main"); err == nil || !strings.Contains(err.Error(), "HEAD and main have no commit in common here") {
		t.Errorf("got %v", err)
	}
}

// A clone of two branches with one commit each lacks their merge base.
func TestMergeBaseOfShallowClone(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "checkout", "-qb", "feature", commits[1])
	gittest.Run(t, dir, "commit", "-qm", "w", "--allow-empty")
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", "--depth=1", "--no-single-branch", "file://"+dir, clone)
	_, err := git.In(clone, os.Environ()).MergeBase(t.Context(), "HEAD", "origin/main")
	want := "HEAD and origin/main have no commit in common here: it is a shallow clone; fetch its history, with `fetch-depth: 0` in actions/checkout"
	if !errors.Is(err, git.ErrNoCommit) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := git.In(clone, os.Environ()).MergeBase(ctx, "HEAD", "origin/main"); !errors.Is(err, context.Canceled) || errors.Is(err, git.ErrNoCommit) {
		t.Errorf("got %v", err)
	}
}

func TestDirty(t *testing.T) {
	dir, _ := gittest.Repository(t)
	gittest.Write(t, filepath.Join(dir, ".git/info/exclude"), "ignored\n")
	file, untracked := filepath.Join(dir, "app/v"), filepath.Join(dir, "untracked")
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"as committed", func() {}, false},
		{"a file that is ignored", func() { gittest.Write(t, filepath.Join(dir, "ignored"), "x") }, false},
		{"a file with another time", func() {
			if err := os.Chtimes(file, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a file that does not count", func() { gittest.Write(t, filepath.Join(dir, "app/result.json"), "x") }, false},
		{"a new file", func() { gittest.Write(t, untracked, "x") }, true},
		{"a new file that status does not show", func() { gittest.Run(t, dir, "config", "status.showUntrackedFiles", "no") }, true},
		{"without it", func() {
			if err := os.Remove(untracked); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a changed file", func() { gittest.Write(t, file, "changed") }, true},
	} {
		step.do()
		before := index(t, dir)
		for _, from := range []string{dir, filepath.Join(dir, "app")} {
			if got, err := git.In(from, os.Environ()).Dirty(t.Context(), "**/result*.json"); err != nil || got != step.want {
				t.Errorf("%s: got %v, %v, want %v", step.name, got, err, step.want)
			}
		}
		if after := index(t, dir); after != before {
			t.Errorf("%s: the user's index was %s, and is %s", step.name, before, after)
		}
	}
	if _, err := git.In(t.TempDir(), os.Environ()).Dirty(t.Context()); !errors.Is(err, git.ErrNoCommit) {
		t.Errorf("got %v", err)
	}
}

// A clone that has only a merge commit still knows its parents.
func TestParentsOfShallowClone(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "checkout", "-qb", "feature", commits[1])
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "parent 0000000000000000000000000000000000000000")
	feature := gittest.Run(t, dir, "rev-parse", "HEAD")
	gittest.Run(t, dir, "checkout", "-q", "--detach", "main")
	gittest.Run(t, dir, "merge", "-q", "--no-ff", "-m", "parent of\n\nparent 1", "feature")
	gittest.Run(t, dir, "branch", "merged")
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, dir, "clone", "-q", "--depth=1", "--branch=merged", "file://"+dir, clone)
	want := []string{commits[2], feature}
	if got, err := git.In(clone, os.Environ()).Parents(t.Context(), "HEAD"); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got, err := git.In(dir, os.Environ()).Parents(t.Context(), commits[0]); err != nil || len(got) != 0 {
		t.Errorf("of the first commit: %v, %v", got, err)
	}
	if got, whole, err := git.In(clone, os.Environ()).Ancestors(t.Context(), "HEAD", 10); err != nil || whole || len(got) != 1 {
		t.Errorf("in a shallow clone: %v, whole %v, %v", got, whole, err)
	}
	if _, _, err := git.In(clone, os.Environ()).Ancestors(t.Context(), commits[0], 10); !errors.Is(err, git.ErrNoCommit) {
		t.Errorf("what is not there: %v", err)
	}
}

func TestAncestors(t *testing.T) {
	dir, commits := gittest.Repository(t)
	for most, want := range map[int][]string{2: {commits[2], commits[1]}, 3: {commits[2], commits[1], commits[0]}, 9: {commits[2], commits[1], commits[0]}} {
		if got, whole, err := git.In(dir, os.Environ()).Ancestors(t.Context(), "main", most); err != nil || !whole || !slices.Equal(got, want) {
			t.Errorf("at most %d: %v, whole %v, %v, want %v", most, got, whole, err, want)
		}
	}
	if _, _, err := git.In(dir, os.Environ()).Ancestors(t.Context(), "--all", 9); !errors.Is(err, git.ErrNoCommit) {
		t.Errorf("a flag: %v", err)
	}
}

// Show returns every byte of a file, also from a directory below the root.
func TestShow(t *testing.T) {
	dir, commits := gittest.Repository(t)
	below := filepath.Join(dir, "a b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	const content = "one\r\n\n\n"
	if err := os.WriteFile(filepath.Join(below, "x.csv"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "-c", "core.autocrlf=false", "add", ".")
	gittest.Run(t, dir, "commit", "-qm", "x")
	if err := os.WriteFile(filepath.Join(below, "x.csv"), []byte("later"), 0o644); err != nil {
		t.Fatal(err)
	}
	at := git.In(below, os.Environ())
	if got, err := at.Show(t.Context(), "HEAD", "x.csv"); err != nil || string(got) != content {
		t.Errorf("got %q, %v", got, err)
	}
	for _, missing := range [][2]string{{commits[0], "x.csv"}, {"HEAD", "y.csv"}, {"nowhere", "x.csv"}} {
		if _, err := at.Show(t.Context(), missing[0], missing[1]); !errors.Is(err, git.ErrNoCommit) {
			t.Errorf("%v: %v", missing, err)
		}
	}
}
