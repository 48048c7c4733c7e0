package site

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// oneRun is a history of a run.
func oneRun() *History {
	made := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	r := baseline.Record{Info: baseline.Info{ID: "1", Series: "shop", Started: made}, Summary: result.Summary{Figures: map[string]result.Figures{tally.All: {Requests: 1}}}}
	return Build([]baseline.Record{r}, Options{Made: made})
}

// full is a file on a disk that is full.
type full struct{ file }

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// When the disk gets full at any file, the older site stays as it was, and nothing else is left.
func TestFullDisk(t *testing.T) {
	h := oneRun()
	dir := t.TempDir()
	if _, err := h.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	for failing := 0; ; failing++ {
		n := 0
		_, err := h.write(t.Context(), dir, disk{func(path string) (file, error) {
			f, err := os.Create(path)
			if n++; n == failing+1 {
				return full{f}, err
			}
			return f, err
		}, os.Rename})
		if after := names(t, dir); after != before {
			t.Fatalf("file %d: the directory had\n%s\nand has\n%s", failing, before, after)
		}
		if err == nil {
			if failing < 10 {
				t.Errorf("only %d files were written", failing)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// If one of the names cannot be replaced, all of them are put back.
func TestSwapPutsBack(t *testing.T) {
	root := t.TempDir()
	dir, fresh, old := filepath.Join(root, "dir"), filepath.Join(root, "fresh"), filepath.Join(root, "old")
	for _, one := range []string{dir, fresh, old} {
		if err := os.Mkdir(one, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range ours() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range ours()[:3] { // the others are missing
		if err := os.WriteFile(filepath.Join(fresh, name), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := names(t, dir)
	if err := swap(dir, fresh, old, disk{rename: os.Rename}); err == nil {
		t.Fatal("it swapped what is not there")
	}
	if after := names(t, dir); after != before {
		t.Errorf("the directory had\n%s\nand has\n%s", before, after)
	}
}

// A program killed between any two renames leaves a directory that the next one recognises as its own, both in a new
// directory and over an older site.
func TestKilled(t *testing.T) {
	h := oneRun()
	want := filepath.Join(t.TempDir(), "want")
	if _, err := h.Write(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	for _, isNew := range []bool{true, false} {
		for last := 0; ; last++ {
			dir := t.TempDir()
			if !isNew {
				if _, err := h.Write(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
			}
			wasKilled := killedAt(t, h, dir, last)
			if _, err := h.Write(t.Context(), dir); err != nil {
				t.Fatalf("killed at rename %d, the next one says: %v", last, err)
			}
			if got := strings.ReplaceAll(names(t, dir), dir, want); got != names(t, want) {
				t.Errorf("killed at rename %d, the next one leaves\n%s", last, got)
			}
			if !wasKilled {
				if last < len(ours()) {
					t.Errorf("only %d renames", last)
				}
				break
			}
		}
	}
}

// killedAt writes a site and stops at a rename, without cleaning up.
func killedAt(t *testing.T, h *History, dir string, last int) (wasKilled bool) {
	defer func() { wasKilled = recover() != nil }()
	n := 0
	_, err := h.write(t.Context(), dir, disk{func(path string) (file, error) { return os.Create(path) }, func(from, to string) error {
		if n == last {
			panic("killed")
		}
		n++
		return os.Rename(from, to)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return false
}

// names lists what is below a directory, with the contents of files.
func names(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var text []byte
			text, err = os.ReadFile(path)
			b.Write(text)
		}
		b.WriteString(path + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
