package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/soak"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Soak loads a system for long, and compares it with a fresh one afterwards, unless that is nil. round is the length of
// a round of the comparison. Each result is written as soon as it is complete: those of the comparison beside that of the
// soak. If the soak was cut short, its result comes with the error.
func (b Bench) Soak(ctx context.Context, system runner.System, fresh *runner.System, round time.Duration) (s runner.Soaked, err error) {
	p := soak.BetweenProcesses(b.Job.Policy)
	soaking := runner.Soaking{
		Pairing: runner.Pairing{
			Config: b.config(), Seed: rand.Uint64(), Rounds: gate.MostPairs, RoundLength: round,
			Decide: func(base, head *result.Result) bool { return gate.JudgePairs(p, base, head, false).More == 0 },
		},
		Fresh: fresh,
	}
	var written error
	soaking.Ended = func(r *result.Result) {
		out := b.Out
		if len(r.Rounds) < r.PlannedRounds {
			out = Beside(out, partial)
			fmt.Fprintf(b.Console.Stderr, "plimsoll: the soak was cut short; its partial result is in %s\n", out)
		}
		written = b.keep(out, r)
	}
	progress := newProgress(b.Console.Stderr)
	if !b.Quiet {
		fmt.Fprintln(b.Console.Stderr, system.Plan)
		if fresh != nil {
			fmt.Fprintf(b.Console.Stderr, "afterwards a fresh process and the aged one in turn, in rounds of %s\n", plan.InWords(round))
		}
		soaking.Progress = progress.show
	}
	s, err = runner.Soak(ctx, system, soaking)
	progress.end()
	for suffix, r := range map[string]*result.Result{"fresh": s.Fresh, "aged": s.Aged} {
		if r != nil {
			written = errors.Join(written, result.Write(Beside(b.Out, suffix), r))
		}
	}
	return s, errors.Join(err, written)
}
