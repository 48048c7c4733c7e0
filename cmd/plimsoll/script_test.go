package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
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

// buildPrograms gives the directory of the programs; TestMain takes it away.
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

// TestScripts runs the command lines of testdata/script. Besides testscript's own there are
// these commands:
//
//	exits STATUS PROGRAM ARGS…  the program ends with exactly this status
//	measures STATUS PROGRAM ARGS…  as exits, but runs the program again when it says that this
//	                            machine was too busy. With -until REGEXP before the status, the
//	                            output must match too
//	loads PROGRAM ARGS…         the program ends with status 0, or with 3 and the words that this
//	                            machine was too busy
//	runs ARGS…                  plimsoll run. Drops from result.json that the machine was too busy,
//	                            so that later lines do not depend on it
//	whole FILE…                 drops the same from results that another command measured
//	records ARGS…               plimsoll baseline update. If the machine was too busy for a baseline,
//	                            drops that from result.json and records it
//	record N FILE               records N copies of the run in FILE, one a day
//	slowed N FILE               writes slow-1.json to slow-N.json: the run in FILE with GET /products/{id}
//	                            100 ms slower
//	postgres                    sets PLIMSOLL_DATABASE_URL to an empty database
//	github PULL-REQUEST         sets the environment of a workflow for this pull request, with a
//	                            stand-in for GitHub; 0 for a push to main
//	followed                    sets the environment of a workflow_run after a fork's run for pull
//	                            request 7
//	queued                      sets the environment of a merge group that ends with pull request 7
//	readonly                    makes the token read-only
//	label BY                    BY puts the accepting label on pull request 7 at its present head
//	push SHA                    pushes another commit to pull request 7
//	checked REGEXP              the newest check run, as JSON, matches
//	comment REGEXP              there is exactly one comment of ours, and it matches
//	comment-holds TEXT          every comment of ours contains the text
//	output NAME REGEXP          the step's output matches
func TestScripts(t *testing.T) {
	dir := buildPrograms(t)
	var mu sync.Mutex // guards hubs
	hubs := map[*testscript.TestScript]*githubtest.Server{}
	hub := func(ts *testscript.TestScript) *githubtest.Server {
		mu.Lock()
		defer mu.Unlock()
		if hubs[ts] == nil {
			hubs[ts] = githubtest.New(t, "example/shop")
		}
		return hubs[ts]
	}
	scripts, err := filepath.Abs("testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: scriptFiles(t),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
			env.Setenv("SCRIPTS", scripts)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"measures": measures,
			"loads":    loads,
			"runs":     runs,
			"records":  records,
			"whole":    takeBusy,
			"record":   record,
			"slowed":   slowed,
			"postgres": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("PLIMSOLL_DATABASE_URL", pgtest.Database(t))
			},
			"github":   func(ts *testscript.TestScript, _ bool, args []string) { workflow(ts, hub(ts), args[0]) },
			"queued":   func(ts *testscript.TestScript, _ bool, _ []string) { queue(ts, hub(ts)) },
			"followed": func(ts *testscript.TestScript, _ bool, _ []string) { follow(ts, hub(ts)) },
			"label": func(ts *testscript.TestScript, _ bool, args []string) {
				hub(ts).Run(githubtest.Run{ID: 100, Event: "pull_request", HeadSHA: strings.Repeat("d", 40), HeadBranch: "feature"})
				hub(ts).Label(7, "plimsoll-accepted", args[0])
			},
			"push":     func(ts *testscript.TestScript, _ bool, args []string) { hub(ts).Push(7, args[0]) },
			"checked":  func(ts *testscript.TestScript, _ bool, args []string) { checked(ts, hub(ts), args[0]) },
			"readonly": func(ts *testscript.TestScript, _ bool, _ []string) { hub(ts).ReadOnly() },
			"comment":  func(ts *testscript.TestScript, neg bool, args []string) { comment(ts, hub(ts), neg, args) },
			"comment-holds": func(ts *testscript.TestScript, neg bool, args []string) {
				for _, c := range hub(ts).Comments(7) {
					if strings.Contains(c.Body, args[0]) == neg {
						ts.Fatalf("looking for %s in the comment:\n%s", args[0], c.Body)
					}
				}
			},
			"output": output,
		},
	})
}

// scriptFiles are all scripts. The race detector makes programs slow, so under it only the scripts with the
// most concurrency run: a shared store, GitHub, the action and secrets.
func scriptFiles(t *testing.T) (files []string) {
	t.Helper()
	if raced {
		for _, name := range []string{"action", "github", "secrets", "store"} {
			files = append(files, filepath.Join("testdata", "script", name+".txtar"))
		}
		return files
	}
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// exits runs a program, which must end with exactly this status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if status := exitStatusOf(ts, args[1:]); status != want {
		ts.Fatalf("%q exits %d, want %d", args[1:], status, want)
	}
}

// measures is exits for a program whose figures matter. It runs the program again when this machine was too busy.
func measures(ts *testscript.TestScript, neg bool, args []string) {
	until := regexp.MustCompile("")
	if len(args) > 2 && args[0] == "-until" {
		until, args = regexp.MustCompile(args[1]), args[2:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: measures [-until REGEXP] STATUS PROGRAM ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	for try := 0; ; try++ {
		status := exitStatusOf(ts, args[1:])
		said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		wasBusy := busy.MatchString(said)
		// A gate may be inconclusive for another reason than the one that the script looks for.
		right := status == want && until.MatchString(said) && (want != exit.Inconclusive || until.String() != "" || !wasBusy)
		switch {
		case right:
			return
		case !wasBusy || try == busyRetries:
			ts.Fatalf("%q exits %d, want %d, after %d tries", args[1:], status, want, try+1)
		}
		retried.add(ts.Name())
	}
}

// loads runs a program that measures. It may find that this machine was too busy.
func loads(ts *testscript.TestScript, neg bool, command []string) {
	if neg || len(command) == 0 {
		ts.Fatalf("usage: loads PROGRAM ARGS…")
	}
	loadsWhole(ts, command)
}

// loadsWhole is loads, and reports whether the machine was quiet enough.
func loadsWhole(ts *testscript.TestScript, command []string) (whole bool) {
	status := exitStatusOf(ts, command)
	tooBusy := status == exit.Trouble && busy.MatchString(ts.ReadFile("stderr"))
	if status != exit.OK && !tooBusy {
		ts.Fatalf("%q exits %d, want 0, or 3 on a busy machine", command, status)
	}
	return !tooBusy
}

// records is plimsoll baseline update, which records its run even if this machine was too busy.
func records(ts *testscript.TestScript, neg bool, args []string) {
	command := append([]string{"plimsoll", "baseline", "update"}, args...)
	if neg {
		ts.Fatalf("usage: records ARGS…")
	}
	if !loadsWhole(ts, command) {
		takeBusy(ts, false, []string{"result.json"})
		ts.Check(ts.Exec(command[0], append(command[1:], "--result", "result.json")...))
	}
}

// runs is plimsoll run, whose result is whole even if this machine was too busy.
func runs(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: runs ARGS…")
	}
	loadsWhole(ts, append([]string{"plimsoll", "run"}, args...))
	file := "result.json"
	if i := slices.Index(args, "-o"); i >= 0 {
		file = args[i+1]
	}
	takeBusy(ts, neg, []string{file})
}

// takeBusy drops from results that the machine was too busy. It leaves other results as they are.
func takeBusy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: whole FILE…")
	}
	for _, file := range args {
		r, err := result.Read(ts.MkAbs(file))
		ts.Check(err)
		problems := len(r.Problems)
		r.Problems = slices.DeleteFunc(r.Problems, func(p result.Problem) bool { return p.Kind == result.Saturated })
		if len(r.Problems) < problems {
			ts.Check(result.Write(ts.MkAbs(file), r))
		}
	}
}

// busy matches what a program says when this machine was too busy to send the load in time.
var busy = regexp.MustCompile("the load generator was the bottleneck|the machine is too noisy|is too noisy to rule out|is this machine very busy")

const busyRetries = 10

// retried counts the commands that were run again because this machine was busy.
var retried retries

type retries struct {
	mu sync.Mutex // guards of
	of map[string]int
}

func (r *retries) add(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]int{}
	}
	r.of[name]++
}

// String is one line to print after the tests; empty when no command was run again.
func (r *retries) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, each := 0, []string{}
	for _, name := range slices.Sorted(maps.Keys(r.of)) {
		all += r.of[name]
		each = append(each, fmt.Sprintf("%s %d", name, r.of[name]))
	}
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("this machine was busy: %d commands were run again or given up (%s)", all, strings.Join(each, ", "))
}

func exitStatusOf(ts *testscript.TestScript, command []string) int {
	err := ts.Exec(command[0], command[1:]...)
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	ts.Check(err)
	return 0
}

// record records copies of a run, to get a history without measuring one. The figures of the copies differ
// by at most 1 %.
func record(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: record N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	r, err := result.Read(ts.MkAbs(args[1]))
	ts.Check(err)
	for i := range n {
		one := changed(r, i-n, func(_ string, d time.Duration) time.Duration { return d + d*time.Duration(i%3)/200 })
		file := ts.MkAbs("recorded.json")
		ts.Check(result.Write(file, one))
		ts.Check(ts.Exec("plimsoll", "baseline", "update", "--branch", "main", "--result", file))
	}
}

// slowed writes copies of a run in which one route is slower, without measuring them.
func slowed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: slowed N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	r, err := result.Read(ts.MkAbs(args[1]))
	ts.Check(err)
	for i := range n {
		one := changed(r, i, func(route string, d time.Duration) time.Duration {
			if route == "GET /products/{id}" {
				return d + 100*time.Millisecond
			}
			return d
		})
		ts.Check(result.Write(ts.MkAbs(fmt.Sprintf("slow-%d.json", i+1)), one))
	}
}

// changed is a copy of a run with another day and other latencies.
func changed(r *result.Result, days int, latency func(route string, d time.Duration) time.Duration) *result.Result {
	one := *r.Compact()
	one.Started, one.Finished = r.Started.AddDate(0, 0, days), r.Finished.AddDate(0, 0, days)
	change := func(route string, f result.Figures) result.Figures {
		f.P50, f.P95, f.P99 = latency(route, f.P50), latency(route, f.P95), latency(route, f.P99)
		return f
	}
	for k := range one.Rounds {
		one.Rounds[k].Total = change(tally.All, one.Rounds[k].Total)
		figures := map[string]result.Figures{}
		for route, f := range one.Rounds[k].Figures {
			figures[route] = change(route, f)
		}
		one.Rounds[k].Figures = figures
	}
	return &one
}

// TestInterrupt sends one interrupt during a run, which keeps its whole rounds.
func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, dir := buildPrograms(t), t.TempDir()
	profile := strings.Replace(readFile(t, "testdata/script/shop.yaml"), "run_time: 1500ms", "run_time: 120s", 1)
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.yaml"), []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(bin, "plimsoll"), "run")
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	var stdout strings.Builder
	stderr := &trigger{on: "round 1", do: func() { _ = command.Process.Signal(os.Interrupt) }} // seen by the exit status
	command.Stdout, command.Stderr = &stdout, stderr
	err := command.Run()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exit.Trouble {
		t.Errorf("interrupted, it ends with %v, want exit status 3", err)
	}
	if want := "interrupted before the end of the run: 0 of 3 rounds are whole"; !strings.Contains(stderr.text.String(), want) {
		t.Errorf("stderr lacks %q:\n%s", want, stderr.text.String())
	}
	if r, err := readResult(filepath.Join(dir, "result.json")); err != nil || r.Whole() || len(r.Problems) != 1 {
		t.Errorf("the result: %v, %+v", err, r)
	}
}

// TestInterruptPaired sends one interrupt during a paired gate. It keeps the whole pairs, removes the
// checkout of base and judges nothing.
func TestInterruptPaired(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot send another an interrupt there")
	}
	bin, dir, temp := buildPrograms(t), t.TempDir(), t.TempDir()
	profile := strings.Replace(readFile(t, "testdata/script/shop.yaml"), "run_time: 1500ms", "run_time: 120s", 1)
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.yaml"), []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "x"}} {
		git := exec.Command("git", args...)
		git.Dir = dir
		if output, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
	}
	command := exec.Command(filepath.Join(bin, "plimsoll"), "gate", "--against", "HEAD")
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "TMPDIR="+temp)
	stderr := &trigger{on: "  pair ", do: func() { _ = command.Process.Signal(os.Interrupt) }} // seen by the exit status
	command.Stderr = stderr
	err := command.Run()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() != exit.Trouble {
		t.Errorf("interrupted, it ends with %v, want exit status 3:\n%s", err, stderr.text.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, file := range []string{"result.json", "result-base.json"} {
		if r, err := readResult(filepath.Join(dir, file)); err != nil || r.Whole() {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// trigger collects what is written, and calls do once when it contains on.
type trigger struct {
	on   string
	do   func()
	text strings.Builder
	once sync.Once
}

func (w *trigger) Write(p []byte) (int, error) {
	w.text.Write(p)
	if strings.Contains(w.text.String(), w.on) {
		w.once.Do(w.do)
	}
	return len(p), nil
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
