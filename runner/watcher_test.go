package runner_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// A run and its rounds have readings. Without the monitor they have none, and the same is sent.
func TestRunIsWatched(t *testing.T) {
	const fixed = "load: {rate: 20/s, warm_up: 100ms, run_time: 1200ms, rounds: 3}\nusers: [{name: u, tasks: [{http: GET /health}]}]"
	sent := map[string]int64{}
	for _, words := range []string{"", "\nmonitor: none"} {
		target, _, _ := counting(t)
		r, err := runner.Run(t.Context(), sideOf(t, "", target, fixed+words), runner.Config{})
		if err != nil || !whole(r) {
			t.Fatalf("%v, %+v", err, r)
		}
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		sent[words] = r.Tally.Total().Requests() + r.WarmUp.Total().Requests()
		watched := words == ""
		if (r.Watch != nil) != watched {
			t.Fatalf("watched: %+v", r.Watch)
		}
		for _, round := range r.Rounds {
			if _, read := round.Readings["machine.memory_used_bytes"]; read != watched {
				t.Errorf("%q: readings of a round %v", words, slices.Sorted(maps.Keys(round.Readings)))
			}
		}
		if !watched {
			continue
		}
		if r.Watch.Mean["machine.memory_used_bytes"] <= 0 || len(r.Watch.Timeline["machine.memory_used_bytes"]) == 0 {
			t.Errorf("watch %+v", r.Watch)
		}
		named := false
		for _, a := range r.Watch.Absent {
			named = named || a.Source == "system"
		}
		if _, read := r.Watch.Mean["system.cpu_cores"]; read || !named {
			t.Errorf("a system that was not started: %+v", r.Watch.Absent)
		}
	}
	if on, off := sent[""], sent["\nmonitor: none"]; on < off*9/10 || off < on*9/10 {
		t.Errorf("%d requests with the monitor, %d without", on, off)
	}
}

// A disk that has too little left ends the run, with a sentence.
func TestFullDiskEndsTheRun(t *testing.T) {
	target, _, _ := counting(t)
	long := strings.Replace(short, "run_time: 600ms", "run_time: 60s", 1)
	r, err := runner.Run(t.Context(), sideOf(t, "", target, long+"\nlimits: {abort: {disk_free: 1048576TiB, p95: 1h}}\nmonitor: {every: 200ms}"), runner.Config{})
	if err == nil || r == nil || len(r.Problems) == 0 || !strings.Contains(r.Problems[0].Text, "limits.abort ends the run") {
		t.Fatalf("%v, %+v", err, r)
	}
}

// A system that was not started here is named with what would read it: its processes, if it is on this machine, or a page.
func TestSystemElsewhere(t *testing.T) {
	local, _, _ := counting(t)
	_, port, _ := strings.Cut(local, "127.0.0.1:")
	port, _, _ = strings.Cut(port, "\"")
	remote := "" // another name of this machine
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, _, err := net.ParseCIDR(a.String()); err == nil && ip.To4() != nil && !ip.IsLoopback() {
			remote = ip.String()
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(remote, "0"))
	if err != nil {
		t.Skipf("%q: %v", remote, err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "process_resident_memory_bytes 5e6\n") // the reader may have gone
	})}
	go func() { _ = s.Serve(l) }() // until it is closed
	defer s.Close()
	elsewhere := "http://" + l.Addr().String()
	for target, want := range map[string]string{
		"http://127.0.0.1:" + port: "it was not started here; name its processes in monitor.system",
		"http://localhost:" + port: "it was not started here; name its processes in monitor.system",
		elsewhere:                  "it runs at " + remote + "; add monitor.prometheus",
		elsewhere + "/":            "it runs at " + remote + "; only the pages of monitor.prometheus tell of it",
	} {
		if remote == "" && strings.HasPrefix(target, elsewhere) {
			continue
		}
		words := short + "\nlimits: {hosts: [127.0.0.1, localhost, " + remote + "]}"
		if strings.HasSuffix(target, "/") {
			words += "\nmonitor: {prometheus: [{url: \"" + target + "\", as: app}]}"
		}
		r, err := runner.Run(t.Context(), sideOf(t, "", fmt.Sprintf("target: {url: %q}", target), words), runner.Config{})
		if err != nil {
			t.Fatal(err)
		}
		why := ""
		for _, a := range r.Watch.Absent {
			if a.Source == "system" {
				why = a.Why
			}
		}
		if why != want {
			t.Errorf("%s: %q, want %q", target, why, want)
		}
		if _, read := r.Watch.Mean["app.rss_bytes"]; read != strings.HasSuffix(target, "/") {
			t.Errorf("%s: the page is read: %v, %v", target, read, r.Watch.Absent)
		}
	}
}
