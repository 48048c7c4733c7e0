package gate

import (
	"fmt"
	"slices"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// A fleet is one paired comparison on several machines. Each machine, a leg, measures its share of the pairs, and one
// look at the end judges all. What both sides of a pair share cancels. What a machine adds to the difference, such as a
// processor that suits one of the builds, does not cancel, and flips of pairs cannot see it. So a change must be real twice:
// with pairs as the units, and with machines as the units.

// The number of legs that a fleet may have. Two or three machines cannot tell a change from what each of them adds: for 99 %
// confidence two must agree within a thirtieth of the change. More than eight would have too few pairs each.
const (
	LeastLegs = 4
	MostLegs  = 8
)

// toldLegs is the least number of legs whose findings are reported if others are lost.
const toldLegs = LeastLegs - 1

const (
	// leastLegPairs is the least number of pairs of a leg.
	leastLegPairs = 4
	// fleetPass is the chance of passing a line exactly at its guard. The one look gets what several looks on one machine
	// get together.
	fleetPass = 0.05
	// rotations is how many rotations the test of the machines draws.
	rotations = 9_999
)

// LegPairs is how many pairs each of several legs measures: an even number, because the order of the sides is balanced in
// blocks of two.
func LegPairs(legs int) int {
	blocks := (MaxPairs + 2*legs - 1) / (2 * legs)
	return max(leastLegPairs, 2*blocks)
}

// MostLegPairs is the most pairs that each of several legs measures: a quarter more than LegPairs, to replace disturbed ones.
func MostLegPairs(legs int) int {
	n := LegPairs(legs)
	return n + (n+3)/4
}

// LegDone reports whether a leg, one of several, has its share of pairs that count. It does not look at what they say.
func LegDone(base, head *result.Result, legs int) bool {
	return len(undisturbed(base, head, min(len(base.Rounds), len(head.Rounds)))) >= LegPairs(legs)
}

// JudgeFleet is JudgePairs for the two sides that result.JoinLegs made of the legs of a fleet. If legs are missing, the
// verdict is Inconclusive, and says what the others saw.
func JudgeFleet(p Policy, base, head *result.Result) Verdict {
	var lost []result.Leg
	for _, leg := range head.Legs {
		if leg.Lost != "" {
			lost = append(lost, leg)
		}
	}
	there := len(head.Legs) - len(lost)
	v := Verdict{Mode: Paired, Baseline: Baseline{Commit: base.Commit, Newest: base.Started, Starts: base.Starts, Legs: there}}
	v = judgeLegs(v, p, withoutLost(base), withoutLost(head))
	if len(lost) == 0 {
		return v
	}
	return v.lose(lost, there)
}

// withoutLost is a side that is whole with the legs that it has.
func withoutLost(r *result.Result) *result.Result {
	whole := *r
	whole.Problems = slices.DeleteFunc(slices.Clone(r.Problems), func(p result.Problem) bool { return p.Kind == result.PartOnly })
	return &whole
}

func judgeLegs(v Verdict, p Policy, base, head *result.Result) Verdict {
	if reason := misfitPair(p, base, head); reason != nil {
		return weigh(v, failedToBegin(p, head), *reason)
	}
	if !fits(head.Legs) {
		return weigh(v, nil, Reason{Kind: RunNotWhole, Of: OfPair, Text: "its legs do not have the pairs that the legs of a fleet have"})
	}
	f := pairsOfLegs(base, head)
	j := pairing{p: p, base: base, head: head, good: f.good, final: true}
	at := look{level: p.level(), report: p.level(), pass: fleetPass, from: failFrom, last: true, machines: f.machines}
	v.Baseline.Pairs = len(f.good)
	switch {
	case f.noisy != nil:
		return j.unread(v, at, *f.noisy)
	case len(f.machines) < toldLegs:
		return j.unread(v, at, Reason{Kind: LegsLost}) // lose says which
	}
	if dropped := len(head.Rounds) - len(f.good); dropped > 0 {
		v = v.Note(Reason{Kind: Disturbed, Has: dropped, Needs: len(head.Rounds)})
	}
	return j.judge(v, at)
}

// fits reports whether the legs are as LegPairs makes them. A file may say anything.
func fits(legs []result.Leg) bool {
	if CheckLegs(len(legs)) != nil {
		return false
	}
	return !slices.ContainsFunc(legs, func(l result.Leg) bool { return l.Pairs != LegPairs(len(legs)) || l.Rounds > MostLegPairs(len(legs)) })
}

// legPairs are the pairs of a fleet that count.
type legPairs struct {
	good     []int   // the pairs
	machines [][]int // of each leg, as places in good
	noisy    *Reason // a leg has too few
}

// pairsOfLegs looks at each leg by itself: a control, for example, tells only about its own machine.
func pairsOfLegs(base, head *result.Result) (f legPairs) {
	from := 0
	for _, leg := range head.Legs {
		if leg.Lost != "" {
			continue
		}
		to := from + leg.Rounds
		var own []int
		for _, i := range undisturbed(part(base, from, to), part(head, from, to), leg.Rounds) {
			own = append(own, len(f.good))
			f.good = append(f.good, from+i)
		}
		if len(own) < leg.Pairs && f.noisy == nil {
			f.noisy = &Reason{Kind: NoisyMachine, Has: leg.Rounds - len(own), Needs: leg.Rounds, Names: []string{leg.String()}}
		}
		f.machines = append(f.machines, own)
		from = to
	}
	return f
}

// part has some of the rounds of a side.
func part(r *result.Result, from, to int) *result.Result {
	one := *r
	one.Rounds = r.Rounds[from:to]
	if len(r.Control) == len(r.Rounds) {
		one.Control = r.Control[from:to]
	}
	return &one
}

// lose makes the verdict of some legs of a fleet inconclusive, since it proves nothing. It keeps what those legs saw.
func (v Verdict) lose(lost []result.Leg, there int) Verdict {
	first := Reason{Kind: LegsLost, Has: there, Needs: there + len(lost)}
	for _, leg := range lost {
		first.Names = append(first.Names, leg.String()+": "+leg.Lost)
	}
	if there >= toldLegs {
		first.Text = v.Outcome.String()
	}
	reasons := []Reason{first}
	v.Comparisons, v.Thresholds = slices.Clone(v.Comparisons), slices.Clone(v.Thresholds)
	for i := range v.Comparisons {
		if c := &v.Comparisons[i]; c.Status == Worse {
			c.Status, c.Why = Unclear, &Why{Kind: OtherLegs, Has: float64(there), Needs: float64(there + len(lost))}
			reason, _ := reasonOf(v.Mode, c)
			reasons = append(reasons, reason)
		}
	}
	for i := range v.Thresholds {
		if t := &v.Thresholds[i]; t.Status == Worse {
			t.Status = NotJudged
			reasons = append(reasons, Reason{Kind: ThresholdOpen, Route: t.Route, Rule: t.Rule, Now: t.Value})
		}
	}
	for _, r := range v.Reasons {
		if kinds[r.Kind].use&asDoubt != 0 && r.Kind != LegsLost {
			reasons = append(reasons, r)
		}
	}
	v.Outcome, v.Reasons, v.Cause = Inconclusive, reasons, nil
	return v
}

// CheckLegs is an error if a fleet cannot have this number of legs.
func CheckLegs(legs int) error {
	switch {
	case legs == 1:
		return fmt.Errorf("one leg is no fleet: leave --fleet out, or take %d to %d legs", LeastLegs, MostLegs)
	case legs < LeastLegs:
		return fmt.Errorf("%d machines cannot tell a change from what each of them adds to it, so no rule could fail anything: take %d to %d legs", legs, LeastLegs, MostLegs)
	case legs > MostLegs:
		return fmt.Errorf("%d legs would have too few of the %d pairs each: take %d to %d", legs, MaxPairs, LeastLegs, MostLegs)
	}
	return nil
}
