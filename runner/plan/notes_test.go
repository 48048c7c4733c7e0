package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// The notes list what a plan will never do, with the remedy.
func TestNotes(t *testing.T) {
	check := func(text string, want ...string) {
		t.Helper()
		p := makePlan(t, text)
		notes := p.Notes()
		if len(notes) != len(want) {
			t.Fatalf("%s: notes %q, want %q", text, notes, want)
		}
		for i := range want {
			if !strings.Contains(notes[i], want[i]) {
				t.Errorf("%s: note %q, want %q", text, notes[i], want[i])
			}
		}
		var words strings.Builder
		if err := p.Words(&words); err != nil || len(want) > 0 && !strings.Contains(words.String(), "note: "+notes[0]) {
			t.Errorf("the words lack the notes: %s, %v", words.String(), err)
		}
	}
	const nineToOne = "users: [{name: reader, weight: 9, tasks: [{http: GET /}]}, {name: admin, weight: 1, tasks: [{http: GET /admin}]}]"
	check("users: [{name: u, tasks: [{http: GET /}]}]")
	check("load: {users: 10}\n" + nineToOne)
	check("load: {users: 3}\n"+nineToOne, "admin gets none of the 3 users, so its requests are never sent: it needs 6 users in all, or fixed: 1")
	check("load: {users: 6}\n" + nineToOne)
	check("load: {users: 5}\n"+nineToOne, "admin gets none of the 5 users")
	check("load: {users: 2}\nusers: [{name: a, fixed: 2, tasks: [{http: GET /}]}, {name: b, tasks: [{http: GET /b}]}]", "b gets none of the 2 users, so its requests are never sent: it needs 3 users in all")
	check("load: {stages: [{users: 3, for: 10s}]}\n"+nineToOne, "admin gets none of the 3 users")
	check("load: {rate: 1/s, run_time: 5s, rounds: 1}\n"+nineToOne, "admin: the whole run will do the task GET /admin about 0.5 times")
	check("load: {users: 2, run_time: 10s}\nusers: [{name: u, wait: 1s, tasks: [{http: GET /, weight: 10000}, {http: GET /rare}]}]", "u: the whole run will do the task GET /rare about 0.0023 times")
	check("load: {run_time: 10s}\nusers: [{name: u, tasks: [{steps: [{http: GET /}, {wait: 6s}, {wait: 4s..9s}, {http: GET /late}]}]}]", "u: GET /late comes after waits of 10s, but the run lasts 10s, so it is never sent")
	check("load: {run_time: 10s}\nusers: [{name: u, tasks: [{steps: [{http: GET /}, {steps: [{wait: 3s}, {http: GET /in}], repeat: 3..5}, {http: GET /last}]}]}]")
	check("load: {run_time: 10s}\nusers: [{name: u, tasks: [{steps: [{http: GET /}, {steps: [{wait: 3s}], repeat: 4..5}, {http: GET /last}]}]}]", "u: GET /last comes after waits of 12s")
	check("load: {run_time: 10s}\nusers: [{name: u, on_start: [{wait: 20s}], tasks: [{http: GET /}]}]", "u: GET / comes after waits of 20s")
	check("load: {stop_within: 5s}\nusers: [{name: u, tasks: [{http: GET /}]}]", "stop_within (5s) is shorter than target.timeout (10s)")
	check("load: {stop_within: 10s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
}

// In every behaviour, setup's variables have the first slots and on_start's follow. Each task has its own.
func TestSlots(t *testing.T) {
	p := makePlan(t, `
setup: [{http: POST /a, save: {z: z, y: y}}]
users:
  - name: u
    on_start: [{http: GET /b, save: {m: m}}]
    tasks: [{steps: [{http: GET /c, save: {a: a, z: z}}, {http: "GET /${a}/${z}/${m}"}]}]
  - {name: v, tasks: [{http: "GET /${y}", save: {c: c}}]}
teardown: [{http: "DELETE /${z}", save: {b: b}}]`)
	if p.Shared != 2 || p.Lasting != 3 || p.Slots != 3 || p.Behaviours[0].Slots != 4 || p.Behaviours[1].Slots != 4 {
		t.Errorf("shared %d, lasting %d, once %d, users %d and %d", p.Shared, p.Lasting, p.Slots, p.Behaviours[0].Slots, p.Behaviours[1].Slots)
	}
	slots := func(c *plan.Call) (found []int) {
		for _, s := range c.Save {
			found = append(found, s.Slot)
		}
		return found
	}
	if got := slots(p.Setup[0].Call); !slices.Equal(got, []int{1, 0}) || p.Setup[0].Call.Routes != nil || p.Setup[0].Call.Name != "POST /a" {
		t.Errorf("setup saves in %v: %+v", got, p.Setup[0].Call)
	}
	if got := slots(p.Behaviours[0].Tasks[0].Steps[0].Call); !slices.Equal(got, []int{3, 1}) {
		t.Errorf("the task saves in %v", got)
	}
	for _, r := range p.Routes {
		if strings.HasPrefix(r.Name, "POST") || strings.HasPrefix(r.Name, "DELETE") {
			t.Errorf("setup and teardown are counted under %s", r.Name)
		}
	}
}
