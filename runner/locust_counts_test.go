package runner_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

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

// about compares a time with one of Locust's.
func about(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 0.005*float64(want)+1000
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
