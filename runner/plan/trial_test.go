package plan_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// Users become arrivals, each kind as often as its users would come if the system answered at once.
func TestArriving(t *testing.T) {
	const tasks = "tasks: [{http: GET /}]"
	for _, c := range []struct{ load, users, want string }{
		{"{users: 4}", "{name: a, " + tasks + "}", "[1000]"},
		{"{users: 4}", "{name: a, weight: 3, " + tasks + "}, {name: b, " + tasks + "}", "[1000 333]"},
		{"{users: 4}", "{name: a, weight: 3, wait: 1s, " + tasks + "}, {name: b, wait: 100ms..300ms, " + tasks + "}", "[600 1000]"},
		{"{users: 4}", "{name: a, wait: pace 500ms, " + tasks + "}, {name: b, wait: 2s, " + tasks + "}", "[1000 250]"},
		{"{users: 4}", "{name: a, " + tasks + "}, {name: b, wait: 2s, " + tasks + "}", "[1000 1000]"},
		{"{users: 5}", "{name: a, fixed: 1, wait: 1s, " + tasks + "}, {name: b, wait: 1s, " + tasks + "}", "[250 1000]"},
		{"{users: 4}", "{name: a, wait: 1s, tasks: [{steps: [{http: GET /}, {wait: 3s}]}]}, {name: b, wait: 1s, " + tasks + "}", "[250 1000]"},
		{"{users: 1}", "{name: a, wait: 1s, " + tasks + "}, {name: nobody, weight: 1, wait: 1s, " + tasks + "}", "[1000 0]"},
		{"{rate: 100/s}", "{name: a, weight: 3, wait: 1s, " + tasks + "}, {name: b, " + tasks + "}", "[3 1]"},
	} {
		p := makePlan(t, "load: "+c.load+"\nusers: ["+c.users+"]")
		open := p.Arriving()
		var weights []int
		for _, b := range open.Behaviours {
			weights = append(weights, b.Weight)
		}
		if got := fmt.Sprint(weights); got != c.want || open.Open == nil || len(open.Users) > 0 {
			t.Errorf("%s %s: weights %s, want %s", c.load, c.users, got, c.want)
		}
	}
}

// A trial of a rate has about so many arrivals, and none of another trial.
func TestTrialOfARate(t *testing.T) {
	for _, load := range []string{"{users: 3}", "{rate: 10/s}"} {
		p := makePlan(t, "load: "+load+oneUser).Arriving()
		next := 0
		for i, rate := range []float64{1, 250, 7.5} {
			trial := plan.Trial{Load: rate, Settle: time.Second, Length: 9 * time.Second, Number: i + 1, First: next, MaxInFlight: 50}
			s := p.Trial(trial)
			all := arrivals(s)
			if n := float64(len(all)); math.Abs(n-10*rate) > 4*math.Sqrt(10*rate)+1 {
				t.Errorf("%s: %g arrivals at %g/s in 10 s", load, n, rate)
			}
			if all[0].index != next || all[len(all)-1].at >= s.Length() || all[len(all)-1].index >= trial.After() {
				t.Errorf("%s: the arrivals of trial %d have the numbers %d to %d, the next one begins at %d", load, i, all[0].index, all[len(all)-1].index, trial.After())
			}
			if s.Rounds != 1 || s.WarmUp != time.Second || s.Open.MaxInFlight != 50 {
				t.Errorf("%s: %+v", load, s)
			}
			next = trial.After()
		}
	}
}

// Trials of users share them: a larger one adds users to those of a smaller one, dealt as the profile deals them.
func TestTrialOfUsers(t *testing.T) {
	p := makePlan(t, "load: {users: 6}\nusers: [{name: a, weight: 2, tasks: [{http: GET /}]}, {name: b, tasks: [{http: GET /}]}, {name: c, fixed: 1, tasks: [{http: GET /}]}]")
	small := p.Trial(plan.Trial{Load: 2, Settle: 2 * time.Second, Length: time.Second})
	large := p.Trial(plan.Trial{Load: 8, Settle: 2 * time.Second, Length: time.Second, Known: 2})
	kinds := func(users []plan.User) (all []int) {
		for i, u := range users {
			if u.Index != i {
				t.Errorf("user %d has the number %d", i, u.Index)
			}
			all = append(all, u.Behaviour)
		}
		return all
	}
	if got := kinds(large.Users); !slices.Equal(got[:6], kinds(p.Users)) || !slices.Equal(got[:2], kinds(small.Users)) {
		t.Errorf("kinds %v, and %v in the plan", got, kinds(p.Users))
	}
	for i, u := range large.Users {
		if known := i < 2; known != (u.Spans[0].From == 0) && i != 2 || u.Spans[0].From > time.Second || u.Spans[0].To != large.Length() {
			t.Errorf("user %d works in %v", i, u.Spans)
		}
	}
	if p.Fixed() || !makePlan(t, "load: {users: 1}\nusers: [{name: c, fixed: 1, tasks: [{http: GET /}]}]").Fixed() {
		t.Error("which plan has only fixed users?")
	}
}

func TestTaskTime(t *testing.T) {
	p := makePlan(t, `load: {rate: 1/s}
users:
  - name: a
    tasks:
      - {weight: 1, steps: [{http: GET /}, {wait: 100ms..300ms}, {steps: [{http: GET /a}, {wait: 50ms}], repeat: 2}]}
      - {weight: 3, http: GET /}
`)
	if got := p.CallsPerTask(); got != 1.5 {
		t.Errorf("%g calls in a task, want 1.5", got)
	}
	if got := p.TaskTime(40 * time.Millisecond); got != 135*time.Millisecond {
		t.Errorf("a task takes %v, want 135ms", got)
	}
}
