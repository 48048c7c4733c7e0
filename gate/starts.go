package gate

import (
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The start is the unit of a cost. A process has its luck with memory and compilers, and all rounds of one
// start share it: tested by rounds, two starts of one program differ by more than chance allows
// (docs/verdict.md). So a cost has one difference for each start, and the test flips whole starts. Few starts
// have few patterns of signs, so costs are a family of their own with a fixed share of the report's level.

// costShare is the share of the report's level that costs get. At 99 % confidence 0.6 % lets 8 starts prove a change:
// they have 256 patterns, and the clearest of them is 0.39 %.
const costShare = 0.6

// beside is the look at the lines of pairs beside costs, at n pairs. They share what costs leave of the level. It grows
// with the square of the pairs, so less of it waits for the end than lookAt leaves there: the first clear change ends the
// pairing.
func (l look) beside(n int) look {
	spent := 0.0
	l.level, l.report = 0, (1-costShare)*l.report
	if l.machines != nil { // there is one look
		l.level = l.report
		return l
	}
	for _, pairs := range looks {
		if pairs > n || pairs < failFrom {
			continue
		}
		t := float64(pairs) / MaxPairs
		l.level, spent = l.report*t*t-spent, l.report*t*t
	}
	return l
}

// startsNeeded is the least number of starts whose signs can prove anything at a level.
func startsNeeded(level float64) int { return int(math.Ceil(-math.Log2(level))) }

// startsOf numbers the starts of some pairs, from 0. A new one begins when both sides run in another process
// than in the pair before. It returns the number of each pair, and how many starts there are.
func startsOf(base, head *result.Result, pairs []int) (of []int, n int) {
	of = make([]int, len(pairs))
	var b, h int
	for k, i := range pairs {
		nowB, nowH := base.Rounds[i].Process, head.Rounds[i].Process
		if k == 0 || nowB != b && nowH != h {
			b, h, n = nowB, nowH, n+1
		}
		of[k] = n - 1
	}
	return of, n
}

// costLevel spreads the level of all costs evenly over the looks up to n pairs, and returns that of the last one. If
// the starts of a look are too few to reach its level, the look fails nothing and the next one gets its level too.
// startsAt counts the starts of the first pairs.
func costLevel(level float64, n int, startsAt func(pairs int) int) float64 {
	spent, own := 0.0, 0.0
	for _, pairs := range looks {
		if pairs > n {
			break
		}
		own = 0
		if pairs < failFrom {
			continue
		}
		patterns := math.Exp2(float64(startsAt(pairs)))
		free := level*float64(pairs)/MaxPairs - spent
		if reached := math.Floor(free*patterns) / patterns; reached > 0 {
			own, spent = free, spent+reached
		}
	}
	return own
}

// perStart is the mean of the differences of each start's pairs; NaN for a start without any.
func perStart(d []float64, of []int, starts int) []float64 {
	sums, n := make([]float64, starts), make([]float64, starts)
	for k, x := range d {
		if !math.IsNaN(x) {
			sums[of[k]] += x
			n[of[k]]++
		}
	}
	for i := range sums {
		sums[i] /= n[i] // 0/0 is NaN
	}
	return sums
}
