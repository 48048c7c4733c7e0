package runner_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/internal/proc"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// asSystem is the variable that makes the test binary a system under test. Its value is the address to
// listen at.
const asSystem = "PLIMSOLL_TEST_SYSTEM"

func TestMain(m *testing.M) {
	if address := os.Getenv(asSystem); address != "" {
		var atWork sync.Mutex
		var eaten [][]byte        // by requests that want memory
		mux := http.NewServeMux() // the default one has pages of grpc-go
		mux.HandleFunc("GET /eat", func(http.ResponseWriter, *http.Request) {
			atWork.Lock()
			defer atWork.Unlock()
			if resident() < 300<<20 { // the kernel ends nobody before a busy machine has looked
				eaten = append(eaten, bytes.Repeat([]byte{1}, 4<<20))
			}
		})
		mux.HandleFunc("GET /die", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
		mux.HandleFunc("GET /burn", func(http.ResponseWriter, *http.Request) { burn(2 * time.Millisecond) })
		mux.HandleFunc("GET /later", func(http.ResponseWriter, *http.Request) {
			go func() { time.Sleep(2 * time.Millisecond); burn(2 * time.Millisecond) }()
		})
		mux.HandleFunc("GET /long", func(http.ResponseWriter, *http.Request) {
			if atWork.TryLock() {
				go func() { defer atWork.Unlock(); burn(400 * time.Millisecond) }()
			}
		})
		mux.HandleFunc("GET /spin", func(http.ResponseWriter, *http.Request) {
			if atWork.TryLock() {
				go burn(time.Minute)
			}
		})
		mux.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
		fmt.Println("listens on", address)
		fmt.Println(http.ListenAndServe(address, mux))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// burn computes until it has used so much CPU time: as much on a busy machine as on a quiet one.
func burn(d time.Duration) {
	for used := time.Duration(0); used < d; {
		began := time.Now()
		cpu := proc.CPUOf(func() {
			n := 1
			for i := range 20_000 {
				n += i * n
			}
			runtime.KeepAlive(n)
		})
		if runtime.GOOS != "linux" { // which does not tell
			cpu = time.Since(began)
		}
		used += cpu
	}
}

// resident is the memory of this process in bytes; 0 if the system does not tell.
func resident() (bytes int) {
	text, _ := os.ReadFile("/proc/self/statm") // pages: all, and resident
	if fields := strings.Fields(string(text)); len(fields) > 1 {
		bytes, _ = strconv.Atoi(fields[1])
	}
	return bytes * os.Getpagesize()
}

// sideOf makes a system from parts of a profile: its target, and its load and users.
func sideOf(t *testing.T, name, target, load string) runner.System {
	t.Helper()
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	p, problems := profile.Parse("p.yaml", []byte("name: p\n"+target+"\n"+load), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	return runner.System{Name: name, Plan: made, Dir: t.TempDir(), Identity: result.Identity{Tool: "v0.0.0", Commit: name}}
}

const sends = `
load: {users: 4, spawn_rate: 100, warm_up: 100ms, run_time: 10s}
users: [{name: u, wait: 5ms..15ms, tasks: [{http: GET /health, name: health}]}]`

// starting is a target that starts the test binary.
func starting(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("target: {url: \"http://127.0.0.1:${port}\", start: {command: %s, env: {%s: \"127.0.0.1:${port}\"}, ready: {http: GET /, within: 20s}}}", self, asSystem)
}

// gone fails the test if a system still accepts connections.
func gone(t *testing.T, sides ...runner.System) {
	t.Helper()
	for _, s := range sides {
		if c, err := net.Dial("tcp", strings.TrimPrefix(s.Plan.Target.URL, "http://")); err == nil {
			c.Close()
			t.Errorf("%s still listens at %s", s.Name, s.Plan.Target.URL)
		}
	}
}

// check checks the result of one side of a whole pairing.
func check(t *testing.T, name string, r *result.Result, rounds int) {
	t.Helper()
	if !r.Whole() || len(r.Rounds) != rounds || r.Commit != name || r.Finished.Before(r.Started) || r.Generator.Cores == 0 || r.Generator.Protocol == "" {
		t.Fatalf("%s: %d of %d rounds, problems %v, commit %s, generator %+v", name, len(r.Rounds), r.PlannedRounds, r.Problems, r.Commit, r.Generator)
	}
	var all tally.Tally
	for i, round := range r.Rounds {
		all.Merge(round.Tally)
		if round.Total.Failures > 0 || i > 0 && round.Start <= r.Rounds[i-1].Start {
			t.Errorf("%s, round %d from %v: %+v %v", name, i, round.Start, round.Total, round.Tally.Total().Errors)
		}
	}
	// A single round may have no requests where this machine is very busy.
	if all.Total().Requests() != r.Tally.Total().Requests() || all.Total().Requests() == 0 || r.WarmUp.Total().Requests() == 0 {
		t.Errorf("%s: the rounds have %d requests, the whole %d, the warm-up %d", name, all.Total().Requests(), r.Tally.Total().Requests(), r.WarmUp.Total().Requests())
	}
}

// Two builds of the sample service are restarted after two pairs, until Decide ends the pairing.
func TestPairOfShops(t *testing.T) {
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(bin, "shop"), "../testdata/shop/cmd/shop").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	target := "target: {url: \"http://127.0.0.1:${port}\", start: {build: cp " + bin + "/shop ./shop, command: \"./shop -addr 127.0.0.1:${port}\", ready: {http: GET /health, within: 20s}}}"
	base, head := sideOf(t, "base", target, sends), sideOf(t, "head", target, sends)
	var log strings.Builder
	var decided int
	phases := map[string]bool{}
	b, h, err := runner.Pair(t.Context(), base, head, runner.Pairing{
		Config:      runner.Config{Log: &log, Runner: "test", Progress: func(p runner.Progress) { phases[p.Phase] = true }},
		RoundLength: 150 * time.Millisecond, Stretches: 3, Rounds: 9, RestartEvery: 2, Seed: 1,
		Decide: func(b, h *result.Result) bool {
			decided++
			check(t, "base", b, decided)
			check(t, "head", h, decided)
			return decided == 3
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	gone(t, base, head)
	for name, r := range map[string]*result.Result{"base": b, "head": h} {
		check(t, name, r, 3)
		if r.Starts != 2 || r.Environment.Runner != "test" || r.Rounds[0].Length != 150*time.Millisecond || r.Generator.LagMax == 0 {
			t.Errorf("%s: started %d times, %+v", name, r.Starts, r.Generator)
		}
	}
	for i := range b.Rounds {
		if b.Rounds[i].Second == h.Rounds[i].Second || b.Rounds[i].Second != (b.Rounds[i].Start > h.Rounds[i].Start) {
			t.Errorf("pair %d: base second %v, head second %v", i, b.Rounds[i].Second, h.Rounds[i].Second)
		}
	}
	for _, phase := range []string{"head, building the system", "base, starting the system"} {
		if !phases[phase] {
			t.Errorf("no phase %q in %v", phase, phases)
		}
	}
	if got := log.String(); strings.Count(got, "base: shop listens on ") != 2 || strings.Count(got, "head: shop listens on ") != 2 {
		t.Errorf("logged %q", got)
	}
}

// watcher watches two servers.
type watcher struct {
	mu       sync.Mutex // guards the fields below
	busy     map[string]int
	turns    []string // which server was loaded, without repetitions
	together int      // requests while the other server was busy
}

// serve starts a server that answers with a status.
func (w *watcher) serve(t *testing.T, name string, status int) (target string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.busy[name]++
		if len(w.busy) > 1 {
			w.together++
		}
		if len(w.turns) == 0 || w.turns[len(w.turns)-1] != name {
			w.turns = append(w.turns, name)
		}
		w.mu.Unlock()
		time.Sleep(20 * time.Millisecond) // then some are under way at the end of each stretch
		w.mu.Lock()
		if w.busy[name]--; w.busy[name] == 0 {
			delete(w.busy, name)
		}
		w.mu.Unlock()
		rw.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return "target: {url: \"" + s.URL + "\"}"
}

// Sides are loaded in turn, in stretches as A B B A, never both at once. Systems that run elsewhere are not
// restarted.
func TestPairNeverLoadsBoth(t *testing.T) {
	w := &watcher{busy: map[string]int{}}
	base, head := sideOf(t, "base", w.serve(t, "base", 200), sends), sideOf(t, "head", w.serve(t, "head", 200), sends)
	b, h, err := runner.Pair(t.Context(), base, head, runner.Pairing{RoundLength: 400 * time.Millisecond, Stretches: 2, Rounds: 2, RestartEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "base", b, 2)
	check(t, "head", h, 2)
	if w.together > 0 || b.Starts != 0 {
		t.Errorf("%d requests met one of the other side; started %d times", w.together, b.Starts)
	}
	var want []string
	turn := func(name string) {
		if len(want) == 0 || want[len(want)-1] != name {
			want = append(want, name)
		}
	}
	other := map[string]string{"base": "head", "head": "base"}
	for i, round := range b.Rounds {
		first := map[bool]string{false: "base", true: "head"}[round.Second]
		if i == 0 {
			turn(first)
			turn(other[first])
		}
		for _, name := range []string{first, other[first], other[first], first} {
			turn(name)
		}
	}
	if strings.Join(w.turns, " ") != strings.Join(want, " ") {
		t.Errorf("loaded\n%v, want\n%v", w.turns, want)
	}
}

// Both systems end with the pairing, whatever ended it. A result that is not whole says so.
func TestPairEndsEarly(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(cancel, stop func(), base runner.System) // after the second pair
		kinds [2]result.ProblemKind
		says  string
	}{
		"context": {func(cancel, _ func(), _ runner.System) { cancel() }, [2]result.ProblemKind{result.Interrupted, result.Interrupted}, "interrupted before the end of the run: 2 of 9 rounds are whole"},
		"stop":    {func(_, stop func(), _ runner.System) { stop() }, [2]result.ProblemKind{result.Interrupted, result.Interrupted}, "interrupted before the end of the run: 2 of 9 rounds are whole"},
		"death": {func(_, _ func(), base runner.System) {
			if _, err := http.Get(base.Plan.Target.URL + "/die"); err == nil {
				panic("it lives")
			}
		}, [2]result.ProblemKind{result.TargetDied, result.Interrupted}, "base: the system under test exited on its own, with exit status 7"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stop := make(chan struct{})
			base, head := sideOf(t, "base", starting(t), sends), sideOf(t, "head", starting(t), sends)
			b, h, err := runner.Pair(ctx, base, head, runner.Pairing{
				Config: runner.Config{Stop: stop}, RoundLength: 50 * time.Millisecond, Rounds: 9, RestartEvery: 9,
				Decide: func(b, _ *result.Result) bool {
					if len(b.Rounds) == 2 {
						c.end(cancel, func() { close(stop) }, base)
					}
					return false
				},
			})
			gone(t, base, head)
			if err == nil || err.Error() != c.says || b == nil || h == nil {
				t.Fatalf("%v, %v and %v; want %q", err, b, h, c.says)
			}
			var failure *runner.Failure
			if died := c.kinds[0] == result.TargetDied; errors.As(err, &failure) != died || died && !strings.Contains(failure.Output, "listens on") || !died && !errors.Is(err, runner.ErrInterrupted) {
				t.Errorf("%#v", err)
			}
			for i, r := range []*result.Result{b, h} {
				if r.Whole() || len(r.Rounds) != 2 || r.PlannedRounds != 9 || len(r.Problems) != 1 || r.Problems[0].Kind != c.kinds[i] {
					t.Errorf("side %d: %d of %d rounds, %v", i, len(r.Rounds), r.PlannedRounds, r.Problems)
				}
			}
		})
	}
}

// A panic of Decide leaves nothing running.
func TestPairWhenDecidePanics(t *testing.T) {
	base, head := sideOf(t, "base", starting(t), sends), sideOf(t, "head", starting(t), sends)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is gone")
			}
		}()
		runner.Pair(t.Context(), base, head, runner.Pairing{RoundLength: 50 * time.Millisecond, Decide: func(_, _ *result.Result) bool { panic("no") }})
	}()
	gone(t, base, head)
}

// An error of building, starting, reaching or admitting a system names the system.
func TestPairThatCannotBegin(t *testing.T) {
	good := starting(t)
	for name, c := range map[string]struct{ base, head, says, output string }{
		"build":   {good, strings.Replace(good, "start: {", `start: {build: "sh -c 'echo broken; exit 3'", `, 1), "head: build the system: \"sh -c 'echo broken; exit 3'\" ended with exit status 3", "broken"},
		"start":   {good, "target: {url: \"http://127.0.0.1:${port}\", start: {command: sh -c 'echo sorry'}}", "head: the system under test exited on its own, with status 0, before it was ready", "sorry"},
		"reach":   {"target: {url: \"http://127.0.0.1:1\"}", good, "base: nothing answers at http://127.0.0.1:1", ""},
		"refused": {good, "target: {url: \"http://198.51.100.7\"}", "head: 198.51.100.7 may not be loaded", ""},
	} {
		t.Run(name, func(t *testing.T) {
			base, head := sideOf(t, "base", c.base, sends), sideOf(t, "head", c.head, sends)
			b, h, err := runner.Pair(t.Context(), base, head, runner.Pairing{RoundLength: 50 * time.Millisecond, Rounds: 1})
			if err == nil || !strings.HasPrefix(err.Error(), c.says) || b != nil || h != nil {
				t.Fatalf("%v, %v and %v; want %q", err, b, h, c.says)
			}
			var failure *runner.Failure
			var refusal *runner.Refusal
			if refused := name == "refused"; errors.As(err, &refusal) != refused || errors.As(err, &failure) == refused || !refused && !strings.Contains(failure.Output, c.output) {
				t.Errorf("%#v", err)
			}
			if name == "start" {
				gone(t, base)
			}
		})
	}
}

// A system that fails to restart ends the pairing. The complete pairs stay.
func TestPairWhenARestartFails(t *testing.T) {
	once := sideOf(t, "head", strings.Replace(starting(t), "command: ", "command: sh -c 'mkdir once && exec \"$0\"' ", 1), sends)
	base := sideOf(t, "base", starting(t), sends)
	b, h, err := runner.Pair(t.Context(), base, once, runner.Pairing{RoundLength: 50 * time.Millisecond, Rounds: 3, RestartEvery: 1})
	gone(t, base, once)
	if err == nil || !strings.HasPrefix(err.Error(), "head: the system under test exited on its own, with exit status 1, before it was ready") {
		t.Fatal(err)
	}
	if len(b.Rounds) != 1 || len(h.Rounds) != 1 || b.Problems[0].Kind != result.Interrupted || h.Problems[0].Kind != result.TargetDied || h.Starts != 1 || b.PlannedRounds != 3 {
		t.Errorf("base %v %v, head %v %v", len(b.Rounds), b.Problems, len(h.Rounds), h.Problems)
	}
}

// Failures add up through stretches that are shorter than a second.
func TestPairAborts(t *testing.T) {
	w := &watcher{busy: map[string]int{}}
	limits := "limits: {abort: {failure_rate: 50%, for: 1s}}"
	base, head := sideOf(t, "base", w.serve(t, "base", 200), limits+sends), sideOf(t, "head", w.serve(t, "head", 500), limits+sends)
	b, h, err := runner.Pair(t.Context(), base, head, runner.Pairing{RoundLength: 200 * time.Millisecond, Rounds: 20})
	if err == nil || !strings.HasPrefix(err.Error(), "head: ended early, with ") || !strings.HasSuffix(err.Error(), ": limits.abort ends the run") {
		t.Fatal(err)
	}
	if b.Problems[0].Kind != result.Interrupted || h.Problems[0].Kind != result.Aborted || len(b.Rounds) != len(h.Rounds) || len(b.Rounds) > 12 {
		t.Errorf("%d rounds, %v and %v", len(b.Rounds), b.Problems, h.Problems)
	}
}
