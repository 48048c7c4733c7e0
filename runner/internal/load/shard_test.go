package load_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Two runs of one plan send the same calls, each user in the same order. So do its shards together.
func TestSamePlanSameRequests(t *testing.T) {
	const yaml = `
data: {words: {list: [a, b, c, d, e], order: shuffle}}
users:
  - name: u
    wait: 50ms..500ms
    tasks:
      - {http: "GET /${data.words}/${int(1,1000000)}", name: a, weight: 2}
      - {http: "GET /b/${uuid}", name: b}`
	for name, loads := range map[string]string{
		"closed":  "load: {users: 6, spawn_rate: 2, run_time: 10s, rounds: 1}",
		"open":    "load: {rate: 20/s, run_time: 10s, rounds: 1}",
		"poisson": "load: {rate: 20/s, arrivals: poisson, run_time: 10s, rounds: 1}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run := func(shards int) []string {
					var all []string
					for i := range shards {
						p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\n"+loads+yaml), profile.Surroundings{})
						if len(problems) > 0 {
							t.Fatal(problems)
						}
						made, err := plan.Make(p, plan.Values{Shard: plan.Shard{I: i, N: shards}})
						if err != nil {
							t.Fatal(err)
						}
						s := &system{}
						apply(t.Context(), made, s, nil)
						for _, one := range s.sent {
							all = append(all, fmt.Sprint(one.at.Round(time.Millisecond), one.path))
						}
					}
					slices.Sort(all)
					return all
				}
				whole := run(1)
				if len(whole) < 100 {
					t.Fatalf("only %d requests", len(whole))
				}
				for _, shards := range []int{1, 2, 3, 7} {
					if got := run(shards); !slices.Equal(got, whole) {
						t.Errorf("%d shards send %d requests, the whole %d:\n%s\n%s", shards, len(got), len(whole),
							strings.Join(got[:5], " "), strings.Join(whole[:5], " "))
					}
				}
			})
		})
	}
}
