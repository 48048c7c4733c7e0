package reporttest

import (
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Odd returns rare materials by what is odd about them. Every form must accept them.
func Odd() map[string]report.Material {
	all := map[string]report.Material{
		"left out":                       leftOut(),
		"a second of five":               {Run: stalled()},
		"failures in a part of a second": {Run: failedAtTheEnd()},
		"named like others":              namedLikeOthers(), "equal names of files": equalFileNames(),
		"a name that was cut": cutNames(),
		"two runs":            twoRuns(),
		"no trial":            {Capacity: &capacity.Report{Series: "shop", SLO: []string{"p(95)<50"}, Claim: capacity.Claim{Stopped: capacity.Interrupted}}},
		"many limits":         manyLimits(),
	}
	for name, r := range Partial() {
		all[name] = report.Material{Run: r}
	}
	return all
}

// Partial returns incomplete runs by what they lack.
func Partial() map[string]*result.Result {
	silent, late, none, some, unplanned := Run(ordinary), Run(ordinary), Run(ordinary), Run(ordinary), Run(ordinary)
	silent.Problems = []result.Problem{{Kind: result.Aborted}}
	late.Problems = []result.Problem{{Kind: result.Aborted, Text: "\nthe target ended"}}
	none.PlannedRounds, none.Rounds, none.Timeline, none.Watch, none.Tally = 20, nil, nil, nil, tally.Tally{}
	some.PlannedRounds = 20
	unplanned.PlannedRounds, unplanned.Rounds = 0, nil
	return map[string]*result.Result{
		"a problem without a text": silent, "a problem below an empty line": late, "no round of 20": none, "some rounds of 20": some, "no round planned": unplanned,
	}
}

// ordinary is the smallest shape that the gate judges.
var ordinary = Shape{Routes: 3, Rounds: 12, Requests: 60, Seed: 3}

// leftOut is a verdict whose file has left out most of its comparisons.
func leftOut() report.Material {
	m := Pair(ordinary)
	m.Report.Verdict.Comparisons, m.Report.LeftOut = m.Report.Verdict.Comparisons[:3], 5
	return m
}

// stalled is a run that stands still for five seconds after some requests failed.
func stalled() *result.Result {
	r := Run(ordinary)
	for i := 30; i < 35; i++ {
		r.Timeline[i].Requests, r.Timeline[i].Failures = 100, 20
	}
	r.Timeline[60].Length = 5 * time.Second
	r.Timeline = slices.Delete(r.Timeline, 61, 65)
	return r
}

// failedAtTheEnd is a run whose only failures fall in the last tenth of a second.
func failedAtTheEnd() *result.Result {
	r := Run(ordinary)
	last := r.Timeline[len(r.Timeline)-1]
	r.Timeline = append(r.Timeline, result.Second{Start: last.Start + last.Length, Length: time.Second / 10, Requests: 3, Failures: 3})
	return r
}

// manyLimits is a search with more limits and trials than a page shows. Its last limit does not hold.
func manyLimits() report.Material {
	r := Capacity(Confirmed)
	last := r.SLO[0]
	r.SLO = append(slices.Repeat([]string{"GET /quiet: p(95)<50"}, 20), last)
	for i := range r.Trials {
		judged := r.Trials[i].Judged
		quiet := judged[0]
		quiet.Route, quiet.Status, quiet.Value = "GET /quiet", gate.Within, 1
		r.Trials[i].Judged = append(slices.Repeat([]gate.Threshold{quiet}, 20), judged[0])
	}
	for len(r.Trials) < 2_000 {
		r.Trials = append(r.Trials, r.Trials...)
	}
	return report.Material{Capacity: r}
}

// twoRuns is a run compared with another run.
func twoRuns() report.Material {
	m := Pair(ordinary)
	m.Base.PairSeed, m.Run.PairSeed = "", ""
	return m
}

// namedLikeOthers is a verdict on routes with reserved names: that of all routes together, and those of parts of a form.
func namedLikeOthers() report.Material {
	return Crowd([]string{"all routes", "all routes (a route)", "all routes (a route) (a route)", "shop", "stability", "verdict"})
}

// equalFileNames is a verdict on routes whose names differ only in characters that file names cannot hold. base lacks the
// first.
func equalFileNames() report.Material {
	m := Crowd([]string{"GET /a/b", "GET /a_b", "all_routes"})
	delete(m.Base.Tally.Routes, "GET /a/b")
	return m
}

// cutNames is a verdict file that has cut two route names to the same text.
func cutNames() report.Material {
	m := Pair(ordinary)
	m.Report.Verdict.Comparisons = append(m.Report.Verdict.Comparisons, m.Report.Verdict.Comparisons...)
	for i := range m.Report.Verdict.Comparisons {
		m.Report.Verdict.Comparisons[i].Route = strings.Repeat("x", 299) + "…"
	}
	return m
}
