package load_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// makePlan is the plan of a profile without its name and target.
func makePlan(t testing.TB, yaml string) *plan.Plan {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\n"+yaml), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	made, err := plan.Make(p, plan.Values{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// apply runs a plan and returns the counts by round.
func apply(ctx context.Context, p *plan.Plan, s *system, stop <-chan struct{}) (map[int]*tally.Tally, load.Stretch) {
	rounds := map[int]*tally.Tally{}
	source := datagen.New(p)
	s.start = time.Now()
	crew := load.NewCrew(load.Parts{
		Plan: p, Client: s.connect,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
		Once:   func(slots int) load.UserValues { return source.Once(slots) },
		Sink: func(round int, counted *tally.Tally) {
			if rounds[round] == nil {
				rounds[round] = &tally.Tally{}
			}
			rounds[round].Merge(counted)
		},
	})
	report := crew.Work(ctx, stop, p)
	crew.Dismiss(ctx)
	return rounds, report
}

func TestEveryRequestCountsInTheRoundInWhichItWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {users: 4, spawn_rate: 1000, warm_up: 5s, run_time: 30s, rounds: 3}
users: [{name: u, wait: 90ms, tasks: [{http: GET /}]}]`)
		s := &system{}
		rounds, report := apply(t.Context(), p, s, nil)
		var counted int64
		for round, want := range map[int]int64{plan.WarmUpRound: 200, 0: 400, 1: 400, 2: 400} {
			got := rounds[round].Total().Requests()
			if got < want-4 || got > want+4 { // users start 1 ms apart
				t.Errorf("round %d: %d requests, want %d", round, got, want)
			}
			counted += got
		}
		if counted != int64(len(s.sent)) || report.Until != p.Length() {
			t.Errorf("%d requests counted, %d sent; applied until %v of %v", counted, len(s.sent), report.Until, p.Length())
		}
	})
}

// In the closed model a server that stalls keeps its users waiting.
func TestClosedStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {users: 1, spawn_rate: 1, run_time: 30s, rounds: 3}
users: [{name: u, wait: pace 100ms, tasks: [{http: GET /}]}]`)
		rounds, _ := apply(t.Context(), p, &system{take: stallAt(12*time.Second, time.Second, time.Millisecond)}, nil)
		if got := rounds[1].Total().Response.Max(); got != time.Second {
			t.Errorf("longest response %v, want 1s", got)
		}
		if got := rounds[0].Total().Response.Max(); got != time.Millisecond {
			t.Errorf("longest response before the stall %v, want 1ms", got)
		}
		if got := rounds[1].Total().Requests(); got != 91 { // nine were never due
			t.Errorf("%d requests in the round of the stall, want 91", got)
		}
	})
}

// stallAt answers after usual, but not between from and from+length.
func stallAt(from, length, usual time.Duration) func(string, time.Duration) time.Duration {
	return func(_ string, since time.Duration) time.Duration {
		if since >= from && since < from+length {
			return from + length - since
		}
		return usual
	}
}

// Ticks come once a second and cover the whole time.
func TestTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {rate: 10/s, run_time: 10s, rounds: 1}\nusers: [{name: u, tasks: [{http: GET /}]}]")
		s := &system{start: time.Now()}
		var ticks int
		var sum time.Duration
		source := datagen.New(p)
		crew := load.NewCrew(load.Parts{
			Plan: p, Client: s.connect, Sink: func(int, *tally.Tally) {},
			Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
			Tick:   func(since time.Duration) { ticks, sum = ticks+1, sum+since },
		})
		crew.Work(t.Context(), nil, p)
		if ticks < 9 || ticks > 10 || sum.Round(time.Second) != time.Duration(ticks)*time.Second {
			t.Errorf("%d ticks cover %v of 10 s", ticks, sum)
		}
	})
}

// on_start runs until it succeeds, later steps use its variables, on_stop comes last.
func TestUsersBeginAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {users: 2, spawn_rate: 1000, run_time: 10s, rounds: 2}
users:
  - name: u
    wait: 1s
    on_start: [{http: POST /login, json: {user: "u${user.id}"}, save: {token: token}}]
    tasks: [{http: "GET /cart/${token}", name: cart}]
    on_stop: [{http: "DELETE /session/${token}", name: leave}]`)
		s := &system{answer: func(path string, since time.Duration) reply {
			if path == "/login" && since < 500*time.Millisecond {
				return reply{status: 503}
			}
			return reply{body: `{"token": "a/b"}`}
		}}
		rounds, _ := apply(t.Context(), p, s, nil)
		paths := s.paths()
		if paths["/login"] != 4 || paths["/cart/a%2Fb"] < 16 || paths["/session/a%2Fb"] != 2 {
			t.Errorf("sent %v", paths)
		}
		if got := s.sent[0].body; got != `{"user":"u0"}` && got != `{"user":"u1"}` {
			t.Errorf("body %s", got)
		}
		if rounds[1].Routes["leave"] != nil || rounds[plan.WarmUpRound].Routes["leave"].Requests() != 2 {
			t.Error("calls after the end count in a judged round")
		}
		if rounds[0].Routes["POST /login"].Outcomes[tally.Status]+rounds[plan.WarmUpRound].Routes["POST /login"].Outcomes[tally.Status] != 2 {
			t.Error("a failed login does not count as a failure")
		}
	})
}

// on_start is repeated until it succeeds, even if it saves nothing, and has values of its own.
func TestBeginsUntilItSucceeds(t *testing.T) {
	for name, loads := range map[string]string{"closed": "{users: 1, run_time: 10s}", "open": "{rate: 1/s, run_time: 10s}"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+`
users:
  - name: u
    wait: 1s
    on_start: [{http: "GET /login/${uuid}", name: login}]
    tasks: [{http: "GET /${uuid}", name: work}]`)
				s := &system{answer: func(path string, since time.Duration) reply {
					if strings.HasPrefix(path, "/login") && since < 2500*time.Millisecond {
						return reply{status: 503}
					}
					return reply{}
				}}
				apply(t.Context(), p, s, nil)
				for i, one := range s.sent {
					if begins := strings.HasPrefix(one.path, "/login/"); begins != (one.at < 3035*time.Millisecond) && one.user == 0 {
						t.Errorf("request %d at %v goes to %s", i, one.at, one.path)
					}
				}
				unique := map[string]int{}
				for path := range s.paths() {
					unique[strings.TrimPrefix(path, "/login")]++
				}
				if len(unique) != len(s.sent) {
					t.Errorf("%d requests have %d different values", len(s.sent), len(unique))
				}
			})
		})
	}
}

// A user that comes back in a later stage continues, and does not begin again.
func TestUserComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {stages: [{users: 1, for: 1ms}, {users: 1, for: 5s}, {users: 0, for: 1ms}, {users: 0, for: 5s}, {users: 1, for: 1ms}, {users: 1, for: 5s}], rounds: 1}
users: [{name: u, wait: 1s, tasks: [{http: "GET /${uuid}", name: work}]}]`)
		s := &system{}
		apply(t.Context(), p, s, nil)
		if len(s.sent) < 9 || s.users != 2 || len(s.paths()) != len(s.sent) {
			t.Errorf("%d requests over %d connections, %d different", len(s.sent), s.users, len(s.paths()))
		}
	})
}

// If a step fails to save its value, the rest of the task is skipped.
func TestTaskEndsWhereASaveFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {users: 1, spawn_rate: 1, run_time: 10s, rounds: 1}
users:
  - name: u
    wait: 1s
    tasks:
      - steps:
          - {http: GET /list, save: {id: items.0.id}, expect: {json: {"items.#": "> 0"}}}
          - wait: 100ms
          - {http: "GET /item/${id}", name: item}`)
		n := 0
		s := &system{answer: func(path string, _ time.Duration) reply {
			body := `{"items": [{"id": 7}]}`
			if path == "/list" {
				if n++; n%2 == 0 {
					body = `{"items": []}`
				}
			}
			return reply{body: body}
		}}
		rounds, _ := apply(t.Context(), p, s, nil)
		list := rounds[0].Routes["GET /list"]
		if good := list.Outcomes[tally.OK]; good == 0 || list.Outcomes[tally.Expect] == 0 || rounds[0].Routes["item"].Requests() != good {
			t.Errorf("lists %v, items %d", list.Outcomes, rounds[0].Routes["item"].Requests())
		}
		if list.Errors["expected items.# > 0"].Count != list.Outcomes[tally.Expect] {
			t.Errorf("errors %v", list.Errors)
		}
	})
}

func TestStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, `
load: {stages: [{users: 10, for: 10s}, {users: 10, for: 10s}, {users: 0, for: 10s}], rounds: 3}
users: [{name: u, wait: pace 1s, tasks: [{http: GET /}]}]`)
		rounds, _ := apply(t.Context(), p, &system{}, nil)
		// Users 0 to 9 start a second apart, and go in the opposite order.
		for round, want := range map[int]int64{0: 55, 1: 100, 2: 55} {
			if got := rounds[round].Total().Requests(); got < want-10 || got > want+10 {
				t.Errorf("round %d: %d requests, want about %d", round, got, want)
			}
		}
	})
}

func TestEndlessCallsAreCutOff(t *testing.T) {
	for name, yaml := range map[string]string{
		"closed": "load: {users: 3, spawn_rate: 1000000, run_time: 10s, rounds: 1, stop_within: 2s}\nusers: [{name: u, tasks: [{http: GET /}]}]",
		"open":   "load: {rate: 0.3/s, run_time: 10s, rounds: 1, stop_within: 2s}\nusers: [{name: u, tasks: [{http: GET /}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				rounds, report := apply(t.Context(), makePlan(t, yaml), &system{take: stallAt(0, 24*time.Hour, 0)}, nil)
				all := &tally.Tally{}
				for _, round := range rounds {
					all.Merge(round)
				}
				if got := all.Total(); got.Unfinished != 3 || got.Requests() != 3 || got.Failures() != 0 || got.Response.Min() < 2*time.Second {
					t.Errorf("outcomes %v and %d unfinished after %v or more, want 3 unfinished and no failure", got.Outcomes, got.Unfinished, got.Response.Min())
				}
				if lasted := time.Since(start).Round(100 * time.Millisecond); report.Until.Round(time.Millisecond) != 10*time.Second || lasted != 12*time.Second {
					t.Errorf("applied until %v, lasted %v", report.Until, lasted)
				}
			})
		})
	}
}

func TestStop(t *testing.T) {
	for name, yaml := range map[string]string{
		"closed": "load: {users: 2, spawn_rate: 1000, run_time: 30s, rounds: 3}\nusers: [{name: u, wait: 100ms, tasks: [{http: GET /}]}]",
		"open":   "load: {rate: 10/s, run_time: 30s, rounds: 3}\nusers: [{name: u, tasks: [{http: GET /}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				time.AfterFunc(15*time.Second, func() { close(stop) })
				s := &system{take: func(string, time.Duration) time.Duration { return 400 * time.Millisecond }}
				rounds, report := apply(t.Context(), makePlan(t, yaml), s, stop)
				if report.Until != 15*time.Second {
					t.Errorf("stopped after 15s, applied until %v", report.Until)
				}
				if rounds[1].Total().Failures() != 0 || rounds[2] != nil {
					t.Errorf("requests under way at the stop should have been answered: %v", rounds)
				}
			})
		})
	}
}

func TestEndsAtOnceWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		p := makePlan(t, "load: {users: 2, spawn_rate: 1000, run_time: 30s}\nusers: [{name: u, tasks: [{http: GET /}]}]")
		apply(ctx, p, &system{take: stallAt(0, time.Hour, 0)}, nil)
		if lasted := time.Since(start); lasted != 3*time.Second {
			t.Errorf("lasted %v, want 3s", lasted)
		}
	})
}
