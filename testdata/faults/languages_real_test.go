//go:build real

package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
)

// TestRealLanguages loads services in other languages, which wait and work in other ways than Go's: one thread for all, many
// that take turns, one for each request.
func TestRealLanguages(t *testing.T) {
	waiting := func(least, most float64) []right {
		return []right{{bottleneck.Waiting, bottleneck.Inferred, "", least, most}}
	}
	cpu := right{kind: bottleneck.CPU, grade: bottleneck.Shown}
	oneThread := right{kind: bottleneck.OneThread, grade: bottleneck.Shown}
	for _, language := range []struct {
		name, program, script string
		cpu                   []right
		page                  bool // it has one of Prometheus
	}{
		{"node", "node", "node.mjs", []right{oneThread}, true},
		{"python", "taskset -c 0 /usr/bin/python3", "python.py", []right{cpu}, true}, // its threads take turns: beside others that looks like CPU on several cores,
		{"java", "java", "Java.java", []right{cpu}, false},
	} {
		t.Run(language.name, func(t *testing.T) {
			words := strings.Fields(language.program)
			if _, err := exec.LookPath(words[len(words)-1]); err != nil {
				t.Fatalf("%v; `make programs-faults` installs what loads a service in this language", err)
			}
			script, err := filepath.Abs(language.script)
			if err != nil {
				t.Fatal(err)
			}
			for fault, rights := range map[string][]right{"cpu": language.cpu, "lock": waiting(0.7, 1.7), "pool": waiting(6, 11)} {
				t.Run(fault, func(t *testing.T) {
					tr := trial{command: language.program + " " + script + " " + fault + " ${port}", users: doubling, each: 2 * time.Second}
					if language.page {
						tr.words = ownPage
					}
					r := tr.mustFind(t, rights...)
					if language.page {
						holdAgainst(t, r.Watch.Mean)
					}
				})
			}
		})
	}
}

// ownPage reads a service's own page.
const ownPage = `monitor: {every: 500ms, prometheus: [{url: "http://127.0.0.1:${port}/metrics", as: app}]}`

// holdAgainst holds what a service told of itself against what was read of its process.
func holdAgainst(t *testing.T, mean map[string]float64) {
	t.Helper()
	for _, figure := range []string{"cpu_cores", "rss_bytes"} {
		read, told := mean["system."+figure], mean["app."+figure]
		if !(told > 0.6*read && told < 1.6*read) {
			t.Errorf("%s: the service tells %g, read was %g", figure, told, read)
		}
	}
}
