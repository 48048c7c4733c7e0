package runner_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// A run and its rounds have readings. Without the monitor they have none, and the same is sent.
func TestRunIsWatched(t *testing.T) {
	sent := map[string]int64{}
	for _, words := range []string{"", "\nmonitor: none"} {
		target, _, _ := counting(t)
		fixed := strings.Replace(short, "wait: 5ms..15ms", "wait: pace 20ms", 1)
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
