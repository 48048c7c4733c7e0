package plan_test

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Draws within a task depend on the plan, the user and the task alone. They change no other draw.
func TestDrawsWithinTasks(t *testing.T) {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
users: [{name: reader, wait: 1s..3s, tasks: [{http: GET /a}, {http: GET /b}]}]
`)
	wait, times := p.Behaviours[0].Wait, profile.Repeat{Min: 0, Max: 9}
	plain, busy, again := p.Chooser(7), p.Chooser(7), p.Chooser(7)
	other := p.Chooser(8)
	same := 0
	for task := range 200 {
		want := plain.Task(0).Name
		for _, c := range []*plan.Chooser{busy, again, other} {
			if got := c.Task(0).Name; c != other && got != want {
				t.Fatalf("task %d is %s, want %s", task, got, want)
			}
		}
		if task%3 == 0 { // the first time, an answer made this task skip a step
			busy.Times(times)
			busy.Pause(wait, 0)
		}
		if task%3 == 1 {
			n, m := busy.Times(times), again.Times(times)
			if n != m || n < 0 || n > 9 || busy.Pause(wait, 0) != again.Pause(wait, 0) {
				t.Fatalf("task %d: %d times and %d times", task, n, m)
			}
			if n == other.Times(times) {
				same++
			}
		}
		due := plain.Wait(wait, time.Minute)
		for _, c := range []*plan.Chooser{busy, again} {
			if got := c.Wait(wait, time.Minute); got != due {
				t.Fatalf("the wait after task %d ends at %v, want %v", task, got, due)
			}
		}
		other.Wait(wait, time.Minute)
	}
	if same > 25 { // of 67, where 7 are expected
		t.Errorf("two users draw the same %d times", same)
	}
}

// A pass of a deck has exactly the weights, for a user and for arrivals. Many users who do a few tasks each have them
// nearly, because they begin at different places.
func TestDecks(t *testing.T) {
	p := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
users: [{name: reader, tasks: [{http: GET /a, weight: 12}, {http: GET /b, weight: 6}, {http: GET /c, weight: 2}]}]
`)
	user := p.Chooser(0)
	for pass := range 50 {
		counts := map[string]int{}
		for range 10 {
			counts[user.Task(0).Name]++
		}
		if counts["GET /a"] != 6 || counts["GET /b"] != 3 || counts["GET /c"] != 1 {
			t.Errorf("pass %d of a user: %v", pass, counts)
		}
	}
	all := map[string]int{}
	for u := range 1000 {
		c := p.Chooser(u)
		for range 3 {
			all[c.Task(0).Name]++
		}
	}
	for name, want := range map[string]int{"GET /a": 1800, "GET /b": 900, "GET /c": 300} {
		if got := all[name]; got < want-12 || got > want+12 {
			t.Errorf("1,000 users did %s %d times, want %d", name, got, want)
		}
	}
	open := planned(`
name: shop
target: {url: "http://127.0.0.1:8080"}
load: {rate: 10/s, run_time: 100s}
users:
  - {name: reader, weight: 3, tasks: [{http: GET /a, weight: 2}, {http: GET /b}]}
  - {name: writer, weight: 2, tasks: [{http: GET /c}]}
`)
	for pass := range 40 { // 5 behaviours, and 3 tasks of a reader
		counts := map[string]int{}
		for i := range 5 {
			c := open.Chooser(5*pass + i)
			b := c.Behaviour()
			counts[c.Task(b).Name]++
		}
		if counts["GET /a"] != 2 || counts["GET /b"] != 1 || counts["GET /c"] != 2 {
			t.Errorf("arrivals of pass %d: %v", pass, counts)
		}
	}
}
