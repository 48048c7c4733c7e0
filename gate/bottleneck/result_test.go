package bottleneck_test

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// run is a result with two rounds of each load, whose throughput stops at 380/s.
func run(problems ...result.Problem) *result.Result {
	r := &result.Result{Identity: result.Identity{Users: 64}, Problems: problems}
	for users := 1.0; users <= 64; users *= 2 {
		for again := range 2 {
			read := readings(map[string]float64{"generator.users": users * (1 + 0.04*float64(again)), "system.run_delay_cores": 0.01})
			throughput := min(380, 48*users)
			r.Rounds = append(r.Rounds, result.Round{Length: time.Second, Readings: read, Total: result.Figures{
				Requests: int64(throughput), P50: time.Duration(users / throughput * float64(time.Second)), Throughput: throughput,
			}})
		}
	}
	return r
}

func TestFind(t *testing.T) {
	r := run()
	if steps := bottleneck.Steps(r); len(steps) != 7 || steps[0].Length != 2*time.Second || math.Abs(steps[6].Load-65.28) > 1e-9 {
		t.Errorf("steps: %+v", steps)
	}
	found := bottleneck.Find(r)
	if len(found) != 1 || found[0].Kind != bottleneck.Waiting || found[0].Grade != bottleneck.Inferred {
		t.Errorf("found %+v", found)
	}
	if at, _ := found[0].Number(bottleneck.AtATime); math.Abs(at-7.9) > 0.1 {
		t.Errorf("%.2f at a time, want 7.9", at)
	}
	check := func(what string, kind result.ProblemKind, g result.Generator, changes map[string]float64, want bottleneck.Kind) {
		t.Helper()
		r := run(result.Problem{Kind: kind, Text: "x"})
		r.Generator = g
		for _, round := range r.Rounds {
			maps.Copy(round.Readings, changes)
		}
		if f := bottleneck.Find(r); len(f) != 1 || f[0].Kind != want {
			t.Errorf("%s: %+v, want %s", what, f, want)
		}
	}
	full := map[string]float64{"system.cpu_cores": 1.2, "system.cpu_share": 0.6, "system.cpu_capacity": 2, "system.run_delay_cores": 2}
	slow := result.Generator{LagP99: 100 * time.Millisecond} // an answer takes 168 ms
	check("requests that were not sent", result.Faulty, result.Generator{}, nil, bottleneck.Generator)
	check("a generator that is late", result.Saturated, slow, nil, bottleneck.Generator)
	check("a machine that is busy", result.Busy, slow, nil, bottleneck.Generator)
	check("late, but by little", result.Busy, result.Generator{LagP99: 20 * time.Millisecond}, nil, bottleneck.Waiting)
	check("a generator without a core", result.Saturated, result.Generator{CPUShare: 0.95}, nil, bottleneck.Generator)
	check("a system that uses up the machine", result.Saturated, slow, full, bottleneck.CPU)
	full["generator.cpu_cores"] = 0.8
	check("a system and a generator that use up the machine", result.Saturated, slow, full, bottleneck.Generator)
	if f := bottleneck.Find(run(result.Problem{Kind: result.Aborted, Text: "x"})); f[0].Kind != bottleneck.Waiting {
		t.Errorf("a run that was cut short says what it read: %+v", f)
	}
	if f := bottleneck.Find(&result.Result{}); f[0].Kind != bottleneck.Unknown {
		t.Errorf("of nothing: %+v", f)
	}
}
