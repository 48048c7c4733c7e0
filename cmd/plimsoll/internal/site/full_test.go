package site

import (
	"errors"
	"io"
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

// full is a file on a disk that is full.
type full struct{ io.WriteCloser }

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// When the disk gets full at any file, the older site stays as it was, and nothing else is left.
func TestFullDisk(t *testing.T) {
	made := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	r := baseline.Record{Info: baseline.Info{ID: "1", Series: "shop", Started: made}, Summary: result.Summary{Figures: map[string]result.Figures{tally.All: {Requests: 1}}}}
	h := Build([]baseline.Record{r}, Options{Made: made})
	dir := t.TempDir()
	if _, err := h.Write(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	for failing := 0; ; failing++ {
		n := 0
		_, err := h.write(t.Context(), dir, func(path string) (io.WriteCloser, error) {
			f, err := os.Create(path)
			if n++; n == failing+1 {
				return full{f}, err
			}
			return f, err
		})
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
	if err := swap(dir, fresh, old); err == nil {
		t.Fatal("it swapped what is not there")
	}
	if after := names(t, dir); after != before {
		t.Errorf("the directory had\n%s\nand has\n%s", before, after)
	}
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
