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
