package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// costly is the profile of the services of testdata/costs. Each side has a start.sh of its own. exec makes a service a child
// of the test, so that spentHere can tell its CPU time from that of others.
const costly = `
name: costs
target:
  url: http://127.0.0.1:${port}
  start: {command: "exec sh start.sh 127.0.0.1:${port}", ready: {http: GET /ready, within: 20s}}
load: {users: 10, spawn_rate: 250, warm_up: 100ms, run_time: 10s}
users: [{name: u, wait: 5ms..15ms, tasks: [{http: GET /a}]}]`

// costsPairs are enough pairs, with a start for each two, to judge a cost.
const costsPairs = 16

// pairOfCosts measures two services of testdata/costs in turn, and judges them. It skips the test if others were busy
// on this machine.
func pairOfCosts(t *testing.T, base, head string) (v gate.Verdict, ofBase, ofHead *result.Result) {
	t.Helper()
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("builds and loads services, whose CPU time only Linux tells exactly")
	}
	program := filepath.Join(t.TempDir(), "costs")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/costs").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	policy := gate.DefaultPolicy()
	policy.Metrics = []gate.Metric{gate.P50, gate.CPU}
	var sides [2]runner.System
	for i, arguments := range []string{base, head} {
		sides[i] = costlySide(t, []string{"base", "head"}[i], fmt.Sprintf("exec '%s' \"$1\" %s\n", program, arguments))
	}
	before := spentHere()
	ofBase, ofHead, err := runner.Pair(t.Context(), sides[0], sides[1], runner.Pairing{
		Config: runner.Config{Environ: os.Environ()}, RoundLength: 240 * time.Millisecond, Stretches: 2, Rounds: gate.MostPairs, RestartEvery: 2,
		Decide: func(base, head *result.Result) bool {
			return gate.JudgePairs(policy, base, head, false).Baseline.Pairs >= costsPairs
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if spentHere().byOthersSince(before) {
		t.Skip("other programs used much of this machine: costs were not measured alone")
	}
	v = gate.JudgePairs(policy, ofBase, ofHead, true)
	t.Logf("%v after %d pairs, cause %+v", v.Outcome, v.Baseline.Pairs, v.Cause)
	for _, c := range v.Comparisons {
		t.Logf("%s %s: %v %+v, change %+.1f %% %v", c.Route, c.Metric, c.Status, c.Why, 100*c.Change, c.Interval)
	}
	return v, ofBase, ofHead
}

// costlySide is a system that a script starts.
func costlySide(t *testing.T, name, script string) runner.System {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "start.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p, problems := profile.Parse("costs.yaml", []byte(costly), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	return runner.System{Name: name, Plan: made, Dir: dir, Identity: result.Identity{Tool: "v0.0.0", Commit: name}}
}

// worksNoMore fails the test if a verdict says that head works more. It skips the test if other programs kept this machine
// too busy to judge.
func worksNoMore(t *testing.T, v gate.Verdict) {
	t.Helper()
	switch {
	case v.Baseline.Pairs >= costsPairs:
	case len(v.Reasons) == 1 && v.Reasons[0].Kind == gate.NoisyMachine:
		t.Skipf("only %d pairs were not disturbed", v.Baseline.Pairs)
	default:
		t.Fatalf("%d pairs were judged: %+v", v.Baseline.Pairs, v.Reasons)
	}
	if v.Cause != nil && v.Cause.Kind == gate.WorksMore {
		t.Errorf("the verdict says that it works more: %+v", v.Cause)
	}
	for _, c := range v.Of(gate.Worse) {
		if c.Metric.IsCost() {
			t.Errorf("a cost is worse: %+v", c)
		}
	}
}

// isSlower reports whether a verdict blames the route's latency.
func isSlower(v gate.Verdict) bool {
	for _, c := range v.Of(gate.Worse) {
		if c.Route == "GET /a" && c.Metric == gate.P50 {
			return true
		}
	}
	return false
}

// spent is the CPU time of a request of a side, with and without what the system uses by itself, over the rounds whose
// costs settled; and how many rounds did not settle.
func spent(r *result.Result) (whole, each time.Duration, unsettled int) {
	var cpu, idle time.Duration
	var requests int64
	for _, round := range r.Rounds {
		switch c := round.Cost; {
		case c == nil:
		case c.Unsettled:
			unsettled++
			fallthrough
		default:
			cpu, idle, requests = cpu+c.CPU, idle+c.Idle, requests+c.Requests
		}
	}
	if requests == 0 {
		return 0, 0, unsettled
	}
	return (cpu + idle) / time.Duration(requests), cpu / time.Duration(requests), unsettled
}

// Work that is done after the answer belongs to its request. A head that only waits longer does not seem to work more.
func TestCostOfWorkAfterTheAnswer(t *testing.T) {
	v, base, head := pairOfCosts(t, "0s 0s 1ms 0s 0", "0s 20ms 1ms 0s 0")
	worksNoMore(t, v)
	if !isSlower(v) {
		t.Error("20 ms more are not found")
	}
	for _, side := range []*result.Result{base, head} {
		if whole, _, _ := spent(side); whole < 500*time.Microsecond {
			t.Errorf("%s: a request costs %v, and computes for about 1 ms after its answer", side.Commit, whole)
		}
	}
}

// Work that goes on for long after the answers does not settle, and is not told as more work.
func TestCostOfWorkLongAfterTheAnswer(t *testing.T) {
	v, base, head := pairOfCosts(t, "0s 0s 300ms 0s 0", "0s 20ms 300ms 0s 0")
	worksNoMore(t, v)
	_, _, ofBase := spent(base)
	_, _, ofHead := spent(head)
	if ofBase < len(base.Rounds)/2 || ofHead < len(head.Rounds)/2 {
		t.Errorf("%d and %d of %d rounds say that the system was still at work", ofBase, ofHead, len(base.Rounds))
	}
}

// CPU time that a process burns by itself makes the requests of a slower head dearer, if it is not taken off.
func TestCostOfAProcessThatBurns(t *testing.T) {
	v, base, head := pairOfCosts(t, "2ms 0s 0s 1ms 0", "2ms 40ms 0s 1ms 0")
	worksNoMore(t, v)
	if !isSlower(v) {
		t.Error("40 ms more are not found")
	}
	before, _, _ := spent(base)
	after, _, _ := spent(head)
	if after < before*104/100 {
		t.Errorf("with what burns alone a request costs %v, and %v on head: this test tries nothing", before, after)
	}
}

// Requests that fail are cheap. A round with many of them has no cost, so they do not make a head look better.
func TestCostOfFailures(t *testing.T) {
	v, base, head := pairOfCosts(t, "1ms 0s 0s 0s 0", "1ms 0s 0s 0s 3")
	worksNoMore(t, v)
	if v.Outcome != gate.Fail {
		t.Errorf("a third of the requests fails, and the verdict is %v", v.Outcome)
	}
	_, before, _ := spent(base)
	_, after, _ := spent(head)
	if after > before*95/100 {
		t.Errorf("a request costs %v, and %v on head: this test tries nothing", before, after)
	}
	for _, c := range v.Comparisons {
		if c.Metric == gate.CPU && c.Status != gate.NotJudged {
			t.Errorf("cpu is %v, %+.1f %%", c.Status, 100*c.Change)
		}
	}
}
