package result_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// fleetOf are both results of n legs, by the names of their files.
func fleetOf(n int) map[string]*result.Result {
	parts := map[string]*result.Result{}
	for i := range n {
		for _, side := range []string{result.BaseSide, result.HeadSide} {
			r := small()
			r.Leg = &result.Leg{Index: i, Of: n, Side: side, By: fmt.Sprintf("host-%d", i+1), Pairs: 2}
			r.Problems = []result.Problem{r.Leg.Problem()}
			r.PairSeed, r.Starts, r.Rounds[1].Process = fmt.Sprintf("seed%d", i), 2, 1
			r.Rounds[0].Second, r.Rounds[1].Second = side == result.BaseSide, side == result.HeadSide
			r.Started, r.Finished = r.Started.Add(time.Duration(i)*time.Minute), r.Finished.Add(time.Duration(i)*time.Minute)
			r.Control = []result.Figures{r.Rounds[0].Total, r.Rounds[1].Total}
			r.Environment.CPUModel = []string{"EPYC", "Xeon"}[i%2]
			if side == result.BaseSide {
				r.Commit = "ba5e"
			}
			parts[fmt.Sprintf("part-%d-%s.json", i+1, side)] = r
		}
	}
	return parts
}

func joined(t *testing.T, parts map[string]*result.Result) (base, head *result.Result) {
	t.Helper()
	base, head, err := result.JoinLegs(parts)
	if err != nil {
		t.Fatal(err)
	}
	return base, head
}

func TestJoinLegs(t *testing.T) {
	base, head := joined(t, fleetOf(4))
	for _, r := range []*result.Result{base, head} {
		if !r.Whole() || len(r.Rounds) != 8 || len(r.Legs) != 4 || r.Starts != 8 || len(r.Control) != 8 || r.Tally.Total().Requests() != 4*42 || r.WarmUp.Total().Requests() != 4 {
			t.Errorf("whole %v, %d rounds, legs %+v, %d starts, %d requests", r.Whole(), len(r.Rounds), r.Legs, r.Starts, r.Tally.Total().Requests())
		}
		if r.Environment.CPUModel != "EPYC + Xeon" || !r.Started.Equal(small().Started) || !r.Finished.Equal(small().Finished.Add(3*time.Minute)) {
			t.Errorf("on %s from %v to %v", r.Environment.CPUModel, r.Started, r.Finished)
		}
		for i, round := range r.Rounds {
			if round.Process != i || round.Start != time.Duration(i)*10*time.Second {
				t.Errorf("round %d is of process %d and starts at %v", i, round.Process, round.Start)
			}
		}
	}
	if base.Commit != "ba5e" || head.Commit != small().Commit || base.PairSeed != head.PairSeed || head.Legs[2].By != "host-3" || head.Legs[2].Rounds != 2 {
		t.Errorf("base %s, head %s, seeds %s and %s, leg 3 %+v", base.Commit, head.Commit, base.PairSeed, head.PairSeed, head.Legs[2])
	}
	decoded, err := result.Decode(bytes.NewReader(encode(t, head)))
	if err != nil || decoded.ID() != head.ID() {
		t.Errorf("read back: %v", err)
	}
}

// Neither the names of the files nor their order change a byte.
func TestJoinLegsInAnyOrder(t *testing.T) {
	parts, others := fleetOf(4), map[string]*result.Result{}
	for name, r := range parts {
		others[fmt.Sprintf("%d%s", 9-r.Leg.Index, strings.ToUpper(name))] = r
	}
	base, head := joined(t, parts)
	base2, head2 := joined(t, others)
	if !bytes.Equal(encode(t, base), encode(t, base2)) || !bytes.Equal(encode(t, head), encode(t, head2)) {
		t.Error("other names give other bytes")
	}
}

// A lost leg is listed with the reason, and the result is not whole.
func TestJoinLegsWithoutOne(t *testing.T) {
	for want, change := range map[string]func(map[string]*result.Result){
		"it has left no result, so its job failed, was cancelled or did not run": func(p map[string]*result.Result) {
			delete(p, "part-2-base.json")
			delete(p, "part-2-head.json")
		},
		"it has left the result of base only":      func(p map[string]*result.Result) { delete(p, "part-2-head.json") },
		"it has left the result of head only":      func(p map[string]*result.Result) { delete(p, "part-2-base.json") },
		"its two results are not the sides of one": func(p map[string]*result.Result) { p["part-2-base.json"].PairSeed = "another" },
		"head was cut short: it has 2 of 6 rounds": func(p map[string]*result.Result) { p["part-2-head.json"].PlannedRounds = 6 },
		"base was cut short: somebody ended it": func(p map[string]*result.Result) {
			r := p["part-2-base.json"]
			r.Problems = append(r.Problems, result.Problem{Kind: result.Interrupted, Text: "somebody ended it"})
		},
		"base has no counts of its rounds": func(p map[string]*result.Result) { p["part-2-base.json"] = p["part-2-base.json"].Compact() },
	} {
		parts := fleetOf(4)
		change(parts)
		base, head := joined(t, parts)
		for _, r := range []*result.Result{base, head} {
			if r.Whole() || len(r.Rounds) != 6 || len(r.Legs) != 4 || !strings.HasPrefix(r.Legs[1].Lost, want) || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, "leg 2 of 4") {
				t.Errorf("want %q: whole %v, %d rounds, %+v, %v", want, r.Whole(), len(r.Rounds), r.Legs[1], r.Problems)
			}
		}
	}
}

// Parts that are not of one fleet are refused, and each is named.
func TestJoinLegsRefuses(t *testing.T) {
	of := func(change func(*result.Result)) func(map[string]*result.Result) {
		return func(p map[string]*result.Result) { change(p["part-3-head.json"]) }
	}
	const odd = "head of leg 3 of 4 (part-3-head.json) is of another gate: its "
	for want, change := range map[string]func(map[string]*result.Result){
		odd + "CI run and attempt is 7/2, and the others have 7/1":               of(func(r *result.Result) { r.CIRun = "7/2" }),
		odd + "commit is bad, and the others have 4f2c9ab":                       of(func(r *result.Result) { r.Commit = "bad" }),
		odd + "commit is 4f2c9ab with changes, and the others have 4f2c9ab":      of(func(r *result.Result) { r.Dirty = true }),
		odd + "profile digest is d2, and the others have d1":                     of(func(r *result.Result) { r.ProfileDigest = "d2" }),
		odd + "version of plimsoll is v9.9.9, and the others have v0.1.0":        of(func(r *result.Result) { r.Tool = "v9.9.9" }),
		odd + "repository is acme/other, and the others have acme/shop":          of(func(r *result.Result) { r.Repository = "acme/other" }),
		odd + "series is other, and the others have shop":                        of(func(r *result.Result) { r.Series = "other" }),
		odd + "pairs of a leg is 9, and the others have 2":                       of(func(r *result.Result) { r.Leg.Pairs = 9 }),
		"head of leg 3 of 5 (part-3-head.json) is of another gate: its number o": of(func(r *result.Result) { r.Leg.Of = 5 }),
		"head of leg 2 of 4 is there 2 times: copy.json, part-2-head.json":       func(p map[string]*result.Result) { p["copy.json"] = p["part-2-head.json"] },
		"other.json is no result of a leg: plimsoll gate --paired --fleet makes": func(p map[string]*result.Result) { p["other.json"] = small() },
		"there is no leg": func(p map[string]*result.Result) { clear(p) },
		"leg 4 of 4 (host-4): it has left the result of base only": func(p map[string]*result.Result) {
			for name := range p {
				if strings.HasSuffix(name, "head.json") {
					delete(p, name)
				}
			}
		},
		"all.json has all legs already: give the results of the legs": func(p map[string]*result.Result) {
			_, p["all.json"] = joined(t, fleetOf(4))
		},
	} {
		parts := fleetOf(4)
		change(parts)
		_, _, err := result.JoinLegs(parts)
		if !errors.As(err, new(result.LegsError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A file that says impossible things of its legs is no result.
func TestImpossibleLegs(t *testing.T) {
	for name, change := range map[string]func(r *result.Result){
		"more rounds":     func(r *result.Result) { r.Legs[1].Rounds = 3 },
		"another order":   func(r *result.Result) { r.Legs[0], r.Legs[1] = r.Legs[1], r.Legs[0] },
		"lost with some":  func(r *result.Result) { r.Legs[1].Lost = "gone" },
		"a leg as well":   func(r *result.Result) { r.Leg = &result.Leg{Of: 2} },
		"a strange side":  func(r *result.Result) { r.Legs[1].Side = "left" },
		"negative rounds": func(r *result.Result) { r.Legs[1].Rounds = -1 },
		"a long reason":   func(r *result.Result) { r.Legs, r.Leg = nil, &result.Leg{Of: 2, Lost: strings.Repeat("x", 5000)} },
		"an odd index":    func(r *result.Result) { r.Legs, r.Leg = nil, &result.Leg{Of: 2, Index: 2} },
	} {
		_, head := joined(t, fleetOf(3))
		change(head)
		if head.Validate() == nil {
			t.Errorf("%s: legs %+v and %+v are accepted", name, head.Legs, head.Leg)
		}
	}
}
