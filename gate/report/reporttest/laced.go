package reporttest

import (
	"errors"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Reasons returns a reason of each kind, with name as every foreign text.
func Reasons(name string) (all []gate.Reason) {
	for _, kind := range gate.Kinds() {
		all = append(all, gate.Reason{
			Kind: kind, Route: name, Metric: gate.Metric(name), Metrics: []gate.Metric{gate.Metric(name)}, Rule: name, Branch: name, Commit: name,
			Names: []string{name, name}, Sights: []gate.Sight{{Route: name, Metric: gate.Metric(name)}}, By: name, Label: name, Text: name,
			Why: &gate.Why{Kind: gate.Caused, Routes: []string{name}}, Failures: []gate.Failure{{Class: name, Text: name, Count: 3}, {Text: name, Count: 1}}, Now: 0.5, Requests: 100,
			Course: &gate.Course{Kind: gate.Died, Name: name, Status: gate.Worse, Text: name},
		})
	}
	return all
}

// Laced returns materials of all kinds with name as every foreign text: a fail, an accepted one, a doubt, a soak, an error,
// a verdict alone, a run alone, and a search for the highest load, alone and with a run.
func Laced(name string) []report.Material {
	run := lacedRun(name)
	fail, doubt, soaked := lacedVerdict(name), lacedVerdict(name), lacedVerdict(name)
	accepted := lacedVerdict(name).Accept(gate.Acceptance{By: name + " ", Why: name, Label: name, At: started})
	doubt.Outcome, doubt.Reasons = gate.Inconclusive, []gate.Reason{{Kind: gate.NoBaseline, Branch: name}}
	soaked.Mode = gate.Soak
	for _, kind := range []gate.CourseKind{gate.Drift, gate.Growth, gate.Failures, gate.Restarts, gate.OutOfMemory, gate.MemoryLimit, gate.Died} {
		soaked.Stability = append(soaked.Stability, gate.Course{Kind: kind, Name: name + "." + result.RSSBytes, Metric: gate.Metric(name), Status: gate.Suspect, Text: name})
	}
	var all []report.Material
	for _, v := range []gate.Verdict{fail, accepted, doubt, soaked} {
		r := report.New(v, run)
		r.Accept, r.Links = name, report.Links{Run: name, History: name, Docs: name}
		all = append(all, report.Material{Report: &r, Run: run, Base: run})
	}
	trouble := report.Unjudged(errors.New(strings.ReplaceAll(name, "\n", " ")), gate.Paired, all[0].Report.Subject)
	searched := lacedCapacity(name)
	return append(all, report.Material{Report: &trouble}, report.Material{Report: all[0].Report}, report.Material{Run: run},
		report.Material{Capacity: searched}, report.Material{Run: run, Capacity: searched})
}

// lacedVerdict returns a fail with name as every foreign text.
func lacedVerdict(name string) gate.Verdict {
	compared := func(m gate.Metric, s gate.Status) gate.Comparison {
		return gate.Comparison{Route: name, Metric: m, Status: s, Baseline: 41.8e6, Head: 58.9e6, Change: 0.409, Interval: &gate.Range{Low: 0.33, High: 0.48}, Limit: 0.2, Requests: 4000}
	}
	v := gate.Verdict{
		Outcome: gate.Fail, Mode: gate.Paired, Compared: 1, Total: 2, Baseline: gate.Baseline{Branch: name, Commit: name, Pairs: 12, Starts: 6},
		Reasons: Reasons(name), Notices: Reasons(name),
		Comparisons: []gate.Comparison{compared(gate.P99, gate.Worse), compared(gate.Metric(name), gate.Worse), compared(gate.P50, gate.Follows), compared(gate.P95, gate.NotJudged), compared(gate.Throughput, gate.Within)},
		Loads:       &gate.Loads{Idle: gate.Burden{Users: 10, Unread: name}, Full: gate.Burden{Users: 100, Unread: name}, Limit: 0.2},
	}
	v.Comparisons[0].Failures = []gate.Failure{{Class: name, Text: name, Count: 3}}
	v.Comparisons[2].Why = &gate.Why{Kind: gate.Caused, Routes: []string{name, name}, More: 2}
	v.Comparisons[3].Baseline, v.Comparisons[3].Head, v.Comparisons[3].Why = 0, 0, &gate.Why{Kind: gate.FewRequests, Has: 3, Needs: 200}
	for _, what := range []string{"route", "weight", "request", "expect", name} {
		v.Changed = append(v.Changed, gate.Difference{What: what, Name: name, Before: name}, gate.Difference{What: what, Name: name, Now: name}, gate.Difference{What: what, Name: name, Before: name, Now: name + "b"})
	}
	v.Coverage = &gate.Coverage{Compared: 1, Total: 9, LeftOut: 1, Needs: 0.5, Low: true}
	for _, status := range []gate.CoverStatus{gate.CoverCompared, gate.CoverNoStep, gate.CoverFewRequests, gate.CoverFailing} {
		v.Coverage.Operations = append(v.Coverage.Operations, gate.Covered{Operation: name, Route: name, Status: status, Metric: gate.Metric(name), Share: 0.5, Requests: 8, Failures: []gate.Failure{{Class: name, Text: name, Count: 3}}})
	}
	return v
}

// lacedRun returns a run with name as every foreign text.
func lacedRun(name string) *result.Result {
	r := Run(Shape{Routes: 3, Rounds: 8, Requests: 40, Seed: 7})
	rename(r, "POST /orders", name)
	r.Tally.Add(tally.Sample{Route: name, Class: tally.Status, Error: name, Example: name})
	r.Series, r.Repository, r.Branch, r.Commit, r.ProfileDigest, r.Target, r.Tool = name, name, name, name, name, name, name
	r.Environment.OS, r.Environment.CPUModel, r.Environment.Runner, r.Environment.Kernel, r.Generator.Protocol = name, name, name, name, name
	r.PlannedRoutes, r.Notes = []string{name, name + "x"}, []string{name}
	r.Problems = []result.Problem{{Kind: result.Interrupted, Text: name}}
	r.Groups = map[string][]string{name: {name}}
	r.Shards = []result.Shard{{By: name}, {Index: 1, By: name, Began: r.Started}}
	w := r.Watch
	w.Absent = append(w.Absent, result.Absent{Source: name, Why: name})
	w.Facts["system.busiest_thread"], w.Facts["gpu.0.name"] = name, name
	for _, reading := range []string{"machine.disk_busy_share." + name, name + ".cpu_share", "gpu." + name + ".busy_share", "gpu." + name + ".memory_used_bytes", name + ".memory_used_bytes"} {
		w.Mean[reading], w.Peak[reading], w.Timeline[reading] = 0.5, 0.6, w.Timeline["machine.cpu_share"]
	}
	return r
}
