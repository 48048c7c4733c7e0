package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// TestDemo shows one passing and one failing gate. It checks what the demo prints; make demo shows how long
// it takes. A busy machine may keep the demo from recording its baselines, and then it must say so.
func TestDemo(t *testing.T) {
	command := exec.Command(filepath.Join(buildPrograms(t), "plimsoll"), "demo")
	command.Env = append(os.Environ(), "LOCUST_HOST=http://127.0.0.1:1", "GITHUB_ACTIONS=true", "PLIMSOLL_DATABASE_URL=postgres://nobody@127.0.0.1:1/x")
	text, err := command.CombinedOutput()
	if status := command.ProcessState.ExitCode(); status == exit.Trouble && bytes.Contains(text, []byte(errDemoBusy.Error())) {
		retried.add("demo")
		t.Skipf("this machine is too busy for the demo:\n%s", text)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	pass, fail := strings.Index(string(text), "\npass: 6 routes within limits"), strings.Index(string(text), "\nfail: ")
	if pass < 0 || fail < pass || !strings.Contains(string(text), "shop.v1.Shop/Search     | p50") {
		t.Errorf("the demo shows no pass and then a fail:\n%s", text)
	}
}

// TestDemoThatEndsEarly: the demo says that a partial result goes away with it, and what to do without a directory.
func TestDemoThatEndsEarly(t *testing.T) {
	check := func(want string, do subcommand) {
		t.Helper()
		var printed bytes.Buffer
		a := &console.Console{Stdout: &printed, Stderr: &printed, Env: environ.Of(nil)}
		if err := new(demoCmd).Run(t.Context(), a, do); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
	check("the demo has deleted all its files, this result too", func(context.Context, *console.Console, []string) error {
		return fmt.Errorf("%w: 0 of 2 rounds are whole", runner.ErrInterrupted)
	})
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	if runtime.GOOS != "windows" {
		check("set TMPDIR to a directory in which you may write", nil)
	}
}

// TestDemoStory runs the demo's story over commands that measure nothing.
func TestDemoStory(t *testing.T) {
	for _, c := range []struct {
		name    string
		busy    int          // how many times in a row the machine is too busy to record
		slow    gate.Outcome // the verdict on the slower shop
		want    string       // in the error; empty for none
		records int
	}{
		{"as told", 0, gate.Fail, "", demoRuns},
		{"busy at first", demoTries - 1, gate.Fail, "", demoRuns + demoTries - 1},
		{"always busy", demoTries, gate.Fail, errDemoBusy.Error(), demoTries},
		{"never a verdict", 0, gate.Inconclusive, errDemoBusy.Error(), demoRuns},
		{"a slower shop passes", 0, gate.Pass, "the verdict is pass, and should be fail", demoRuns},
	} {
		records, gates := 0, 0
		do := func(_ context.Context, a *console.Console, args []string) error {
			if _, foreign := a.Env.Lookup("PLIMSOLL_DATABASE_URL"); foreign {
				t.Errorf("%s: the demo sees the user's database", c.name)
			}
			slow := a.Env.Get("SHOP_SLOW") != ""
			switch {
			case slices.Contains(args, "update"):
				records++
				if records <= c.busy {
					return fmt.Errorf("record: %w", baseline.ErrNotWhole)
				}
			case slow:
				gates++
				if c.slow != gate.Pass {
					return exit.Verdict{Outcome: c.slow}
				}
			default:
				gates++
			}
			return nil
		}
		var printed bytes.Buffer
		a := &console.Console{Stdout: &printed, Stderr: &printed, Env: environ.Of([]string{"PLIMSOLL_DATABASE_URL=postgres://nobody@127.0.0.1:1/x"})}
		err := new(demoCmd).Run(t.Context(), a, do)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", c.name, err, c.want)
		}
		if told := strings.Contains(printed.String(), "The first gate exits 0, the second 1"); told != (c.want == "") || records != c.records || told && gates != 2 {
			t.Errorf("%s: %d records, want %d; %d gates:\n%s", c.name, records, c.records, gates, &printed)
		}
	}
}
