package python_test

import (
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft/python"
)

// The parser reads a sample of the Python libraries on this machine, if there are any. TestRealLibrary reads all.
func TestPythonsOwnLibrary(t *testing.T) { readLibraries(t, 12) }

// readLibraries reads one of so many files of the Python libraries on this machine.
func readLibraries(t *testing.T, share uint32) {
	t.Helper()
	roots, err := filepath.Glob("/usr/lib/python3*")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".py" || strings.Contains(path, "lib2to3/tests") || number(path)%share != 0 {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			read++
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

// number is a number that a file has by its name.
func number(path string) uint32 {
	sum := fnv.New32a()
	sum.Write([]byte(filepath.Base(path))) // never fails
	return sum.Sum32()
}
