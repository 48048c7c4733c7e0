package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// storedFactor times the policy's level is the level of the rank test. At 5 %, fewer than 1 of 100 unchanged
// reports are red, because the shift and the newest runs must be past the limit too (docs/verdict.md).
const storedFactor = 5

// Judge compares fresh runs of one change with the history of a branch. One run is enough to
// pass if nothing looks worse in it; otherwise More says how many further runs of the same
// change can tell. The history may hold runs that do not fit the fresh ones; they are left out. If
// none is left, the verdict says what they differ in.
func Judge(p Policy, fresh []*result.Result, history []result.Summary) Verdict {
	return judge(p, fresh, history).imported(fresh)
}

// imported marks the reasons of a verdict about runs that another tool measured, so that no advice asks for pairs.
func (v Verdict) imported(fresh []*result.Result) Verdict {
	if len(fresh) == 0 || fresh[0].Origin.Tool == "" {
		return v
	}
	for _, reasons := range [][]Reason{v.Reasons, v.Notices} {
		for i := range reasons {
			reasons[i].Imported = true
		}
	}
	return v
}

func judge(p Policy, fresh []*result.Result, history []result.Summary) Verdict {
	v := Verdict{Mode: Stored}
	if reason := unfitRuns(p, fresh); reason != nil {
		return weigh(v, failedToBegin(p, fresh...), *reason)
	}
	now := summaries(fresh)
	if reason := unlike(now); reason != nil {
		return weigh(v, nil, *reason)
	}
	past := fitting(&now[0], history)
	v.Baseline = describe(p, past)
	s := sidesOf(p, sideOf(past), freshSide(fresh, now), fresh[0])
	s.runs, s.told = len(fresh), told(p, fresh)
	rates := s.failureRates(fresh)
	var doubts []Reason
	v.Thresholds, doubts = judgeThresholds(p, fresh[0], extent{})
	if reason := tooLittle(p, &now[0], past, history); reason != nil {
		if reason.Kind == TooFewRuns {
			rows := s.sampleRuns(s.collect(), past, now)
			doubts = append(doubts, s.blind(rows)...)
			_, v.Total = countRoutes(rows)
			rates = append(rates, besides(spreadOf(rows, fresh), len(past), p.Baseline.MinRuns)...)
		}
		return weigh(v, attribute(s, rates), append(doubts, *reason)...)
	}
	rows := spreadOf(s.sampleRuns(s.collect(), past, now), fresh)
	doubts = append(doubts, s.blind(rows)...)
	rows = settle(p, findRuns(p, rows, seedOf(ids(now)...)))
	doubts = append(doubts, blindAfterAll(rows)...)
	doubts = append(doubts, strayedControl(fresh)...)
	rows, notice := controlToo(rows, past, now)
	s.steady = math.Abs(controlLevel(now)-controlLevel(past)) <= controlLeast
	v = v.Note(notice...)
	return v.weighRuns(s, rates, rows, doubts)
}

// freshSide adds up the fresh runs.
func freshSide(fresh []*result.Result, now []result.Summary) side {
	s := sideOf(now)
	for _, r := range fresh {
		s.cutOff(r)
	}
	s.errors = errorsOf(fresh...)
	return s
}

// weighRuns ends a judgement of runs: it looks for a common shift, and asks for more runs if they can
// tell.
func (v Verdict) weighRuns(s *sides, rates, rows []row, doubts []Reason) Verdict {
	rows, shift, notices := s.commonShift(rows)
	doubts, v = append(doubts, shift...), v.Note(notices...)
	rows = shortHistory(rows)
	v.Compared, v.Total = countRoutes(rows)
	v = v.Note(lowSight(rows, OfBaseline)...)
	rows = append(attribute(s, append(rates, rows...)), s.told...)
	for i := range rows {
		r := &rows[i]
		if r.Status == Suspect || r.Metric == FailureRate && r.Status == Unclear {
			v.More = max(FreshRuns-s.runs, 0)
		}
	}
	return weigh(v, rows, followed(doubts, rows)...)
}

// unfitRuns says why runs cannot be judged at all; nil if they can.
func unfitRuns(p Policy, fresh []*result.Result) *Reason {
	if len(fresh) == 0 {
		return &Reason{Kind: NoRun}
	}
	for _, r := range fresh {
		if reason := unfit(p, r, ""); reason != nil {
			return reason
		}
	}
	return nil
}

// unfit says why a run cannot be judged at all; nil if it can.
func unfit(p Policy, r *result.Result, of Part) *Reason {
	switch {
	case len(r.Problems) > 0:
		return notWhole(r, of)
	case !r.Whole():
		return &Reason{Kind: RunNotWhole, Of: of, Has: len(r.Rounds), Needs: r.PlannedRounds}
	case !requested(&r.Tally):
		return noSamples(p, r, of)
	}
	return nil
}

// notWhole says why a run is incomplete, and if the machine was busy, who used it.
func notWhole(r *result.Result, of Part) *Reason {
	reason := Reason{Kind: RunNotWhole, Of: of, Text: r.Problems[0].Text}
	switch m := r.Generator.Machine; r.Problems[0].Kind {
	case result.Busy:
		reason.Kind, reason.Now, reason.Before = BusyMachine, m.Busy(), m.Generator
	case result.Saturated:
		reason.Kind, reason.Now, reason.Before = BusyGenerator, m.Busy(), m.Generator
	}
	return &reason
}

// requested reports whether any whole call was counted.
func requested(t *tally.Tally) bool {
	for _, route := range t.Routes {
		if !route.Part && route.Requests() > 0 {
			return true
		}
	}
	return false
}

// unlike says why fresh runs cannot be of one change; nil if they can.
func unlike(fresh []result.Summary) *Reason {
	for i := range fresh[1:] {
		if reason := misfit(&fresh[0], &fresh[i+1]); reason != nil {
			return &Reason{Kind: reason.Kind, Of: OfFresh, Names: reason.Names}
		}
	}
	return nil
}

// fitting are the runs of a history that can be the baseline of a run, in the order of
// time.
func fitting(head *result.Summary, history []result.Summary) []result.Summary {
	past := slices.DeleteFunc(slices.Clone(history), func(b result.Summary) bool { return misfit(head, &b) != nil })
	slices.SortStableFunc(past, func(a, b result.Summary) int { return a.Started.Compare(b.Started) })
	return past
}

// misfit says why a run cannot be the baseline of another; nil if it can.
func misfit(head, b *result.Summary) *Reason {
	switch {
	case !b.Whole:
		return &Reason{Kind: RunNotWhole, Of: OfBaseline}
	case b.Series != head.Series || b.ProfileDigest != head.ProfileDigest:
		return &Reason{Kind: OtherProfile, Of: OfBaseline, Names: []string{head.ProfileDigest, b.ProfileDigest}}
	case b.Environment.Class() != head.Environment.Class():
		return &Reason{Kind: OtherEnvironment, Of: OfBaseline, Names: head.Environment.Differences(b.Environment)}
	}
	return nil
}

// tooLittle says why a baseline is not enough; nil if it is. all has the runs of the history, past only those
// that fit.
func tooLittle(p Policy, head *result.Summary, past, all []result.Summary) *Reason {
	branch := cmp.Or(p.Baseline.Branch, "main")
	switch {
	case len(all) == 0:
		return &Reason{Kind: NoBaseline, Branch: branch}
	case len(past) == 0:
		return misfit(head, &all[0])
	case len(past) < p.Baseline.MinRuns:
		return &Reason{Kind: TooFewRuns, Has: len(past), Needs: p.Baseline.MinRuns, Branch: branch}
	}
	return nil
}

func describe(p Policy, base []result.Summary) Baseline {
	b := Baseline{Branch: p.Baseline.Branch, Runs: len(base)}
	for i := range base {
		if r := &base[i]; r.Started.After(b.Newest) {
			b.Newest, b.Commit = r.Started, r.Commit
		}
	}
	return b
}

func ids(runs []result.Summary) []string {
	all := make([]string, len(runs))
	for i := range runs {
		all[i] = runs[i].ID
	}
	return all
}

// sampleRuns gives each row that can be judged its two samples, the figures of the runs, with their
// medians and ranges.
func (s *sides) sampleRuns(rows []row, past, fresh []result.Summary) []row {
	rows = slices.Clone(rows)
	before, now := unitsOfRuns(past), unitsOfRuns(fresh)
	for i := range rows {
		if r := &rows[i]; r.judgeable() {
			r.before, r.now = s.sampled(r.line, before, now)
			r.describe()
		}
	}
	return rows
}

// describe puts the medians and the ranges of both samples into the comparison.
func (r *row) describe() {
	r.Baseline, r.BaselineRange = unscale(r.before, r.line.up)
	r.Head, r.HeadRange = unscale(r.now, r.line.up)
}

// spreadOf shows the range over the rounds if there is a single fresh run.
func spreadOf(rows []row, fresh []*result.Result) []row {
	if len(fresh) != 1 {
		return rows
	}
	rows = slices.Clone(rows)
	for i := range rows {
		if r := &rows[i]; r.judgeable() && r.Route != tally.All { // each round has its own mix of all routes
			var values []float64
			for _, round := range fresh[0].Rounds {
				values = append(values, r.Metric.of(round.Of(r.Route)))
			}
			_, r.HeadRange = summary(values)
		}
	}
	return rows
}

// unscale is the median and the range of values on a line's scale, in the metric's unit.
func unscale(values []float64, up bool) (median float64, span Range) {
	sorted := there(values)
	n := len(sorted)
	if n == 0 {
		return 0, Range{}
	}
	slices.Sort(sorted)
	// The scale keeps or reverses the order, so converting the ends and the middle is enough.
	shown := []float64{sorted[0], sorted[(n-1)/2], sorted[n/2], sorted[n-1]}
	for i, v := range shown {
		if up {
			v = -v
		}
		shown[i] = math.Exp(v)
	}
	return summary(shown)
}

// summary is the median and the range of values.
func summary(values []float64) (median float64, span Range) {
	return stats.Median(values), Range{slices.Min(values), slices.Max(values)}
}

// besides shows the figures of both sides if the history has too few runs to judge them.
func besides(rows []row, has, needs int) []row {
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		if !r.judgeable() {
			continue
		}
		r.Why = &Why{Kind: FewRuns, Has: float64(has), Needs: float64(needs)}
		if difference := onScale(r.Head, r.line.up) - onScale(r.Baseline, r.line.up); !math.IsNaN(difference) {
			r.Change = relative(difference, r.line.up)
		}
	}
	return rows
}

// findRuns judges the rows that have samples by the rule for runs.
func findRuns(p Policy, rows []row, seed uint64) []row {
	rows = slices.Clone(rows)
	var lines []line
	var history, fresh [][]float64
	var places []int
	for i := range rows {
		if r := &rows[i]; r.now != nil {
			lines, history, fresh, places = append(lines, r.line), append(history, r.before), append(fresh, r.now), append(places, i)
		}
	}
	findings := judgeRuns(lines, history, fresh, min(storedFactor*p.level(), 0.5), seed)
	for k, i := range places {
		rows[i].found = &findings[k]
	}
	return rows
}

// shortHistory marks unproven rows whose history is too short to fail anything.
func shortHistory(rows []row) []row {
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		if n := len(there(r.before)); r.found != nil && r.Status == Unclear && n < FailHistory {
			r.Why = &Why{Kind: FewRuns, Has: float64(n), Needs: FailHistory}
		}
	}
	return rows
}

// Compare judges two results. The two sides of a paired gate are judged as such. Two single runs get
// their figures side by side: one run against one proves nothing.
func Compare(p Policy, base, head *result.Result) Verdict {
	switch {
	case areSides(base, head) && len(head.Legs) > 0:
		return JudgeFleet(p, base, head)
	case areSides(base, head):
		return JudgePairs(p, base, head, true)
	}
	v := Judge(p, []*result.Result{head}, []result.Summary{base.Summary()})
	for i := range v.Reasons {
		if v.Reasons[i].Kind == TooFewRuns {
			v.Reasons[i] = Reason{Kind: SingleRuns, Imported: v.Reasons[i].Imported}
		}
	}
	return v
}
