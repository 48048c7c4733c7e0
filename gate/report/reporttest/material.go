package reporttest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Shape is the size of a run, and its faults.
type Shape struct {
	Routes, Rounds int
	Requests       int     // of a route in a round
	Slower         float64 // how much slower the first route is beyond its p80
	Failing        float64 // share of the requests of the second route
	Seed           uint64
}

// Shop returns n route names such as a shop has.
func Shop(n int) []string {
	names := []string{
		"POST /orders", "GET /search", "GET /products", "GET /products/{id}", "GET /cart", "PUT /cart", "DELETE /cart/{id}", "GET /orders", "GET /orders/{id}",
		"GET /me", "PUT /me", "POST /login", "POST /logout", "GET /recommendations",
	}
	for i := len(names); i < n; i++ {
		names = append(names, fmt.Sprintf("GET /catalogue/%03d/items", i))
	}
	return names[:n]
}

// started is when every run began.
var started = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// length is that of a round.
const length = 10 * time.Second

// Run is a whole run of a shape, with a warm-up, a timeline and readings of its system. Equal shapes give equal runs.
func Run(s Shape) *result.Result {
	r := &result.Result{
		Schema: result.Schema, PlannedRounds: s.Rounds,
		Identity: result.Identity{
			Series: "shop", Repository: "example/shop", Branch: "feature", Commit: "4f2c9ab0d1e24f2c9ab0d1e2", ProfileDigest: "0123456789abcdef", Target: "http://127.0.0.1:8080",
			Tool: "v0.1.0", Users: 100, Started: started, Finished: started.Add(time.Duration(s.Rounds+1) * length),
		},
		Load:        result.Load{SpawnRate: 10},
		Generator:   result.Generator{Cores: 4, CPUShare: 0.117, Watching: 0.0063, LagP50: 80 * time.Microsecond, LagP99: 1100 * time.Microsecond, Protocol: "HTTP/1.1"},
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUModel: "Example CPU @ 2.0 GHz", CPUCores: 4, MemoryGiB: 16, Runner: "ubuntu24", ToolMajor: "0"},
	}
	random := rand.New(rand.NewPCG(s.Seed, uint64(s.Routes)))
	for i := range s.Rounds {
		level := math.Exp(random.NormFloat64() / 25)
		t := &tally.Tally{}
		for k, route := range Shop(s.Routes) {
			s.load(t, random, k, route, level, time.Duration(i+1)*length)
		}
		round := result.NewRound(time.Duration(i+1)*length, length, t)
		round.Readings = map[string]float64{"generator.users": 100, "machine.cpu_share": 0.4, "system.cpu_share": 0.5}
		r.Rounds = append(r.Rounds, round)
		r.Tally.Merge(t)
	}
	r.PlannedRoutes = r.Tally.Names()
	r.Timeline = timeline(random, r)
	r.Watch = watch(random, len(r.Timeline))
	return r
}

// load counts the requests of a route in a round.
func (s Shape) load(t *tally.Tally, random *rand.Rand, k int, route string, level float64, at time.Duration) {
	median := 4 * math.Pow(1.35, float64(k%14)) // ms
	for range s.Requests {
		z := random.NormFloat64()
		ms := median * level * math.Exp(0.35*z)
		if k == 0 && z > 0.84 { // the slowest fifth
			ms *= 1 + s.Slower
		}
		one := tally.Sample{Route: route, Class: tally.OK, Due: at, Ended: at + time.Duration(ms*float64(time.Millisecond))}
		if k == 1 && random.Float64() < s.Failing {
			one.Class, one.Error = tally.Status, "status 503 Service Unavailable"
		}
		t.Add(one)
	}
}

// timeline is a run second by second, about as its rounds went.
func timeline(random *rand.Rand, r *result.Result) (all []result.Second) {
	if len(r.Rounds) == 0 {
		return nil
	}
	for i := range (len(r.Rounds) + 1) * 10 {
		total := r.Rounds[max(i/10-1, 0)].Total
		n := total.Requests / 10
		if i < 10 {
			n = n * int64(i+1) / 10
		}
		noise := math.Exp(random.NormFloat64() / 12)
		all = append(all, result.Second{Start: time.Duration(i) * time.Second, Length: time.Second, Requests: int64(float64(n) * noise), Failures: int64(float64(total.Failures) / 10 * noise), P95: time.Duration(float64(total.P95) * noise), P50: time.Duration(float64(total.P50) * math.Sqrt(noise)), P99: time.Duration(float64(total.P99) * noise * 1.05), Users: min(100, 10*(i+1))})
	}
	for i := range all {
		all[i].Failures = min(all[i].Failures, all[i].Requests)
	}
	return all
}

// watch are readings by the second of a system of two cores on a machine of four.
func watch(random *rand.Rand, seconds int) *result.Watch {
	if seconds == 0 {
		return nil
	}
	w := &result.Watch{
		Every: time.Second, Step: time.Second, Mean: map[string]float64{}, Peak: map[string]float64{}, Timeline: map[string]result.Column{},
		Facts:  map[string]string{"system.busiest_thread": "shop"},
		Absent: []result.Absent{{Source: "pressure", Why: "this kernel has it switched off"}, {Source: "gpu", Why: "no nvidia-smi, no AMD device"}},
	}
	for _, one := range []struct {
		name        string
		level, wave float64
	}{
		{"machine.cpu_share", 0.62, 0.04}, {"machine.cpu_capacity", 4, 0}, {"machine.cpu_stolen_share", 0.004, 0.002}, {"system.cpu_cores", 1.6, 0.1}, {"system.cpu_capacity", 4, 0}, {"system.cpu_share", 0.4, 0.03},
		{"system.busiest_thread", 0.58, 0.05}, {"generator.cpu_cores", 0.42, 0.04}, {"system.rss_bytes", 412 << 20, 3 << 20}, {"machine.memory_used_bytes", 6.2 * (1 << 30), 1 << 25}, {"machine.memory_total_bytes", 16 << 30, 0},
		{"machine.read_bytes_per_sec", 2.1e5, 9e4}, {"machine.written_bytes_per_sec", 8.4e6, 2e6}, {"machine.disk_busy_share.vda", 0.12, 0.03}, {"machine.net_in_bytes_per_sec", 3.1e6, 2e5}, {"machine.net_out_bytes_per_sec", 9.4e6, 5e5},
		{"system.threads", 23, 0.4}, {"system.open_files", 118, 1}, {"system.gc_cpu_share", 0.021, 0.004},
	} {
		column := make(result.Column, seconds)
		peak, sum := 0.0, 0.0
		for i := range column {
			ramp := min(1, 0.3+float64(i)/12)
			column[i] = max(one.level*ramp+one.wave*random.NormFloat64(), 0)
			if one.wave == 0 {
				column[i] = one.level
			}
			peak, sum = max(peak, column[i]), sum+column[i]
		}
		w.Timeline[one.name], w.Mean[one.name], w.Peak[one.name] = column, sum/float64(max(seconds, 1)), peak
	}
	w.Timeline["system.gc_cpu_share"][seconds/2] = math.NaN()
	return w
}

// Pair is a change judged in pairs of rounds. s is the shape of head; base is not slower and does not fail.
func Pair(s Shape) report.Material {
	before := s
	before.Slower, before.Failing, before.Seed = 0, 0, s.Seed+100
	base, head := Run(before), Run(s)
	base.Commit = "a1b2c3d4e5f6a1b2c3d4e5f6"
	random := rand.New(rand.NewPCG(s.Seed, 1))
	for i := range base.Rounds {
		second := random.IntN(2) == 0
		at := time.Duration(2*i) * length
		base.Rounds[i].Second, head.Rounds[i].Second = second, !second
		base.Rounds[i].Start, head.Rounds[i].Start = at, at+length
		if second {
			base.Rounds[i].Start, head.Rounds[i].Start = at+length, at
		}
	}
	for _, one := range []*result.Result{base, head} {
		one.PairSeed, one.Starts = "1", 6
		interleave(one)
	}
	v := gate.JudgePairs(gate.DefaultPolicy(), base, head, true)
	r := report.New(v, head)
	r.Accept = "plimsoll-accepted"
	r.Links = report.Links{Run: "https://github.com/example/shop/actions/runs/9182736455", History: "https://example.github.io/shop/plimsoll/", Docs: "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"}
	return report.Material{Report: &r, Run: head, Base: base}
}

// interleave moves the seconds of a run into its rounds: a side has no readings while the other one runs.
func interleave(r *result.Result) {
	read := r.Watch.Timeline
	end := 2 * len(r.Rounds) * 10
	r.Watch.Timeline = map[string]result.Column{}
	for name, column := range read {
		spread := slices.Repeat(result.Column{math.NaN()}, end)
		for i, v := range column[10:] {
			spread[int(r.Rounds[i/10].Start.Seconds())+i%10] = v
		}
		r.Watch.Timeline[name] = spread
	}
	r.Timeline = r.Timeline[10:]
	for i := range r.Timeline {
		r.Timeline[i].Start = r.Rounds[i/10].Start + time.Duration(i%10)*time.Second
	}
}

// UnderLoad is a system that is slower under its full load than when it is idle.
func UnderLoad(s Shape) report.Material {
	m := Pair(s)
	m.Base.Users, m.Base.ProfileDigest = 10, "idle"
	v := gate.JudgeUnderLoad(gate.DefaultPolicy(), m.Base, m.Run, true)
	r := report.New(v, m.Run)
	return report.Material{Report: &r, Run: m.Run, Base: m.Base}
}

// WithoutHistograms returns a run that only counts requests, as other tools' results do.
func WithoutHistograms(t tally.Tally) tally.Tally {
	bare := tally.Tally{Routes: map[string]*tally.Route{}}
	for name, route := range t.Routes {
		bare.Routes[name] = &tally.Route{Outcomes: route.Outcomes, BytesReceived: route.BytesReceived, Errors: route.Errors}
	}
	return bare
}

// Crowd is a verdict on a run whose routes have these names.
func Crowd(names []string) report.Material {
	s := Shape{Routes: len(names), Rounds: 8, Requests: 25, Seed: 5}
	m := Pair(s)
	for i, old := range Shop(len(names)) {
		for _, r := range []*result.Result{m.Base, m.Run} {
			rename(r, old, names[i])
		}
		for k := range m.Report.Verdict.Comparisons {
			if c := &m.Report.Verdict.Comparisons[k]; c.Route == old {
				c.Route = names[i]
			}
		}
	}
	return m
}

// rename gives a route of a run another name.
func rename(r *result.Result, old, name string) {
	if route := r.Tally.Routes[old]; route != nil {
		delete(r.Tally.Routes, old)
		r.Tally.Routes[name] = route
	}
	for i := range r.Rounds {
		round := &r.Rounds[i]
		if f, ok := round.Figures[old]; ok {
			delete(round.Figures, old)
			round.Figures[name] = f
		}
		if route := round.Tally.Routes[old]; route != nil {
			delete(round.Tally.Routes, old)
			round.Tally.Routes[name] = route
		}
	}
}
