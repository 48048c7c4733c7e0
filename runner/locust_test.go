package runner_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
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
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// usualLoad is a load for Locust. Its length is no whole number of seconds.
const usualLoad = "load: {users: 6, spawn_rate: 20, warm_up: 500ms, run_time: 3s, rounds: 3, stop_within: 2s}"

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

// threeClasses are users of three classes, with names, failures and requests of all kinds.
const threeClasses = `
class Shopper(HttpUser):
    wait_time = constant(0.02)

    @task(3)
    def items(self):
        self.client.get("/items")

    @task
    def odd(self):
        self.client.get("/items?x=1", name='odd, "quoted"\nname * größe 🍄 \udc80 \x1b[31m')

    @task
    def bad(self):
        self.client.post("/bad", json={})

    @task
    def caught(self):
        with self.client.get("/items", catch_response=True, name="/caught") as answer:
            answer.failure("no, \"this\" 'is'\nwrong größe")

    @task
    def slow(self):
        with self.client.get("/items", catch_response=True, name="/late"):
            gevent.sleep(0.05)

    @task
    def refused(self):
        self.client.get("http://127.0.0.1:1/", name="/refused")

    @task
    def raises(self):
        raise KeyError("id")

class Fast(FastHttpUser):
    wait_time = constant(0.02)

    @task
    def items(self):
        self.client.get("/items")

    @task
    def bad(self):
        self.client.get("/bad/1", name="/bad")

class Socket(User):
    wait_time = constant(0.02)

    @task
    def query(self):
        events.request.fire(request_type="SQL", name="select", response_time=3.25, response_length=7, exception=None, context={})

    @task
    def fails(self):
        events.request.fire(request_type="SQL", name="insert", response_time=1, response_length=0, exception=ValueError("duplicate key"), context={})

    @task
    def older(self):
        events.request_success.fire(request_type="SQL", name="older", response_time=2.5, response_length=1)

    @task
    def older_fails(self):
        events.request_failure.fire(request_type="SQL", name="older", response_time=2.5, response_length=1, exception=OSError("gone"))

    @task
    def untimed(self):
        events.request.fire(request_type="SQL", name="select", response_time=None, response_length=0, exception=None, context={})
`

// locustStats is what Locust's own statistics hold.
type locustStats struct {
	Entries []struct {
		Method, Name string
		Requests     int64   `json:"num_requests"`
		Untimed      int64   `json:"num_none_requests"`
		Failures     int64   `json:"num_failures"`
		Bytes        int64   `json:"total_content_length"`
		Sum          float64 `json:"total_response_time"`
		Most         float64 `json:"max_response_time"`
	}
	Errors []struct {
		Method, Name, Error string
		Occurrences         int64
	}
}

// theirs reads what Locust has counted.
func theirs(t *testing.T, dir string) (s locustStats) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// routeName is the route of a name of Locust's.
func routeName(method, name string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, method+" "+name))
}

// counts are all counts of a run, those of the warm-up too.
func allOf(r *result.Result) *tally.Tally {
	all := &tally.Tally{}
	all.Merge(&r.Tally)
	all.Merge(r.WarmUp)
	return all
}

// What Locust counts by itself is counted here, request for request and failure for failure.
func TestLocustCounts(t *testing.T) {
	system := driven(t, shelves(t), usualLoad, threeClasses, "", profile.Change{})
	var last runner.Progress
	r, err := runner.Run(t.Context(), system, runner.Config{Progress: func(p runner.Progress) { last = p }})
	if err != nil || !whole(r) || len(r.Rounds) != 3 {
		t.Fatalf("%v, %+v", err, r)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	all, locust := allOf(r), theirs(t, system.Dir)
	if len(locust.Entries) != 10 || len(all.Routes) != len(locust.Entries) {
		t.Errorf("Locust has %d names, the run has %q", len(locust.Entries), all.Names())
	}
	var untimed, sum int64
	for _, e := range locust.Entries {
		route := all.Routes[routeName(e.Method, e.Name)]
		if route == nil {
			t.Errorf("there is no route for %q in %q", e.Method+" "+e.Name, all.Names())
			continue
		}
		untimed, sum = untimed+e.Untimed, sum+e.Requests-e.Untimed
		mean := time.Duration(e.Sum / float64(e.Requests-e.Untimed) * 1e6)
		most := time.Duration(e.Most * 1e6)
		switch {
		case route.Requests() != e.Requests-e.Untimed, route.Failures() != e.Failures, route.BytesReceived != e.Bytes:
			t.Errorf("%s %q: %d requests, %d failures, %d bytes; Locust has %+v", e.Method, e.Name, route.Requests(), route.Failures(), route.BytesReceived, e)
		case !about(route.Response.Mean(), mean), !about(route.Response.Max(), most):
			t.Errorf("%s %q: mean %v, most %v; Locust has %v and %v", e.Method, e.Name, route.Response.Mean(), route.Response.Max(), mean, most)
		}
	}
	if untimed == 0 || last.Requests != sum {
		t.Errorf("%d requests were shown, %d counted, %d had no time", last.Requests, sum, untimed)
	}
	failedAlike(t, all, locust)
	toldOfLocust(t, r, untimed)
}

// about compares a time with one of Locust's.
func about(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.005*float64(want)+1000
}

// failedAlike compares the failures with those of Locust.
func failedAlike(t *testing.T, all *tally.Tally, locust locustStats) {
	t.Helper()
	kinds := map[string]tally.Class{
		"POST /bad": tally.Status, "GET /bad": tally.Status, "GET /caught": tally.Expect, "GET /refused": tally.Transport,
		"SQL insert": tally.Expect, "SQL older": tally.Transport,
	}
	if len(locust.Errors) != len(kinds) {
		t.Errorf("Locust has %d kinds of failures, want %d: %+v", len(locust.Errors), len(kinds), locust.Errors)
	}
	for _, e := range locust.Errors {
		name := routeName(e.Method, e.Name)
		route := all.Routes[name]
		if route == nil {
			continue // which is told already
		}
		var n int64
		for text, seen := range route.Errors {
			if cmp.Or(seen.Example, text) == tally.ErrorText(e.Error) || strings.Contains(e.Error, "object at 0x") {
				n += seen.Count
			}
		}
		if n != e.Occurrences || route.Outcomes[kinds[name]] != e.Occurrences {
			t.Errorf("%s: %d failures are %q, of the class %v %d; Locust has %d; ours: %+v", name, n, e.Error, kinds[name], route.Outcomes[kinds[name]], e.Occurrences, route.Errors)
		}
	}
	if text := slices.Collect(maps.Keys(all.Routes["POST /bad"].Errors)); len(text) != 1 || text[0] != "HTTPError: 503 Server Error: Service Unavailable for url: http://#/bad" {
		t.Errorf("POST /bad fails with %q", text)
	}
}

// toldOfLocust checks what a run says about the program that made its load.
func toldOfLocust(t *testing.T, r *result.Result, untimed int64) {
	t.Helper()
	if r.Origin != (result.Origin{Tool: "Locust", Driven: true}) || !strings.HasPrefix(r.Environment.ToolMajor, "Locust") || r.Users != 6 {
		t.Errorf("origin %+v, generator %q, %d users", r.Origin, r.Environment.ToolMajor, r.Users)
	}
	if g := r.Generator; g.Cores != 1 || g.CPUShare <= 0 || g.CPUShare > 1.5 {
		t.Errorf("generator %+v", g)
	}
	notes := strings.Join(r.Notes, "\n")
	for _, want := range []string{
		"ended with exit status 1, as it does when a request failed or a task raised an exception",
		"from when it was sent, not from when it was due",
		"exceptions, such as KeyError('id')",
		fmt.Sprintf("%d requests told no time", untimed),
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes)
		}
	}
}

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
