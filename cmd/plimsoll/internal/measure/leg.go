package measure

import (
	"context"
	"fmt"
	"os"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Leg measures a leg's share of the pairs, whatever they say, and marks both results as that leg of a fleet. It measures
// again if the machine was too busy. It writes no file; KeepSides does. If the pairing was cut short, it returns both
// results and the error.
func (b Bench) Leg(ctx context.Context, base, head runner.System, leg plan.Shard) (ofBase, ofHead *result.Result, err error) {
	done := func(base, head *result.Result) bool { return gate.LegDone(base, head, leg.N) }
	told := fmt.Sprintf("%d of them: leg %d of %d of a fleet", gate.LegPairs(leg.N), leg.I+1, leg.N)
	for n := 1; ; n++ {
		ofBase, ofHead, err = b.pair(ctx, base, head, gate.MostLegPairs(leg.N), told, done)
		if ofBase == nil || ofHead == nil {
			return nil, nil, err
		}
		if err != nil || done(ofBase, ofHead) || !b.goesAgain(n, "this machine was too busy: too many pairs of rounds were disturbed") {
			break
		}
	}
	host, _ := os.Hostname() // it is only told to people
	for side, r := range map[string]*result.Result{result.BaseSide: ofBase, result.HeadSide: ofHead} {
		r.Leg = &result.Leg{Index: leg.I, Of: leg.N, Side: side, By: host, Pairs: gate.LegPairs(leg.N)}
		r.Problems = append(r.Problems, r.Leg.Problem())
	}
	return ofBase, ofHead, err
}

// KeepSides writes both results of a leg, or of a whole fleet: base beside head. It writes head last, so that base is there
// if head is.
func (b Bench) KeepSides(base, head *result.Result) error {
	if err := result.Write(Beside(b.Out, result.BaseSide), base); err != nil {
		return err
	}
	return b.keep(b.Out, head)
}
