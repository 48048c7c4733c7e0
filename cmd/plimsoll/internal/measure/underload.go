package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// CheckUnderLoad returns an error if the job's load has no idle part, or its run_time is too short for both loads.
func (b Bench) CheckUnderLoad(pl *plan.Plan) error {
	if _, err := pl.Idle(b.Job.Policy.UnderLoad.Idle); err != nil {
		return exit.BadInput("gate.under_load: %w", err)
	}
	return b.CheckPair()
}

// UnderLoad measures a system under its idle load and its full one in turn until the gate can tell, and judges it. The
// result of the full load goes into out, that of the idle one into a file beside the bench's. It is repeated while the machine is too busy to judge it.
func (b Bench) UnderLoad(ctx context.Context, one runner.System, out string) (v gate.Verdict, idle, full *result.Result, err error) {
	for n := 1; ; n++ {
		idle, full, err = b.underLoad(ctx, one)
		if idle != nil && full != nil {
			err = errors.Join(err, b.keepUnderLoad(out, idle, full))
		}
		if err != nil {
			return v, idle, full, err
		}
		v = gate.JudgeUnderLoad(b.Job.Policy, idle, full, true)
		if !onlyNoisy(v) || !b.goesAgain(n, busyPair(v.Reasons[0])) {
			return v, idle, full, nil
		}
	}
}

func (b Bench) underLoad(ctx context.Context, one runner.System) (idle, full *result.Result, err error) {
	if err := b.CheckUnderLoad(one.Plan); err != nil {
		return nil, nil, err
	}
	control, err := b.Job.Control()
	if err != nil {
		return nil, nil, err
	}
	pl, p := one.Plan, b.Job.Policy
	pairing := runner.Pairing{
		Config: b.config(), Seed: rand.Uint64(),
		Rounds: gate.MostPairs, RoundLength: pl.RoundLength * time.Duration(pl.Rounds) / gate.MaxPairs,
		Decide: func(idle, full *result.Result) bool { return gate.JudgeUnderLoad(p, idle, full, false).More == 0 },
	}
	pairing.Control = control
	progress := newProgress(b.Console.Stderr)
	if !b.Quiet {
		fmt.Fprintf(b.Console.Stderr, "%s: under load: idle (%g %% of the load) and full load in turn, in rounds of %s, at most %d of them judged\n",
			pl.Series, 100*p.UnderLoad.Idle, plan.InWords(pairing.RoundLength), gate.MaxPairs)
		for _, note := range foresee.UnderLoad(pl, p) {
			fmt.Fprintf(b.Console.Stderr, "note: %s\n", note)
		}
		pairing.Progress = progress.show
	}
	idle, full, err = runner.UnderLoad(ctx, one, p.UnderLoad.Idle, pairing)
	progress.end()
	return idle, full, err
}

// keepUnderLoad writes both results.
func (b Bench) keepUnderLoad(out string, idle, full *result.Result) error {
	idleOut := Beside(b.Out, "idle")
	if !idle.Whole() || !full.Whole() {
		out, idleOut = Beside(out, partial), Beside(idleOut, partial)
		fmt.Fprintf(b.Console.Stderr, "plimsoll: the comparison under load was cut short; its partial results are in %s and %s\n", out, idleOut)
	}
	if err := result.Write(idleOut, idle); err != nil {
		return err
	}
	return result.Write(out, full)
}
