package locust

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// worked is what became of a load.
type worked struct {
	all    map[int]*tally.Tally
	until  time.Duration
	reason error // of an early end
	notes  string
	output string
}

// fake lets a program that stands for Locust make a load of three seconds.
func fake(t *testing.T, kind string, patience Patience) (w worked) {
	t.Helper()
	python := "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import gevent").Run(); err != nil {
		t.Fatal("Debian's python3-locust, which brings gevent, is not there; `make programs` installs it")
	}
	stand, err := filepath.Abs("testdata/fake.py")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.py"), []byte("import locust\nfrom locust import User\nclass Shopper(User):\n    abstract = False\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1:1\", locust: {file: shop.py, command: "+python+" "+stand+"}}\nload: {users: 3, spawn_rate: 10, run_time: 3s, rounds: 3, stop_within: 0s}"),
		profile.Surroundings{Read: func(string) ([]byte, error) { return nil, nil }})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	w.all = map[int]*tally.Tally{}
	var log strings.Builder
	stop := make(chan struct{})
	e, err := Start(t.Context(), Parts{
		Plan: made, At: sut.Place{Dir: dir, Environ: append(os.Environ(), "FAKE="+kind), Log: &log}, Patience: patience,
		Sink: func(round int, counted *tally.Tally) {
			if w.all[round] == nil {
				w.all[round] = &tally.Tally{}
			}
			w.all[round].Merge(counted)
		},
		End: func(reason error) { w.reason = reason },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Dismiss()
	if want := map[string]string{"old": "1.0.3"}[kind]; want != "" && e.Version() != want {
		t.Errorf("version %q", e.Version())
	}
	w.until = e.Work(t.Context(), stop, made).Until
	w.notes = strings.Join(e.Notes(), "\n")
	hidden := e.dir
	e.Dismiss()
	w.output = log.String()
	if _, err := os.Stat(hidden); err == nil {
		t.Errorf("%s is left", hidden)
	}
	return w
}

// The events of old and of new versions give the same counts.
func TestVersions(t *testing.T) {
	for _, kind := range []string{"old", "new"} {
		w := fake(t, kind, Patience{})
		if w.reason == nil || !strings.Contains(w.reason.Error(), "Locust ended by itself after") || w.until < time.Second {
			t.Errorf("%s: it ended after %v: %v", kind, w.until, w.reason)
		}
		all := &tally.Tally{}
		for _, counted := range w.all {
			all.Merge(counted)
		}
		if got := all.Names(); !slices.Equal(got, []string{"GET /items"}) {
			t.Fatalf("%s: it has the routes %q", kind, got)
		}
		route, good := all.Routes["GET /items"], int64(1)
		if kind == "new" {
			good = 2 // one of them told its time as text
		}
		if route.Requests() != good+1 || route.Failures() != 1 || route.Response.Max() < 19*time.Millisecond || route.Response.Max() > 21*time.Millisecond {
			t.Errorf("%s: %d requests, %d failures, at most %v", kind, route.Requests(), route.Failures(), route.Response.Max())
		}
		want := map[string]string{"old": "RuntimeError: no item #", "new": "'no item 17'"}[kind]
		if _, there := route.Errors[want]; !there && kind == "old" {
			t.Errorf("%s: errors %+v, want %s", kind, route.Errors, want)
		}
		for _, says := range map[string][]string{
			"old": {"Locust 1.0.3 ended with exit status 1, as it does when", "a task of the locustfile raised an exception: KeyError('id')"},
			"new": {"Locust 3.1.4 ended with exit status 1", "6 requests told no time"},
		}[kind] {
			if !strings.Contains(w.notes, says) {
				t.Errorf("%s: the notes do not say %q:\n%s", kind, says, w.notes)
			}
		}
		if !strings.Contains(w.output, "locust: printed on standard output\n") {
			t.Errorf("%s: what the locustfile prints is lost:\n%s", kind, w.output)
		}
	}
}

// A Locust that hangs is ended, and what it told before is kept.
func TestHangs(t *testing.T) {
	w := fake(t, "holds", Patience{Silent: 2 * time.Second})
	var failure *sut.Failure
	if !errors.As(w.reason, &failure) || !strings.Contains(failure.What, "Locust gave no sign of life for") {
		t.Errorf("got %v", w.reason)
	}
	w = fake(t, "deaf", Patience{Silent: time.Minute, End: time.Second})
	if w.reason == nil || !strings.Contains(w.reason.Error(), "Locust did not end within 1s of the end of the load, and was killed") {
		t.Errorf("got %v", w.reason)
	}
}

// If the hook's records cannot be read any more, the run says so.
func TestUnreadableRecords(t *testing.T) {
	if w := fake(t, "babbles", Patience{}); w.reason == nil || !strings.Contains(w.reason.Error(), "read what Locust tells: bufio.Scanner: token too long") {
		t.Errorf("got %v", w.reason)
	}
}

func TestStartTakesTooLong(t *testing.T) {
	at := sut.Place{Dir: t.TempDir(), Log: &strings.Builder{}}
	pl := &plan.Plan{Locust: &plan.Locust{File: "shop.py", Command: []string{"/bin/sh", "-c", "sleep 600", "sh"}}, SpawnRate: 1}
	_, err := Start(t.Context(), Parts{Plan: pl, At: at, Patience: Patience{Begin: 100 * time.Millisecond}})
	if err == nil || !strings.Contains(err.Error(), "Locust did not load shop.py within 100ms") {
		t.Errorf("got %v", err)
	}
}

func TestLine(t *testing.T) {
	pl := &plan.Plan{
		Target: plan.Target{URL: "http://127.0.0.1:80"}, Users: make([]plan.User, 7), SpawnRate: 0.5, WarmUp: 250 * time.Millisecond, Rounds: 2, RoundLength: time.Second,
		StopWithin: 1500 * time.Millisecond,
		Locust:     &plan.Locust{Command: []string{"uv", "run", "locust"}, Classes: []string{"A", "B"}, Args: []string{"--csv", "x"}, Tags: []string{"a", "b"}, ExcludeTags: []string{"c"}},
	}
	want := "uv run locust -f hook.py A B --headless --only-summary --host http://127.0.0.1:80 -u 7 -r 0.5 -t 3s --stop-timeout 2 --csv x --tags a b --exclude-tags c"
	if got := strings.Join(line(pl, "hook.py"), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWithout(t *testing.T) {
	got := without([]string{"PATH=/bin", "LOCUST_MODE_MASTER=true", "LOCUST_USERS=3", "LOCUST_CSV=x", "LOCUST_MINE=1"})
	if !slices.Equal(got, []string{"PATH=/bin", "LOCUST_USERS=3", "LOCUST_MINE=1"}) {
		t.Errorf("got %q", got)
	}
}
