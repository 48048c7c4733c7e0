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
