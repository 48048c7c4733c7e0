package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// TestScripts runs the command lines of testdata/script. Besides testscript's own there are
// these commands:
//
//	exits STATUS PROGRAM ARGS…  the program ends with exactly this status
//	measures STATUS PROGRAM ARGS…  as exits, but runs the program again when this
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
//	levels FILE N×TIMES…        records N copies of the run in FILE for each level, one a day and each of its own commit,
//	                            in which GET /products/{id} takes TIMES as long; continues after the last such day
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
//	issue NUMBER STATE REGEXP   the issue is open or closed, and its title, body and comments, one after the other, match
//	issues N                    there are N issues
//	comment-holds TEXT          every comment of ours contains the text
//	output NAME REGEXP          the step's output matches
//	port VARIABLE               sets a variable to a port that nobody listens on
//	fetched STATUS URL TEXT     the URL answers with this status and text, which the file fetched then holds; waits for
//	                            its server to listen
//	valid NAME FILE             the file, or each line of it for backtest, matches plimsoll schema NAME
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
			"levels":   levels,
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
			"issue": func(ts *testscript.TestScript, _ bool, args []string) { issue(ts, hub(ts), args) },
			"issues": func(ts *testscript.TestScript, _ bool, args []string) {
				if n := len(hub(ts).Issues()); strconv.Itoa(n) != args[0] {
					ts.Fatalf("there are %d issues, want %s", n, args[0])
				}
			},
			"output":  output,
			"valid":   valid,
			"port":    freePort,
			"fetched": fetched,
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

// levels records copies of a run, to get a history with steps without measuring one. The variable DAY holds the next day.
func levels(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: levels FILE N×TIMES…")
	}
	r, err := result.Read(ts.MkAbs(args[0]))
	ts.Check(err)
	day, err := strconv.Atoi(cmp.Or(ts.Getenv("DAY"), "0"))
	ts.Check(err)
	for _, level := range args[1:] {
		var n int
		var times float64
		_, err := fmt.Sscanf(level, "%d×%g", &n, &times)
		ts.Check(err)
		for range n {
			one := changed(r, day-365, func(route string, d time.Duration) time.Duration { // no run is of the future
				if route == "GET /products/{id}" {
					d = time.Duration(times * float64(d))
				}
				return d + d*time.Duration(day%3)/200
			})
			one.Commit = fmt.Sprintf("%040x", day)
			ts.Check(result.Write(ts.MkAbs("level.json"), one))
			ts.Check(ts.Exec("plimsoll", "baseline", "update", "--branch", "main", "--result", "level.json"))
			day++
		}
	}
	ts.Setenv("DAY", strconv.Itoa(day))
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
