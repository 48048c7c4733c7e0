package load_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
)

// If on_start takes longer than a stretch, the next stretch continues it, both the first time and at a
// renewal. If it fails, it is tried again a second of load later, however short the stretches are.
func TestOnStartThroughStretches(t *testing.T) {
	takes := func(path string, _ time.Duration) time.Duration {
		if path == "/in" {
			return 300 * time.Millisecond
		}
		return time.Millisecond
	}
	refuses := func(path string, since time.Duration) reply {
		if path == "/bad" && since > 10*time.Second {
			return reply{status: 503}
		}
		return reply{}
	}
	for model, loads := range map[string]string{"closed": "users: 3, spawn_rate: 1e6", "open": "rate: 30/s, max_in_flight: 3"} {
		for name, c := range map[string]struct {
			onStart string
			begins  [2]int // how often its first step is sent by all three
			begun   int64  // at least so many tasks, of 600
		}{
			"calls": {"[{http: GET /in}, {http: GET /in, name: again}]", [2]int{12, 30}, 400},
			"waits": {"[{http: GET /in}, {wait: 1s}, {http: GET /in, name: again}]", [2]int{12, 30}, 300},
			"fails": {"[{http: GET /bad}]", [2]int{3 * 14, 3 * 21}, 100},
		} {
			t.Run(model+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := makePlan(t, "load: {"+loads+", warm_up: 100ms, run_time: 60s}\nusers: [{name: u, wait: pace 100ms, on_start: "+c.onStart+", renew: 30s, tasks: [{http: GET /}]}]")
					s := &system{take: takes, answer: refuses}
					crew, rounds := newCrew(p, s)
					crew.Work(t.Context(), nil, p.WarmUpShift())
					var paced load.Paced
					for i := range 100 {
						time.Sleep(time.Second)
						paced.Add(crew.Work(t.Context(), nil, p.Shift(i+1, 0, 200*time.Millisecond)).Paced)
					}
					crew.Dismiss(t.Context())
					if begins := s.paths()["/in"] + s.paths()["/bad"]; begins < c.begins[0] || begins > c.begins[1] {
						t.Errorf("on_start sends %v", s.paths())
					}
					if task := rounds[0].Routes["GET /"]; task.Requests() < c.begun || paced.Begun < c.begun {
						t.Errorf("%d tasks of 600: %v, %+v", task.Requests(), task.Outcomes, paced)
					}
					if paced.Due < 590 || paced.Due > 600 { // a pace starts when on_start first succeeds
						t.Errorf("%d tasks were due, want 600", paced.Due)
					}
				})
			})
		}
	}
}
