package result_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A value exactly at a bound is valid, and is read back unchanged.
func TestValidateAcceptsTheBounds(t *testing.T) {
	const year = 366 * 24 * time.Hour
	for name, change := range map[string]func(*result.Result){
		"nothing": func(r *result.Result) {
			r.Users, r.Generator, r.Environment = 0, result.Generator{}, result.Environment{}
			r.Rounds[0].Total, r.Rounds[0].Start, r.Rounds[0].Length = result.Figures{}, 0, 1
			r.Timeline = []result.Second{{}}
		},
		"many": func(r *result.Result) {
			r.Users, r.Starts, r.PlannedRounds = 1_000_000_000, 1_000_000, 10_000
			r.Control = make([]result.Figures, 10_000)
			r.Problems = make([]result.Problem, 1_000)
			r.Timeline = make([]result.Second, 100_000)
			r.Shards = make([]result.Shard, 1_000)
			r.Shards[0] = result.Shard{Index: 999, Users: 1_000_000_000}
			r.Part = &result.Part{Index: 999, Of: 1_000, Users: 1_000_000_000}
		},
		"long": func(r *result.Result) {
			text := strings.Repeat("a", 500)
			r.Series, r.Repository, r.Branch, r.Commit, r.ProfileDigest, r.Tool, r.CIRun, r.PairSeed = text, text, text, text, text, text, text, text
			r.Target = strings.Repeat("a", 4_000)
			r.Environment = result.Environment{OS: text, Arch: text, CPUModel: text, Runner: text, ToolMajor: text, Proxy: text, Kernel: text}
			r.Generator.Protocol = text
			r.Problems = []result.Problem{{Kind: result.ProblemKind(text), Text: strings.Repeat("a", 1<<20)}}
			r.Shards = []result.Shard{{By: text}}
			r.Part = &result.Part{Of: 1, By: text, Seed: text, Setup: text, Users: 1, Kinds: map[string]int{strings.Repeat("a", 4_000): 1}}
		},
		"late": func(r *result.Result) {
			r.Started = time.Date(2199, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
			r.Finished = r.Started.Add(year)
			r.Rounds[0].Start, r.Rounds[0].Length, r.Rounds[1].Length = year, year-1, 1
			r.Timeline = []result.Second{{Start: year, Length: year, Requests: 1e12, Failures: 1e12, P50: year, P95: year, P99: year, Users: 1e9}}
		},
		"far west": func(r *result.Result) { r.Started = r.Started.In(time.FixedZone("", -24*3600+60)) },
		"far east": func(r *result.Result) { r.Started = r.Started.In(time.FixedZone("", 24*3600-60)) },
		"watched": func(r *result.Result) {
			text, nan := strings.Repeat("a", 500), math.NaN()
			r.Rounds[0].Process = 1_000_000
			r.Rounds[0].Cost = &result.Cost{Requests: 1e12, CPU: 10 * year, Idle: 10 * year, Cycles: math.MaxInt64, Instructions: math.MaxInt64, Unsettled: true}
			r.Rounds[1].Cost = &result.Cost{}
			r.Watch = &result.Watch{
				Every: year, Start: year, Step: year,
				Mean: map[string]float64{text: 1e300}, Peak: map[string]float64{text: -1e300},
				Facts: map[string]string{text: text}, Absent: []result.Absent{{Source: text, Why: text}},
				Timeline: map[string]result.Column{"a": append(make(result.Column, 1_799), nan), "b": append(make(result.Column, 1_799), 1e300)},
			}
			r.Load = result.Load{SpawnRate: 1e300, Rate: 1e300, Stages: math.MaxInt}
			r.Groups = map[string][]string{"all": {"GET /a", "POST /b"}, "none": nil}
		},
		"watched in vain": func(r *result.Result) { r.Watch = &result.Watch{} },
		"much": func(r *result.Result) {
			r.Control = []result.Figures{{Requests: 1e12, Failures: 1e12, P50: year, P95: year, P99: year, Throughput: 1e15}}
			r.Rounds[0].Steal, r.Rounds[0].CPUShare, r.Environment.LoadAverage = 1, math.MaxFloat64, math.MaxFloat64
			r.Rounds[0].Readings = map[string]float64{"most": 1e300, "least": -1e300}
		},
	} {
		r := small()
		change(r)
		if err := r.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again, err := result.Decode(bytes.NewReader(encode(t, r))); err != nil || again.ID() != r.ID() {
			t.Errorf("%s: %v came back, %v", name, again, err)
		}
	}
}

// Each part of a condition alone refuses a result.
func TestValidateRefusesEach(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for i, change := range []func(*result.Result){
		func(r *result.Result) { r.Users = 1_000_000_001 },
		func(r *result.Result) { r.Started = r.Started.In(time.FixedZone("", 24*3600)) },
		func(r *result.Result) { r.Started = r.Started.In(time.FixedZone("", -24*3600)) },
		func(r *result.Result) { r.Finished = r.Finished.In(time.FixedZone("", 1)) },
		func(r *result.Result) { r.Environment.CPUCores = -1 },
		func(r *result.Result) { r.Environment.MemoryGiB = -1 },
		func(r *result.Result) { r.Environment.LoadAverage = -1 },
		func(r *result.Result) { r.Environment.LoadAverage = inf },
		func(r *result.Result) { r.Environment.Kernel = "\n" },
		func(r *result.Result) { r.Generator.Cores = -1 },
		func(r *result.Result) { r.Generator.CPUShare = nan },
		func(r *result.Result) { r.Generator.GCPauses = -1 },
		func(r *result.Result) { r.Generator.GCPauseMax = -1 },
		func(r *result.Result) { r.Generator.LagP50 = -1 },
		func(r *result.Result) { r.Generator.LagP50, r.Generator.LagP99 = 2, 1 },
		func(r *result.Result) { r.Generator.LagMax = -1 },
		func(r *result.Result) { r.Starts = 1_000_001 },
		func(r *result.Result) { r.PlannedRounds = 10_001 },
		func(r *result.Result) { r.Control = make([]result.Figures, 10_001) },
		func(r *result.Result) { r.Problems = make([]result.Problem, 1_001) },
		func(r *result.Result) { r.Shards = make([]result.Shard, 1_001) },
		func(r *result.Result) { r.Rounds[0].Start = -1 },
		func(r *result.Result) { r.Rounds[0].Start = 367 * 24 * time.Hour },
		func(r *result.Result) { r.Rounds[0].Steal = -0.1 },
		func(r *result.Result) { r.Rounds[0].Steal = nan },
		func(r *result.Result) { r.Rounds[0].CPUShare = -1 },
		func(r *result.Result) { r.Rounds[0].CPUShare = inf },
		func(r *result.Result) { r.Rounds[0].Figures["GET /a"] = result.Figures{Failures: 1} },
		func(r *result.Result) { r.Control = []result.Figures{{P50: 2, P95: 1, P99: 2}} },
		func(r *result.Result) { r.Control = []result.Figures{{P95: 2, P99: 1}} },
		func(r *result.Result) { r.Control = []result.Figures{{P99: 367 * 24 * time.Hour}} },
		func(r *result.Result) { r.Control = []result.Figures{{Failures: -1}} },
		func(r *result.Result) { r.Control = []result.Figures{{Requests: 1e12 + 1}} },
		func(r *result.Result) { r.Control = []result.Figures{{Throughput: -1}} },
		func(r *result.Result) { r.Control = []result.Figures{{Throughput: 2e15}} },
		func(r *result.Result) { r.Problems = []result.Problem{{Kind: "\n"}} },
		func(r *result.Result) { r.Shards = []result.Shard{{Index: 1_000}} },
		func(r *result.Result) {
			r.Shards = []result.Shard{{Began: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC)}}
		},
		func(r *result.Result) { r.Shards = []result.Shard{{Total: result.Figures{P50: 2, P95: 1}}} },
		func(r *result.Result) { r.Shards = []result.Shard{{Generator: result.Generator{Cores: -1}}} },
		func(r *result.Result) { r.Part = &result.Part{} },
		func(r *result.Result) { r.Part = &result.Part{Index: 1, Of: 1} },
		func(r *result.Result) { r.Part = &result.Part{Index: -1, Of: 1} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1_001} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Users: -1} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Users: 1_000_000_001} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Users: 1, Kinds: map[string]int{"a": 2}} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Users: 1, Kinds: map[string]int{"a": -1}} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Users: 1, Kinds: map[string]int{"\n": 1}} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, By: "\n"} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Seed: "\n"} },
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Setup: "\n"} },
		func(r *result.Result) {
			r.Part = &result.Part{Of: 1, Began: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}
		},
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Began: r.Started.In(time.FixedZone("", 1))} },
		func(r *result.Result) {
			r.Part = &result.Part{Of: 1}
			r.Part.Lag.Record(367 * 24 * time.Hour)
		},
		func(r *result.Result) { r.Part = &result.Part{Of: 1, Clock: &result.Clock{Error: -1}} },
		func(r *result.Result) {
			r.Part = &result.Part{Of: 1, Clock: &result.Clock{Error: 367 * 24 * time.Hour}}
		},
		func(r *result.Result) { r.Shards = []result.Shard{{Clock: &result.Clock{Error: -1}}} },
		func(r *result.Result) { r.Shards = []result.Shard{{Users: -1}} },
		func(r *result.Result) { r.Shards = []result.Shard{{Users: 1_000_000_001}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Start: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{P50: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{P99: 367 * 24 * time.Hour}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Users: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Start: 367 * 24 * time.Hour}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Length: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Length: 367 * 24 * time.Hour}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Requests: 1, Failures: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{Requests: 1e12 + 1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{P95: -1}} },
		func(r *result.Result) { r.Timeline = []result.Second{{P95: 367 * 24 * time.Hour}} },
		func(r *result.Result) { r.PairSeed = "\n" },
		func(r *result.Result) { r.Rounds[0].Process = -1 },
		func(r *result.Result) { r.Rounds[0].Process = 1_000_001 },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Requests: -1} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Requests: 1e12 + 1} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{CPU: -1} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{CPU: 3661 * 24 * time.Hour} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Idle: -1} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Cycles: -1} },
		func(r *result.Result) { r.Rounds[0].Cost = &result.Cost{Instructions: -1} },
		func(r *result.Result) { r.Watch = &result.Watch{Every: -1} },
		func(r *result.Result) { r.Watch = &result.Watch{Start: 367 * 24 * time.Hour} },
		func(r *result.Result) { r.Watch = &result.Watch{Step: -1} },
		func(r *result.Result) { r.Watch = &result.Watch{Mean: map[string]float64{"a": nan}} },
		func(r *result.Result) { r.Watch = &result.Watch{Peak: map[string]float64{"\n": 1}} },
		func(r *result.Result) { r.Watch = &result.Watch{Facts: map[string]string{"a": "\n"}} },
		func(r *result.Result) { r.Watch = &result.Watch{Absent: []result.Absent{{Source: "\n"}}} },
		func(r *result.Result) { r.Watch = &result.Watch{Absent: []result.Absent{{Why: "\n"}}} },
		func(r *result.Result) { r.Watch = &result.Watch{Absent: make([]result.Absent, 1_001)} },
		func(r *result.Result) { r.Watch = &result.Watch{Timeline: map[string]result.Column{"\n": nil}} },
		func(r *result.Result) {
			r.Watch = &result.Watch{Timeline: map[string]result.Column{"a": {1}, "b": {1, 2}}}
		},
		func(r *result.Result) { r.Watch = &result.Watch{Timeline: map[string]result.Column{"a": {inf}}} },
		func(r *result.Result) {
			r.Watch = &result.Watch{Timeline: map[string]result.Column{"a": make(result.Column, 1_801)}}
		},
		func(r *result.Result) { r.Groups = map[string][]string{"a": {""}} },
		func(r *result.Result) { r.Groups = map[string][]string{"": nil} },
		func(r *result.Result) { r.Load.SpawnRate = -1 },
		func(r *result.Result) { r.Load.Rate = math.NaN() },
		func(r *result.Result) { r.Load.Stages = -1 },
	} {
		r := small()
		change(r)
		if err := r.Validate(); err == nil {
			t.Errorf("change %d was accepted", i)
		}
	}
}
