package result_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Shards that do not make the whole are refused, each with its number, its file and the reason. Nothing is extrapolated.
func TestMergeRefuses(t *testing.T) {
	calls := record(rand.New(rand.NewPCG(3, 4)), 400)
	for want, change := range map[string]func(map[string]*result.Result){
		"shard 3 of 4 is missing":                                 func(p map[string]*result.Result) { delete(p, "shard-3.json") },
		"shards 1, 4 of 4 are missing":                            func(p map[string]*result.Result) { delete(p, "shard-1.json"); delete(p, "shard-4.json") },
		"shard 2 of 4 is there 2 times: again.json, shard-2.json": func(p map[string]*result.Result) { p["again.json"] = p["shard-2.json"] },
		"shard 2 of 4 (shard-2.json) was cut short: interrupted": func(p map[string]*result.Result) {
			p["shard-2.json"].Problems = append(p["shard-2.json"].Problems, result.Problem{Kind: result.Interrupted, Text: "interrupted"})
		},
		"shard 2 of 4 (shard-2.json) was cut short: it has 2 of 3 rounds":                                  func(p map[string]*result.Result) { p["shard-2.json"].Rounds = p["shard-2.json"].Rounds[:2] },
		"shard 4 of 4 (shard-4.json) has no counts of its rounds":                                          func(p map[string]*result.Result) { p["shard-4.json"] = p["shard-4.json"].Compact() },
		"shard 4 of 4 (shard-4.json) does not say when its load began":                                     func(p map[string]*result.Result) { p["shard-4.json"].Part.Began = time.Time{} },
		"shard 1 of 4 (shard-1.json) is of another load: its profile digest is d2, and the others have d1": func(p map[string]*result.Result) { p["shard-1.json"].ProfileDigest = "d2" },
		"shard 1 of 4 (shard-1.json) is of another load: its seed is 7, and the others have 1":             func(p map[string]*result.Result) { p["shard-1.json"].Part.Seed = "7" },
		"shard 3 of 8 (shard-3.json) is of another load: its number of shards is 8, and the others have 4": func(p map[string]*result.Result) { p["shard-3.json"].Part.Of = 8 },
		"its commit is 4f2c9ab with changes, and the others have 4f2c9ab":                                  func(p map[string]*result.Result) { p["shard-3.json"].Dirty = true },
		"its commit is none, and the others have 4f2c9ab":                                                  func(p map[string]*result.Result) { p["shard-3.json"].Commit = "" },
		"its repository is fork/shop":                                                                      func(p map[string]*result.Result) { p["shard-3.json"].Repository = "fork/shop" },
		"its series is other, and the others have shop":                                                    func(p map[string]*result.Result) { p["shard-3.json"].Series = "other" },
		"its version of plimsoll is v0.2.0, and the others have v0.1.0":                                    func(p map[string]*result.Result) { p["shard-3.json"].Tool = "v0.2.0" },
		"its target is http://elsewhere":                                                                   func(p map[string]*result.Result) { p["shard-3.json"].Target = "http://elsewhere" },
		"its CI run and attempt is 7/2, and the others have 7/1":                                           func(p map[string]*result.Result) { p["shard-3.json"].CIRun = "7/2" },
		"its setup is s2, and the others have none":                                                        func(p map[string]*result.Result) { p["shard-3.json"].Part.Setup = "s2" },
		"its plan of rounds is 3 5s+10s 15s+10s 26s+10s":                                                   func(p map[string]*result.Result) { p["shard-3.json"].Rounds[2].Start += time.Second },
		"whole.json is a whole run and no shard":                                                           func(p map[string]*result.Result) { p["whole.json"] = measured(calls) },
		"all.json is a merged run already":                                                                 func(p map[string]*result.Result) { p["all.json"] = merge(t, cutUp(calls, 2)) },
	} {
		parts := cutUp(calls, 4)
		change(parts)
		r, err := result.Merge(parts)
		if err == nil || r != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if _, err := result.Merge(map[string]*result.Result{"a": measured(calls), "b": measured(calls)}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("all reasons are told at once, each in a line: %v", err)
	}
}

// A part is never judged: neither by its problem nor without it.
func TestPartIsNotWhole(t *testing.T) {
	r := part(small(), 1, 2)
	if r.Whole() || !strings.Contains(r.Problems[0].Text, "this is shard 2 of 2") {
		t.Errorf("a part is called whole, or says %v", r.Problems)
	}
	if r.Problems = nil; r.Whole() {
		t.Error("a part without its problem is called whole")
	}
}

// A run whose rounds do not line up says so and is not judged.
func TestMergeComparesStarts(t *testing.T) {
	for _, c := range []struct {
		late time.Duration
		want string
	}{
		{500 * time.Millisecond, ""}, // 5 % of a round
		{501 * time.Millisecond, "shard 2 of 3 (host-2) began 501ms after shard 1 of 3 (host-1) by their clocks, which is more than 5 % of a round of 10s, so the rounds do not hold the same seconds; it was started later: give all shards the same --start-at"},
		{time.Hour + 2*time.Second, "shard 2 of 3 (host-2) began 1h0m2s after shard 1 of 3 (host-1) by their clocks, which is more than 5 % of a round of 10s, so the rounds do not hold the same seconds; it was started later, or the clock of one of these machines is wrong: set the clocks (NTP)"},
	} {
		parts := cutUp(record(rand.New(rand.NewPCG(5, 6)), 300), 3)
		late := parts["shard-2.json"]
		late.Part.Began, late.Started, late.Finished = late.Part.Began.Add(c.late), late.Started.Add(c.late), late.Finished.Add(c.late)
		r := merge(t, parts)
		skew, wrong := r.Skew()
		switch {
		case skew != c.late || wrong != 0:
			t.Errorf("%v late: a skew of %v ± %v", c.late, skew, wrong)
		case c.want == "" && !r.Whole():
			t.Errorf("%v late: %v", c.late, r.Problems)
		case c.want != "" && (r.Whole() || len(r.Problems) != 1 || r.Problems[0].Kind != result.Skewed || !strings.HasPrefix(r.Problems[0].Text, c.want)):
			t.Errorf("%v late:\n%v\nwant\n%s", c.late, r.Problems, c.want)
		case r.Finished.Sub(r.Started) != 41*time.Second: // each shard took as long
			t.Errorf("%v late: it lasts from %v to %v", c.late, r.Started, r.Finished)
		}
	}
}

// Shards of a meeting began by the meeting point's clock. How wrong that may be counts as skew, and how far their own clocks
// are off does not.
func TestMergeComparesStartsOfAMeeting(t *testing.T) {
	for _, c := range []struct {
		late, wrong time.Duration // of shard 2
		want        string
	}{
		{400 * time.Millisecond, 95 * time.Millisecond, ""},
		{400 * time.Millisecond, 96 * time.Millisecond, "shard 2 of 3 (host-2) began 400ms (± 101ms) after shard 1 of 3 (host-1) by the meeting point's clock, which is more than 5 % of a round of 10s"},
		{0, time.Second, "began 0s (± 2s) after"},
	} {
		parts := cutUp(record(rand.New(rand.NewPCG(5, 6)), 300), 3)
		for i, name := range []string{"shard-1.json", "shard-2.json", "shard-3.json"} {
			r := parts[name]
			ahead := time.Duration(i) * time.Hour // its clock is as wrong as that
			r.Part.Clock = &result.Clock{Ahead: ahead, Error: 5 * time.Millisecond}
			r.Started, r.Finished = r.Started.Add(ahead), r.Finished.Add(ahead)
		}
		late := parts["shard-2.json"]
		late.Part.Began, late.Part.Clock.Error = late.Part.Began.Add(c.late), c.wrong
		late.Started, late.Finished = late.Started.Add(c.late), late.Finished.Add(c.late)
		r := merge(t, parts)
		skew, _ := r.Skew()
		switch {
		case skew != c.late || r.Shards[1].Clock.Ahead != time.Hour:
			t.Errorf("%+v: a skew of %v, and the clock %+v", c, skew, r.Shards[1].Clock)
		case c.want == "" && !r.Whole():
			t.Errorf("%+v: %v", c, r.Problems)
		case c.want != "" && (len(r.Problems) != 1 || r.Problems[0].Kind != result.Skewed || !strings.Contains(r.Problems[0].Text, c.want)):
			t.Errorf("%+v:\n%v", c, r.Problems)
		case r.Finished.Sub(r.Started) != 41*time.Second:
			t.Errorf("%+v: it lasts from %v to %v", c, r.Started, r.Finished)
		}
	}
}

// If the generator of any shard was the bottleneck, the run names the shard and is not judged.
func TestMergeTellsSaturated(t *testing.T) {
	parts := cutUp(record(rand.New(rand.NewPCG(7, 8)), 300), 3)
	for i, name := range []string{"shard-1.json", "shard-2.json", "shard-3.json"} {
		r := parts[name]
		r.Generator = result.Generator{Cores: 1 + i, CPUShare: 0.5 - float64(i)/10, Protocol: "HTTP/1.1", Paced: result.Paced{Due: 10, Begun: 9}, GCPauses: 2, GCPauseMax: time.Duration(i)}
		for k := range 100 {
			r.Part.Lag.Record(time.Duration(k+1) * time.Microsecond)
		}
		r.Notes = []string{"teardown failed"}
	}
	parts["shard-2.json"].Problems = append(parts["shard-2.json"].Problems, result.Problem{Kind: result.Saturated, Text: "the load generator was the bottleneck"})
	parts["shard-3.json"].Generator.Protocol = "HTTP/2"
	r := merge(t, parts)
	if r.Whole() || len(r.Problems) != 1 || r.Problems[0] != (result.Problem{Kind: result.Saturated, Text: "shard 2 of 3 (host-2): the load generator was the bottleneck"}) {
		t.Errorf("problems %v", r.Problems)
	}
	g := r.Generator
	if g.Cores != 2 || g.CPUShare != 0.4 || g.Paced != (result.Paced{Due: 30, Begun: 27}) || g.GCPauses != 6 || g.GCPauseMax != 2 || g.Protocol != "HTTP/1.1 + HTTP/2" {
		t.Errorf("the generators together: %+v", g)
	}
	if g.LagP50 < 49*time.Microsecond || g.LagP50 > 51*time.Microsecond || g.LagP99 < 98*time.Microsecond || g.LagMax != 100*time.Microsecond {
		t.Errorf("lag p50 %v, p99 %v, at most %v", g.LagP50, g.LagP99, g.LagMax)
	}
	if len(r.Notes) != 3 || r.Notes[1] != "shard 2 of 3 (host-2): teardown failed" {
		t.Errorf("notes %q", r.Notes)
	}
	for i, s := range r.Shards {
		if s.Index != i || s.By != fmt.Sprintf("host-%d", i+1) || s.Generator.Cores != 1+i || s.Total.Requests == 0 {
			t.Errorf("shard %d is listed as %+v", i, s)
		}
	}
}

// A note names a shard that differs much from the others, and the figure in which it differs. Similar shards get no note.
func TestMergeNamesStrays(t *testing.T) {
	shard := func(i, n, users int, slower float64, requests int) *result.Result {
		var calls []recorded
		for k := range requests {
			due := sharedWarmUp + time.Duration(k)*sharedRounds*sharedLength/time.Duration(requests)
			calls = append(calls, recorded{k, tally.Sample{Route: "GET /a", Class: tally.OK, Due: due, Sent: due, Ended: due + time.Duration(slower*float64(10+k%5)*float64(time.Millisecond))}})
		}
		r := part(measured(calls), i, n)
		r.Part.Users, r.Part.Kinds = users, map[string]int{"reader": users}
		for range 100 {
			r.Part.Lag.Record(100 * time.Microsecond)
		}
		return r
	}
	three := func() map[string]*result.Result {
		return map[string]*result.Result{"a": shard(0, 3, 10, 1, 3000), "b": shard(1, 3, 10, 1.05, 2900), "c": shard(2, 3, 5, 1, 1450)}
	}
	for want, change := range map[string]func(map[string]*result.Result){
		"": func(map[string]*result.Result) {},
		"shard 3 of 3 (host-3) is far from the other shards: its p50 of GET /a is 30ms, that of the median shard 12.6ms; look at its machine and its network": func(p map[string]*result.Result) { p["c"] = shard(2, 3, 5, 2.5, 1450) },
		"shard 2 of 3 (host-2) is far from the other shards: it had 4.83 successful requests a second for each user, the median shard 9.67":                   func(p map[string]*result.Result) { p["b"] = shard(1, 3, 10, 1.05, 1450) },
		"shard 1 of 3 (host-1) is far from the other shards: its generator was 5ms late (p99), that of the median shard 100µs": func(p map[string]*result.Result) {
			for range 10 {
				p["a"].Part.Lag.Record(5 * time.Millisecond)
			}
		},
	} {
		parts := three()
		change(parts)
		r := merge(t, parts)
		if want == "" && len(r.Notes) > 0 || want != "" && (len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], want)) {
			t.Errorf("notes %q, want %q", r.Notes, want)
		}
		if !r.Whole() {
			t.Errorf("a shard that is far from the others makes the run unjudged: %v", r.Problems)
		}
	}
	// Shards that have other kinds of users send at another rate.
	parts := three()
	parts["b"] = shard(1, 3, 10, 1, 1450)
	parts["b"].Part.Kinds = map[string]int{"writer": 10}
	if r := merge(t, parts); len(r.Notes) > 0 {
		t.Errorf("notes %q", r.Notes)
	}
	// Of two shards only the slower one is named.
	if r := merge(t, map[string]*result.Result{"a": shard(0, 2, 10, 1, 3000), "b": shard(1, 2, 10, 3, 3000)}); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "shard 2 of 2") {
		t.Errorf("notes %q", r.Notes)
	}
}

// The environment of shards on unlike machines is no class of one of them.
func TestMergeOfUnlikeMachines(t *testing.T) {
	parts := cutUp(record(rand.New(rand.NewPCG(9, 9)), 300), 3)
	same := merge(t, parts).Environment
	if same.Class() != small().Environment.Class() {
		t.Errorf("shards on like machines have the class %s", same.Class())
	}
	parts["shard-2.json"].Environment.CPUModel, parts["shard-2.json"].Environment.CPUCores = "Xeon", 1
	parts["shard-3.json"].Environment.CPULimit = 0.5
	r := merge(t, parts)
	if e := r.Environment; e.CPUModel != "EPYC + Xeon" || e.CPUCores != 1 || e.CPULimit != 0.5 {
		t.Errorf("together: %+v", e)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "machines of different kinds: between shard 1 of 3 (host-1) and shard 2 of 3 (host-2), CPU model: EPYC here, Xeon there; cores: 2 here, 1 there") {
		t.Errorf("notes %q", r.Notes)
	}
}
