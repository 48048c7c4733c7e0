package foresee_test

import (
	"slices"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// What the idle load is too small for is said before anything is sent.
func TestUnderLoad(t *testing.T) {
	const target = "name: p\ntarget: {url: 'http://127.0.0.1:1'}\n"
	for text, want := range map[string][]string{
		// 2 users, a task a second, 60 s: 120 tasks; p50 needs 40 in all, p95 400.
		"load: {users: 20, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /a}]}]\n": {
			"under load, GET /a: the idle load (2 users) sends it at most 120 times; p95 needs 400 and a run_time of 3m50s",
		},
		"load: {rate: 50/s, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a, weight: 9}, {http: GET /b}]}]\n": {
			"under load, GET /a: the idle load (5/s) sends it about 270 times; p95 needs 400 and a run_time of 1m43s",
			"under load, GET /b: the idle load (5/s) sends it about 30 times; p50 needs 40 and a run_time of 1m32s, p95 needs 400 and a run_time of 15m20s",
		},
		"load: {users: 400, spawn_rate: 1000, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 500ms, tasks: [{http: GET /a}]}]\n": nil,
		"load: {users: 20, spawn_rate: 100, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: pace 20ms, weight: 19, tasks: [{http: GET /a}]}, {name: v, fixed: 1, tasks: [{http: GET /v}]}]\n": {
			"under load, GET /v: the idle load (2 users) never sends it, so it cannot be judged",
		},
		"load: {users: 20, spawn_rate: 100, warm_up: 1s, run_time: 10s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n": {
			"under load, GET /a: with 2 users p95 cannot be judged if a task takes longer than 50ms",
		},
		"load: {users: 1, run_time: 60s}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n": {
			"gate.under_load cannot be judged: one user is the idle load and the full one, so there is nothing to compare: give load.users of two or more",
		},
		"load: {stages: [{users: 20, for: 60s}]}\nusers: [{name: u, tasks: [{http: GET /a}]}]\n": {
			"gate.under_load cannot be judged: load.stages has no full load that could be compared with an idle one: give load.users or load.rate",
		},
	} {
		p, problems := profile.Parse("p.yaml", []byte(target+text), profile.Surroundings{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		pl, err := plan.Make(p, plan.Values{})
		if err != nil {
			t.Fatal(err)
		}
		if got := foresee.UnderLoad(pl, gate.DefaultPolicy()); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q\nwant %q", text, got, want)
		}
	}
}
