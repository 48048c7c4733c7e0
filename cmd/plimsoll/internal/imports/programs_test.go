package imports_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// server answers with 200, and with 503 below /bad. It counts the requests.
func server(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if strings.HasPrefix(r.URL.Path, "/bad") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("hello")) // the client tells
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// run runs a program in a directory, and keeps what it prints in a file there.
func run(t *testing.T, dir, output string, args ...string) {
	t.Helper()
	command := exec.Command(args[0], args[1:]...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	t.Logf("%q: %v\n%.1500s", args, err, out)
	if output != "" {
		if err := os.WriteFile(filepath.Join(dir, output), out, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// mustRead imports files that a program wrote.
func mustRead(t *testing.T, format string, files ...string) *result.Result {
	t.Helper()
	r, err := read(t, format, files...)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(said(r))
	if !r.Whole() {
		t.Errorf("it is not whole: %v", r.Problems)
	}
	return r
}

// counted checks that a result has about the requests that the server counted: the end of a load cuts some off.
func counted(t *testing.T, r *result.Result, requests *atomic.Int64) {
	t.Helper()
	if got, want := r.Tally.Total().Requests(), requests.Load(); got < 1 || got > want || got < want-100 {
		t.Errorf("the result has %d requests, the server counted %d", got, want)
	}
}

func TestWrkItself(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Fatal("wrk is not there; `make programs` installs it")
	}
	url, requests := server(t)
	dir := t.TempDir()
	run(t, dir, "wrk.txt", "wrk", "-t", "1", "-c", "2", "-d", "1s", "--latency", url+"/bad/items")
	r := mustRead(t, "wrk", filepath.Join(dir, "wrk.txt"))
	counted(t, r, requests)
	if f := r.Rounds[0].Total; f.P50 <= 0 || f.P99 < f.P50 || f.Failures != f.Requests || r.Target != url+"/bad/items" || r.Users != 2 {
		t.Errorf("got %+v of %s with %d users", f, r.Target, r.Users)
	}
}

const locustfile = `
from locust import HttpUser, constant, task

class Shopper(HttpUser):
    wait_time = constant(0.02)

    @task(3)
    def items(self):
        self.client.get("/items")

    @task
    def bad(self):
        self.client.post("/bad", json={}, name="/bad, really")
`

func TestLocustItself(t *testing.T) {
	if _, err := exec.LookPath("/usr/bin/locust"); err != nil {
		t.Fatal("Debian's python3-locust is not there; `make programs` installs it")
	}
	url, requests := server(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "locustfile.py"), []byte(locustfile), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, length := range []string{"4s", "15s", "45s"} { // on a busy machine its users may not begin within 4 s
		requests.Store(0)
		if run(t, dir, "", "/usr/bin/locust", "--headless", "-u", "2", "-r", "2", "-t", length, "-H", url, "--csv", "shop"); requests.Load() > 100 {
			break
		}
	}
	var files []string
	for _, suffix := range []string{"_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"} {
		files = append(files, filepath.Join(dir, "shop"+suffix))
	}
	r := mustRead(t, "locust", files...)
	counted(t, r, requests)
	items, bad := r.Tally.Routes["GET /items"], r.Tally.Routes["POST /bad, really"]
	if items == nil || bad == nil || items.Failures() != 0 || bad.Failures() != bad.Requests() || len(bad.Errors) != 1 {
		t.Fatalf("got the routes %v, %+v and %+v", r.Routes(), items, bad)
	}
	if f := r.Rounds[0].Of("GET /items"); f.P50 <= 0 || len(r.Timeline) < 1 { // Locust writes its history every ten seconds
		t.Errorf("got %+v, %d seconds, %d users", f, len(r.Timeline), r.Users)
	}
}
