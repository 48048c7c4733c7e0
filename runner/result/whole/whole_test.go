package whole_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	say := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, writeErr := io.WriteString(w, text)
			return errors.Join(writeErr, err)
		}
	}
	check := func(want string) {
		t.Helper()
		text, err := os.ReadFile(path)
		left, dirErr := os.ReadDir(dir)
		if err != nil || dirErr != nil || string(text) != want || len(left) != 1 {
			t.Errorf("the file holds %q, want %q; %d files, %v, %v", text, want, len(left), err, dirErr)
		}
	}
	if err := whole.Write(path, say("one", nil)); err != nil {
		t.Fatal(err)
	}
	check("one")
	broken := errors.New("broken")
	if err := whole.Write(path, say("tw", broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	check("one")
	if err := whole.Write(path, say("two", nil)); err != nil {
		t.Fatal(err)
	}
	check("two")
	if err := whole.Write(filepath.Join(dir, "no", "a"), say("", nil)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

// A link still leads to the file, which is the new one.
func TestWriteFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o600), os.Symlink("a", link)); err != nil {
		t.Fatal(err)
	}
	if err := whole.Write(link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	text, readErr := os.ReadFile(file)
	if err != nil || info.Mode()&os.ModeSymlink == 0 || readErr != nil || string(text) != "new" {
		t.Errorf("the link is %v, %v, and the file holds %q, %v", info, err, text, readErr)
	}
}
