package plan_test

import (
	"math"
	"testing"
	"time"
)

// The load of a span of time is what users and arrivals of the plan make of it: each counted one by one.
func TestMeanLoad(t *testing.T) {
	for load, want := range map[string][]float64{ // of each round
		"{users: 8, spawn_rate: 4, run_time: 4s, warm_up: 2s, rounds: 2}":                                                                 {8, 8},
		"{stages: [{users: 4, for: 4s}, {users: 4, for: 2s}, {users: 1, for: 3s}], rounds: 3, warm_up: 3s}":                               {3.75, 4, 2.5},
		"{stages: [{users: 10, for: 1ms}, {users: 10, for: 10s}, {users: 20, for: 1ms}, {users: 20, for: 10s}], rounds: 2, warm_up: 2ms}": {10, 20},
	} {
		p := makePlan(t, "load: "+load+"\nusers: [{name: a, tasks: [{http: GET /}]}]")
		for i, want := range want {
			if got := p.MeanUsers(p.RoundStart(i), p.RoundStart(i+1)); math.Abs(got-want) > 0.3 { // whole users
				t.Errorf("%s: round %d has %g users, want %g", load, i, got, want)
			}
		}
	}
	for _, load := range []string{
		"{rate: 50/s, run_time: 10s, rounds: 2}", "{stages: [{rate: 100, for: 10s}, {rate: 100, for: 10s}, {rate: 0, for: 10s}], rounds: 3, warm_up: 0s}",
		"{stages: [{rate: 20, for: 10s}, {rate: 400, for: 1ms}, {rate: 400, for: 10s}], warm_up: 1s, rounds: 4}",
	} {
		p := makePlan(t, "load: "+load+oneUser)
		counts := make([]int, p.Rounds)
		for _, a := range arrivals(p) {
			if i := p.RoundAt(a.at); i >= 0 {
				counts[i]++
			}
		}
		for i, n := range counts {
			if got := p.TasksPerSec(p.RoundStart(i), p.RoundStart(i+1)) * p.RoundLength.Seconds(); math.Abs(got-float64(n)) > 1.01 {
				t.Errorf("%s: round %d: %g tasks are due, %d arrive", load, i, got, n)
			}
		}
		whole := p.TasksPerSec(0, p.Length())
		half := *p
		half.Shard.N = 2
		if got := half.TasksPerSec(0, p.Length()); math.Abs(2*got-whole) > 1e-9 {
			t.Errorf("%s: a half has %g of %g", load, got, whole)
		}
		if got, want := p.Shift(1, time.Second, 2*time.Second).TasksPerSec(time.Second, 3*time.Second), p.TasksPerSec(p.WarmUp, p.Length()); math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: a shift has %g tasks a second, its rounds have %g", load, got, want)
		}
	}
}
