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
			blind:   []string{"GET /a|at most 450|p95, p99, throughput", "GET /b|at most 150|p95, p99, throughput"}, runTime: 2760 * time.Second,
		},
		"a route requested three times in a task": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{steps: [{http: GET /a, repeat: 2}, {steps: [{http: GET /a}]}]}]}]\n",
			blind:   []string{"GET /a|at most 1800|p99"}, runTime: 230 * time.Second,
		},
		"waits within a task": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, tasks: [{steps: [{http: GET /a}, {wait: 1s}]}]}]\n",
			blind:   []string{"GET /a|at most 600|p95, p99"}, runTime: 690 * time.Second,
		},
		"both gates": {
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 10ms, tasks: [{http: GET /a}]}]\ngate: {metrics: [p95, p99]}\n",
			blind:   nil, // 60,000 requests are enough for either
		},
		"the stored gate alone": { // a paired gate merges its rounds
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 150ms, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|at most 4000|p99|"}, runTime: 104 * time.Second,
		},
		"neither gate": {
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /a, weight: 39}, {http: GET /b}]}]\n",
			blind:   []string{"GET /a|at most 585|p95, p99, throughput|p99", "GET /b|at most 15|p50, p95, p99, throughput|p50, p95, p99, throughput"}, runTime: 27600 * time.Second,
		},
		"too short for a paired gate": {
			profile: started + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 1s}\nusers: [{name: u, wait: 100us, tasks: [{http: GET /a}]}]\ngate: {metrics: [p50]}\n",
			notes:   []string{"for a paired gate a run_time of 1s makes 24 rounds of 42ms for each side, which is too short: give a run_time of 2.4s or more"},
		},
		"short without a paired gate": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 1s}\nusers: [{name: u, wait: 100us, tasks: [{http: GET /a}]}]\ngate: {metrics: [p50]}\n",
		},
		"a rate": {
			profile: elsewhere + "load: {rate: 50/s, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|about 3000|p99"}, runTime: 138 * time.Second,
		},
		"users who never wait": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n",
			blind:   []string{"GET /a|as the system answers|p99 over 100ms"},
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
		// A stream takes a second and a half, so 400 of them fit, and limits.rate counts no messages.
		"messages of a stream": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nlimits: {rate: 100/s}\nusers: [{name: u, tasks: [{websocket: /a, messages: [{wait: 500ms}, {receive: 3}, {wait: 1s}]}]}]\ngate: {metrics: [p50]}\n",
		},
		"few messages of a stream": {
			profile: elsewhere + "load: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 19s, tasks: [{sse: GET /a, messages: [{receive: 3}, {receive: {for: 1s}}]}, {sse: GET /b, messages: [{receive: 3}]}, {websocket: /c, messages: [{send: x, repeat: 2}, {send: y, reply: none}]}]}]\ngate: {metrics: [p50]}\n",
			blind: []string{
				"SSE /a|at most 10|p50", "SSE /a first message|at most 10|p50", "SSE /b|at most 10|p50", "SSE /b each message|at most 21|p50", "SSE /b first message|at most 10|p50",
				"WS /c|at most 10|p50", "WS /c first message|at most 10|p50", "WS /c message 1|at most 21|p50",
			}, runTime: 801 * time.Second,
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
			f := foresee.Of(pl, policy, nil)
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

// If this profile can never reach gate.coverage, a sentence says so, with the figures.
func TestCoverage(t *testing.T) {
	operations := func(routes ...string) *gate.API {
		api := &gate.API{}
		for _, route := range routes {
			one := gate.Operation{Name: "operation " + route}
			if route != "" {
				one.Routes = []string{route}
			}
			api.Operations = append(api.Operations, one)
		}
		return api
	}
	const users = "users: [{name: u, wait: pace 1s, on_start: [{http: GET /login}], tasks: [{http: GET /a, weight: 39}, {http: GET /b, weight: 1}]}]\n"
	for name, c := range map[string]struct {
		api    *gate.API
		target string
		gate   string
		want   []string
	}{
		"no description":  {nil, "{url: 'http://127.0.0.1:1'}", "{coverage: 80%}", nil},
		"nothing asked":   {operations("", ""), "{url: 'http://127.0.0.1:1'}", "{metrics: [p50]}", nil},
		"enough":          {operations("GET /a", "GET /login", ""), "{url: 'http://127.0.0.1:1'}", "{coverage: 60%, metrics: [p50]}", nil},
		"too few steps":   {operations("GET /a", "", ""), "{url: 'http://127.0.0.1:1'}", "{coverage: 50%, metrics: [p50]}", []string{"gate.coverage asks for 50 % of the operations, and the steps of this profile send 1 of 3, which is 33 %: every gate will fail"}},
		"an ignored step": {operations("GET /a", "GET /b"), "{url: 'http://127.0.0.1:1'}", "{coverage: 62.5%, metrics: [p50], routes: {GET /a: {ignore: true}}}", []string{"gate.coverage asks for 62.5 % of the operations, and the steps of this profile send 1 of 2, which is 50 %"}},
		"too few requests": {
			operations("GET /a", "GET /b"), "{url: 'http://127.0.0.1:${port}', start: {command: x}}", "{coverage: 100%, metrics: [p50, p99]}",
			[]string{"the stored gate can judge 1 of 2, which is 50 %, because the others get too few requests: it will never pass", "the paired gate can judge 1 of 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, problems := profile.Parse("p.yaml", []byte("name: x\ntarget: "+c.target+"\nload: {users: 10, spawn_rate: 100, warm_up: 1s, run_time: 60s}\n"+users+"gate: "+c.gate+"\n"), profile.Surroundings{})
			policy, more := gate.ParsePolicy("p.yaml", p.Gate, p.Routes())
			if len(problems)+len(more) > 0 {
				t.Fatal(problems, more)
			}
			pl, err := plan.Make(p, plan.Values{Port: 1})
			if err != nil {
				t.Fatal(err)
			}
			notes := foresee.Of(pl, policy, c.api).Notes
			for i, want := range c.want {
				if len(notes) != len(c.want) || !strings.Contains(notes[i], want) {
					t.Errorf("notes %q, want %q", notes, c.want)
				}
			}
			if len(c.want) == 0 && len(notes) > 0 {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
