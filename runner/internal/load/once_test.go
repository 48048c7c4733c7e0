package load_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const onceYAML = `
setup:
  - {http: POST /tenants, json: {ref: "${uuid}"}, save: {tenant: id}}
  - {wait: 1s}
  - {http: "POST /tenants/${tenant}/keys", name: key, save: {key: key}, repeat: 2}
users:
  - name: u
    wait: 1s
    on_start: [{http: "POST /in/${tenant}", name: in, json: {ref: "${uuid}"}, save: {own: own}}]
    tasks: [{http: "GET /${tenant}/${key}/${own}", name: work}]
    on_stop: [{http: "POST /out/${tenant}", name: out}]
  - name: v
    wait: 1s
    tasks: [{http: "GET /v/${tenant}/${key}", name: work}]
teardown:
  - {http: "DELETE /tenants/${tenant}", name: gone}
`

func answersOnce(string, time.Duration) reply {
	return reply{body: `{"id": "t7", "key": 12345678901234567890, "own": "o"}`}
}

// Setup is done once, before the users, and all of them see its values. Teardown is done once, after
// them. Neither appears in any figures.
func TestSetupAndTeardown(t *testing.T) {
	for name, loads := range map[string]string{"closed": "{users: 6, spawn_rate: 1e6, run_time: 10s, rounds: 1}", "open": "{rate: 5/s, run_time: 10s, rounds: 1}"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: "+loads+onceYAML)
				s := &system{answer: answersOnce}
				crew, rounds := newCrew(p, s)
				if err := crew.Setup(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := crew.Setup(t.Context()); err != nil || len(s.sent) != 3 {
					t.Fatalf("%d requests of setup, want 3: %v", len(s.sent), err)
				}
				before := s.sent[0].body
				crew.Work(t.Context(), nil, p)
				crew.Dismiss(t.Context())
				if err := crew.Teardown(t.Context()); err != nil {
					t.Error(err)
				}
				if err := crew.Teardown(t.Context()); err != nil {
					t.Error(err)
				}
				last := s.sent[len(s.sent)-1]
				if paths := s.paths(); last.path != "/tenants/t7" || paths["/tenants/t7"] != 1 || paths["/tenants/t7/keys"] != 2 || last.user != s.sent[0].user {
					t.Errorf("sent %v", paths)
				}
				for _, one := range s.sent[3 : len(s.sent)-1] {
					if !strings.Contains(one.path, "t7") || one.body == before {
						t.Errorf("a user sends %s %s", one.path, one.body)
					}
				}
				all := &tally.Tally{}
				for _, round := range rounds {
					all.Merge(round)
				}
				if got := int(all.Total().Requests()); got != len(s.sent)-4 || strings.Join(all.Names(), " ") != "in out work" {
					t.Errorf("%d requests counted of %d, in %v", got, len(s.sent)-4, all.Names())
				}
				if s.open != 0 {
					t.Errorf("%d connections are still open", s.open)
				}
			})
		})
	}
}

// A failing setup is tried again, as on_start is. Its error names the call and the fault.
func TestSetupFails(t *testing.T) {
	for name, c := range map[string]struct {
		until   time.Duration // it fails
		takes   time.Duration
		says    string
		lasts   time.Duration
		tenants int // requests
	}{
		"for a while": {3500 * time.Millisecond, 0, "", 5 * time.Second, 5},
		"always":      {time.Hour, 0, "setup: POST /tenants failed at the last of 11 tries: status 401 (status)", 10 * time.Second, 11},
		"slowly":      {time.Hour, 12 * time.Second, "setup: POST /tenants failed: status 401 (status)", 12 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: {users: 1, run_time: 10s, rounds: 1}"+onceYAML)
				s := &system{take: always(c.takes), answer: func(path string, since time.Duration) reply {
					if path == "/tenants" && since < c.until {
						return reply{status: 401}
					}
					return answersOnce(path, since)
				}}
				crew, rounds := newCrew(p, s)
				began := time.Now()
				err := crew.Setup(t.Context())
				var failed *load.StepError
				if c.says == "" && err != nil || c.says != "" && (!errors.As(err, &failed) || err.Error() != c.says || failed.Class != tally.Status) {
					t.Errorf("%v, want %s", err, c.says)
				}
				if lasted := time.Since(began); lasted != c.lasts || s.paths()["/tenants"] != c.tenants {
					t.Errorf("%d tries in %v, want %d in %v", s.paths()["/tenants"], lasted, c.tenants, c.lasts)
				}
				if err != nil {
					if err := crew.Teardown(t.Context()); err != nil || s.paths()["/tenants/t7"] != 0 || s.open != 0 {
						t.Errorf("a teardown of nothing sends %v: %v, %d connections", s.paths(), err, s.open)
					}
				}
				if n := rounds[plan.WarmUpRound].Total().Requests(); n != 0 {
					t.Errorf("%d requests are counted", n)
				}
				_ = crew.Teardown(t.Context())
			})
		})
	}
}

// An interrupt ends setup at once: in a call, between two tries, and in a wait.
func TestSetupIsInterrupted(t *testing.T) {
	for name, s := range map[string]*system{
		"in a call":     {take: always(time.Hour), answer: answersOnce},
		"between tries": {take: always(time.Millisecond), answer: func(string, time.Duration) reply { return reply{status: 503} }},
		"in a wait":     {take: always(time.Second), answer: answersOnce},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				crew, _ := newCrew(makePlan(t, "load: {users: 1, run_time: 10s, rounds: 1}"+onceYAML), s)
				began := time.Now()
				err := crew.Setup(ctx)
				if lasted := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || lasted != 1500*time.Millisecond || s.open != 0 {
					t.Errorf("%v after %v, %d connections", err, lasted, s.open)
				}
			})
		})
	}
}

// A teardown that fails says so. It stops where a save fails, and at stop_within.
func TestTeardownFails(t *testing.T) {
	for name, c := range map[string]struct {
		teardown string
		sent     string
		says     string
	}{
		"a status":      {"[{http: GET /bad}, {http: GET /b}]", "/bad /b", "teardown: GET /bad failed: status 500 (status)"},
		"a save":        {"[{http: GET /a, save: {x: nothing}}, {http: GET /b}]", "/a", "teardown: GET /a failed: "},
		"a long answer": {"[{http: GET /long}, {http: GET /b}]", "/long", "teardown: GET /long failed: not answered before it was cut off (timeout)"},
		"no setup":      {"[{http: GET /a}, {wait: 1h}, {http: GET /b}]", "/a /b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := makePlan(t, "load: {users: 1, run_time: 10s, stop_within: 7s}\nusers: [{name: u, tasks: [{http: GET /}]}]\nteardown: "+c.teardown)
				s := &system{
					answer: func(path string, _ time.Duration) reply {
						if path == "/bad" {
							return reply{status: 500}
						}
						return reply{}
					},
					take: func(path string, _ time.Duration) time.Duration {
						if path == "/long" {
							return time.Hour
						}
						return 0
					},
				}
				crew, _ := newCrew(p, s)
				began := time.Now()
				err := crew.Teardown(t.Context())
				if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.HasPrefix(err.Error(), c.says)) {
					t.Errorf("%v, want %s", err, c.says)
				}
				var sent []string
				for _, one := range s.sent {
					sent = append(sent, one.path)
				}
				if got := strings.Join(sent, " "); got != c.sent || time.Since(began) > 7*time.Second || s.open != 0 {
					t.Errorf("sent %s in %v, want %s; %d connections", got, time.Since(began), c.sent, s.open)
				}
			})
		})
	}
}

// A shard without setup inherits the values of the shard that did it.
func TestSetupOfAnotherShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := makePlan(t, "load: {users: 2, spawn_rate: 1e6, run_time: 10s, rounds: 1}"+onceYAML)
		first, _ := newCrew(p, &system{answer: answersOnce})
		if err := first.Setup(t.Context()); err != nil {
			t.Fatal(err)
		}
		handed := first.Shared()
		if len(handed) != 2 || handed[0] != (profile.Value{Kind: profile.NumberValue, Text: "12345678901234567890"}) {
			t.Fatalf("setup has saved %v", handed)
		}
		s := &system{answer: answersOnce}
		second, _ := newCrew(p, s)
		second.Inherit(handed)
		if err := second.Setup(t.Context()); err != nil {
			t.Error(err)
		}
		second.Work(t.Context(), nil, p)
		second.Dismiss(t.Context())
		if paths := s.paths(); paths["/tenants"] != 0 || paths["/v/t7/12345678901234567890"] == 0 {
			t.Errorf("sent %v", paths)
		}
		_ = first.Teardown(t.Context())
	})
}
