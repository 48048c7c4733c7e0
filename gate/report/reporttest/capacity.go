package reporttest

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Search is a way in which a search for the highest load goes.
type Search int

// The searches.
const (
	Confirmed    Search = iota // a bracket is found, and confirmed
	ByUsers                    // the same, of users
	NothingHolds               // not even the lowest load
	CutShort                   // the system ends
	Overtaxed                  // no higher load can be made
)

// Capacity is a search on a system whose response times grow as those of a queue. Equal kinds give equal searches.
func Capacity(kind Search) *capacity.Report {
	config, most := capacity.Rates(), 1000.0
	switch kind {
	case ByUsers:
		config, most = capacity.Users(), 150
	case NothingHolds:
		most = 0.5
	}
	s := capacity.New(config)
	random := rand.New(rand.NewPCG(uint64(kind), 1))
	for n := 0; ; n++ {
		if kind == CutShort && n == 6 {
			s.Stop(capacity.Failed, "the system under test ended with exit status 7")
		}
		t, more := s.Next()
		if !more {
			break
		}
		o := tried(t, most*math.Exp(random.NormFloat64()/100))
		if kind == Overtaxed && t.Load > 300 {
			o.Status, o.Why, o.GeneratorCPU = capacity.Hindered, "the load generator used 97 % of its 2 cores", 0.97
		}
		s.Add(o)
	}
	r := &capacity.Report{
		Schema: capacity.Schema, Series: "shop", Commit: "4f2c9ab0d1e24f2c9ab0d1e2", Target: "http://127.0.0.1:8080", Tool: "v0.1.0", Started: started,
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPUModel: "Example CPU @ 2.0 GHz", CPUCores: 4, MemoryGiB: 16, Runner: "ubuntu24", ToolMajor: "0"},
		SLO:         []string{"p(95)<50", "POST /orders: p(99)<200"}, Claim: s.Claim(),
		Absent: []result.Absent{{Source: "gpu", Why: "no nvidia-smi, no AMD device"}},
	}
	if kind == Confirmed || kind == ByUsers {
		r.Bottleneck = &bottleneck.Finding{
			Kind: bottleneck.CPU, Grade: bottleneck.Shown, Subject: result.OfSystem,
			Evidence: []bottleneck.Number{
				{Name: result.Reading(result.OfSystem, result.CPUShare), Value: 0.97}, {Name: result.Reading(result.OfSystem, result.CPUCapacity), Value: 1}, {Name: bottleneck.OtherCores, Value: 0.4},
			},
		}
	}
	return r
}

// tried is a trial on a system that answers no more than most requests each second, or users.
func tried(t capacity.Trial, most float64) capacity.Outcome {
	p95 := 400 * t.Load / most // ms
	if t.Load < most {
		p95 = min(p95, 4/(1-t.Load/most))
	}
	o := capacity.Outcome{Trial: t, Status: capacity.Held, Throughput: min(t.Load, most), GeneratorCPU: min(0.02+t.Load/3000, 0.9), Took: t.Settle + t.Length + 1200*time.Millisecond}
	o.Requests = int64(o.Throughput * t.Length.Seconds())
	for _, one := range []gate.Threshold{{Route: tally.All, Rule: "p(95)<50", Value: p95}, {Route: "POST /orders", Rule: "p(99)<200", Value: 2.5 * p95}} {
		limit, _ := one.Limit()
		if one.Status = gate.Within; one.Value >= limit.Seconds()*1000 {
			one.Status, o.Status = gate.Worse, capacity.Broken
		}
		o.Judged = append(o.Judged, one)
	}
	if t.Load > 2*most {
		o.Why = "p(95) was 512.3 ms in a second, more than 10 times what p(95)<50 allows"
	}
	return o
}

// lacedCapacity returns a search with name as every foreign text.
func lacedCapacity(name string) *capacity.Report {
	r := Capacity(Confirmed)
	r.Series, r.Commit, r.Target, r.Tool, r.Why = name, name, name, name, name
	r.Environment.CPUModel, r.Environment.Runner = name, name
	r.SLO = []string{name + ": p(95)<50", name, strings.Repeat(name, 2)}
	r.Stopped = capacity.Failed
	relace := func(o *capacity.Outcome) {
		o.Why = name
		o.Judged[0].Route, o.Judged[1].Route, o.Judged[1].Rule = name, name, name
	}
	for i := range r.Trials {
		relace(&r.Trials[i])
	}
	relace(r.Holds)
	relace(r.Breaks)
	r.Bottleneck = &bottleneck.Finding{
		Kind: bottleneck.Pool, Grade: bottleneck.CouldNotTell, Subject: name, What: name, Unread: []string{name, name},
		Evidence: []bottleneck.Number{{Name: name, Value: 4}}, Next: &bottleneck.Ceiling{Kind: bottleneck.CPU, Subject: name, What: name, Throughput: 1200},
	}
	r.Absent = append(r.Absent, result.Absent{Source: name, Why: name})
	return r
}
