package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// looks are the numbers of pairs after which a paired comparison may end; the last is the
// budget. A pair is one round of either side. The first look may only pass.
var looks = []int{earlyLook, 8, 12, 16, 20, 24}

// earlyLook is the number of pairs after which a comparison may pass and never fail.
const earlyLook = 6

// MaxPairs is the number of pairs after which a paired comparison ends, whatever it can tell.
const MaxPairs = 24

const (
	// failFrom is the least number of pairs that fail a line: with fewer the test cannot reach
	// any level worth having.
	failFrom = 12
	// passLevel is the chance, at each look, of passing a line exactly at its guard, and earlyPassLevel that of the
	// first look. Over six looks they add up to 5 % (simulated, 3 million random walks).
	passLevel      = 0.0169
	earlyPassLevel = 0.0140
	// guardFactor times the limit is the guard: a line passes when its upper bound is below it.
	// Asking the bound to lie below the limit itself leaves most unchanged reports undecided
	// (docs/verdict.md).
	guardFactor = 1.5
	// leastDraws is the least number of patterns of signs, or of choices of runs, that are drawn if there
	// are too many to try all.
	leastDraws = 1999
	// shownConfidence is the confidence of the intervals that are shown.
	shownConfidence = 0.95
)

// finding is what a rule says of one line.
type finding struct {
	status   Status
	change   float64        // estimated, on the log scale
	interval stats.Interval // of change
	n        int            // pairs, or fresh runs
	p        float64        // for the whole report; NaN if it was not needed
	level    float64        // p must not be above it
	visible  float64        // smallest change that would be found nine times in ten, on the log scale
}

// look is one look at the pairs of a comparison.
type look struct {
	level  float64 // the share of the report's level that this look may use
	pass   float64 // the chance of passing a line exactly at its guard
	report float64 // the level of all looks together
	from   int     // the least number of units that fail a line
	early  bool    // it may pass, and never fail
	last   bool
	// machines are the pairs of each machine of a fleet; nil for a single machine.
	machines [][]int
}

// lookAt is the look that falls after n pairs; not ok for most n. level is that of all looks together.
func lookAt(n int, level float64) (l look, ok bool) {
	switch i := slices.Index(looks, n); {
	case i < 0:
		return look{}, false
	case n == earlyLook:
		return look{pass: earlyPassLevel, report: level, from: failFrom, early: true}, true
	default:
		return look{level: spend(level)[i], pass: passLevel, report: level, from: failFrom, last: i == len(looks)-1}, true
	}
}

// spend spreads a level over the looks. The early look gets none.
func spend(level float64) []float64 {
	var shares []float64
	for _, pairs := range looks[1:] {
		shares = append(shares, float64(pairs)/MaxPairs)
	}
	return append([]float64{0}, stats.Spend(level, shares)...)
}

// drawsFor is a number of draws large enough to show a p value well below a level.
func drawsFor(level float64) int { return max(leastDraws, int(4/level)) }

// judgePairs judges each line by its pairs, head's value less base's. A line
// fails when its estimate is past the limit and the difference is real for the whole report. It
// passes when its upper bound is inside the guard. It is Unclear while more pairs may tell. seed is
// asked only if a line may fail. If the pairs come from several machines, a line that fails must be real among the
// machines too, and past its limit on most of them.
func judgePairs(lines []line, d []stats.Paired, at look, strict bool, seed func() uint64) []finding {
	findings, machines := make([]finding, len(lines)), make([]stats.Machines, len(lines))
	var beyond bool
	for j := range lines {
		e := d[j].Estimate()
		visible := stats.SmallestVisible(e.SE, cmp.Or(at.level, at.report))
		if at.machines != nil {
			machines[j] = stats.OnMachines(d[j], at.machines)
			e = machines[j].Estimate()
			visible = stats.VisibleTo(e.SE, cmp.Or(at.level, at.report), e.DF)
		}
		f := finding{status: Unclear, change: e.Value, interval: e.Interval(shownConfidence), n: e.N, p: math.NaN(), level: at.level}
		f.visible = max(lines[j].limit, visible)
		if e.Value <= lines[j].limit && e.Upper(at.pass) < lines[j].guard {
			f.status = Within
		}
		beyond = beyond || e.Value > lines[j].limit && e.N >= at.from && at.level > 0
		findings[j] = f
	}
	if !beyond { // a line that cannot fail needs no test
		return findings
	}
	for j, p := range at.test(d, machines, seed()) {
		f := &findings[j]
		f.p = p
		real := p <= at.level && f.n >= at.from
		if at.machines != nil {
			real = real && 2*machines[j].Past(lines[j].limit) > len(at.machines)
		}
		if strict {
			real = real && f.interval.Low > lines[j].limit
		}
		if f.change > lines[j].limit && real {
			f.status = Worse
		}
	}
	return findings
}

// test is the p value of each line for the whole report. With several machines it is the larger one of two tests: one with
// the pairs as units, one with the machines.
func (l look) test(d []stats.Paired, machines []stats.Machines, seed uint64) []float64 {
	p := stats.FlipLines(d, drawsFor(l.level), seed)
	if l.machines == nil {
		return p
	}
	for j, among := range stats.Rotate(machines, rotations, seed) {
		p[j] = max(p[j], among)
	}
	return p
}
