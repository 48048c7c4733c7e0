package load_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// oneTask returns the requests of a run that lasts exactly one task.
func oneTask(t *testing.T, steps string, s *system) (paths string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if s.answer == nil {
			s.answer = func(path string, _ time.Duration) reply {
				return reply{body: fmt.Sprintf(`{"next": %q, "n": %d, "none": null}`, path, len(path))}
			}
		}
		p := makePlan(t, "load: {users: 1, run_time: 1h, rounds: 1}\nusers: [{name: u, wait: 2h, tasks: [{steps: ["+steps+"]}]}]")
		apply(t.Context(), p, s, nil)
	})
	var all []string
	for _, one := range s.sent {
		all = append(all, strings.TrimPrefix(one.path, "/"))
	}
	return strings.Join(all, " ")
}

func TestRepeatsAndGroups(t *testing.T) {
	for steps, want := range map[string]string{
		"{http: GET /a}, {http: GET /b, repeat: 3}, {http: GET /c}":                                                  "a b b b c",
		"{steps: [{http: GET /a}, {http: GET /b, repeat: 2}], repeat: 2}, {http: GET /c}":                            "a b b a b b c",
		"{steps: [{steps: [{steps: [{http: GET /a}], repeat: 2}, {http: GET /b}], repeat: 2}]}":                      "a a b a a b",
		"{http: GET /a}, {wait: 1s, repeat: 3}, {http: GET /b}":                                                      "a b",
		"{http: GET /a, save: {v: n}}, {http: GET /b, if: {v: exists}}, {http: GET /c, if: {v: \"> 5\"}}":            "a b",
		"{http: GET /a, save: {v: {json: none, optional: true}}}, {http: GET /b, if: {v: exists}}, {http: GET /c}":   "a c",
		"{http: GET /a, save: {v: n}}, {if: {v: 2}, steps: [{http: GET /b}, {http: GET /c, if: {v: 3}}], repeat: 2}": "a b b",
		// Guards are asked each time: the third answer is long enough to end the loop.
		"{http: GET /a, save: {v: n}}, {if: {v: \"< 20\"}, steps: [{http: \"GET /a${v}aaaaa\", name: l, save: {v: n}}], repeat: 9}": "a a2aaaaa a8aaaaa a8aaaaa a8aaaaa a8aaaaa a8aaaaa a8aaaaa a8aaaaa a8aaaaa",
		// A save that fails ends the task, from within groups too.
		"{http: GET /a}, {steps: [{http: GET /b, save: {v: none}}, {http: GET /c}], repeat: 5}, {http: GET /d}": "a b",
	} {
		if got := oneTask(t, steps, &system{}); got != want {
			t.Errorf("%s\nsends %s, want %s", steps, got, want)
		}
	}
}

// The number of repeats is drawn evenly for each task, and is the same in each run.
func TestRepeatIsDrawn(t *testing.T) {
	draw := func() (times map[int]int, all []string) {
		synctest.Test(t, func(t *testing.T) {
			p := makePlan(t, "load: {users: 2, run_time: 1000s, rounds: 1}\nusers: [{name: u, wait: 1s, tasks: [{steps: [{http: GET /a}, {http: GET /b, repeat: 0..4}]}]}]")
			s := &system{take: always(0)}
			apply(t.Context(), p, s, nil)
			times = map[int]int{}
			for user := range 2 {
				n := -1
				for _, one := range s.sent {
					switch {
					case one.user != user:
					case one.path == "/b":
						n++
					case n >= 0:
						times[n]++
						n = 0
					default:
						n = 0
					}
				}
			}
			for _, one := range s.sent {
				all = append(all, fmt.Sprint(one.at, one.path)) // which user gets which connection is chance
			}
			slices.Sort(all)
		})
		return times, all
	}
	times, sent := draw()
	for n := range 5 {
		if times[n] < 320 || times[n] > 480 {
			t.Errorf("of 2000 draws from 0 to 4, %v", times)
			break
		}
	}
	if _, again := draw(); len(times) != 5 || !slices.Equal(sent, again) {
		t.Errorf("a second run sends %d requests, the first %d; draws %v", len(again), len(sent), times)
	}
}

// The next task of a user, its time and its values do not depend on earlier answers.
func TestAnswersChangeNoDraws(t *testing.T) {
	const users = `
users:
  - name: u
    wait: 100ms..900ms
    on_start: [{http: GET /in, save: {more: n}}]
    renew: 7s
    tasks:
      - {http: "GET /a/${int(1,1000000)}", name: a, weight: 2}
      - steps:
          - {http: "GET /b/${uuid}", name: b}
          - {if: {more: 1}, steps: [{wait: 0ms..1ms}, {http: "GET /b/x/${uuid}", name: x, repeat: 0..3}]}`
	for _, loads := range []string{"load: {users: 3, spawn_rate: 1e6, run_time: 200s, rounds: 1}", "load: {rate: 5/s, run_time: 200s, rounds: 1}"} {
		send := func(more string, logins time.Duration) (tasks []string) {
			synctest.Test(t, func(t *testing.T) {
				s := &system{
					answer: func(string, time.Duration) reply { return reply{body: `{"n": ` + more + `}`} },
					take: func(path string, _ time.Duration) time.Duration {
						if path == "/in" {
							return logins
						}
						return 0
					},
				}
				apply(t.Context(), makePlan(t, loads+users), s, nil)
				for _, one := range s.sent {
					if one.path != "/in" && !strings.HasPrefix(one.path, "/b/x/") && one.at < 150*time.Second {
						tasks = append(tasks, one.path)
					}
				}
				slices.Sort(tasks)
			})
			return tasks
		}
		one, two := send("1", 0), send("2", 3*time.Millisecond)
		missing := 0
		for _, path := range one {
			if _, found := slices.BinarySearch(two, path); !found {
				missing++
			}
		}
		if len(one) < 500 || missing > len(one)/50 { // the times of the users differ a little
			t.Errorf("%s\n%d of %d tasks differ when the answers do", loads, missing, len(one))
		}
	}
}

// A task whose steps are all left out takes a moment, and does not keep a core busy.
func TestTaskThatDoesNothing(t *testing.T) {
	for name, user := range map[string]string{
		"no wait":              "tasks: [{http: GET /, if: {n: 2}}]",
		"a wait of no time":    "wait: 0s, tasks: [{http: GET /, if: {n: 2}}]",
		"a step of no time":    "tasks: [{steps: [{wait: 0s, repeat: 0..3}, {http: GET /, if: {n: 2}}]}]",
		"waits that are short": "wait: 0ms..1ms, tasks: [{steps: [{wait: 0s}, {http: GET /, if: {n: 2}}]}]",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: {users: 1, run_time: 10s, rounds: 1}\nusers: [{name: u, on_start: [{http: GET /in, save: {n: n}}], "+user+"}]")
				s, source, tasks := &system{answer: answersN}, datagen.New(p), 0
				crew := load.NewCrew(load.Parts{
					Plan: p, Client: s.connect, Sink: func(int, *tally.Tally) {},
					Values: func(index, slots int) load.UserValues { return tiring{source.User(index, slots), &tasks} },
				})
				report := crew.Work(t.Context(), nil, p)
				crew.Dismiss(t.Context())
				if len(s.sent) != 1 || report.Until != 10*time.Second || tasks < 9_000 {
					t.Errorf("%d requests and %d tasks in %v", len(s.sent), tasks, report.Until)
				}
			})
		})
	}
}

func answersN(string, time.Duration) reply { return reply{body: `{"n": 1}`} }

// tiring are values that stop a user whose tasks take no time.
type tiring struct {
	load.UserValues
	tasks *int
}

func (v tiring) NextTask() {
	if *v.tasks++; *v.tasks > 20_000 {
		panic("a user never rests")
	}
	v.UserValues.NextTask()
}

// If a stretch ends within the groups of a task, the next one continues there.
func TestGroupsGoOnInTheNextStretch(t *testing.T) {
	const yaml = `
users: [{name: u, wait: 130ms, tasks: [{steps: [{http: "GET /a/${uuid}", name: a}, {steps: [{wait: 70ms}, {http: "GET /b/${uuid}", name: b}, {http: "GET /c/${uuid}", name: c, repeat: 1..3}], repeat: 2..4}]}]}]`
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {users: 6, spawn_rate: 2, run_time: 11s, warm_up: 5s, rounds: 1}"+yaml)
		whole, parts := &system{take: always(0)}, &system{take: always(0)}
		apply(t.Context(), p, whole, nil)
		crew, _ := newCrew(p, parts)
		workAll(t.Context(), crew, p, 10, time.Second)
		crew.Dismiss(t.Context())
		if want, got := sorted(whole), sorted(parts); !slices.Equal(got, want) || len(got) < 200 {
			t.Errorf("%d requests in stretches, %d in one", len(got), len(want))
		}
	})
}

// renew repeats on_start between two tasks, with the same rows, until it succeeds.
func TestRenew(t *testing.T) {
	for name, loads := range map[string]string{"closed": "{users: 2, spawn_rate: 1e6, run_time: 60s, rounds: 1}", "paced": "{users: 2, spawn_rate: 1e6, run_time: 60s, rounds: 1}", "open": "{rate: 10/s, run_time: 60s, rounds: 1, max_in_flight: 2}"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wait := "95ms"
				if name == "paced" {
					wait = "pace 100ms"
				}
				p := makePlan(t, "load: "+loads+`
data: {accounts: {list: [a, b, c, d, e]}}
users:
  - name: u
    wait: `+wait+`
    on_start: [{http: "POST /in/${data.accounts}", name: in, save: {token: n}}]
    renew: 10s
    tasks: [{steps: [{http: "GET /1/${token}/${data.accounts}", name: one}, {wait: 20ms}, {http: "GET /2/${token}", name: two}]}]
    on_stop: [{http: "POST /out/${data.accounts}", name: out}]`)
				var tokens atomic.Int64
				s := &system{take: always(time.Millisecond)}
				s.answer = func(path string, since time.Duration) reply {
					if strings.HasPrefix(path, "/in/") && since > 20*time.Second && since < 22500*time.Millisecond {
						return reply{status: 503}
					}
					return reply{body: fmt.Sprintf(`{"n": %d}`, tokens.Add(1))}
				}
				rounds, _ := apply(t.Context(), p, s, nil)
				type visit struct {
					logins    []time.Duration
					accounts  map[string]bool
					inTask    bool
					interrupt bool
				}
				users := map[int]*visit{}
				for _, one := range s.sent {
					v := users[one.user]
					if v == nil {
						v = &visit{accounts: map[string]bool{}}
						users[one.user] = v
					}
					switch word, rest, _ := strings.Cut(one.path[1:], "/"); word {
					case "in":
						v.logins, v.interrupt = append(v.logins, one.at), v.interrupt || v.inTask
						v.accounts[rest] = true
					case "out":
						v.accounts[rest] = true
					default:
						v.inTask = word == "1"
					}
				}
				for user, v := range users {
					if len(v.accounts) != 1 || v.interrupt {
						t.Errorf("user %d begins and ends as %v, within a task: %v", user, slices.Collect(maps.Keys(v.accounts)), v.interrupt)
					}
					// At 0, 10, 20 (three times until it succeeds), 33, 43 and 53 s.
					if n := len(v.logins); name != "open" && (n < 7 || n > 9) || n < 4 {
						t.Errorf("user %d begins at %v", user, v.logins)
					}
				}
				if failed := rounds[0].Routes["in"].Failures(); failed < 2 {
					t.Errorf("%d renewals failed, want some", failed)
				}
				if n := rounds[0].Routes["one"].Requests(); n < 590 {
					t.Errorf("%d tasks", n)
				}
			})
		})
	}
}

// Time between stretches counts: a token expires without load too.
func TestRenewBetweenStretches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {users: 2, spawn_rate: 1e6, warm_up: 1s, run_time: 60s}\nusers: [{name: u, wait: 100ms, on_start: [{http: GET /in}], renew: 30m, tasks: [{http: GET /}]}]")
		s := &system{}
		crew, rounds := newCrew(p, s)
		workAll(t.Context(), crew, p, 3, time.Second) // with pauses of an hour
		crew.Dismiss(t.Context())
		if n := s.paths()["/in"]; n != 2*4 {
			t.Errorf("%d times begun by 2 users in 4 stretches, an hour apart", n)
		}
		if rounds[0].Total().Failures() != 0 {
			t.Errorf("%v", rounds[0].Total().Outcomes)
		}
	})
}

// A dropped arrival is counted even if its task has only groups.
func TestDroppedArrivalOfGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {rate: 10/s, max_in_flight: 1, run_time: 10s, rounds: 1}\nusers: [{name: u, tasks: [{steps: [{wait: 1ms}, {steps: [{steps: [{http: GET /}]}], repeat: 2}]}]}]")
		rounds, _ := apply(t.Context(), p, &system{take: always(time.Second)}, nil)
		if n := rounds[0].Routes["GET /"].Outcomes[tally.Dropped]; n < 80 {
			t.Errorf("%d of 100 arrivals dropped", n)
		}
	})
}
