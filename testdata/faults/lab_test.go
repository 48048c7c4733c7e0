package main_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/storetest/pgtest"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// trial is a service under a load that grows in steps.
type trial struct {
	command string        // starts the service at ${port}
	users   []int         // of each step
	each    time.Duration // how long a step lasts
	words   string        // further lines of the profile
}

// run loads the service beside a program that uses one core up.
func (tr trial) run(t *testing.T) *result.Result {
	t.Helper()
	hog(t)
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	const warmUp = 500 * time.Millisecond
	var stages []string
	for i, n := range tr.users {
		length := tr.each - time.Millisecond
		if i == 0 {
			length += warmUp
		}
		stages = append(stages, fmt.Sprintf("{users: %d, for: 1ms}, {users: %d, for: %v}", n, n, length))
	}
	text := fmt.Sprintf(`
name: faults
target: {url: "http://127.0.0.1:${port}", start: {command: %q, ready: {http: GET /ready, within: 30s}}}
load: {stages: [%s], warm_up: %v, rounds: %d}
users: [{name: u, tasks: [{http: GET /, name: root}]}]
%s`, tr.command, strings.Join(stages, ", "), warmUp, len(tr.users), tr.words)
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(text, problems)
	}
	made, err := plan.Make(p, plan.Values{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	r, err := runner.Run(t.Context(), runner.System{Plan: made, Dir: t.TempDir()}, runner.Config{Log: &log})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return r
}

// right is a finding that is right for a service.
type right struct {
	kind  bottleneck.Kind
	grade bottleneck.Grade
	what  string // part of the name of the thing
	// How many requests are inside at a time, if the finding tells; 0 for any number.
	least, most float64
}

func (w right) is(f bottleneck.Finding) bool {
	at, _ := f.Number(bottleneck.AtATime)
	return f.Kind == w.kind && f.Grade == w.grade && strings.Contains(f.What, w.what) && (w.most == 0 || at >= w.least && at <= w.most)
}

// TestFaults loads a few services for a short time. TestRealFaults has all faults.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("it loads services for some seconds")
	}
	for fault, rights := range map[string][]right{
		"pool": {{bottleneck.Waiting, bottleneck.Inferred, "", 5, 12}},
		"lock": {{bottleneck.Waiting, bottleneck.Inferred, "", 0.7, 2}},
		"cpu":  {{kind: bottleneck.CPU, grade: bottleneck.Shown}},
	} {
		t.Run(fault, func(t *testing.T) {
			command := built(t) + " -address 127.0.0.1:${port} -fault " + fault
			if (trial{command: command, users: []int{1, 4, 16, 64}, each: 700 * time.Millisecond}).finds(t, rights...) == nil {
				t.Skip("other programs left this machine too little time to tell")
			}
		})
	}
}

// tries is how often a service is loaded until something is found. The programs beside it may leave nothing to tell.
const tries = 5

// finds loads a service until something is found, and fails the test if that is not right. It returns the run, or nil if
// nothing was found.
func (tr trial) finds(t *testing.T, rights ...right) *result.Result {
	t.Helper()
	for range tries {
		r := tr.run(t)
		found := bottleneck.Find(r)
		f := found[0]
		t.Log(report.Bottleneck(f, true))
		if len(found) == 1 && slices.ContainsFunc(rights, func(w right) bool { return w.is(f) }) {
			return r
		}
		if f.Grade != bottleneck.CouldNotTell {
			t.Fatalf("found %+v\nwant one of %+v\n%s", found, rights, told(r))
		}
		t.Log(told(r))
	}
	return nil
}

// told lists the steps of a result with all that was read.
func told(r *result.Result) string {
	var b strings.Builder
	for _, s := range bottleneck.Steps(r) {
		fmt.Fprintf(&b, "%4g users %8.1f/s %8.1f ms %5.2f failed\n", s.Load, s.Throughput, 1000*s.Response, s.Failures)
		for _, name := range slices.Sorted(maps.Keys(s.Readings)) {
			if strings.HasPrefix(name, "system.") || strings.Contains(name, "cpu") || strings.Contains(name, "pressure") || strings.Contains(name, "disk_busy") {
				fmt.Fprintf(&b, " %s=%.3g", name, s.Readings[name])
			}
		}
		b.WriteString("\n")
	}
	if r.Watch != nil {
		fmt.Fprintf(&b, "facts %v\nabsent %v\n", r.Watch.Facts, r.Watch.Absent)
	}
	return b.String() + fmt.Sprint(r.Problems)
}

// program builds the service.
var program = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "faults-*")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "faults")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := pgtest.Main(m)
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// built is the path of the program.
func built(t *testing.T) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts the program until the test ends.
func start(t *testing.T, args ...string) {
	t.Helper()
	c := exec.Command(built(t), args...)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
}

// hog uses one core up until the test ends.
func hog(t *testing.T) {
	t.Helper()
	start(t, "-fault", "hog")
}
