package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// carrier is a Handover in memory.
type carrier struct {
	given  chan struct{} // closed when the values are there
	values []profile.Value
}

func (c *carrier) Give(values []profile.Value) (string, error) {
	c.values = values
	close(c.given)
	return "setup-1", nil
}

func (c *carrier) Take(ctx context.Context) ([]profile.Value, string, error) {
	select {
	case <-c.given:
		return c.values, "setup-1", nil
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

// shardOf is a shard of a profile as a system.
func shardOf(t *testing.T, target, yaml string, shard plan.Shard) runner.System {
	t.Helper()
	p, problems := profile.Parse("p.yaml", []byte("name: p\n"+target+yaml), profile.Surroundings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	pl, err := plan.Make(p, plan.Values{Shard: shard})
	if err != nil {
		t.Fatal(err)
	}
	return runner.System{Plan: pl}
}

// Three shards of a load begin together, share one setup, and merge to the run of all their requests. The first one tears
// down, after the others have ended.
func TestShards(t *testing.T) {
	var mu sync.Mutex // guards asked
	asked := map[string]int64{}
	var order []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.Method+" "+r.URL.Path]++
		order = append(order, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodPost {
			fmt.Fprint(w, `{"id": 7}`)
		}
	}))
	defer s.Close()
	const yaml = `
load: {users: 8, spawn_rate: 100, warm_up: 100ms, run_time: 600ms, rounds: 2, stop_within: 300ms}
setup: [{http: POST /tenants, save: {tenant: id}}]
teardown: [{http: "DELETE /tenants/${tenant}"}]
users: [{name: u, wait: 5ms..15ms, tasks: [{http: "GET /tenants/${tenant}", name: one}]}]`
	handover := &carrier{given: make(chan struct{})}
	at := time.Now().Add(4 * time.Second) // a busy machine, under the race detector, needs a second to be ready
	parts := map[string]*result.Result{}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			system := shardOf(t, "target: {url: \""+s.URL+"\"}", yaml, plan.Shard{I: i, N: 3})
			r, err := runner.Run(t.Context(), system, runner.Config{StartAt: at, Handover: handover})
			if err != nil || r == nil {
				t.Errorf("shard %d: %v", i, err)
				return
			}
			if err := r.Validate(); err != nil {
				t.Errorf("shard %d: %v", i, err)
			}
			mu.Lock()
			parts[fmt.Sprint(i)] = r
			mu.Unlock()
		})
	}
	all.Wait()
	if len(parts) < 3 {
		return
	}
	for _, r := range parts {
		if r.Whole() || r.Part.Setup != "setup-1" || r.Part.Began.Before(at.Add(-time.Millisecond)) || r.Part.Lag.Count() == 0 || r.Users != 8 {
			t.Errorf("%v: %+v", r.Part, r)
		}
	}
	r, err := result.Merge(parts)
	if err != nil {
		t.Fatal(err)
	}
	if sent := r.Tally.Total().Requests() + r.WarmUp.Total().Requests(); sent != asked["GET /tenants/7"] || sent < 50 {
		t.Errorf("%d requests are counted, %d were sent", sent, asked["GET /tenants/7"])
	}
	if asked["POST /tenants"] != 1 || asked["DELETE /tenants/7"] != 1 || order[0] != "POST /tenants" || order[len(order)-1] != "DELETE /tenants/7" {
		t.Errorf("asked %v, first %s, last %s", asked, order[0], order[len(order)-1])
	}
	if users := r.Shards[0].Users + r.Shards[1].Users + r.Shards[2].Users; users != 8 || r.Rounds[0].Readings["generator.users"] != 8 || r.Users != 8 {
		t.Errorf("%d users in all shards, %g in a round", users, r.Rounds[0].Readings["generator.users"])
	}
}

// A shard that is ready too late sends nothing, and one that is interrupted before the load begins neither.
func TestShardsThatDoNotBegin(t *testing.T) {
	target, asked, _ := counting(t)
	system := shardOf(t, target, short, plan.Shard{I: 1, N: 2})
	r, err := runner.Run(t.Context(), system, runner.Config{StartAt: time.Now().Add(-time.Hour)})
	if r != nil || err == nil || !strings.Contains(err.Error(), "this machine was ready 1h") || !strings.Contains(err.Error(), "no load was sent") {
		t.Errorf("an hour late: %v, %v", r, err)
	}
	before := asked.Load() // a door may have been tried
	stop := make(chan struct{})
	var once sync.Once
	r, err = runner.Run(t.Context(), system, runner.Config{StartAt: time.Now().Add(time.Hour), Stop: stop, Progress: func(p runner.Progress) {
		if strings.HasPrefix(p.Phase, "ready; the load begins at ") {
			once.Do(func() { close(stop) })
		}
	}})
	if r != nil || !errors.Is(err, runner.ErrInterrupted) {
		t.Errorf("interrupted: %v, %v", r, err)
	}
	if asked.Load() > before+1 {
		t.Errorf("%d requests were sent", asked.Load()-before)
	}
}

// Shards that gather begin at the instant that they agree on, by the clock of the meeting point. What its own clock shows makes
// no difference.
func TestShardsGather(t *testing.T) {
	target, _, _ := counting(t)
	const ahead = time.Hour // of the meeting point's clock is this machine's
	agreed := make(chan time.Time, 2)
	var first sync.Once
	var at time.Time
	gather := func(context.Context) (runner.Start, error) {
		first.Do(func() { at = time.Now().Add(2 * time.Second) })
		agreed <- at
		return runner.Start{At: at, Clock: &result.Clock{Ahead: ahead, Error: time.Millisecond}}, nil
	}
	parts := map[string]*result.Result{}
	for i := range 2 {
		r, err := runner.Run(t.Context(), shardOf(t, target, short, plan.Shard{I: i, N: 2}), runner.Config{Gather: gather})
		if i == 1 { // one after the other: the second is too late
			if r != nil || err == nil || !strings.Contains(err.Error(), "this machine was ready") {
				t.Errorf("late: %v, %v", r, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		parts[fmt.Sprint(i)] = r
		late := r.Part.Began.Sub((<-agreed).Add(-ahead))
		if late < -time.Millisecond || r.Part.Clock == nil || r.Part.Clock.Ahead != ahead {
			t.Errorf("it began %v after the instant, by %+v", late, r.Part.Clock)
		}
	}
}

// A shard whose meeting does not come about sends nothing and says why.
func TestShardsThatDoNotGather(t *testing.T) {
	target, asked, _ := counting(t)
	system := shardOf(t, target, short, plan.Shard{I: 0, N: 2})
	why := errors.New("shard 2 did not come")
	r, err := runner.Run(t.Context(), system, runner.Config{Gather: func(context.Context) (runner.Start, error) { return runner.Start{}, why }})
	if r != nil || !errors.Is(err, why) {
		t.Errorf("%v, %v", r, err)
	}
	stop := make(chan struct{})
	r, err = runner.Run(t.Context(), system, runner.Config{Stop: stop, Gather: func(ctx context.Context) (runner.Start, error) {
		close(stop)
		<-ctx.Done()
		return runner.Start{}, ctx.Err()
	}})
	if r != nil || !errors.Is(err, runner.ErrInterrupted) {
		t.Errorf("interrupted: %v, %v", r, err)
	}
	if n := asked.Load(); n > 2 { // the doors that were tried
		t.Errorf("%d requests were sent", n)
	}
}

// A shard that a limit ends says so before its last requests have ended.
func TestShardGivesUp(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer s.Close()
	const yaml = `
load: {users: 4, spawn_rate: 100, run_time: 60s, stop_within: 60s}
limits: {abort: {failure_rate: 50%, for: 1s}}
users: [{name: u, wait: 10ms, weight: 3, tasks: [{http: GET /fails}]}, {name: slow, tasks: [{http: GET /slow}]}]`
	var once sync.Once
	var reason error
	r, err := runner.Run(t.Context(), shardOf(t, "target: {url: \""+s.URL+"\", timeout: 60s}", yaml, plan.Shard{I: 0, N: 1}), runner.Config{GaveUp: func(why error) {
		once.Do(func() {
			reason = why
			close(release) // its last request ends only now
		})
	}})
	if err == nil || reason == nil || !strings.Contains(err.Error(), reason.Error()) || r == nil {
		t.Errorf("%v, told %v", err, reason)
	}
}

// A shard without the values of setup does not begin.
func TestShardWithoutSetup(t *testing.T) {
	target, asked := tenants(t, http.StatusNoContent)
	for i, handover := range map[int]runner.Handover{0: nil, 1: nil, 2: broken{}} {
		r, err := runner.Run(t.Context(), shardOf(t, target, once, plan.Shard{I: i, N: 3}), runner.Config{Handover: handover})
		if r != nil || err == nil || !strings.Contains(err.Error(), "setup") {
			t.Errorf("shard %d: %v, %v", i, r, err)
		}
	}
	if all := strings.Join(asked(), " "); strings.Contains(all, "one") || strings.Contains(all, "GET /tenants") {
		t.Errorf("asked %s", all)
	}
}

// broken has values of another setup.
type broken struct{}

func (broken) Give([]profile.Value) (string, error) { return "", nil }
func (broken) Take(context.Context) ([]profile.Value, string, error) {
	return []profile.Value{{}, {}}, "", nil
}
