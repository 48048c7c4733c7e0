package measure

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// again is how many more times to measure if only a busy machine prevents a verdict. A machine that was busy during
// three runs is likely to be busy during the fourth.
const again = 2

// steady is run, repeated while the machine is too busy.
func (b Bench) steady(ctx context.Context, out string) (*result.Result, error) {
	for n := 1; ; n++ {
		r, err := b.run(ctx, out)
		if err != nil || !onlyBusy(r) || !b.goesAgain(n, reason(r)) {
			return r, err
		}
	}
}

// onlyBusy reports whether a busy machine is the only obstacle to judging a run.
func onlyBusy(r *result.Result) bool {
	other := func(p result.Problem) bool { return p.Kind != result.Busy }
	return len(r.Problems) > 0 && !slices.ContainsFunc(r.Problems, other)
}

// reason says how busy the machine was, without the advice to measure again.
func reason(r *result.Result) string {
	text, _, _ := strings.Cut(r.Problems[0].Text, "; ")
	return text
}

// SteadyPair is Pair with its verdict, repeated while the machine is too busy to judge it.
func (b Bench) SteadyPair(ctx context.Context, base, head runner.System) (v gate.Verdict, ofBase, ofHead *result.Result, err error) {
	for n := 1; ; n++ {
		ofBase, ofHead, err = b.Pair(ctx, base, head)
		if err != nil {
			return v, ofBase, ofHead, err
		}
		v = gate.JudgePairs(b.Job.Policy, ofBase, ofHead, true)
		if !onlyNoisy(v) || !b.goesAgain(n, busyPair(v.Reasons[0])) {
			return v, ofBase, ofHead, nil
		}
	}
}

// busyPair says how busy the machine was during a pairing.
func busyPair(r gate.Reason) string {
	if r.Kind == gate.NoisyMachine {
		return fmt.Sprintf("this machine was too busy: %d of %d pairs of rounds were disturbed", r.Has, r.Needs)
	}
	text, _, _ := strings.Cut(r.Text, "; ")
	return text
}

// onlyNoisy reports whether a busy machine is the only obstacle to judging a pairing.
func onlyNoisy(v gate.Verdict) bool {
	other := func(r gate.Reason) bool { return r.Kind != gate.NoisyMachine && r.Kind != gate.BusyMachine }
	return v.Outcome == gate.Inconclusive && len(v.Reasons) > 0 && !slices.ContainsFunc(v.Reasons, other)
}

// goesAgain prints why the n-th repetition is needed. It returns false if n is over the limit, or after an interrupt.
func (b Bench) goesAgain(n int, why string) bool {
	select {
	case <-b.Console.Stop:
		return false
	default:
	}
	if n > again {
		return false
	}
	fmt.Fprintf(b.Console.Stderr, "plimsoll: %s; measuring again, %d of at most %d times\n", why, n, again)
	return true
}
