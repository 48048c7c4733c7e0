// Package measure runs a job's load and writes the results to files.
//
// A Bench goes in, results come out, each in a file of its own too. Run measures the checkout, Steady repeats that
// while the machine is too busy, More adds further runs, and Pair measures two sides in turn until the gate can tell.
// A run that was cut short goes into a file of another name, so it never overwrites a whole one. Progress goes to
// standard error: on a terminal one line that is redrawn, in a log a line every ten seconds.
package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Bench is where a job is measured.
type Bench struct {
	Console *console.Console
	Job     *job.Job
	Out     string // the file of a run's result; those of further runs lie beside it
	Quiet   bool   // no progress
	Verbose bool   // the output of the system under test is shown

	// Shard is the part of the load to measure; zero for all of it. StartAt, Handover, Gather and GaveUp are those of
	// runner.Config.
	Shard    plan.Shard
	StartAt  time.Time
	Handover runner.Handover
	Gather   func(context.Context) (runner.Start, error)
	GaveUp   func(error)
	Stop     <-chan struct{}       // closing it ends a run gracefully; nil for the Console's
	Watch    func(runner.Progress) // called with the progress of a run, even a quiet one; may be nil

	Window func(runner.Window) // called about once a second with the last seconds of the run; may be nil
}

// Run measures one run. When it was cut short, both the result and the error are there.
func (b Bench) Run(ctx context.Context) (*result.Result, error) { return b.run(ctx, b.Out) }

// Steady is Run, repeated while the machine is too busy to judge the result.
func (b Bench) Steady(ctx context.Context) (*result.Result, error) { return b.steady(ctx, b.Out) }

// More measures n further runs of the same code, and appends them.
func (b Bench) More(ctx context.Context, runs []*result.Result, n int) ([]*result.Result, error) {
	for range n {
		r, err := b.steady(ctx, Beside(b.Out, strconv.Itoa(len(runs)+1)))
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

func (b Bench) run(ctx context.Context, out string) (*result.Result, error) {
	pl, err := b.Job.PlanShard(b.Shard)
	if err != nil {
		return nil, err
	}
	config := b.config()
	config.Window, config.StartAt, config.Handover, config.Gather, config.GaveUp = b.Window, b.StartAt, b.Handover, b.Gather, b.GaveUp
	if b.Stop != nil {
		config.Stop = b.Stop
	}
	if b.Shard.I == 0 { // of several shards, the first alone has a control
		if config.Control, err = b.Job.Control(); err != nil {
			return nil, err
		}
	}
	progress := newProgress(b.Console.Stderr)
	if !b.Quiet {
		fmt.Fprintln(b.Console.Stderr, pl)
		config.Progress = progress.show
	}
	if b.Watch != nil {
		config.Progress = both(config.Progress, b.Watch)
	}
	r, err := runner.Run(ctx, runner.System{Plan: pl, Dir: b.Job.Dir, Identity: identity.Of(ctx, b.Console, b.Job.Dir)}, config)
	progress.end()
	if r == nil {
		return nil, err
	}
	if err != nil {
		out = Beside(out, partial)
		fmt.Fprintf(b.Console.Stderr, "plimsoll: the run was cut short; its partial result is in %s\n", out)
	}
	return r, errors.Join(err, b.keep(out, r))
}

// both calls two functions that take progress. The first may be nil.
func both(a, b func(runner.Progress)) func(runner.Progress) {
	if a == nil {
		return b
	}
	return func(p runner.Progress) { a(p); b(p) }
}

// partial ends the name of the file of a run that was cut short.
const partial = "partial"

// keep writes a result.
func (b Bench) keep(out string, r *result.Result) error {
	if err := result.Write(out, r); err != nil {
		return err
	}
	b.Console.OutputFile("result", out)
	return nil
}

// CheckPair returns an error if the job's run_time is too short for a pairing: both sides share it.
func (b Bench) CheckPair() error {
	if text := foresee.TooShortToPair(b.Job.Load.Judged()); text != "" {
		return exit.BadInput("%s", text)
	}
	return nil
}

// Pair measures base and head in turn until the gate can tell. It writes no file. If the pairing was cut short, it
// returns both results and the error.
func (b Bench) Pair(ctx context.Context, base, head runner.System) (ofBase, ofHead *result.Result, err error) {
	told := fmt.Sprintf("at most %d of them judged", gate.MaxPairs)
	return b.pair(ctx, base, head, gate.MostPairs, told, func(base, head *result.Result) bool {
		return gate.JudgePairs(b.Job.Policy, base, head, false).More == 0
	})
}

// pair measures at most that many pairs, until done says that they are enough.
func (b Bench) pair(ctx context.Context, base, head runner.System, most int, told string, done func(base, head *result.Result) bool) (ofBase, ofHead *result.Result, err error) {
	control, err := b.Job.Control()
	if err != nil {
		return nil, nil, err
	}
	pairing := runner.Pairing{
		Config: b.config(), Seed: rand.Uint64(),
		Rounds: most, RoundLength: base.Plan.RoundLength * time.Duration(base.Plan.Rounds) / gate.MaxPairs,
		Decide: done,
	}
	pairing.Control = control
	progress := newProgress(b.Console.Stderr)
	if !b.Quiet {
		fmt.Fprintf(b.Console.Stderr, "%s: %s and %s in turn, in rounds of %s, %s\n", head.Plan.Series, base.Name, head.Name, plan.InWords(pairing.RoundLength), told)
		pairing.Progress = progress.show
	}
	ofBase, ofHead, err = runner.Pair(ctx, base, head, pairing)
	progress.end()
	return ofBase, ofHead, err
}

// KeepPair writes both results of a pairing, base beside head.
func (b Bench) KeepPair(base, head *result.Result) error {
	out := b.Out
	if !base.Whole() || !head.Whole() {
		out = Beside(out, partial)
		fmt.Fprintf(b.Console.Stderr, "plimsoll: the pairing was cut short; its partial results are in %s and %s\n", out, Beside(out, "base"))
	}
	if err := result.Write(Beside(out, "base"), base); err != nil {
		return err
	}
	return b.keep(out, head)
}

// config is the runner's configuration for this bench.
func (b Bench) config() runner.Config {
	c := runner.Config{
		Runner: b.Console.Env.Get(environ.RunnerImage), Stop: b.Console.Stop,
		Environ: b.Console.Env.ForSystem(), Secrets: append(b.Console.Env.Secrets(), b.Console.Token()), Guarded: b.Console.Guarded,
	}
	if b.Verbose {
		c.Log = b.Console.Stderr
	}
	return c
}

// Beside makes the name of a file beside another: result-base.json beside result.json.
func Beside(file, suffix string) string {
	extension := filepath.Ext(file)
	return strings.TrimSuffix(file, extension) + "-" + suffix + extension
}
