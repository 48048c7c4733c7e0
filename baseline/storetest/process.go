package storetest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// placeVariable is the variable that makes a test program only put runs: see Child.
const placeVariable = "PLIMSOLL_STORETEST_PUT"

// Child puts runs and exits, in a process that Suite.Run has started. In any other process it does nothing.
// TestMain calls it first.
func Child(open Opener) {
	var first, n int
	place, ok := os.LookupEnv(placeVariable)
	if !ok {
		return
	}
	if err := func() error {
		if _, err := fmt.Sscanf(os.Args[1], "%d,%d", &first, &n); err != nil {
			return err
		}
		store, err := open(context.Background(), place)
		if err != nil {
			return err
		}
		for i := first; i < first+n; i++ {
			info, _, err := store.Put(context.Background(), NewResult(i))
			if err != nil {
				return err
			}
			fmt.Println(info.ID)
		}
		return store.Close()
	}(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a process that puts n runs, from number first on.
func child(t testing.TB, place string, first, n int) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, strconv.Itoa(first)+","+strconv.Itoa(n))
	command.Env = append(os.Environ(), placeVariable+"="+place)
	return command
}

// twoProcesses lets two programs open a new store at once and put runs. Some runs are in both programs.
func (s Suite) twoProcesses(t *testing.T) {
	const each, shared = 30, 10
	place := s.Place(t)
	var stderr [2]strings.Builder
	var children []*exec.Cmd
	for i := range stderr {
		command := child(t, place, i*(each-shared), each)
		command.Stderr = &stderr[i]
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, command)
	}
	for i, command := range children {
		if err := command.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, stderr[i].String())
		}
	}
	infos := list(t, s.open(t, place), baseline.Query{Limit: 1000})
	if want := 2*each - shared; len(infos) != want {
		t.Errorf("%d runs are kept, want %d", len(infos), want)
	}
}

// killed ends a process with SIGKILL while it puts one run after another.
func (s Suite) killed(t *testing.T) {
	place := s.Place(t)
	s.open(t, place)
	command := child(t, place, 0, 1_000_000)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var reported []string
	for lines := bufio.NewScanner(stdout); len(reported) < 20 && lines.Scan(); {
		reported = append(reported, lines.Text())
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // the error is that it was killed

	store := s.open(t, place)
	records, err := store.Window(t.Context(), baseline.Query{Limit: 100_000})
	if err != nil {
		t.Fatalf("after the kill: %v", err)
	}
	kept := map[string]bool{}
	for _, record := range records {
		kept[record.Summary.ID] = true
	}
	if len(reported) == 0 || len(kept) != len(records) {
		t.Errorf("%d runs were reported, %d are kept under %d IDs", len(reported), len(records), len(kept))
	}
	for _, id := range reported {
		if !kept[id] {
			t.Errorf("run %.12s was reported as kept, and is not", id)
		}
	}
	put(t, store, NewResult(2_000_000))
}
