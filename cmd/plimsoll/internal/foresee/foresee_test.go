package foresee_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Figures that a profile will not be able to judge.
func TestOf(t *testing.T) {
	const elsewhere, started = "target: {url: 'http://127.0.0.1:1'}\n", "target: {url: 'http://127.0.0.1:${port}', start: {command: x}}\n"
	for name, c := range map[string]struct {
		profile string
		notes   []string
		blind   []string
		runTime time.Duration
	}{
		// 10 users, each a task a second, for 60 s: 600 tasks, in 6 rounds.
		"waits": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /a, weight: 3}, {http: GET /b}]}]\n",
			blind:   []string{"GET /a|at most 450|p95, p99, throughput", "GET /b|at most 150|p95, p99, throughput"}, runTime: 2400 * time.Second,
		},
		"a route requested three times in a task": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{steps: [{http: GET /a, repeat: 2}, {steps: [{http: GET /a}]}]}]}]\n",
			blind:   []string{"GET /a|at most 1800|p99"}, runTime: 200 * time.Second,
		},
		"waits within a task": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, tasks: [{steps: [{http: GET /a}, {wait: 1s}]}]}]\n",
			blind:   []string{"GET /a|at most 600|p95, p99"}, runTime: 600 * time.Second,
		},
		"both gates": {
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 10ms, tasks: [{http: GET /a}]}]\ngate: {metrics: [p95, p99]}\n",
			blind:   nil, // 60,000 requests are enough for either
		},
		"the paired gate alone": {
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 50ms, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|at most 12000||p99"}, runTime: 120 * time.Second,
		},
		"a rate": {
			profile: elsewhere + "load: {rate: 50/s, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|about 3000|p99"}, runTime: 120 * time.Second,
		},
		"users who never wait": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|as the system answers|p99 (if a task takes over 100ms)"},
		},
		"a route that is not judged": {
			profile: elsewhere + "load: {users: 1, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /a}]}]\ngate: {routes: {GET /a: {ignore: true}}}\n",
		},
		"metrics that are not judged": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /a}]}]\ngate: {metrics: [p50]}\n",
		},
		"past limits.rate": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nlimits: {rate: 100/s}\nusers: [{name: u, wait: 10ms, tasks: [{http: GET /a}]}]\n",
			notes:   []string{"up to 1000 requests per second, and limits.rate allows 100"},
		},
		"over HTTP/3": {
			profile: "target: {url: https://127.0.0.1:1, http: 3}\nload: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 10ms, tasks: [{http: GET /a}]}]\n",
			notes:   []string{"http: 3 costs this machine several times the CPU time"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := profile.Parse("p.yaml", []byte("name: x\n"+c.profile), profile.Surroundings{})
			policy, more := gate.ParsePolicy("p.yaml", p.Gate, p.Routes())
			if len(problems)+len(more) > 0 {
				t.Fatal(problems, more)
			}
			pl, err := plan.Make(p, plan.Values{Port: 1})
			if err != nil {
				t.Fatal(err)
			}
			f := foresee.Of(pl, policy)
			var blind []string
			for _, row := range f.Blind {
				blind = append(blind, strings.Join(row, "|"))
			}
			if fmt.Sprint(blind) != fmt.Sprint(c.blind) || f.RunTime != c.runTime {
				t.Errorf("blind %q, run time %v; want %q, %v", blind, f.RunTime, c.blind, c.runTime)
			}
			if len(f.Notes) != len(c.notes) || len(c.notes) > 0 && !strings.Contains(f.Notes[0], c.notes[0]) {
				t.Errorf("notes %q, want %q", f.Notes, c.notes)
			}
		})
	}
}
