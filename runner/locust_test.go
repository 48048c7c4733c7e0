package runner_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Classes, tags and further arguments reach Locust; a clean run has status 0.
func TestLocustChooses(t *testing.T) {
	system := driven(t, shelves(t), usualLoad, oneClass, ", classes: [Shopper], args: [--loglevel, WARNING]", profile.Change{Tags: []string{"read", "list"}, ExcludeTags: []string{"write"}})
	r, err := runner.Run(t.Context(), system, runner.Config{})
	if err != nil || !whole(r) {
		t.Fatalf("%v, %+v", err, r)
	}
	if got := allOf(r).Names(); !slices.Equal(got, []string{"GET /items"}) {
		t.Errorf("it has the routes %q", got)
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "ended with status 0") {
		t.Errorf("notes: %q", r.Notes)
	}
}

// A started system is watched and billed as under a load of our own.
func TestLocustLoadsAStartedSystem(t *testing.T) {
	target := strings.TrimSuffix(strings.TrimPrefix(starting(t), "target: {"), "}")
	system := driven(t, target, usualLoad, oneClass, ", classes: [Shopper]", profile.Change{})
	r, err := runner.Run(t.Context(), system, runner.Config{})
	if err != nil || !whole(r) {
		t.Fatalf("%v, %+v", err, r)
	}
	gone(t, system)
	for i, round := range r.Rounds {
		if round.Cost == nil || round.Cost.Requests == 0 || round.Readings["system.cpu_cores"] < 0 || len(round.Readings) < 5 {
			t.Errorf("round %d: cost %+v, readings %v", i, round.Cost, round.Readings)
		}
	}
}

// What cannot begin says why, and sends nothing.
func TestLocustThatCannotBegin(t *testing.T) {
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ more, script, says, output string }{
		"no program": {", command: no-such-locust", oneClass, `start Locust as "no-such-locust": executable file not found in $PATH; install Locust 1.0 or newer`, ""},
		"no file":    {", command: venv/bin/locust", oneClass, `start Locust as "venv/bin/locust": `, ""},
		"no Locust":  {", command: /usr/bin/python3 -S -m locust", oneClass, `start Locust as "/usr/bin/python3 -S -m locust": its Python has no Locust; install`, ""},
		"no module":  {", command: /usr/bin/python3 -m no_such_module", oneClass, "Locust ended with exit status 1 before the load", "no_such_module"},
		"raises":     {"", "raise ValueError('nobody home')", "Locust ended with exit status 1 before the load: it could not load shop, 1.py", "ValueError: nobody home"},
		"no user":    {"", "x = 1", "before the load", "No User class found"},
		"class":      {", classes: [Nobody]", oneClass, "before the load", "Unknown User(s): Nobody"},
		"argument":   {", args: [--no-such-argument]", oneClass, "Locust ended with exit status 2 before the load", "--no-such-argument"},
		"shape":      {"", oneClass + "\nclass Shape(LoadTestShape):\n    def tick(self):\n        return None\n", "has a LoadTestShape", ""},
		"master":     {fmt.Sprintf(", args: [--master, --master-bind-host, 127.0.0.1, --master-bind-port, %q]", strconv.Itoa(port)), oneClass, "the runner MasterRunner", ""},
	} {
		t.Run(name, func(t *testing.T) {
			system := driven(t, shelves(t), usualLoad, c.script, c.more, profile.Change{})
			r, err := runner.Run(t.Context(), system, runner.Config{})
			var failure *runner.Failure
			var refusal *runner.Refusal
			switch {
			case err == nil || r != nil || !strings.Contains(err.Error(), c.says):
				t.Errorf("got %v, want %s", err, c.says)
			case c.output == "" && !errors.As(err, &refusal):
				t.Errorf("%v is no refusal", err)
			case c.output != "" && (!errors.As(err, &failure) || !strings.Contains(failure.Output, c.output)):
				t.Errorf("%v: its output is %+v, want %s", err, failure, c.output)
			}
		})
	}
}

// A load that ends early is told, and what it measured stays.
func TestLocustEndsEarly(t *testing.T) {
	user := func(task string) string {
		return "\nbegan = time.time()\nclass Shopper(HttpUser):\n    wait_time = constant(0.02)\n    @task\n    def items(self):\n        self.client.get(\"/items\")\n        if time.time() - began > 3:\n            " + task + "\n"
	}
	const load = "load: {users: 2, spawn_rate: 20, run_time: 60s, rounds: 60, stop_within: 1s}"
	for name, c := range map[string]struct{ task, says string }{
		"quits":   {"self.environment.runner.quit()", "Locust ended by itself after "},
		"crashes": {"os._exit(9)", "Locust crashed: it ended with exit status 9"},
		"killed":  {"os.kill(os.getpid(), 9)", "Locust crashed: it ended with signal SIGKILL"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := runner.Run(t.Context(), driven(t, shelves(t), load, user(c.task), "", profile.Change{}), runner.Config{})
			if err == nil || !strings.Contains(err.Error(), c.says) || r == nil {
				t.Fatalf("got %v, want %s", err, c.says)
			}
			if len(r.Problems) != 1 || r.Problems[0].Kind != result.Aborted || len(r.Rounds) >= 60 || allOf(r).Total().Requests() == 0 {
				t.Errorf("%d rounds, problems %v", len(r.Rounds), r.Problems)
			}
			if err := r.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// An interrupt ends Locust, and the partial run is kept. A task that never ends does not keep it.
func TestLocustIsInterrupted(t *testing.T) {
	const endless = "\nclass Shopper(HttpUser):\n    @task\n    def items(self):\n        while True:\n            self.client.get(\"/items\")\n            gevent.sleep(0.05)\n"
	const load = "load: {users: 2, spawn_rate: 20, run_time: 60s, rounds: 60, stop_within: 1s}"
	stop := make(chan struct{})
	r, err := runner.Run(t.Context(), driven(t, shelves(t), load, endless, "", profile.Change{}), runner.Config{Stop: stop, Progress: func(p runner.Progress) {
		if p.Requests > 0 && !isClosed(stop) {
			close(stop)
		}
	}})
	if !errors.Is(err, runner.ErrInterrupted) || r == nil || len(r.Problems) != 1 || r.Problems[0].Kind != result.Interrupted {
		t.Fatalf("%v, %+v", err, r)
	}
	if len(r.Timeline) == 0 || r.Timeline[0].Requests == 0 { // its round is not whole
		t.Errorf("nothing was counted: %+v", r.Timeline)
	}
}

// Ways to load a system that need many starts are refused before anything begins.
func TestLocustIsRefused(t *testing.T) {
	system := driven(t, shelves(t), usualLoad, oneClass, "", profile.Change{})
	_, _, ofPair := runner.Pair(t.Context(), system, system, runner.Pairing{})
	_, ofSearch := runner.Search(t.Context(), system, runner.Searching{Users: true})
	_, _, underLoad := runner.UnderLoad(t.Context(), system, 0.1, runner.Pairing{})
	_, ofSoak := runner.Soak(t.Context(), system, runner.Soaking{Fresh: &system})
	_, ofTry := runner.Try(t.Context(), system, runner.Config{})
	for what, err := range map[string]error{"pair": ofPair, "search": ofSearch, "under load": underLoad, "soak": ofSoak, "try": ofTry} {
		var refusal *runner.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), "plimsoll init --locust") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := runner.Check(t.Context(), system, runner.Config{}); err != nil {
		t.Error(err)
	}
	system.Plan.Locust.Command = []string{"no-such-locust"}
	if err := runner.Check(t.Context(), system, runner.Config{}); err == nil || !strings.Contains(err.Error(), "install Locust") {
		t.Errorf("without Locust: %v", err)
	}
}

// driven makes a system that Locust loads. more are further keys of target.locust.
func driven(t *testing.T, target, load, script, more string, change profile.Change) runner.System {
	t.Helper()
	if _, err := exec.LookPath("/usr/bin/locust"); err != nil {
		t.Fatal("Debian's python3-locust is not there; `make programs` installs it")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop, 1.py"), []byte(prelude+script), 0o600); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(more, "command:") {
		more += ", command: /usr/bin/locust"
	}
	text := fmt.Sprintf("name: p\ntarget: {%s, locust: {file: \"shop, 1.py\"%s}}\n%s\n", target, more, load)
	p, problems := profile.Parse("p.yaml", []byte(text), profile.Surroundings{Read: func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(dir, path))
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := p.Apply(change); err != nil {
		t.Fatal(err)
	}
	port, err := runner.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	made, err := plan.Make(p, plan.Values{Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ended(t, dir) })
	return runner.System{Plan: made, Dir: dir, Identity: result.Identity{Tool: "v1.0.0"}}
}

// prelude of the locustfiles: each leaves its process and what Locust has counted by itself.
const prelude = `
import json, os, time
import gevent
from locust import HttpUser, LoadTestShape, User, constant, events, tag, task
from locust.contrib.fasthttp import FastHttpUser

with open("pid", "w") as f:
    f.write(str(os.getpid()))

@events.quitting.add_listener
def counted(environment, **_):
    stats = environment.stats
    with open("stats.json", "w") as f:
        json.dump({"entries": stats.serialize_stats(), "errors": list(stats.serialize_errors().values())}, f)
`

// ended fails the test if the Locust that ran in a directory is still there.
func ended(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return // it never began
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("Locust is still there: %v", err)
	}
}

// usualLoad is a load for Locust. Its length is no whole number of seconds.
const usualLoad = "load: {users: 6, spawn_rate: 20, warm_up: 500ms, run_time: 3s, rounds: 3, stop_within: 2s}"

// oneClass has tasks with two tags in one class, and another class.
const oneClass = `
class Shopper(HttpUser):
    wait_time = constant(0.02)

    @tag("read")
    @task
    def items(self):
        self.client.get("/items")

    @tag("write")
    @task
    def order(self):
        self.client.post("/orders")

class Other(HttpUser):
    wait_time = constant(0.02)

    @tag("read")
    @task
    def other(self):
        self.client.get("/other")
`

// shelves answers 503 below /bad, and 200 otherwise.
func shelves(t *testing.T) (target string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("hello")) // the client tells
	}))
	t.Cleanup(s.Close)
	return "url: \"" + s.URL + "\""
}

// allOf is all counts of a run, those of the warm-up too.
func allOf(r *result.Result) *tally.Tally {
	all := &tally.Tally{}
	all.Merge(&r.Tally)
	all.Merge(r.WarmUp)
	return all
}
