package gate

import (
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Evidence that a round was disturbed: too much of the machine's time went to its other tenants, or this
// program could not keep up. None of it depends on the side that the round belongs to.
const (
	maxSteal = 0.10
	maxShare = 0.90
	// Users who wait for their answers do not count lateness, and the timers of a busy machine are
	// late. Tasks that arrive count it as response time.
	maxLagClosed = 100 * time.Millisecond
	maxLagOpen   = 10 * time.Millisecond
)

// maxDropped is the largest share of the pairs that may be disturbed.
const maxDropped = 0.25

// MostPairs is the most pairs that a comparison measures, with those that replace disturbed ones.
const MostPairs = MaxPairs + MaxPairs/4

// failsFrom is the number of pairs at the first look that may fail.
const failsFrom = 8

// orderMatters is the least effect of the order that is noted: the difference, on the log scale, between pairs
// that began with base and pairs that began with head.
const orderMatters = 0.10

// areSides reports whether two results are the sides of one pairing: they have one seed, and in each
// pair of rounds one of them came second.
func areSides(base, head *result.Result) bool {
	if base.PairSeed == "" || base.PairSeed != head.PairSeed || len(base.Rounds) != len(head.Rounds) || len(base.Rounds) == 0 {
		return false
	}
	for i := range base.Rounds {
		if base.Rounds[i].Second == head.Rounds[i].Second {
			return false
		}
	}
	return true
}

// JudgePairs compares base and head, whose i-th rounds were loaded next to each other in an
// order drawn at random. While More is not 0 in the verdict, more pairs may still tell; final
// says that there will be none. Between two looks the verdict is Unjudged and says only how many
// pairs are missing.
func JudgePairs(p Policy, base, head *result.Result, final bool) Verdict {
	v := Verdict{Mode: Paired, Baseline: Baseline{Commit: base.Commit, Newest: base.Started, Starts: base.Starts}}
	pairs := min(len(base.Rounds), len(head.Rounds))
	if reason := misfitPair(p, base, head); reason != nil {
		if reason.Kind == NoSamples && pairs < failsFrom && !final { // a busy machine may sleep through a short round
			v.More = nextLook(pairs) - pairs
			return v
		}
		return weigh(v, failedToBegin(p, head), *reason)
	}
	j := pairing{p: p, base: base, head: head, good: undisturbed(base, head, pairs), final: final}
	dropped := Reason{Kind: Disturbed, Has: pairs - len(j.good), Needs: pairs}
	tooNoisy := float64(dropped.Has) > maxDropped*MaxPairs
	v.Baseline.Pairs = len(j.good)
	if dropped.Has > 0 && !tooNoisy {
		v = v.Note(dropped)
	}
	at, now := lookAt(len(j.good), p.level())
	if now && at.early && !tooNoisy {
		if passed := j.judge(v, at); passed.Outcome == Pass && passed.More == 0 {
			return passed
		}
		now = false
	}
	switch {
	case now && !tooNoisy:
		return j.judge(v, at)
	case tooNoisy:
		dropped.Kind = NoisyMachine
		return j.unread(v, at, dropped)
	case final:
		return j.unread(v, at, Reason{Kind: TooFewPairs, Has: len(j.good), Needs: nextLook(len(j.good))})
	}
	return Verdict{Mode: v.Mode, Baseline: v.Baseline, More: nextLook(len(j.good)) - len(j.good)}
}

// pairing is both sides of a pairing on their way to a verdict.
type pairing struct {
	p          Policy
	base, head *result.Result
	good       []int // the pairs that count
	final      bool  // there will be no more
}

// sides adds up both sides.
func (j *pairing) sides() *sides {
	s := sidesOf(j.p, sideOfRounds(j.base), sideOfRounds(j.head), j.head)
	s.runTime = s.roundLength * MaxPairs
	s.merges = haveTallies(j.base) && haveTallies(j.head)
	return s
}

// unread is the verdict without a look at the pairs: only what needs none is judged.
func (j *pairing) unread(v Verdict, at look, why Reason) Verdict {
	s := j.sides()
	rates := s.failureRates([]*result.Result{j.head})
	thresholds, doubts := judgeThresholds(j.p, j.head, extent{MaxPairs, at.last})
	v.Thresholds = thresholds
	if why.Kind == TooFewPairs {
		rows := s.collect()
		doubts = append(doubts, s.blind(rows)...)
		v.Compared, v.Total = countRoutes(rows)
		rates = append(rates, rows...)
	}
	return weigh(v, attribute(s, rates), append(doubts, why)...)
}

// judge is the verdict of a look.
func (j *pairing) judge(v Verdict, at look) Verdict {
	s, over := j.sides(), j.final || at.last
	rates := s.failureRates([]*result.Result{j.head})
	thresholds, doubts := judgeThresholds(j.p, j.head, extent{MaxPairs, at.last})
	v.Thresholds = thresholds
	rows := s.collect()
	doubts = append(doubts, s.blind(rows)...)
	seed := func() uint64 { return seedOf(j.base.ID(), j.head.ID()) } // the rounds have changed since the last look, and so have the IDs
	costs := costsOf(j.p, j.base, j.head, j.good)
	rest := at
	if costs.judged() {
		rest = at.beside(len(j.good))
	}
	if !j.p.loads {
		rates = sampleRises(rates, j.base, j.head, j.good)
	}
	rows = append(rates, s.samplePairs(rows, j.base, j.head, j.good)...)
	rows = s.settlePools(settle(j.p, findPairs(j.p, rows, rest, seed)), at)
	if at.last {
		rows = noiseOfWhole(rows)
	}
	doubts = append(doubts, blindAfterAll(rows)...)
	v.Compared, v.Total = countRoutes(rows)
	spent := costs.judge(at, over, seed)
	v = v.Note(orderEffect(rows, j.head, j.good)...).Note(lowSight(rows, OfPair)...)
	rows = attribute(s, rows)
	costs.follow(rows)
	v = v.Note(costs.notices(rows)...)
	open := slices.ContainsFunc(doubts, func(r Reason) bool { return r.Kind == ThresholdOpen })
	if (open || holds(append(slices.Clone(rows), spent...))) && !over {
		v.More = nextLook(len(j.good)) - len(j.good)
	}
	v.Cause = explain(rows, spent, j.besides)
	return weigh(v, append(rows, spent...), append(followed(doubts, rows), costs.unjudged()...)...)
}

// noiseOfWhole ends the doubt about all routes together that the last look leaves, if they are within the
// limit. They are only the mean of the routes: a route in doubt has its own row, and noise of the mean alone
// is no doubt. The report says how large a change it would have let through.
func noiseOfWhole(rows []row) []row {
	rows = slices.Clone(rows)
	for i := range rows {
		if r := &rows[i]; r.Route == tally.All && r.Metric != FailureRate && r.Status == Unclear && r.past() <= 1 {
			r.Status = Within
		}
	}
	return rows
}

// misfitPair says why two sides cannot be judged; nil if they can.
func misfitPair(p Policy, base, head *result.Result) *Reason {
	if reason := unfit(p, base, OfBase); reason != nil {
		return reason
	}
	if reason := unfit(p, head, OfHead); reason != nil {
		return reason
	}
	if base.Series != head.Series || base.ProfileDigest != head.ProfileDigest {
		return &Reason{Kind: OtherProfile, Of: OfPair, Names: []string{head.ProfileDigest, base.ProfileDigest}}
	}
	if base.Environment.Class() != head.Environment.Class() {
		return &Reason{Kind: OtherEnvironment, Of: OfPair, Names: head.Environment.Differences(base.Environment)}
	}
	return nil
}

// undisturbed lists the pairs that count.
func undisturbed(base, head *result.Result, pairs int) (good []int) {
	for i := range pairs {
		if !disturbed(base, i) && !disturbed(head, i) && !outOfLine(head.Control, i) {
			good = append(good, i)
		}
	}
	return good
}

func disturbed(side *result.Result, pair int) bool {
	lag := maxLagClosed
	if side.Users == 0 {
		lag = maxLagOpen
	}
	r := side.Rounds[pair]
	return r.Steal > maxSteal || r.CPUShare > maxShare || r.Lag > lag
}

// nextLook is how many pairs there are at the next look.
func nextLook(n int) int {
	for _, at := range looks {
		if at > n {
			return at
		}
	}
	return n
}

// samplePairs gives each row that can be judged its two samples, the figures of the pairs' rounds,
// and their middles and ranges.
func (s *sides) samplePairs(rows []row, base, head *result.Result, pairs []int) []row {
	rows = slices.Clone(rows)
	before, after := unitsOfRounds(base, pairs), unitsOfRounds(head, pairs)
	for i := range rows {
		switch r := &rows[i]; {
		case !r.judgeable():
		case s.small(r.line):
			s.pool(r, base, head, pairs)
		default:
			r.before, r.now = s.paired(r.line, before, after)
			r.describe()
		}
	}
	return rows
}

// differences are the row's second sample less the first, pair by pair.
func (r *row) differences() []float64 {
	d := make([]float64, len(r.now))
	for i := range d {
		d[i] = r.now[i] - r.before[i]
	}
	return d
}

// pairs are the row's pairs as the rule takes them.
func (r *row) pairs() stats.Paired {
	if r.pool != nil {
		return r.pool
	}
	return stats.Differences(r.differences())
}

// findPairs judges the rows that have samples by the rule for pairs.
func findPairs(p Policy, rows []row, at look, seed func() uint64) []row {
	rows = slices.Clone(rows)
	var lines []line
	var d []stats.Paired
	var places []int
	for i := range rows {
		if r := &rows[i]; r.now != nil {
			lines, d, places = append(lines, r.line), append(d, r.pairs()), append(places, i)
		}
	}
	findings := judgePairs(lines, d, at, p.Strict, seed)
	for k, i := range places {
		rows[i].found = &findings[k]
	}
	return rows
}

// holds reports whether more pairs may still tell something. Once a row is worse, the outcome stands, and only routes
// that look worse, have no row that is and follow from no route that is are worth more pairs: they may be to blame.
func holds(rows []row) bool {
	worse := map[string]bool{}
	for i := range rows {
		if r := &rows[i]; r.Status == Worse && r.Metric != FailureRate {
			worse[r.Route], worse[tally.All] = true, true
		}
	}
	return slices.ContainsFunc(rows, func(r row) bool {
		return r.Status == Unclear && !worse[r.Route] && (len(worse) == 0 || r.past() > 1)
	})
}

// orderEffect notes if loading a side second made it worse. A random order keeps this effect out of the
// verdict, but adds noise.
func orderEffect(rows []row, head *result.Result, pairs []int) []Reason {
	for i := range rows {
		r := &rows[i]
		if r.Metric != P50 && r.Metric != Throughput || r.now == nil || r.pool != nil {
			continue // the tails differ by that much by chance
		}
		var first, second []float64
		for k, x := range r.differences() {
			switch {
			case math.IsNaN(x):
			case head.Rounds[pairs[k]].Second:
				second = append(second, x)
			default:
				first = append(first, x)
			}
		}
		if effect := (stats.Median(second) - stats.Median(first)) / 2; math.Abs(effect) > orderMatters {
			return []Reason{{Kind: OrderEffect, Route: r.Route, Metric: r.Metric, Change: relative(effect, r.line.up)}}
		}
	}
	return nil
}

// seedOf derives a seed from the runs' IDs.
func seedOf(ids ...string) uint64 {
	h := fnv.New64a()
	for _, id := range ids {
		h.Write([]byte(id))
	}
	return h.Sum64()
}
