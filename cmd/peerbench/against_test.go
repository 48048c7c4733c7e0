package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseEssence(t *testing.T) {
	check := func(text, wantErr string) essence {
		t.Helper()
		e, err := parseEssence([]byte(text))
		if (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("parseEssence(%.200s): error %v, want %q", text, err, wantErr)
		}
		return e
	}
	const rounds = `"rounds": [{"total": {"requests": 100, "failures": 0}}, {"total": {"requests": 50, "failures": 0}, "tally": 7}]`
	const generator = `"generator": {"lag_p50_ns": 70000, "lag_p99_ns": 250000}`
	e := check(`{`+rounds+`, `+generator+`, "tally": [], "warm_up": "of another form", "schema": "9"}`, "")
	if want := (essence{150, 0, 70 * time.Microsecond, 250 * time.Microsecond}); e != want {
		t.Errorf("got %+v, want %+v", e, want)
	}
	check(`{`+rounds+`, `+generator+`, "problems": [{"kind": "saturated", "text": "busy"}]}`, "")
	check(`{`+rounds+`, `+generator+`, "problems": [{"kind": "target-died", "text": "it died"}]}`, "target-died: it died")
	check(`{`+rounds+`}`, "no lag_p50_ns")
	check(`{"rounds": [{"figures": {}}], `+generator+`}`, "no total.requests")
	check(`{"rounds": [{"total": {"requests": 10, "failures": 3}}], `+generator+`}`, "3 of 10 requests failed")
	check(`{`+generator+`}`, "no requests")
	check(`nothing`, "result.json")

	recorded, err := os.ReadFile(filepath.Join("testdata", "result-open.json"))
	if err != nil {
		t.Fatal(err)
	}
	if e := check(string(recorded), ""); e.requests != 600 || e.lag99 == 0 {
		t.Errorf("of the recorded result: %+v", e)
	}
}

// status is what an nginx 1.22.1 answered.
const status = "Active connections: 291 \nserver accepts handled requests\n 16630948 16630948 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n"

func TestParseStatus(t *testing.T) {
	if n, err := parseStatus(status, requests); n != 31070465 || err != nil {
		t.Errorf("requests: got %v, %v; want 31070465", n, err)
	}
	if n, err := parseStatus(status, waiting); n != 106 || err != nil {
		t.Errorf("waiting: got %v, %v; want 106", n, err)
	}
	if n, err := parseStatus("<html>404", requests); err == nil {
		t.Errorf("a page without the number is taken for %v", n)
	}
}

// roundsOf are rounds of both programs; a negative value was not measured.
func roundsOf(what string, pairs ...[2]float64) (rounds []round) {
	for _, pair := range pairs {
		r := round{values: map[key]float64{}}
		for i, name := range []string{oldProgram, newProgram} {
			if pair[i] >= 0 {
				r.values[key{name, what}] = pair[i]
			}
		}
		rounds = append(rounds, r)
	}
	return rounds
}

func TestChanges(t *testing.T) {
	// The machine slows down to a quarter, which the ratios do not see.
	rounds := roundsOf(costCPU, [2]float64{10, 11}, [2]float64{20, 21}, [2]float64{40, 48}, [2]float64{-1, 11}, [2]float64{10, -1}, [2]float64{0, 7})
	all := changesOf(rounds, []string{costCPU, costLag99})
	if len(all) != 1 {
		t.Fatalf("got %+v, want one figure: nothing measured the other", all)
	}
	c := all[0]
	if len(c.Old) != 3 || len(c.New) != 3 || math.Abs(c.Ratio-1.1) > 1e-9 || math.Abs(c.Low-1.05) > 1e-9 || math.Abs(c.High-1.2) > 1e-9 {
		t.Errorf("got %+v, want 3 rounds, ratios 1.1 from 1.05 to 1.2", c)
	}
}

// A limit applies to each cost, but not to lateness.
func TestWithin(t *testing.T) {
	c := comparison{Against: "v1", Scenarios: []changes{
		{"get", "", []change{{What: costCPU, Ratio: 1.031}}},
		{"post", "", []change{{What: costCPU, Ratio: 0.8}}},
		{"open", "", []change{{What: costLag50, Ratio: 4}, {What: costLag99, Ratio: 4}}},
	}}
	for within, want := range map[float64]string{0: "", 0.04: "", 0.03: "get, CPU µs a request: 1.031 times that of v1, allowed is 1.030"} {
		if err := c.past(within); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("within %v: got %v, want %q", within, err, want)
		}
	}
}

func TestWriteComparison(t *testing.T) {
	c := comparison{Against: "v1", Commit: "0123456789abcdef", Rounds: 2, Mode: "a mode", Machine: "a machine", Scenarios: []changes{
		{"get", "how it asks", changesOf(roundsOf(costCPU, [2]float64{10, 11}, [2]float64{10, 12}), []string{costCPU})},
		{"post", "how it posts", nil},
	}}
	const want = `
this tree against v1 (0123456789ab), 2 rounds, the programs in turn
a mode
a machine

get: how it asks

figure            old, median  new, median  new/old, median  lowest  highest  rounds
CPU µs a request  10.0         11.5         1.150            1.100   1.200    2

post: how it posts

nothing was measured

`
	var got strings.Builder
	if err := c.write(&got, options{}); err != nil || got.String() != want {
		t.Errorf("error %v, got:\n%s\nwant:\n%s", err, got.String(), want)
	}
	got.Reset()
	if err := c.write(&got, options{json: true, within: 0.1}); err == nil {
		t.Error("a cost 15 % higher is within 10 %")
	}
	var back comparison
	if err := json.Unmarshal([]byte(got.String()), &back); err != nil || back.Scenarios[0].Figures[0].Ratio != 1.15 {
		t.Errorf("error %v, JSON:\n%s", err, got.String())
	}
}

// repository makes the working directory a repository whose first commit has a plimsoll that
// does not compile, and whose second one does.
func repository(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) {
		cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	run("init", "--quiet")
	write("go.mod", "module example.com/p\n\ngo 1.24\n")
	for _, body := range []string{"broken()", `println("works")`} {
		write("cmd/plimsoll/main.go", "package main\n\nfunc main() { "+body+" }\n")
		run("add", "-A")
		run("commit", "--quiet", "-m", body)
	}
	run("tag", "works")
}

func TestBuildBoth(t *testing.T) {
	repository(t)
	build := func(ref string) (*bench, error) {
		b := &bench{options: options{against: ref}, log: io.Discard, dir: t.TempDir(), programs: map[string]string{}}
		err := b.buildBoth(t.Context())
		if trees, problem := git(t.Context(), "worktree", "list"); problem != nil || strings.Count(trees, "\n") != 0 {
			t.Errorf("%s: work trees are left: %s, %v", ref, trees, problem)
		}
		return b, err
	}
	b, err := build("works")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range b.programs {
		if out, err := exec.Command(program).CombinedOutput(); err != nil || string(out) != "works\n" {
			t.Errorf("%s: %q, %v", program, out, err)
		}
	}
	if _, err := build("works~1"); err == nil || !strings.Contains(err.Error(), "commit works~1 (") || !strings.Contains(err.Error(), "undefined: broken") {
		t.Errorf("a commit that does not compile: %v", err)
	}
	if _, err := build("--output=x"); err == nil || !strings.Contains(err.Error(), "is no commit") {
		t.Errorf("no commit: %v", err)
	}
}

// An interrupt while the commit is built leaves no work tree.
func TestBuildInterrupted(t *testing.T) {
	repository(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	b := &bench{options: options{against: "works"}, dir: t.TempDir(), programs: map[string]string{}}
	b.log = writerFunc(func(p []byte) (int, error) { cancel(interrupted); return len(p), nil }) // the build is about to start
	if err := b.buildBoth(ctx); !errors.Is(err, interrupted) {
		t.Errorf("got %v, want the interrupt", err)
	}
	if trees, err := git(t.Context(), "worktree", "list"); err != nil || strings.Count(trees, "\n") != 0 {
		t.Errorf("work trees are left: %s, %v", trees, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestAgainstItself runs a small comparison for real: the program of this tree with itself. The open
// scenario is left out: a busy machine cannot keep up with its rate.
func TestAgainstItself(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program and loads an nginx")
	}
	if _, _, err := twoCores(); err != nil {
		t.Skip(err)
	}
	t.Chdir("../..")
	var out, log strings.Builder
	err := run(t.Context(), []string{"-against", "HEAD", "-scenario", "get", "-rounds", "2", "-seconds", "1", "-connections", "20", "-json"}, &out, &log)
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var c comparison
	if err := json.Unmarshal([]byte(out.String()), &c); err != nil {
		t.Fatal(err)
	}
	figures := c.Scenarios[0].Figures
	if len(figures) != 1 {
		t.Fatalf("%+v, want one figure", figures)
	}
	if cpu := figures[0]; cpu.What != costCPU || len(cpu.Old) != 2 || cpu.Old[0] <= 0 || cpu.Old[0] > 10_000 {
		t.Errorf("%+v, want a plausible processor time in each of 2 rounds", cpu)
	}
	if trees, err := git(t.Context(), "worktree", "list"); err != nil || strings.Contains(trees, "peerbench-") {
		t.Errorf("work trees are left: %s, %v", trees, err)
	}
}
