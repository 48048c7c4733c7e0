package main

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/shirou/gopsutil/v4/cpu"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// measures is exits for a program whose figures matter. It runs the program again when this machine was too busy: the
// program says so, or others have used much of its CPU time meanwhile.
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
		before := spentHere()
		status := exitStatusOf(ts, args[1:])
		said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
		saysBusy := busy.MatchString(said)
		// The gate may be inconclusive for a reason that the script does not expect.
		right := status == want && until.MatchString(said) && (want != exit.Inconclusive || until.String() != "" || !saysBusy)
		switch {
		case right:
			return
		case !saysBusy && !spentHere().byOthersSince(before) || try == busyRetries:
			ts.Fatalf("%q exits %d, want %d, after %d tries", args[1:], status, want, try+1)
		}
		retried.add(ts.Name())
	}
}

// spending is CPU time in seconds up to an instant.
type spending struct {
	at       time.Time
	own, all float64 // of this process and its children that have ended, and of all cores
}

// spentHere is the CPU time of this machine so far.
func spentHere() spending {
	now := spending{at: time.Now(), own: ownCPU()}
	if times, err := cpu.Times(false); err == nil && len(times) > 0 {
		t := times[0]
		now.all = t.User + t.Nice + t.System + t.Irq + t.Softirq + t.Steal
	}
	return now
}

// byOthersSince reports whether other programs, or other scripts, have used so much of this machine that a gate may say
// something else than on a quiet one.
func (s spending) byOthersSince(before spending) bool {
	others := s.all - before.all - (s.own - before.own)
	return others > 0.2*float64(runtime.NumCPU())*s.at.Sub(before.at).Seconds()
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
		r.Problems = slices.DeleteFunc(r.Problems, func(p result.Problem) bool { return p.Kind == result.Saturated || p.Kind == result.Busy })
		if len(r.Problems) < problems {
			ts.Check(result.Write(ts.MkAbs(file), r))
		}
	}
}

// busy matches what a program says when this machine was too busy to send the load in time.
var busy = regexp.MustCompile("the load generator was the bottleneck|Locust was the bottleneck|this machine was busy with other work|this machine was too small for both|the machine is too noisy|is too noisy to rule out|is this machine very busy")

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
