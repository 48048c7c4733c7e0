package load_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// newCrew makes a crew of a plan, and returns its counts by round.
func newCrew(p *plan.Plan, s *system) (*load.Crew, map[int]*tally.Tally) {
	rounds := map[int]*tally.Tally{plan.WarmUpRound: {}, 0: {}}
	source := datagen.New(p)
	s.start = time.Now()
	return load.NewCrew(load.Parts{
		Plan: p, Client: s.connect,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
		Once:   func(slots int) load.UserValues { return source.Once(slots) },
		Sink:   func(round int, counted *tally.Tally) { rounds[round].Merge(counted) },
	}), rounds
}

// workAll has a crew do its warm-up and n stretches of a length, with pauses of an hour.
func workAll(ctx context.Context, c *load.Crew, p *plan.Plan, n int, length time.Duration) {
	c.Work(ctx, nil, p.WarmUpShift())
	for i := range n {
		time.Sleep(time.Hour)
		c.Work(ctx, nil, p.Shift(i+1, length/10, length))
	}
}

// Users begin once, keep their state and their place through all stretches, and end once.
func TestCrewLivesThroughStretches(t *testing.T) {
	for name, loads := range map[string]string{
		"closed": "{users: 3, spawn_rate: 2, warm_up: 3s, run_time: 10s, stop_within: 2s}",
		"open":   "{rate: 4/s, warm_up: 3s, run_time: 10s, stop_within: 2s}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+`
users:
  - name: u
    wait: 300ms
    on_start: [{http: POST /login, save: {token: token}}]
    tasks: [{http: "GET /${token}/${seq}", name: work}]
    on_stop: [{http: "DELETE /${token}", name: leave}]`)
				s := &system{answer: func(string, time.Duration) reply {
					return reply{body: `{"token": "t"}`}
				}}
				crew, rounds := newCrew(p, s)
				workAll(t.Context(), crew, p, 5, 2*time.Second)
				if paths := s.paths(); paths["/login"] != s.users || paths["/t"] != 0 {
					t.Errorf("%d users before the end: %v", s.users, paths)
				}
				crew.Dismiss(t.Context())
				crew.Dismiss(t.Context()) // does nothing more
				if paths := s.paths(); paths["/t"] != s.users || rounds[plan.WarmUpRound].Routes["leave"].Requests() != int64(s.users) {
					t.Errorf("%d users at the end: %v", s.users, paths)
				}
				if rounds[0].Routes["POST /login"] != nil || rounds[0].Routes["leave"] != nil || rounds[0].Total().Failures() != 0 {
					t.Errorf("judged load holds %v", rounds[0].Names())
				}
				want := 5 * 2 * 3.0 / 0.31 // an answer takes 10 ms
				if name == "open" {
					want = 5 * 2 * 4
				}
				if got := float64(rounds[0].Total().Requests()); got < want-4 || got > want+4 {
					t.Errorf("%v requests in judged time, want about %v", got, want)
				}
			})
		})
	}
}

// Many stretches together send the same as one load in one piece.
func TestStretchesAddUp(t *testing.T) {
	const users = `
data: {words: {list: [a, b, c, d, e], order: shuffle}}
users:
  - name: u
    wait: 50ms..500ms
    tasks:
      - {http: "GET /${data.words}/${int(1,1000000)}", name: a, weight: 2}
      - {steps: [{http: "GET /b/${uuid}", name: b}, {wait: 700ms}, {http: "GET /c/${uuid}", name: c}]}`
	const paced = `
users: [{name: u, wait: pace 1s, tasks: [{steps: [{http: "GET /b/${uuid}", name: b}, {wait: 700ms}, {http: "GET /c/${uuid}", name: c}]}]}]`
	for name, yaml := range map[string]string{
		"waits": "load: {users: 6, spawn_rate: 2, run_time: 11s, warm_up: 5s, rounds: 1}" + users,
		"pace":  "load: {users: 6, spawn_rate: 5.3, run_time: 11s, warm_up: 5s, rounds: 1}" + paced,
		"open":  "load: {rate: 3.3/s, run_time: 11s, warm_up: 5s, rounds: 1}\ndata: {w: {list: [a, b, c]}}\nusers: [{name: u, tasks: [{http: \"GET /${data.w}/${uuid}\", name: a}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, yaml)
				instantly := func(string, time.Duration) time.Duration { return 0 }
				whole, parts := &system{take: instantly}, &system{take: instantly}
				apply(t.Context(), p, whole, nil)
				crew, _ := newCrew(p, parts)
				workAll(t.Context(), crew, p, 10, time.Second) // with their settling 11 s
				crew.Dismiss(t.Context())
				want, got := sorted(whole), sorted(parts)
				if !slices.Equal(got, want) || len(got) < 40 {
					t.Errorf("%d requests in stretches, %d in one:\n%s\n%s", len(got), len(want), strings.Join(got, " "), strings.Join(want, " "))
				}
			})
		})
	}
}

func sorted(s *system) (paths []string) {
	for _, one := range s.sent {
		paths = append(paths, fmt.Sprint(one.path))
	}
	slices.Sort(paths)
	return paths
}

// A stretch ends when no call is under way. Users that were cut off continue in the next.
func TestCrewIsCutOff(t *testing.T) {
	for name, loads := range map[string]string{
		"closed": "{users: 3, spawn_rate: 1000000, warm_up: 1s, run_time: 10s, stop_within: 2s}",
		"open":   "{rate: 3/s, warm_up: 1s, run_time: 10s, stop_within: 2s}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+"\nusers: [{name: u, wait: 200ms, tasks: [{http: GET /}]}]")
				s := &system{take: stallAt(time.Hour, time.Hour, 10*time.Millisecond)}
				crew, rounds := newCrew(p, s)
				crew.Work(t.Context(), nil, p.WarmUpShift())
				before := s.users
				time.Sleep(time.Hour)
				began := time.Now()
				crew.Work(t.Context(), nil, p.Shift(1, 0, time.Second))
				if got := rounds[0].Total(); time.Since(began) != 3*time.Second || got.Unfinished != 3 || got.Requests() != 3 {
					t.Errorf("a stretch of 1 s lasts %v, outcomes %v", time.Since(began), got.Outcomes)
				}
				time.Sleep(time.Hour)
				crew.Work(t.Context(), nil, p.Shift(2, 0, time.Second))
				if got := rounds[0].Total(); got.Outcomes[tally.OK] < 3 || got.Unfinished != 3 || got.Failures() != 0 || s.users != before && name == "closed" {
					t.Errorf("outcomes %v over %d connections, at first %d", got.Outcomes, s.users, before)
				}
				crew.Dismiss(t.Context())
			})
		})
	}
}

// Closing stop ends a stretch early. The end of the context ends everything at once.
func TestCrewStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {users: 3, run_time: 60s, warm_up: 5s}\nusers: [{name: u, wait: 200ms, tasks: [{http: GET /}], on_stop: [{http: GET /bye}]}]")
		crew, _ := newCrew(p, &system{take: func(string, time.Duration) time.Duration { return 5 * time.Second }})
		stop := make(chan struct{})
		time.AfterFunc(2*time.Second, func() { close(stop) })
		if report := crew.Work(t.Context(), stop, p.WarmUpShift()); report.Until != 2*time.Second {
			t.Errorf("applied until %v", report.Until)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		crew.Work(ctx, nil, p.Shift(1, 0, 30*time.Second))
		crew.Dismiss(ctx)
		if lasted := time.Since(began); lasted != 3*time.Second {
			t.Errorf("lasted %v past the end of its context", lasted-3*time.Second)
		}
	})
}
