package backtest

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// Summary counts reports.
type Summary struct {
	Reports, Suspect, Red, Inconclusive int
	Persisted, Gone                     int // of the suspect ones
	Plain                               int // red under the plain rule
	Repeats, RepeatsRed, RepeatsPlain   int // reports on a commit that was measured before
	Found                               int // reports that flag what was made worse
	Runs                                int // fresh runs used
}

// Sum counts reports.
func Sum(reports []Report) (s Summary) {
	for _, r := range reports {
		red := r.Verdict == gate.Fail
		s.Reports++
		s.Runs += r.Runs
		s.Suspect += one(len(r.Suspects) > 0)
		s.Red += one(red)
		s.Inconclusive += one(r.Verdict == gate.Inconclusive)
		s.Persisted += one(r.Persisted)
		s.Gone += one(len(r.Suspects) > 0 && !r.Persisted)
		s.Plain += one(r.Plain)
		s.Found += one(r.Injected != nil && slices.ContainsFunc(r.Flagged, func(f Flag) bool { return f.Figure == *r.Injected }))
		if r.Repeat {
			s.Repeats++
			s.RepeatsRed += one(red)
			s.RepeatsPlain += one(r.Plain)
		}
	}
	return s
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Sight says how small a relative change the gate finds nine times in ten, given the newest history:
// the least, the middle and the most over all figures. Not ok if the history is too short.
func Sight(p gate.Policy, s Suite) (least, middle, most float64, ok bool) {
	if len(s.Runs) == 0 {
		return 0, 0, 0, false
	}
	kin := s.kin(len(s.Runs) - 1)
	last := len(kin) - 1
	if last < p.Baseline.MinRuns {
		return 0, 0, 0, false
	}
	v := s.Matrix.Judge(p, kin[last:], kin[max(0, last-p.Baseline.Window):last], 0)
	var seen []float64
	for _, c := range v.Comparisons {
		if c.SmallestVisible > 0 && !math.IsInf(c.SmallestVisible, 0) {
			seen = append(seen, c.SmallestVisible)
		}
	}
	if len(seen) == 0 {
		return 0, 0, 0, false
	}
	slices.Sort(seen)
	return seen[0], seen[len(seen)/2], seen[len(seen)-1], true
}
