package python_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
)

// The parser reads every statement of the Python libraries on this machine, if there are any.
func TestPythonsOwnLibrary(t *testing.T) {
	roots, err := filepath.Glob("/usr/lib/python3*")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".py" || strings.Contains(path, "lib2to3/tests") {
				return err
			}
			if read++; testing.Short() && read > 200 {
				return fs.SkipAll
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			_, passedOver, err := python.Parse(path, string(text))
			if err != nil {
				t.Errorf("it is refused: %v", err)
			}
			for _, p := range passedOver {
				t.Errorf("a statement is passed over: %v", p)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read == 0 {
		t.Skip("there is no Python on this machine")
	}
	t.Logf("%d files", read)
}
