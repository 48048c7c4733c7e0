package gate

import (
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Evidence that a round was disturbed, none of which knows which side it was: too much of the
// machine's time went to its other tenants, or this program could not keep up.
const (
	maxSteal = 0.10
	maxShare = 0.90
	// Of users who wait for their answers lateness is no part of what is measured, and a busy
	// machine's timers are late; tasks that arrive count it as response time.
	maxLagClosed = 100 * time.Millisecond
	maxLagOpen   = 10 * time.Millisecond
)

// maxDropped is the largest share of the pairs that may be disturbed.
const maxDropped = 0.25

// MostPairs is how many pairs a comparison takes at most when some are disturbed and replaced.
const MostPairs = MaxPairs + MaxPairs/4

// orderMatters is the difference between pairs that began with base and pairs that began with
// head, on the log scale, that is worth a word.
const orderMatters = 0.10

// AreSides reports whether two results are the sides of one pairing: of one seed, and in each
// pair of rounds one of them came second.
func AreSides(base, head *result.Result) bool {
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
// says that there will be none.
func JudgePairs(p Policy, base, head *result.Result, final bool) Verdict {
	j := &judge{policy: p, heads: []*result.Result{head}, now: sideOfRounds(head), before: sideOfRounds(base)}
	j.verdict.Mode = Paired
	j.verdict.Baseline = Baseline{Commit: base.Commit, Newest: base.Started, Starts: base.Starts}
	pairs := min(len(base.Rounds), len(head.Rounds))
	for _, side := range []struct {
		name string
		run  *result.Result
	}{{"base", base}, {"head", head}} {
		if reason := unfit(side.run); reason != nil {
			reason.Text = side.name + ": " + reason.Text
			return j.inconclusive(*reason)
		}
	}
	if reason := misfitPair(base, head); reason != nil {
		return j.inconclusive(*reason)
	}
	good := undisturbed(base, head, pairs)
	j.verdict.Baseline.Pairs = len(good)
	j.judgeFailures()
	j.judgeThresholds(head)
	dropped := pairs - len(good)
	if float64(dropped) > maxDropped*MaxPairs {
		return j.inconclusive(Reason{NoisyMachine, noisy(dropped, pairs)})
	}
	if dropped > 0 {
		j.notice(Disturbed, "%d of %d pairs of rounds were disturbed and replaced: the machine was busy with something else, or too slow to send in time", dropped, pairs)
	}
	j.collect()
	return j.judgeLook(base, head, good, final)
}

// judgeLook judges what there is, when it is time to look.
func (j *judge) judgeLook(base, head *result.Result, good []int, final bool) Verdict {
	n := len(good)
	at, now := lookAt(n, 1-j.policy.Confidence)
	j.verdict.More = nextLook(n) - n
	if final && !now {
		return j.inconclusive(Reason{TooFewRuns, tooFewPairs(n)})
	}
	if !now {
		return j.verdict // Unjudged: there is more to come
	}
	seed := seedOf(base.ID(), head.ID())
	d := j.differences(base, head, good)
	rises, rows, risen := j.rises(base, head, good)
	findings := judgePairs(slices.Concat(j.lines, rises), slices.Concat(d, risen), at, j.policy.Strict, seed)
	j.fill(findings[:len(j.lines)])
	j.judgeRises(findings[len(j.lines):], rows)
	j.orderEffect(head, d, good)
	open := slices.ContainsFunc(j.verdict.Comparisons, func(c Comparison) bool { return c.Status == Unclear })
	if !open || at.last || final {
		j.verdict.More = 0
	}
	j.lowSight()
	return j.close()
}

// misfitPair says why two sides cannot be compared; nil when they can.
func misfitPair(base, head *result.Result) *Reason {
	if base.Series != head.Series || base.ProfileDigest != head.ProfileDigest {
		return &Reason{OtherProfile, "base and head were loaded with different profiles"}
	}
	if base.Environment.Class() != head.Environment.Class() {
		return &Reason{OtherEnvironment, "base and head were measured in different environments (" + strings.Join(head.Environment.Differences(base.Environment), "; ") + ")"}
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

// differences are head's figures less base's, on the log scale, of each line in each pair.
// The values go into the comparisons.
func (j *judge) differences(base, head *result.Result, pairs []int) [][]float64 {
	d := make([][]float64, len(j.lines))
	for k, l := range j.lines {
		var before, after []float64
		for _, i := range pairs {
			b, h := l.metric.of(base.Rounds[i].Of(l.route)), l.metric.of(head.Rounds[i].Of(l.route))
			d[k] = append(d[k], onScale(h, l.up)-onScale(b, l.up))
			before, after = append(before, b), append(after, h)
		}
		c := &j.verdict.Comparisons[j.rows[k]]
		c.Baseline, c.BaselineRange = summary(before)
		c.Head, c.HeadRange = summary(after)
	}
	return d
}

// summary is the median of values and what they range over.
func summary(values []float64) (median float64, span Range) {
	return stats.Median(values), Range{slices.Min(values), slices.Max(values)}
}

// orderEffect notes when being second was worse by itself: a random order keeps it out of the
// verdict, at the price of noise.
func (j *judge) orderEffect(head *result.Result, d [][]float64, pairs []int) {
	for k, l := range j.lines {
		if l.metric != P50 && l.metric != Throughput {
			continue // the tails differ by that much by chance
		}
		var first, second []float64
		for n, i := range pairs {
			switch x := d[k][n]; {
			case math.IsNaN(x):
			case head.Rounds[i].Second:
				second = append(second, x)
			default:
				first = append(first, x)
			}
		}
		if effect := (stats.Median(second) - stats.Median(first)) / 2; math.Abs(effect) > orderMatters {
			j.notice(OrderEffect, "%s: being loaded second changed %s by %+.0f %% by itself; a longer warm_up would quieten that", RouteName(l.route), l.metric, 100*relative(effect, l.up))
			return
		}
	}
}

// seedOf is the same for the same runs.
func seedOf(ids ...string) uint64 {
	h := fnv.New64a()
	for _, id := range ids {
		h.Write([]byte(id))
	}
	return h.Sum64()
}
