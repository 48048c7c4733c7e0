package load_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// In the open model requests fall due while a server stalls, and their wait is response time.
func TestOpenStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {rate: 100/s, run_time: 30s, rounds: 3}
users: [{name: u, tasks: [{http: GET /}]}]`)
		rounds, report := apply(t.Context(), p, &system{take: stallAt(12*time.Second, time.Second, 0)}, nil)
		total := rounds[1].Total()
		if total.Requests() != 1000 || total.Failures() != 0 {
			t.Errorf("%d requests, %d failures; want 1000 and none", total.Requests(), total.Failures())
		}
		// A tenth of the round's requests fall into the stall, and wait evenly from 0 to 1 s.
		for q, want := range map[float64]time.Duration{0.85: 0, 0.95: 500 * time.Millisecond, 0.99: 900 * time.Millisecond} {
			if got := total.Response.Quantile(q); got < want-20*time.Millisecond || got > want+20*time.Millisecond {
				t.Errorf("p%g is %v, want %v", 100*q, got, want)
			}
		}
		if report.Lag.Max() > time.Millisecond {
			t.Errorf("arrivals were turned to %v late", report.Lag.Max())
		}
	})
}

func TestOpenDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {rate: 100/s, max_in_flight: 20, run_time: 10s, rounds: 1}
users: [{name: u, tasks: [{http: GET /}]}]`)
		s := &system{take: stallAt(5*time.Second, time.Second, 0)}
		rounds, _ := apply(t.Context(), p, s, nil)
		total := rounds[0].Total()
		dropped := total.Outcomes[tally.Dropped] // one more if an arrival falls due just as the stall ends
		if total.Requests() != 1000 || dropped < 80 || dropped > 81 || int64(len(s.sent)) != 1000-dropped {
			t.Errorf("%d requests, %v, %d sent; want 80 of 1000 dropped", total.Requests(), total.Outcomes, len(s.sent))
		}
		if s.users > 20 {
			t.Errorf("%d connections, want 20 at most", s.users)
		}
	})
}

// The servers of all behaviours together hold no more connections than tasks may be in flight. A server
// that makes room for another does on_stop first.
func TestOpenConnectionsOfAllBehaviours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {rate: 100/s, arrivals: poisson, max_in_flight: 12, run_time: 10s, rounds: 1}
users:
  - {name: a, on_start: [{http: GET /in}], tasks: [{http: GET /a}], on_stop: [{http: GET /out}]}
  - {name: b, on_start: [{http: GET /in}], tasks: [{http: GET /b}], on_stop: [{http: GET /out}]}
  - {name: c, on_start: [{http: GET /in}], tasks: [{http: GET /c}], on_stop: [{http: GET /out}]}`)
		s := &system{take: func(string, time.Duration) time.Duration { return 80 * time.Millisecond }}
		rounds, _ := apply(t.Context(), p, s, nil)
		if s.most != 12 || s.open != 0 {
			t.Errorf("%d connections at most and %d at the end, want 12 and none", s.most, s.open)
		}
		paths := s.paths()
		if paths["/in"] != s.users || paths["/out"] != s.users || s.users <= 12 {
			t.Errorf("%d users have begun %d times and ended %d times", s.users, paths["/in"], paths["/out"])
		}
		if total := rounds[0].Total(); total.Outcomes[tally.OK] < 500 {
			t.Errorf("outcomes %v", total.Outcomes)
		}
	})
}

// An arrival may wait for the on_stop of the server that makes room for it. That is no lag of the
// generator.
func TestOpenMakingRoomIsNoLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {rate: 1/s, max_in_flight: 1, run_time: 60s, rounds: 1}
users:
  - {name: a, tasks: [{http: GET /a}], on_stop: [{http: GET /out}]}
  - {name: b, tasks: [{http: GET /b}], on_stop: [{http: GET /out}]}`)
		s := &system{take: func(path string, _ time.Duration) time.Duration {
			if path == "/out" {
				return 300 * time.Millisecond
			}
			return time.Millisecond
		}}
		rounds, report := apply(t.Context(), p, s, nil)
		if outs := s.paths()["/out"]; outs < 10 || report.Lag.Max() > time.Millisecond {
			t.Errorf("%d servers made room, and the lag is up to %v; want many and none", outs, report.Lag.Max())
		}
		if slowest := rounds[0].Routes["GET /a"].Response.Max(); slowest < 300*time.Millisecond {
			t.Errorf("the slowest arrival took %v: it did not wait for on_stop", slowest)
		}
	})
}

// A generator that is held up says so. An arrival that it turned to late adds to the lag, even if
// dropped. An arrival that it never turned to is no failed request: it is missed, and adds to the lag too.
func TestOpenGeneratorHeldUp(t *testing.T) {
	for name, c := range map[string]struct {
		held   time.Duration
		missed int64 // arrivals never turned to
	}{"for a while": {2 * time.Second, 0}, "past the end": {12 * time.Second, 999}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, `
load: {rate: 100/s, max_in_flight: 20, run_time: 10s, rounds: 1}
users: [{name: u, tasks: [{http: GET /}]}]`)
				s := &system{stall: func(user int) time.Duration {
					if user == 0 {
						return c.held
					}
					return 0
				}}
				rounds, report := apply(t.Context(), p, s, nil)
				total := rounds[0].Total()
				if total.Requests() != 1000-c.missed || total.Outcomes[tally.Generator] != 0 {
					t.Errorf("%d requests of %d are counted: %v", total.Requests(), 1000-c.missed, total.Outcomes)
				}
				if p := report.Paced; p.Due != 1000 || p.Begun+p.Missed > 1000 || p.Missed != c.missed {
					t.Errorf("paced %+v, want %d missed of 1000", p, c.missed)
				}
				if report.Lag.Max() < c.held-100*time.Millisecond || report.Lag.Count() != 1000 {
					t.Errorf("held up for %v, the lag of %d is %v at most", c.held, report.Lag.Count(), report.Lag.Max())
				}
			})
		})
	}
}
