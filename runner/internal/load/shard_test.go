package load_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
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
		"closed":  "load: {users: 8, spawn_rate: 2, run_time: 10s, rounds: 1}",
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

// The tallies of all shards, merged round by round, are those of the whole, to the byte: calls that fail, that end in
// another round, and that the end of the load cuts off among them.
func TestShardsCountTheWhole(t *testing.T) {
	const yaml = `
users:
  - name: reader
    weight: 3
    wait: 20ms..300ms
    tasks: [{http: "GET /a/${int(1,1000)}", name: a, weight: 2}, {http: "GET /b/${int(1,1000)}", name: b}]
  - name: writer
    wait: pace 700ms
    tasks: [{http: "POST /c/${int(1,1000)}", name: c}]`
	number := func(path string) int {
		n, err := strconv.Atoi(path[strings.LastIndex(path, "/")+1:])
		if err != nil {
			t.Error(err)
		}
		return n
	}
	for name, loads := range map[string]string{
		"closed":  "load: {users: 64, spawn_rate: 40, run_time: 9s, rounds: 3, stop_within: 100ms}",
		"stages":  "load: {stages: [{users: 64, for: 5s}, {users: 3, for: 3s}], rounds: 2, stop_within: 100ms}",
		"open":    "load: {rate: 60/s, run_time: 9s, rounds: 3, stop_within: 100ms}",
		"poisson": "load: {rate: 60/s, arrivals: poisson, run_time: 9s, rounds: 3, stop_within: 100ms}",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run := func(shards int) string {
					rounds := map[int]*tally.Tally{}
					for i := range shards {
						p, problems := profile.Parse("p.yaml", []byte("name: p\ntarget: {url: \"http://127.0.0.1\"}\n"+loads+yaml), profile.Surroundings{})
						if len(problems) > 0 {
							t.Fatal(problems)
						}
						made, err := plan.Make(p, plan.Values{Shard: plan.Shard{I: i, N: shards}})
						if err != nil {
							t.Fatal(err)
						}
						s := &system{
							take: func(path string, _ time.Duration) time.Duration {
								return time.Duration(1+number(path)*number(path)/400) * time.Millisecond
							},
							answer: func(path string, _ time.Duration) reply {
								if number(path)%7 == 0 {
									return reply{status: 500 + number(path)%90}
								}
								return reply{}
							},
						}
						counted, _ := apply(t.Context(), made, s, nil)
						for round, of := range counted {
							if rounds[round] == nil {
								rounds[round] = &tally.Tally{}
							}
							rounds[round].Merge(of)
						}
					}
					text, err := json.Marshal(rounds)
					if err != nil {
						t.Fatal(err)
					}
					return string(text)
				}
				whole := run(1)
				for _, part := range []string{`"carried"`, `"unfinished"`, `"status":`} {
					if !strings.Contains(whole, part) {
						t.Errorf("the whole has no %s: %.1000s", part, whole)
					}
				}
				for _, shards := range []int{2, 3, 17, 64} {
					if got := run(shards); got != whole {
						t.Errorf("%d shards counted\n%.1500s\nthe whole\n%.1500s", shards, got, whole)
					}
				}
			})
		})
	}
}
