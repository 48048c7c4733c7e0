package plan_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// The limits of all shards add up to those of the whole, and no shard is left without.
func TestShardsShareTheLimits(t *testing.T) {
	of := func(t testing.TB, load string, shard plan.Shard) *plan.Plan {
		p, err := makeFrom(t, "name: p\ntarget: {url: \"http://127.0.0.1\", connections: shared 77}\nlimits: {rate: 500/s}\nload: "+load+
			"\nusers: [{name: a, weight: 2, tasks: [{http: GET /}]}, {name: b, tasks: [{http: GET /}]}]", shard)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 64).Draw(rt, "shards")
		inFlight, connections, rate, users, kinds := 0, 0, 0.0, 0, map[string]int{}
		for i := range n {
			shard := plan.Shard{I: i, N: n}
			open, closed := of(t, "{rate: 33/s, run_time: 10s, max_in_flight: 100}", shard), of(t, "{users: 90, run_time: 10s}", shard)
			if open.Limits.Rate != 500 { // the rate of the whole is compared with it before the run
				rt.Fatalf("%v of an open load: limits.rate %g", shard, open.Limits.Rate)
			}
			inFlight, connections, rate, users = inFlight+open.Open.MaxInFlight, connections+closed.Target.Connections, rate+closed.Limits.Rate, users+len(closed.Users)
			for kind, n := range closed.Kinds() {
				kinds[kind] += n
			}
			if open.Open.MaxInFlight < 1 || closed.Target.Connections < 1 || len(closed.Users) < 1 || closed.AllUsers != 90 || closed.Seed != open.Seed {
				rt.Fatalf("%v has %d in flight, %d connections, %d users of %d", shard, open.Open.MaxInFlight, closed.Target.Connections, len(closed.Users), closed.AllUsers)
			}
		}
		if inFlight != 100 || connections != 77 || math.Abs(rate-500) > 1e-9 || users != 90 || kinds["a"] != 60 || kinds["b"] != 30 {
			rt.Fatalf("%d shards have %d in flight, %d connections, %g requests a second, %d users: %v", n, inFlight, connections, rate, users, kinds)
		}
	})
}

// Only the first shard tears down, and watches the system. All watch their own machine.
func TestFirstShardWatches(t *testing.T) {
	const yaml = `
target: {url: "http://127.0.0.1"}
name: p
load: {users: 4, run_time: 10s}
monitor: {system: {port: 8080}, also: {db: {port: 5432}}, prometheus: [{url: "http://127.0.0.1:9100/metrics", as: node}]}
setup: [{http: POST /t, save: {id: id}}]
teardown: [{http: "DELETE /t/${id}"}]
users: [{name: a, tasks: [{http: "GET /${id}"}]}]`
	for i := range 2 {
		p, err := makeFrom(t, yaml, plan.Shard{I: i, N: 2})
		if err != nil {
			t.Fatal(err)
		}
		first := i == 0
		if got := len(p.Teardown) == 1 && len(p.Monitor.Pages) == 1 && len(p.Monitor.Also) == 1 && p.Monitor.System.Port == 8080; got != first {
			t.Errorf("shard %d: teardown %v, monitor %+v", i, p.Teardown, p.Monitor)
		}
		if len(p.Setup) != 1 || p.Shared != 1 || p.Monitor.Off || p.Monitor.System.None == first || !first && len(p.Monitor.Hosts()) > 0 {
			t.Errorf("shard %d: setup %v, monitor %+v", i, p.Setup, p.Monitor)
		}
		if want := (plan.Shard{I: i, N: 2}).String() + ", 2 users"; !strings.Contains(p.String(), want) {
			t.Errorf("%s does not say %s", p, want)
		}
	}
}

// A load that so many shards cannot share is refused.
func TestShardsThatCannotShare(t *testing.T) {
	for want, yaml := range map[string]string{
		"5 shards share 4 users":                                "target: {url: \"http://h\"}\nload: {users: 4}",
		"max_in_flight is 4 for all 5 shards":                   "target: {url: \"http://h\"}\nload: {rate: 9/s, max_in_flight: 4}",
		"target.connections is shared 4 for all 5 shards":       "target: {url: \"http://h\", connections: shared 4}\nload: {users: 5}",
		"each of 5 shards would start its own: start it once, ": "target: {url: \"http://h\", start: {command: sleep 1}}\nload: {users: 5}",
	} {
		_, err := makeFrom(t, "name: p\n"+yaml+oneUser, plan.Shard{I: 1, N: 5})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}
