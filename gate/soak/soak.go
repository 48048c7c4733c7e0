// Package soak judges how a system did over a long run.
//
// The Result of the run goes in, with its rounds and its timeline of readings, and the two results of the comparison at
// its end: the aged process against a fresh one of the same build. A Verdict comes out. Its courses say how each thing
// went over the run.
//
// A soak in which nothing that could grow was read does not pass. What fails: aged against fresh, by the rules of the paired gate; failures in the last third, or in the whole run;
// restarts, processes killed for lack of memory, and memory at its limit; and memory, open files, threads, goroutines
// and connections that grow steadily up to the end, in a run of 30 minutes or more. A latency or a throughput that drifts
// is noted and does not fail: inside one run a drift cannot be told from a machine that wanders.
//
// Growth is judged by stats.LowerEnvelope, and by stats.LowerEdge where nothing is collected. Drift is judged by
// stats.JointTrend over 12 blocks. The tests have the simulations. No I/O.
package soak

import (
	"hash/fnv"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Least is the length of a soak from which growth fails.
const Least = 30 * time.Minute

// Measured is a soak with the comparison at its end.
type Measured struct {
	Run         *result.Result
	Fresh, Aged *result.Result // nil if they were not compared
	NotAged     string         // why not; empty if the policy does not ask for it
	Least       time.Duration  // the length from which growth fails; 0 for Least
}

// Judge makes the verdict of a soak. It judges what was measured, and doubts what was not.
func Judge(p gate.Policy, m Measured) gate.Verdict {
	if m.Least == 0 {
		m.Least = Least
	}
	var v gate.Verdict
	var doubts []gate.Reason
	if m.Fresh != nil && m.Aged != nil {
		v = gate.JudgePairs(BetweenProcesses(p), m.Fresh, m.Aged, true)
	}
	if m.NotAged != "" {
		doubts = append(doubts, gate.Reason{Kind: gate.NotAged, Text: m.NotAged})
	}
	for _, problem := range m.Run.Problems {
		if problem.Kind != result.TargetDied {
			doubts = append(doubts, gate.Reason{Kind: gate.RunNotWhole, Text: problem.Text})
		}
	}
	courses := Courses(p, m.Run, m.Least)
	if !slices.ContainsFunc(courses, func(c gate.Course) bool { return c.Kind == gate.Growth }) {
		doubts = append(doubts, gate.Reason{Kind: gate.NotRead, Text: unread(m.Run.Watch)})
	}
	return v.Soaked(p, m.Run, courses, doubts...)
}

// unread says why the system was not read.
func unread(w *result.Watch) string {
	if w == nil {
		return "nothing was watched"
	}
	for _, a := range w.Absent {
		if a.Source == result.OfSystem && a.Why != "" {
			return a.Why
		}
	}
	return "nothing was told"
}

// BetweenProcesses is the policy for two processes of one build. Costs need many starts, and each of the two has one. The
// thresholds belong to the soak.
func BetweenProcesses(p gate.Policy) gate.Policy {
	p.Metrics, p.Cost, p.Thresholds = p.RouteMetrics(), 0, nil
	p.UnderLoad.Asked = false // this report has no other comparison
	return p
}

// Courses says how each thing went over a run. least is the length from which growth fails.
func Courses(p gate.Policy, r *result.Result, least time.Duration) []gate.Course {
	courses := events(r)
	courses = append(courses, failing(p, r)...)
	courses = append(courses, growing(p.Soak.MemoryGrowth, r, least)...)
	return append(courses, drifting(p, r)...)
}

// seedOf derives a seed from the run's ID.
func seedOf(r *result.Result) uint64 {
	h := fnv.New64a()
	h.Write([]byte(r.ID()))
	return h.Sum64()
}
