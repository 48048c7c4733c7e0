package result

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// LegsError says why results are not the legs of one fleet: a sentence for each reason.
type LegsError []string

func (e LegsError) Error() string {
	const text = "put the legs of the fleet together: "
	if len(e) == 1 {
		return text + e[0]
	}
	return strings.TrimSpace(text) + "\n  " + strings.Join(e, "\n  ")
}

// JoinLegs makes the two sides of a comparison from the results of all legs of a fleet: two of each leg, its base and its
// head. The keys say where they come from. The rounds of a side are those of the legs, one leg after the other, and the
// i-th rounds of both sides are a pair. Equal parts give equal bytes, whatever their keys are.
//
// If a leg is missing or was cut short, Legs lists it with the reason, and the sides have a Problem. The error is a LegsError
// if the parts are not of one fleet, if a leg is there twice, or if no leg is there. Readings are left out, because they come
// from several machines.
func JoinLegs(from map[string]*Result) (base, head *Result, err error) {
	sides, reasons := sidesOfLegs(from)
	both := slices.Concat(sides[BaseSide], sides[HeadSide])
	reasons = append(reasons, unlike(both, ofAllLegs, "gate")...)
	for _, side := range []string{BaseSide, HeadSide} {
		reasons = append(reasons, unlike(sides[side], ofOneSide, "gate")...)
	}
	reasons = append(reasons, twice(both)...)
	if len(reasons) > 0 {
		return nil, nil, LegsError(reasons)
	}
	legs, whole := pairUp(sides[BaseSide], sides[HeadSide])
	if len(whole) == 0 {
		return nil, nil, LegsError(lostReasons(legs))
	}
	base, head = join(legs, whole, 0), join(legs, whole, 1)
	for _, r := range []*Result{base, head} {
		if err := r.Validate(); err != nil {
			return nil, nil, fmt.Errorf("put the legs of the fleet together: %w", err)
		}
	}
	return base, head, nil
}

// ofAllLegs is what both sides of all legs have in common, ofOneSide what one side of all legs has.
var (
	ofAllLegs = []property{
		{"number of legs", func(r *Result) string { return fmt.Sprint(r.Leg.Of) }},
		{"pairs of a leg", func(r *Result) string { return fmt.Sprint(r.Leg.Pairs) }},
		{"series", func(r *Result) string { return r.Series }},
		{"profile digest", func(r *Result) string { return r.ProfileDigest }},
		{"repository", func(r *Result) string { return r.Repository }},
		{"version of plimsoll", func(r *Result) string { return r.Tool }},
		{"CI run and attempt", func(r *Result) string { return r.CIRun }},
	}
	ofOneSide = []property{{"commit", commitOf}}
)

// sidesOfLegs are the results by their side, in the order of the legs, and a reason for each that is no side of a leg.
func sidesOfLegs(from map[string]*Result) (sides map[string][]given, reasons []string) {
	sides = map[string][]given{}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		switch r := from[name]; {
		case r.Leg != nil && r.Leg.Side != "":
			sides[r.Leg.Side] = append(sides[r.Leg.Side], given{name, fmt.Sprintf("%s of leg %d of %d", r.Leg.Side, r.Leg.Index+1, r.Leg.Of), r})
		case len(r.Legs) > 0:
			reasons = append(reasons, name+" has all legs already: give the results of the legs")
		default:
			reasons = append(reasons, name+" is no result of a leg: plimsoll gate --paired --fleet makes them")
		}
	}
	for _, one := range sides {
		slices.SortStableFunc(one, func(a, b given) int { return cmp.Compare(a.Leg.Index, b.Leg.Index) })
	}
	return sides, reasons
}

// twice names the sides of legs that are there more than once.
func twice(all []given) (reasons []string) {
	there := map[string][]string{}
	for _, g := range all {
		there[g.name] = append(there[g.name], g.from)
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if files := there[name]; len(files) > 1 {
			reasons = append(reasons, fmt.Sprintf("%s is there %d times: %s", name, len(files), strings.Join(files, ", ")))
		}
	}
	return reasons
}

// pairUp lists all legs of a fleet, the lost ones with the reason, and both sides of those that are whole.
func pairUp(bases, heads []given) (legs []Leg, whole [][2]*Result) {
	n, pairs := 0, 0
	for _, g := range slices.Concat(bases, heads) {
		n, pairs = g.Leg.Of, g.Leg.Pairs // the same in all
	}
	of := func(all []given, i int) *Result {
		for _, g := range all {
			if g.Leg.Index == i {
				return g.Result
			}
		}
		return nil
	}
	for i := range n {
		leg := Leg{Index: i, Of: n, Pairs: pairs}
		b, h := of(bases, i), of(heads, i)
		for _, r := range []*Result{b, h} {
			if r != nil {
				leg.By = r.Leg.By
			}
		}
		if leg.Lost = lost(b, h); leg.Lost == "" {
			leg.Rounds, leg.Starts = len(h.Rounds), h.Starts
			whole = append(whole, [2]*Result{b, h})
		}
		legs = append(legs, leg)
	}
	return legs, whole
}

// lost says why a leg has no pairs; empty if it has.
func lost(b, h *Result) string {
	switch {
	case b == nil && h == nil:
		return "it has left no result, so its job failed, was cancelled or did not run"
	case b == nil:
		return "it has left the result of head only"
	case h == nil:
		return "it has left the result of base only"
	case b.PairSeed == "" || b.PairSeed != h.PairSeed || len(b.Rounds) != len(h.Rounds):
		return "its two results are not the sides of one pairing"
	}
	for _, r := range []*Result{b, h} {
		for _, p := range r.Problems {
			if p.Kind != PartOnly {
				return r.Leg.Side + " was cut short: " + shortened(p.Text)
			}
		}
		if len(r.Rounds) == 0 || len(r.Rounds) < r.PlannedRounds {
			return fmt.Sprintf("%s was cut short: it has %d of %d rounds", r.Leg.Side, len(r.Rounds), r.PlannedRounds)
		}
		if slices.ContainsFunc(r.Rounds, func(one Round) bool { return one.Tally == nil }) {
			return r.Leg.Side + " has no counts of its rounds: give the file that --out wrote"
		}
	}
	return ""
}

// lostReasons has a sentence for each lost leg.
func lostReasons(legs []Leg) (reasons []string) {
	for _, leg := range legs {
		if leg.Lost != "" {
			reasons = append(reasons, leg.String()+": "+leg.Lost)
		}
	}
	if len(reasons) == 0 {
		reasons = append(reasons, "there is no leg")
	}
	return reasons
}

// join makes one side of all legs: 0 is base, 1 is head.
func join(legs []Leg, whole [][2]*Result, side int) *Result {
	var parts []*Result
	for _, leg := range whole {
		parts = append(parts, leg[side])
	}
	first := parts[0]
	m := &Result{
		Schema: Schema, Identity: first.Identity, Environment: environmentOf(parts), Load: first.Load, Generator: generatorOfLegs(parts),
		PlannedRoutes: first.PlannedRoutes, Groups: first.Groups, WarmUp: &tally.Tally{}, Legs: legs, PairSeed: seedOfLegs(parts),
	}
	processes, offset := 0, time.Duration(0)
	for k, r := range parts {
		if r.Started.Before(m.Started) {
			m.Started = r.Started
		}
		if r.Finished.After(m.Finished) {
			m.Finished = r.Finished
		}
		if r.WarmUp != nil {
			m.WarmUp.Merge(r.WarmUp)
		}
		processes = m.append(r, processes, offset)
		offset += lasts(whole[k])
		m.Starts += r.Starts
		m.Control = append(m.Control, r.Control...)
		for _, note := range r.Notes {
			m.AddNote(r.Leg.String() + ": " + note)
		}
	}
	if len(m.Control) != len(m.Rounds) { // not all legs have one
		m.Control = nil
	}
	if reasons := lostReasons(legs); len(whole) < len(legs) {
		m.Problems = []Problem{{PartOnly, strings.Join(reasons, "; ")}}
	}
	m.PlannedRounds = len(m.Rounds)
	return m
}

// append adds the rounds of a leg after those that are there. The numbers of its processes, and its times, continue those of
// the legs before.
func (r *Result) append(leg *Result, processes int, offset time.Duration) (next int) {
	next = processes
	for _, round := range leg.Rounds {
		round.Process += processes
		round.Start += offset
		next = max(next, round.Process+1)
		r.Tally.Merge(round.Tally)
		r.Rounds = append(r.Rounds, round)
	}
	return next
}

// lasts is how long both sides of a leg were loaded in turn.
func lasts(sides [2]*Result) (d time.Duration) {
	for _, r := range sides {
		for _, round := range r.Rounds {
			d = max(d, round.Start+round.Length)
		}
	}
	return d
}

// seedOfLegs names the orders of all legs: the same text for base and head.
func seedOfLegs(parts []*Result) string {
	all := sha256.New()
	for _, r := range parts {
		fmt.Fprintf(all, "%s\n", r.PairSeed)
	}
	return hex.EncodeToString(all.Sum(nil)[:8])
}

// generatorOfLegs is the load generator of the busiest leg, with the longest lag of any.
func generatorOfLegs(parts []*Result) Generator {
	g := slices.MaxFunc(parts, func(a, b *Result) int { return cmp.Compare(a.Generator.CPUShare, b.Generator.CPUShare) }).Generator
	g.Paced = Paced{}
	var spoken []string
	for _, r := range parts {
		own := r.Generator
		g.GCPauseMax = max(g.GCPauseMax, own.GCPauseMax)
		g.LagP50, g.LagP99, g.LagMax = max(g.LagP50, own.LagP50), max(g.LagP99, own.LagP99), max(g.LagMax, own.LagMax)
		g.Paced.add(own.Paced)
		if own.Protocol != "" {
			spoken = append(spoken, own.Protocol)
		}
	}
	g.Protocol = joined(spoken)
	return g
}
