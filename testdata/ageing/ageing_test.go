package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/soak"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

var binary struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	status := m.Run()
	if binary.dir != "" {
		if err := os.RemoveAll(binary.dir); err != nil {
			panic(err)
		}
	}
	os.Exit(status)
}

// built is the service as a program.
func built(t *testing.T) string {
	t.Helper()
	binary.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "plimsoll-ageing-*"); binary.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", binary.dir, ".").CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return filepath.Join(binary.dir, "ageing")
}

// soaking is a short soak of the service, with times that are scaled down.
type soaking struct {
	fault  string
	before string        // of the command, in its shell
	length time.Duration // 0 for 20 s
	aged   bool
	stop   <-chan struct{}
}

func (s soaking) system(t *testing.T, side string) runner.System {
	t.Helper()
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	if s.length == 0 {
		s.length = 20 * time.Second
	}
	text := fmt.Sprintf(`
name: ageing
target: {url: "http://127.0.0.1:${port}", start: {command: "%sexec %s -address 127.0.0.1:${port} -fault %s", ready: {http: GET /, within: 30s}}}
load: {users: 4, spawn_rate: 100, run_time: %v, warm_up: 500ms, rounds: 20}
users: [{name: u, tasks: [{http: GET /, name: root}]}]
monitor: {every: 200ms}
`, s.before, built(t), s.fault, s.length)
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(text, problems)
	}
	made, err := plan.Make(p, plan.Values{Port: port, Side: side})
	if err != nil {
		t.Fatal(err)
	}
	return runner.System{Plan: made, Dir: t.TempDir()}
}

// judged soaks the service and judges it as if these seconds were half an hour.
func (s soaking) judged(t *testing.T) (gate.Verdict, runner.Soaked) {
	t.Helper()
	if testing.Short() {
		t.Skip("it loads a service for some seconds")
	}
	p := gate.DefaultPolicy()
	soaking := runner.Soaking{Pairing: runner.Pairing{
		Config: runner.Config{Stop: s.stop}, RoundLength: 200 * time.Millisecond, Rounds: gate.MostPairs, Seed: 1,
		Decide: func(fresh, aged *result.Result) bool {
			return gate.JudgePairs(soak.BetweenProcesses(p), fresh, aged, false).More == 0
		},
	}}
	if s.aged {
		fresh := s.system(t, "base")
		soaking.Fresh = &fresh
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	got, err := runner.Soak(ctx, s.system(t, "head"), soaking)
	if got.Run == nil {
		t.Fatal(err)
	}
	m := soak.Measured{Run: got.Run, Fresh: got.Fresh, Aged: got.Aged, Least: 5 * time.Second}
	if got.NotAged != nil {
		m.NotAged = got.NotAged.Error()
	}
	v := soak.Judge(p, m)
	if err := v.Validate(); err != nil {
		t.Error(err)
	}
	for _, r := range append(v.Reasons, v.Notices...) {
		t.Log(report.Sentence(r))
	}
	t.Log(err, v.Outcome, report.Stability(v.Stability, got.Run.Length()))
	return v, got
}

// of is the status of a course.
func of(v gate.Verdict, kind gate.CourseKind, name string) gate.Status {
	for _, c := range v.Stability {
		if c.Kind == kind && c.Name == name {
			return c.Status
		}
	}
	return 0
}

// What leaks is found, and what does not is not: memory in one service, open files in the other.
func TestLeaks(t *testing.T) {
	memory, files := "system.rss_bytes", "system.open_files"
	for fault, want := range map[string][2]gate.Status{"memory": {gate.Worse, gate.Within}, "files": {gate.Within, gate.Worse}, "none": {gate.Within, gate.Within}} {
		t.Run(fault, func(t *testing.T) {
			v, _ := soaking{fault: fault}.judged(t)
			if got := [2]gate.Status{of(v, gate.Growth, memory), of(v, gate.Growth, files)}; got != want {
				t.Errorf("memory and open files are %v, want %v", got, want)
			}
			if failed := v.Outcome == gate.Fail; failed != (fault != "none") {
				t.Errorf("the verdict is %s", v)
			}
		})
	}
}

// A service that slows down with age is slower than a fresh one. One that does not is not.
func TestAged(t *testing.T) {
	for fault, want := range map[string]gate.Outcome{"slows": gate.Fail, "none": gate.Pass} {
		t.Run(fault, func(t *testing.T) {
			for range 3 {
				v, got := soaking{fault: fault, length: 8 * time.Second, aged: true}.judged(t)
				if got.NotAged != nil {
					t.Fatal(got.NotAged)
				}
				slower := len(v.Of(gate.Worse)) > 0
				if v.Outcome == want && slower == (want == gate.Fail) {
					return
				}
				if slower || v.Outcome == gate.Fail {
					t.Fatalf("the verdict is %s", v)
				}
			}
			t.Skip("other programs left this machine too little time to tell")
		})
	}
}

// A service that is restarted ends the soak at once, and fails it.
func TestRestarts(t *testing.T) {
	v, got := soaking{fault: "restarts", aged: true}.judged(t)
	if v.Outcome != gate.Fail || of(v, gate.Restarts, "system.restarts") != gate.Worse || len(got.Run.Rounds) == 20 || got.Aged != nil {
		t.Errorf("%s after %d rounds", v, len(got.Run.Rounds))
	}
}

// A service that ends fails the soak.
func TestDies(t *testing.T) {
	v, got := soaking{fault: "dies", aged: true}.judged(t)
	if v.Outcome != gate.Fail || of(v, gate.Died, result.OfSystem) != gate.Worse || got.Aged != nil {
		t.Errorf("got %s", v)
	}
}

// An interrupt keeps what was measured. It is judged as far as it goes, and is no pass.
func TestInterrupted(t *testing.T) {
	stop := make(chan struct{})
	timer := time.AfterFunc(9*time.Second, func() { close(stop) })
	defer timer.Stop()
	v, got := soaking{fault: "none", aged: true, stop: stop}.judged(t)
	if n := len(got.Run.Rounds); v.Outcome != gate.Inconclusive || n == 0 || n == 20 || got.Aged != nil {
		t.Errorf("%s after %d rounds", v, n)
	}
}

// A service that takes more memory than its cgroup may have is killed, and the soak says so.
func TestOutOfMemory(t *testing.T) {
	group := memoryGroup(t, 160<<20)
	v, _ := soaking{fault: "eats", before: "echo $$ > " + group + "/cgroup.procs; "}.judged(t)
	killed := of(v, gate.OutOfMemory, "system.oom_kills_per_sec") == gate.Worse || of(v, gate.Died, result.OfSystem) == gate.Worse
	if v.Outcome != gate.Fail || !killed {
		t.Errorf("got %s", v)
	}
}

// memoryGroup makes a cgroup with a limit, where this process may.
func memoryGroup(t *testing.T, limit int) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"} {
		dir := filepath.Join(root, fmt.Sprintf("plimsoll-soak-%d", os.Getpid()))
		if err := os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		t.Cleanup(func() {
			for range 50 {
				if err := os.Remove(dir); err == nil || errors.Is(err, os.ErrNotExist) {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			t.Errorf("%s is still there", dir)
		})
		for _, file := range []string{"memory.limit_in_bytes", "memory.max"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(fmt.Sprint(limit)), 0o644); err == nil {
				return dir
			}
		}
	}
	t.Skip("this process may not make a cgroup with a limit of memory: " + strings.TrimSpace(os.Getenv("USER")))
	return ""
}
