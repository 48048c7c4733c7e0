package gate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// storedFactor makes the level of the rank test out of the policy's: the shift past the limit
// and the newest runs must agree too, which keeps the reports that are red without a reason
// below a hundredth at a level of five (docs/verdict.md).
const storedFactor = 5

// commonShift is how far the middle of all routes, of which there must be so many, must move
// for it to be one change and not many.
const (
	commonShift  = 0.10
	commonRoutes = 4
)

// Judge compares fresh runs of one change with the history of a branch. One run is enough to
// pass when nothing looks worse in it; otherwise More says how many further runs of the same
// change can tell. The history may hold runs that do not fit; they are left out, and when none
// is left the verdict says what they differ in.
func Judge(p Policy, fresh []*result.Result, history []result.Summary) Verdict {
	j := &judge{policy: p, heads: fresh, fresh: summaries(fresh)}
	j.verdict.Mode = Stored
	if len(fresh) == 0 {
		return j.inconclusive(Reason{NoSamples, "there is no run to judge"})
	}
	for i, r := range fresh {
		if reason := unfit(r); reason != nil {
			return j.inconclusive(*reason)
		}
		if reason := misfit(&j.fresh[0], &j.fresh[i]); i > 0 && reason != nil {
			return j.inconclusive(Reason{reason.Kind, "the runs to be judged are not runs of one change: their profiles or environments differ"})
		}
	}
	j.past = slices.DeleteFunc(slices.Clone(history), func(b result.Summary) bool { return misfit(&j.fresh[0], &b) != nil })
	slices.SortStableFunc(j.past, func(a, b result.Summary) int { return a.Started.Compare(b.Started) })
	j.now, j.before = sideOf(j.fresh), sideOf(j.past)
	j.verdict.Baseline = describe(p, j.past)
	j.judgeFailures()
	j.judgeThresholds(fresh[0])
	if reason := j.tooLittle(history); reason != nil {
		if reason.Kind == TooFewRuns {
			j.show()
		}
		return j.inconclusive(*reason)
	}
	j.collect()
	ids := make([]string, len(j.fresh))
	for i, r := range j.fresh {
		ids[i] = r.ID
	}
	return j.judgeHistory(j.table(j.past), j.table(j.fresh), seedOf(ids...))
}

// show puts the figures beside each other where there is too little to judge them by.
func (j *judge) show() {
	j.collect()
	j.verdict.Compared = 0
	j.medians(j.table(j.past), j.table(j.fresh))
	for k, row := range j.rows {
		c := &j.verdict.Comparisons[row]
		c.Reason = "too few runs"
		if difference := onScale(c.Head, j.lines[k].up) - onScale(c.Baseline, j.lines[k].up); !math.IsNaN(difference) {
			c.Change = relative(difference, j.lines[k].up)
		}
	}
}

// medians puts the middle and the range of both sides into the comparisons.
func (j *judge) medians(old, now [][]float64) {
	for k, row := range j.rows {
		c := &j.verdict.Comparisons[row]
		c.Baseline, c.BaselineRange = unscale(column(old, k), j.lines[k].up)
		c.Head, c.HeadRange = unscale(column(now, k), j.lines[k].up)
		if len(j.heads) == 1 {
			_, c.HeadRange = summary(roundValues(j.heads[0], c.Route, c.Metric))
		}
	}
}

// judgeHistory compares runs by rows of figures on the lines' scale, in the order of time.
func (j *judge) judgeHistory(old, now [][]float64, seed uint64) Verdict {
	j.medians(old, now)
	findings := judgeRuns(j.lines, old, now, min(storedFactor*(1-j.policy.Confidence), 0.5), seed)
	j.fill(findings)
	j.judgeControl(findings)
	j.shifted(findings)
	for k, row := range j.rows {
		c := &j.verdict.Comparisons[row]
		switch {
		case c.Status == Suspect:
			j.verdict.More = FreshRuns - len(now)
		case c.Status == Unclear && len(column(old, k)) < FailHistory:
			c.Reason = fmt.Sprintf("the history has %d of the %d runs that it takes to fail", len(column(old, k)), FailHistory)
		}
	}
	j.lowSight()
	return j.close()
}

// table is the figures of runs on the lines' scale: a row for each run.
func (j *judge) table(runs []result.Summary) [][]float64 {
	rows := make([][]float64, len(runs))
	for i, r := range runs {
		for _, l := range j.lines {
			rows[i] = append(rows[i], onScale(l.metric.of(r.Figures[l.route]), l.up))
		}
	}
	return rows
}

func roundValues(r *result.Result, route string, m Metric) []float64 {
	var values []float64
	for _, round := range r.Rounds {
		values = append(values, m.of(round.Of(route)))
	}
	return values
}

// unscale is the median and the range of values on a line's scale, in the metric's unit.
func unscale(values []float64, up bool) (median float64, span Range) {
	if len(values) == 0 {
		return 0, Range{}
	}
	plain := make([]float64, len(values))
	for i, v := range values {
		plain[i] = math.Exp(v)
		if up {
			plain[i] = math.Exp(-v)
		}
	}
	return summary(plain)
}

// shifted finds out whether everything moved together: another machine or a global change,
// which history cannot tell apart: the fresh runs are of one machine, and the history's are of
// many. What moved along is told of once, not line by line, and is inconclusive; what is worse by
// more than that stays so. Nothing is subtracted.
func (j *judge) shifted(findings []finding) {
	byRoute := map[string][]float64{}
	for i, f := range findings {
		if l := j.lines[i]; l.route != tally.All && !math.IsNaN(f.change) {
			byRoute[l.route] = append(byRoute[l.route], f.change)
		}
	}
	var changes []float64
	for _, own := range byRoute {
		changes = append(changes, stats.Median(own))
	}
	middle := stats.Median(changes)
	if len(changes) < commonRoutes || math.Abs(middle) <= commonShift {
		return
	}
	text := fmt.Sprintf("the whole run shifted: half of all routes are %.0f %% worse or more against the history: another machine, or a change that concerns everything", 100*math.Expm1(middle))
	if middle < 0 {
		j.notice(CommonShift, "the whole run shifted: half of all routes are %.0f %% better or more against the history: another machine, or a change that concerns everything", -100*math.Expm1(middle))
		return
	}
	j.shift = &Reason{CommonShift, text + "; `plimsoll gate --against` the base can tell"}
	j.along = map[int]bool{}
	for i, f := range findings {
		c := &j.verdict.Comparisons[j.rows[i]]
		j.along[j.rows[i]] = f.change-middle <= j.lines[i].limit
		if j.along[j.rows[i]] && c.Status == Worse {
			c.Status = Unclear // the fresh runs share a machine, and the history's do not
		}
	}
}

// misfit says why a run cannot stand as the baseline of another; nil when it can.
func misfit(head, b *result.Summary) *Reason {
	switch {
	case !b.Whole:
		return &Reason{RunNotWhole, "the baseline runs are not whole"}
	case b.Series != head.Series || b.ProfileDigest != head.ProfileDigest:
		return &Reason{OtherProfile, fmt.Sprintf(
			"the baseline was measured with another profile (digest %.12s, this run %.12s): run `plimsoll baseline update` with this one on its branch",
			b.ProfileDigest, head.ProfileDigest)}
	case b.Environment.Class() != head.Environment.Class():
		return &Reason{OtherEnvironment, "the baseline was measured in another environment (" +
			strings.Join(head.Environment.Differences(b.Environment), "; ") + "): record one in this environment"}
	}
	return nil
}

// tooLittle says why the baseline is not enough; nil when it is.
func (j *judge) tooLittle(all []result.Summary) *Reason {
	switch runs, b := len(j.past), j.policy.Baseline; {
	case len(all) == 0:
		return &Reason{NoBaseline, fmt.Sprintf("no baseline yet: run `plimsoll baseline update` on %s", cmp.Or(b.Branch, "main"))}
	case runs == 0:
		return misfit(&j.fresh[0], &all[0])
	case runs < b.MinRuns:
		return &Reason{TooFewRuns, fmt.Sprintf("the baseline has %d of the %d runs that it takes: run `plimsoll baseline update` %d more times on %s",
			runs, b.MinRuns, b.MinRuns-runs, cmp.Or(b.Branch, "main"))}
	}
	return nil
}

func describe(p Policy, base []result.Summary) Baseline {
	b := Baseline{Branch: p.Baseline.Branch, Runs: len(base)}
	for _, r := range base {
		if r.Started.After(b.Newest) {
			b.Newest, b.Commit = r.Started, r.Commit
		}
	}
	return b
}
