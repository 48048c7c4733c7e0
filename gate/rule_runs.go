package gate

import (
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

const (
	// FreshRuns is how many runs of its own a change needs before history can fail it.
	FreshRuns = 5
	// recentRuns is how many of the newest runs of the history a change must also be worse
	// than: a history that spans a change of machines is older than that.
	recentRuns = 8
	// FailHistory is the least number of runs in a history that fails anything.
	FailHistory = 10
	// suspectShare is the share of its limit that makes one run suspect.
	suspectShare = 0.5
)

// judgeRuns judges each line by its fresh runs against its history, [line][run] in the order of time.
// With fewer than FreshRuns a line is Suspect or Within. With FreshRuns it is Worse when the shift
// is past the limit, real for the whole report, and past the limit against the newest runs alone as
// well; it is Unclear when only the first holds.
func judgeRuns(lines []line, history, fresh [][]float64, level float64, seed uint64) []finding {
	findings := make([]finding, len(lines))
	var beyond bool
	for j := range lines {
		old, now := there(history[j]), there(fresh[j])
		slices.Sort(old) // once for all the medians below
		f := finding{status: Within, n: len(now), p: math.NaN(), level: level}
		f.change, f.interval = stats.Shift(old, now, shownConfidence)
		// No number of rounds averages away the spread between runs.
		se := stats.MAD(old) * math.Sqrt(1/float64(FreshRuns)+1/float64(max(len(old), 1)))
		f.visible = max(lines[j].limit, stats.SmallestVisible(se, level))
		switch {
		case len(old) == 0 || len(now) == 0:
			f.status = NotJudged
		case len(fresh[j]) < FreshRuns && stats.Median(now)-stats.Median(old) > suspectShare*lines[j].limit:
			f.status = Suspect
		case len(fresh[j]) >= FreshRuns && f.change > lines[j].limit:
			f.status = Unclear
			beyond = beyond || len(old) >= FailHistory
		}
		findings[j] = f
	}
	if !beyond {
		return findings
	}
	for j, p := range stats.PermuteRanks(history, fresh, drawsFor(level), seed) {
		f := &findings[j]
		f.p = p
		if f.status != Unclear || p > level {
			continue
		}
		old := there(history[j])
		recent := old[max(0, len(old)-recentRuns):]
		if len(old) >= FailHistory && stats.Median(there(fresh[j]))-stats.Median(recent) > lines[j].limit {
			f.status = Worse
		}
	}
	return findings
}

// there is a copy of the values without those that are missing.
func there(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}
