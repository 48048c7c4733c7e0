package soak_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/soak"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	points  = 600
	windows = 120
	warmUp  = time.Minute
)

// run is a soak of a length with these readings, whose routes are answered as respond says.
func run(length time.Duration, timeline map[string]result.Column, respond func(window, request int) tally.Sample) *result.Result {
	r := &result.Result{
		Schema: result.Schema, Identity: result.Identity{Series: "shop", ProfileDigest: "a", Users: 10, Started: time.Unix(1_800_000_000, 0), Finished: time.Unix(1_800_100_000, 0)},
		PlannedRounds: windows, PlannedRoutes: []string{"GET /"},
		Watch: &result.Watch{Every: time.Second, Step: length / points, Start: warmUp, Timeline: timeline, Mean: map[string]float64{}, Peak: map[string]float64{}},
	}
	for i := range windows {
		t := &tally.Tally{}
		for k := range 120 {
			t.Add(respond(i, k))
		}
		r.Rounds = append(r.Rounds, result.NewRound(warmUp+time.Duration(i)*length/windows, length/windows, t))
		r.Tally.Merge(t)
	}
	return r
}

func fast(_, k int) tally.Sample {
	return tally.Sample{Route: "GET /", Class: tally.OK, Ended: time.Duration(10+k%10) * time.Millisecond}
}

func tens(int, int) tally.Sample {
	return tally.Sample{Route: "GET /", Class: tally.OK, Ended: 10 * time.Millisecond}
}

// level is a level over time, as a share of its usual height.
type level func(at float64) float64

func flat(*rand.Rand) level { return func(float64) float64 { return 1 } }

func leaks(by float64) func(*rand.Rand) level {
	return func(*rand.Rand) level { return func(at float64) float64 { return 1 + by*at } }
}

func fills(tau float64) func(*rand.Rand) level {
	return func(*rand.Rand) level { return func(at float64) float64 { return 1 + 0.5*(1-math.Exp(-at/tau)) } }
}

func wanders(by float64) func(*rand.Rand) level {
	return func(random *rand.Rand) level {
		now, last := 1.0, 0.0
		return func(at float64) float64 {
			now += by * math.Sqrt(at-last) * random.NormFloat64()
			last = at
			return now
		}
	}
}

func steps(random *rand.Rand) level {
	when := random.Float64()
	return func(at float64) float64 {
		if at > when {
			return 1.2
		}
		return 1
	}
}

// family are memory with a collector that lets the heap double, and four levels that nothing collects, with noise
// that lasts.
func family(random *rand.Rand, memory, others func(*rand.Rand) level) map[string]result.Column {
	timeline := map[string]result.Column{}
	live, garbage, rss := memory(random), random.Float64(), make(result.Column, points)
	for i := range rss {
		rss[i] = 200e6 * live(float64(i)/points) * (1 + garbage) * (1 + 0.01*random.NormFloat64())
		if garbage += (0.5 + random.Float64()) / 12; garbage >= 1 {
			garbage = 0
		}
	}
	timeline["system.rss_bytes"] = rss
	for name, usual := range map[string]float64{"open_files": 120, "threads": 30, "goroutines": 400, "connections.db:5432": 50} {
		live, noise, column := others(random), 0.0, make(result.Column, points)
		for i := range column {
			noise = 0.8*noise + 0.6*0.02*random.NormFloat64()
			column[i] = math.Round(usual * live(float64(i)/points) * (1 + noise))
		}
		timeline["system."+name] = column
	}
	return timeline
}

// The family of a whole soak is red by chance in at most 1 of 100, and finds a leak of memory of 20 % in 9 of 10.
func TestFamilySimulated(t *testing.T) {
	const soaks = 500
	for _, c := range []struct {
		what           string
		memory, others func(*rand.Rand) level
		least, most    float64
	}{
		{"all flat", flat, flat, 0, 0},
		{"memory wanders by 10 %", wanders(0.10), flat, 0, 0.01},
		{"memory takes a step", steps, flat, 0, 0.004},
		{"all take a step", steps, steps, 0, 0.004},
		{"caches fill, a tenth", fills(0.1), flat, 0, 0.002},
		{"caches fill, a quarter", fills(0.25), flat, 0, 0.01},
		{"all fill, a quarter", fills(0.25), fills(0.25), 0, 0.01},
		{"all wander by 5 %", wanders(0.05), wanders(0.05), 0, 0.01},
		{"all wander by 10 %", wanders(0.10), wanders(0.10), 0, 0.025}, // five that wander by themselves: see docs/verdict.md
		{"memory leaks 20 %", leaks(0.2), flat, 0.9, 1},
		{"memory leaks 50 %", leaks(0.5), flat, 0.99, 1},
	} {
		random := rand.New(rand.NewPCG(5, 14))
		red := 0
		for range soaks {
			r := &result.Result{
				Rounds: []result.Round{{Start: 0, Length: 30 * time.Minute}},
				Watch:  &result.Watch{Step: 3 * time.Second, Timeline: family(random, c.memory, c.others)},
			}
			if has(soak.Courses(gate.DefaultPolicy(), r, soak.Least), gate.Worse) != nil {
				red++
			}
		}
		share := float64(red) / soaks
		t.Logf("%s: red in %.1f %%", c.what, 100*share)
		if share < c.least || share > c.most {
			t.Errorf("%s: red in %.1f %%, want %.1f to %.1f %%", c.what, 100*share, 100*c.least, 100*c.most)
		}
	}
}

// has is the first course with a status.
func has(courses []gate.Course, status gate.Status) *gate.Course {
	for i := range courses {
		if courses[i].Status == status {
			return &courses[i]
		}
	}
	return nil
}

// Each thing that can happen has its course and its outcome.
func TestJudge(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	leak, still := family(random, leaks(0.5), flat), family(random, flat, flat)
	drop := func(timeline map[string]result.Column, name string) map[string]result.Column {
		delete(timeline, name)
		return timeline
	}
	live := family(random, leaks(0.5), flat)
	live["app.live_heap_bytes"] = make(result.Column, points)
	for i := range live["app.live_heap_bytes"] {
		live["app.live_heap_bytes"][i] = 80e6
	}
	few := family(random, flat, flat)
	for i := range few["system.rss_bytes"] {
		few["system.rss_bytes"][i] = 200e6 * (1 + float64(i%150)/150)
	}
	slower := func(i, k int) tally.Sample {
		s := fast(i, k)
		s.Ended += time.Duration(i) * 100 * time.Microsecond
		return s
	}
	breaks := func(i, k int) tally.Sample {
		s := fast(i, k)
		if i >= windows*2/3 && k%20 == 0 {
			s.Class, s.Error = tally.Status, "status 500"
		}
		return s
	}
	for _, c := range []struct {
		what    string
		r       *result.Result
		change  func(*result.Result)
		outcome gate.Outcome
		want    string // "kind name status why" of a course
	}{
		{"stable", run(soak.Least, still, fast), nil, gate.Pass, "growth system.rss_bytes within "},
		{"leak", run(soak.Least, leak, fast), nil, gate.Fail, "growth system.rss_bytes worse "},
		{"leak in a short soak", run(10*time.Minute, leak, fast), nil, gate.Pass, "growth system.rss_bytes suspect short"},
		{"live heap stands for memory", run(soak.Least, live, fast), nil, gate.Pass, "growth app.live_heap_bytes within "},
		{"few collections", run(soak.Least, few, fast), nil, gate.Pass, "growth system.rss_bytes not judged few-collections"},
		{"caches", run(soak.Least, family(random, fills(0.25), flat), fast), nil, gate.Pass, "growth system.rss_bytes suspect slowing"},
		{"connections grow", run(soak.Least, family(random, flat, leaks(1)), fast), nil, gate.Fail, "growth system.connections worse "},
		{"no memory", run(soak.Least, drop(family(random, flat, flat), "system.rss_bytes"), fast), nil, gate.Pass, "growth system.threads within "},
		{"drift", run(soak.Least, still, slower), nil, gate.Pass, "drift GET / suspect only-noted"},
		{"no drift", run(soak.Least, still, tens), nil, gate.Pass, "drift GET / within "},
		{"failures", run(soak.Least, still, breaks), nil, gate.Fail, "failures GET / worse "},
		{"restart", run(soak.Least, still, fast), func(r *result.Result) { r.Watch.Peak["system.restarts"] = 2 }, gate.Fail, "restarts system.restarts worse "},
		{"another system's restart", run(soak.Least, still, fast), func(r *result.Result) { r.Watch.Peak["machine.restarts"] = 2 }, gate.Pass, "growth system.threads within "},
		{"killed", run(soak.Least, still, fast), func(r *result.Result) { r.Watch.Mean["system.oom_kills_per_sec"] = 0.001 }, gate.Fail, "out-of-memory system.oom_kills_per_sec worse "},
		{"memory limit", run(soak.Least, still, fast), func(r *result.Result) { r.Watch.Mean["db.memory_at_limit_per_sec"] = 1e-9 }, gate.Fail, "memory-limit db.memory_at_limit_per_sec worse "},
		{"died", run(soak.Least, still, fast), func(r *result.Result) {
			r.Problems = []result.Problem{{Kind: result.TargetDied, Text: "exit status 2"}}
		}, gate.Fail, "died system worse "},
		{"interrupted", run(soak.Least, still, fast), func(r *result.Result) {
			r.Problems = []result.Problem{{Kind: result.Interrupted, Text: "interrupted"}}
		}, gate.Inconclusive, "growth system.rss_bytes within "},
		{"interrupted after a leak", run(soak.Least, leak, fast), func(r *result.Result) {
			r.Problems = []result.Problem{{Kind: result.Interrupted, Text: "interrupted"}}
		}, gate.Fail, "growth system.rss_bytes worse "},
	} {
		if c.change != nil {
			c.change(c.r)
		}
		v := soak.Judge(gate.DefaultPolicy(), soak.Measured{Run: c.r})
		var told []string
		for _, one := range v.Stability {
			told = append(told, fmt.Sprintf("%s %s %s %s", one.Kind, one.Name, one.Status, one.Why))
		}
		if v.Outcome != c.outcome || !strings.Contains("\n"+strings.Join(told, "\n")+"\n", "\n"+c.want+"\n") {
			t.Errorf("%s: %s, want %s with %q, got\n%s", c.what, v, c.outcome, c.want, strings.Join(told, "\n"))
		}
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// Without a watch, a round or a comparison nothing is judged, and that is no pass.
func TestJudgeNothing(t *testing.T) {
	for _, r := range []*result.Result{{}, {Watch: &result.Watch{}}, {Rounds: []result.Round{{Length: time.Second}}}} {
		v := soak.Judge(gate.DefaultPolicy(), soak.Measured{Run: r, NotAged: "it runs elsewhere"})
		if v.Outcome != gate.Inconclusive {
			t.Errorf("got %s", v)
		}
		if err := v.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// A soak in which nothing that could grow was read does not pass, and says why. It still fails for what is known.
func TestJudgeUnread(t *testing.T) {
	bad := func(i, k int) tally.Sample {
		s := fast(i, k)
		s.Class = tally.Status
		return s
	}
	for _, c := range []struct {
		watch   *result.Watch
		respond func(i, k int) tally.Sample
		outcome gate.Outcome
		text    string
	}{
		{nil, fast, gate.Inconclusive, "nothing was watched"},
		{&result.Watch{}, fast, gate.Inconclusive, "nothing was told"},
		{&result.Watch{Absent: []result.Absent{{Source: "system", Why: "it runs at b"}}}, fast, gate.Inconclusive, "it runs at b"},
		{nil, bad, gate.Fail, "nothing was watched"},
	} {
		r := run(soak.Least, nil, c.respond)
		r.Watch = c.watch
		v := soak.Judge(gate.DefaultPolicy(), soak.Measured{Run: r})
		last := v.Reasons[len(v.Reasons)-1]
		if v.Outcome != c.outcome || last.Kind != gate.NotRead || last.Text != c.text {
			t.Errorf("got %s, %s %q; want %s, %q", v, last.Kind, last.Text, c.outcome, c.text)
		}
		if err := v.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// A figure that no round has is not within its limit.
func TestDriftOfNothing(t *testing.T) {
	r := run(soak.Least, nil, fast)
	for _, round := range r.Rounds {
		f := round.Figures["GET /"]
		f.P95 = 0
		round.Figures["GET /"] = f
	}
	for _, c := range soak.Courses(gate.DefaultPolicy(), r, soak.Least) {
		want := gate.Within
		if c.Kind == gate.Drift && c.Name == "GET /" && c.Metric == gate.P95 {
			want = gate.NotJudged
		}
		if c.Status != want {
			t.Errorf("%s of %s %s: got %s, want %s", c.Kind, c.Name, c.Metric, c.Status, want)
		}
	}
}

// The warm-up and what was read after the load are left out, however few points there are.
func TestJudgedTime(t *testing.T) {
	column := make(result.Column, points)
	for i := range column {
		column[i] = 100
		if i < points/2 {
			column[i] = float64(i)
		}
	}
	r := &result.Result{
		Rounds: []result.Round{{Start: 15 * time.Minute, Length: 15 * time.Minute}},
		Watch:  &result.Watch{Step: 3 * time.Second, Timeline: map[string]result.Column{"system.threads": column}},
	}
	courses := soak.Courses(gate.DefaultPolicy(), r, soak.Least)
	if c := has(courses, gate.Within); c == nil || c.Change != 0 || c.Before != 100 {
		t.Errorf("got %+v", courses)
	}
	r.Rounds[0].Start = time.Hour
	for _, c := range soak.Courses(gate.DefaultPolicy(), r, soak.Least) {
		t.Errorf("after the timeline: %+v", c)
	}
}
