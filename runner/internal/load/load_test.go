package load_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// server answers every request after a time of virtual service.
type server struct {
	service func(since time.Duration) time.Duration
	start   time.Time
	sent    atomic.Int64
}

func (s *server) Do(ctx context.Context, _ *plan.Request) load.Outcome {
	s.sent.Add(1)
	sent := time.Now()
	select {
	case <-time.After(s.service(time.Since(s.start))):
		return load.Outcome{Sent: sent, Class: tally.OK, BytesReceived: 10}
	case <-ctx.Done():
		return load.Outcome{Sent: sent, Class: tally.Timeout, Error: "late"}
	}
}

func (s *server) Close() error { return nil }

// apply runs a plan of one GET / against a server whose answers take service.
func apply(t *testing.T, p *plan.Plan, stop <-chan struct{}, service func(time.Duration) time.Duration) (rounds map[int]*tally.Tally, until time.Duration, sent int64) {
	t.Helper()
	rounds = map[int]*tally.Tally{}
	s := &server{service: service, start: time.Now()}
	until = load.Run(t.Context(), stop, p, func() load.Driver { return s }, func(round int, counted *tally.Tally) {
		if rounds[round] == nil {
			rounds[round] = &tally.Tally{}
		}
		rounds[round].Merge(counted)
	})
	return rounds, until, s.sent.Load()
}

func onePlan(users int, wait profile.Wait) *plan.Plan {
	p := &plan.Plan{
		Timeout: 10 * time.Second, Rounds: 3, RoundLength: 10 * time.Second, StopWithin: 2 * time.Second,
		Behaviours: []plan.Behaviour{{Wait: wait, Tasks: []plan.Task{{Weight: 1, Steps: []plan.Step{{Request: &plan.Request{Route: "GET /"}}}}}}},
	}
	for i := range users {
		p.Users = append(p.Users, plan.User{Index: i})
	}
	return p
}

func constant(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func TestRunCountsEveryRequestInTheRoundInWhichItWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := onePlan(4, profile.Wait{Kind: profile.WaitBetween, Min: 90 * time.Millisecond, Max: 90 * time.Millisecond})
		p.WarmUp = 5 * time.Second
		rounds, until, sent := apply(t, p, nil, constant(10*time.Millisecond))
		var counted int64
		for round, want := range map[int]int64{plan.WarmUpRound: 200, 0: 400, 1: 400, 2: 400} {
			got := rounds[round].Total().Requests()
			if got != want {
				t.Errorf("round %d: %d requests, want %d", round, got, want)
			}
			counted += got
		}
		if counted != sent {
			t.Errorf("%d requests counted, %d sent", counted, sent)
		}
		if until != p.Length() {
			t.Errorf("applied until %v, planned %v", until, p.Length())
		}
	})
}

// A server that stalls makes its users wait, and the wait is response time.
func TestRunSeesAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := onePlan(1, profile.Wait{Kind: profile.WaitPace, Period: 100 * time.Millisecond})
		stall := func(since time.Duration) time.Duration {
			if since >= 12*time.Second && since < 13*time.Second {
				return 13*time.Second - since
			}
			return time.Millisecond
		}
		rounds, _, _ := apply(t, p, nil, stall)
		if got := rounds[1].Total().Response.Max(); got != time.Second {
			t.Errorf("longest response %v, want 1s", got)
		}
		if got := rounds[0].Total().Response.Max(); got != time.Millisecond {
			t.Errorf("longest response before the stall %v, want 1ms", got)
		}
	})
}

func TestRunCutsOffWhatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := onePlan(3, profile.Wait{})
		p.Timeout = time.Hour
		start := time.Now()
		rounds, until, sent := apply(t, p, nil, constant(24*time.Hour))
		total := rounds[0].Total()
		if sent != 3 || total.Outcomes[tally.Timeout] != 3 {
			t.Errorf("%d sent, outcomes %v; want 3 time-outs", sent, total.Outcomes)
		}
		if lasted := time.Since(start); until != p.Length() || lasted != p.Length()+p.StopWithin {
			t.Errorf("applied until %v, lasted %v, want %v more", until, lasted, p.StopWithin)
		}
	})
}

func TestRunStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		time.AfterFunc(15*time.Second, func() { close(stop) })
		rounds, until, _ := apply(t, onePlan(2, profile.Wait{}), stop, constant(400*time.Millisecond))
		if until != 15*time.Second {
			t.Errorf("stopped after 15s, applied until %v", until)
		}
		if rounds[1].Total().Failures() != 0 || rounds[2] != nil {
			t.Errorf("requests under way at the stop should have been answered: %v", rounds)
		}
	})
}

func TestRunEndsAtOnceWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		s := &server{service: constant(time.Hour), start: time.Now()}
		start := time.Now()
		load.Run(ctx, nil, onePlan(2, profile.Wait{}), func() load.Driver { return s }, func(int, *tally.Tally) {})
		if lasted := time.Since(start); lasted != 3*time.Second {
			t.Errorf("lasted %v, want 3s", lasted)
		}
	})
}

func TestRunSpawnsUsersOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := onePlan(5, profile.Wait{Kind: profile.WaitPace, Period: time.Second})
		p.WarmUp = 4 * time.Second
		for i := range p.Users {
			p.Users[i].StartAt = time.Duration(i) * time.Second
		}
		rounds, _, _ := apply(t, p, nil, constant(time.Millisecond))
		if got, want := rounds[plan.WarmUpRound].Total().Requests(), int64(4+3+2+1); got != want {
			t.Errorf("%d requests while users were starting, want %d", got, want)
		}
		if got := rounds[0].Total().Requests(); got != 50 {
			t.Errorf("%d requests in the first round, want 50", got)
		}
	})
}
