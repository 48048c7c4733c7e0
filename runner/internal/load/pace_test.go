package load_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
)

// lateTimers are up to most late.
func lateTimers(most time.Duration) func() time.Duration {
	return func() time.Duration { return rand.N(most) }
}

// The requested rate is reached over an hour, however late timers are: lateness does not add up.
func TestPaceDoesNotDrift(t *testing.T) {
	for name, c := range map[string]struct {
		yaml   string
		period time.Duration
		late   time.Duration
		want   int64
	}{
		"pace":               {"load: {users: 1, run_time: 1h, rounds: 1}\nusers: [{name: u, wait: pace 1s, tasks: [{http: GET /}]}]", time.Second, 40 * time.Millisecond, 3600},
		"throughput":         {"load: {users: 1, run_time: 1h, rounds: 1}\nusers: [{name: u, wait: throughput 20/s, tasks: [{http: GET /}]}]", 50 * time.Millisecond, 30 * time.Millisecond, 72_000},
		"faster than timers": {"load: {users: 1, run_time: 100s, rounds: 1}\nusers: [{name: u, wait: throughput 500/s, tasks: [{http: GET /}]}]", 2 * time.Millisecond, 7 * time.Millisecond, 50_000},
		"many users, warm-up": {"load: {users: 10, spawn_rate: 3.7, warm_up: 10m, run_time: 1h, rounds: 6}\nusers: [{name: u, wait: pace 7s, tasks: [{http: GET /}]}]",
			7 * time.Second, time.Second, 10 * 4200 / 7},
		"tasks of several steps": {"load: {users: 1, run_time: 1h, rounds: 1}\nusers: [{name: u, wait: pace 1s, tasks: [{steps: [{http: GET /}, {wait: 300ms}]}]}]", time.Second, 40 * time.Millisecond, 3600},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &system{late: lateTimers(c.late), take: always(200 * time.Microsecond)}
				_, report := apply(t.Context(), makePlan(t, c.yaml), s, nil)
				lost := 1 + int64(c.late/c.period) // by a timer that is late at the end
				if n := int64(len(s.sent)); n < c.want-lost || n > c.want {
					t.Errorf("%d tasks, want %d", n, c.want)
				}
				first := map[int]time.Duration{}
				for _, one := range s.sent {
					if _, known := first[one.user]; !known {
						first[one.user] = one.at.Truncate(c.late)
					}
					if off := (one.at - first[one.user]) % c.period; off > 2*c.late {
						t.Fatalf("user %d begins a task at %v, %v after its instant", one.user, one.at, off)
					}
				}
				if p := report.Paced; p.Due > p.Begun+1 || p.Missed != 0 { // the last may be due as the load ends
					t.Errorf("the rate was reached, and the report says %+v", p)
				}
			})
		})
	}
}

// If a rate was not reached, the report says by how much, and how much of that is the generator's
// fault.
func TestPaceNotReached(t *testing.T) {
	const paced = "load: {users: 2, spawn_rate: 1e6, warm_up: 10s, run_time: 100s, rounds: 2}\nusers: [{name: u, wait: throughput 10/s, tasks: [{http: GET /}]}]"
	takes := func(d time.Duration) *system {
		return &system{take: func(string, time.Duration) time.Duration { return d }}
	}
	for name, c := range map[string]struct {
		yaml   string
		system *system
		want   load.Paced
	}{
		"reached":            {paced, takes(99 * time.Millisecond), load.Paced{Due: 2000, Begun: 2000}},
		"a slow system":      {paced, takes(200 * time.Millisecond), load.Paced{Due: 2000, Begun: 1000}},
		"a stall":            {paced, &system{take: stallAt(50*time.Second, 10*time.Second, 0)}, load.Paced{Due: 2000, Begun: 2000 - 2*99}},
		"a stall to the end": {paced, &system{take: stallAt(100*time.Second, time.Hour, 0)}, load.Paced{Due: 2000, Begun: 2 * 901}},
		"late timers":        {paced, &system{take: takes(0).take, late: func() time.Duration { return 250 * time.Millisecond }}, load.Paced{Due: 2000, Begun: 1333, Missed: 667}},
		"login fails": {"load: {users: 2, spawn_rate: 1e6, run_time: 100s}\nusers: [{name: u, wait: throughput 10/s, on_start: [{http: GET /in}], tasks: [{http: GET /}]}]",
			&system{answer: func(string, time.Duration) reply { return reply{status: 401} }}, load.Paced{Due: 2000}},
		"stages": {"load: {stages: [{users: 1, for: 1ms}, {users: 1, for: 50s}, {users: 0, for: 1ms}, {users: 0, for: 20s}, {users: 1, for: 1ms}, {users: 1, for: 30s}], rounds: 1}\nusers: [{name: u, wait: throughput 10/s, tasks: [{http: GET /}]}]",
			takes(200 * time.Millisecond), load.Paced{Due: 800, Begun: 400}},
		"faster than timers, slow system": {"load: {users: 1, run_time: 100s, rounds: 1}\nusers: [{name: u, wait: throughput 500/s, tasks: [{http: GET /}]}]",
			&system{take: takes(4 * time.Millisecond).take, late: lateTimers(7 * time.Millisecond)}, load.Paced{Due: 50_000, Begun: 25_000}},
		"the end within a task": {"load: {users: 2, spawn_rate: 1e6, run_time: 100s, rounds: 1}\nusers: [{name: u, wait: throughput 10/s, tasks: [{steps: [{http: GET /}, {wait: 250ms}, {http: GET /b}]}]}]",
			takes(20 * time.Millisecond), load.Paced{Due: 2000, Begun: 690}},
		"no rate": {"load: {users: 2, run_time: 100s}\nusers: [{name: u, wait: 1s, tasks: [{http: GET /}]}]", takes(0), load.Paced{}},
		"open":    {"load: {rate: 10/s, warm_up: 10s, run_time: 100s, rounds: 2}\nusers: [{name: u, tasks: [{http: GET /}]}]", takes(time.Second), load.Paced{Due: 1000, Begun: 1000}},
		"open, dropped": {"load: {rate: 10/s, max_in_flight: 1, warm_up: 10s, run_time: 100s, rounds: 2}\nusers: [{name: u, tasks: [{http: GET /}]}]",
			takes(150 * time.Millisecond), load.Paced{Due: 1000, Begun: 500}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, report := apply(t.Context(), makePlan(t, c.yaml), c.system, nil)
				near := func(got, want int64) bool { return got >= want-4 && got <= want+4 }
				if p := report.Paced; !near(p.Due, c.want.Due) || !near(p.Begun, c.want.Begun) || !near(p.Missed, c.want.Missed) {
					t.Errorf("the report says %+v, want %+v", p, c.want)
				}
			})
		})
	}
}

// All stretches together ask for the whole rate, even if a task spans several of them.
func TestPaceInStretches(t *testing.T) {
	for steps, begun := range map[string]int64{
		"{http: GET /}": 40,
		"{http: GET /}, {wait: 450ms}, {http: GET /b}": 40,
		"{http: GET /}, {wait: 700ms}":                 28,
		"{http: GET /}, {wait: 4s}, {http: GET /b}":    5,
	} {
		synctest.Test(t, func(t *testing.T) {
			p := makePlan(t, "load: {users: 2, spawn_rate: 1e6, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: throughput 2/s, tasks: [{steps: ["+steps+"]}]}]")
			crew, _ := newCrew(p, &system{})
			crew.Work(t.Context(), nil, p.WarmUpShift())
			var paced load.Paced
			for i := range 20 {
				paced.Add(crew.Work(t.Context(), nil, p.Shift(i+1, 0, time.Second)).Paced)
			}
			crew.Dismiss(t.Context())
			if paced.Due != 80 || paced.Missed != 0 || paced.Begun < 2*begun-4 || paced.Begun > 2*begun+4 {
				t.Errorf("%s: 2 tasks a second were due for each of 2 users in 20 s; %+v", steps, paced)
			}
		})
	}
}

// The open model keeps every schedule too: constant, random and changing.
func TestArrivalsDoNotDrift(t *testing.T) {
	for name, c := range map[string]struct {
		loads     string
		want, off int64
	}{
		"constant": {"{rate: 7/s, run_time: 1h, rounds: 6}", 7 * 3600, 0},
		"poisson":  {"{rate: 7/s, arrivals: poisson, run_time: 1h, rounds: 6}", 7 * 3600, 800}, // five standard deviations
		"stages":   {"{stages: [{rate: 10, for: 30m}, {rate: 0, for: 30m}], rounds: 6}", 5 * 3600, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rounds, report := apply(t.Context(), makePlan(t, "load: "+c.loads+"\nusers: [{name: u, tasks: [{http: GET /}]}]"), &system{}, nil)
				if p := report.Paced; p.Due < c.want-c.off || p.Due > c.want+c.off || p.Begun != p.Due || p.Missed != 0 {
					t.Errorf("%+v, want %d", p, c.want)
				}
				var counted int64
				for _, round := range rounds {
					counted += round.Total().Requests()
				}
				if counted != report.Paced.Due || report.Lag.Max() > time.Millisecond {
					t.Errorf("%d counted, %d due, up to %v late", counted, report.Paced.Due, report.Lag.Max())
				}
			})
		})
	}
}
