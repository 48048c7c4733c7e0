package runner_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
)

// Each round says how much load it brought, watched or not: as many users or tasks as the plan has at work then.
func TestRoundsTellTheirLoad(t *testing.T) {
	target, _, _ := counting(t)
	for words, want := range map[string][]float64{
		short + "\nmonitor: none": {4, 4, 4},
		`
load: {stages: [{users: 2, for: 1ms}, {users: 2, for: 400ms}, {users: 6, for: 1ms}, {users: 6, for: 400ms}], warm_up: 2ms, rounds: 2}
users: [{name: u, wait: 5ms..15ms, tasks: [{http: GET /}]}]`: {2, 6},
	} {
		r, err := runner.Run(t.Context(), sideOf(t, "", target, words), runner.Config{})
		if err != nil || len(r.Rounds) != len(want) {
			t.Fatalf("%v, %d rounds", err, len(r.Rounds))
		}
		for i, round := range r.Rounds {
			users, told := round.Readings["generator.users"]
			if _, open := round.Readings["generator.tasks_per_sec"]; !told || open || math.Abs(users-want[i]) > 0.1 {
				t.Errorf("round %d: %v, want %g users", i, round.Readings, want[i])
			}
		}
	}
	open := `
load: {rate: 200/s, run_time: 600ms, warm_up: 100ms, rounds: 2}
users: [{name: u, tasks: [{http: GET /}]}]`
	r, err := runner.Run(t.Context(), sideOf(t, "", target, open), runner.Config{})
	if err != nil || len(r.Rounds) != 2 || math.Abs(r.Rounds[1].Readings["generator.tasks_per_sec"]-200) > 1e-6 {
		t.Errorf("%v, %+v", err, r.Rounds)
	}
	pairing := runner.Pairing{RoundLength: 200 * time.Millisecond, Rounds: 2, Stretches: 2}
	for words, name := range map[string]string{short: "generator.users", open: "generator.tasks_per_sec"} {
		base, head := sideOf(t, "base", target, words), sideOf(t, "head", target, words)
		b, h, err := runner.Pair(context.Background(), base, head, pairing)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"generator.users": 4, "generator.tasks_per_sec": 200}[name]
		for _, round := range append(b.Rounds, h.Rounds...) {
			if math.Abs(round.Readings[name]-want) > 1e-6 {
				t.Errorf("%s in a pair: %v, want %g", name, round.Readings, want)
			}
		}
	}
}
