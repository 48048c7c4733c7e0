package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "plimsoll-programs-*")
	if err != nil {
		panic(err)
	}
	programsIn = dir
	status := pgtest.Main(m)
	if line := retried.String(); line != "" {
		fmt.Println(line)
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(status)
}

// programsIn is the directory that programs are built into.
var programsIn string

// programs is a directory with the binary as users have it, and with the sample service.
var programs = sync.OnceValues(func() (string, error) {
	dir := programsIn
	for _, source := range []string{".", "../../testdata/shop/cmd/shop"} {
		args := []string{"build", "-o", dir + string(filepath.Separator), source}
		if raced {
			args = slices.Insert(args, 1, "-race")
		}
		output, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", source, err, output)
		}
	}
	return dir, nil
})

// buildPrograms builds the programs and returns their directory; TestMain removes it.
func buildPrograms(t *testing.T) (dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs whole programs; make test does")
	}
	dir, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
