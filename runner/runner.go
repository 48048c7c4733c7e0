// Package runner runs a plan against a system and returns the Result.
//
// Run builds and starts the system when the plan says so, loads it through warm-up and
// rounds, tells its Progress about once a second, and stops everything in reverse order. It
// is the only place that orchestrates; it knows nothing of baselines and verdicts. What went
// wrong in mid-run stands in the Result as a Problem, beside the rounds that were whole.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/driver"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Failure is what the system under test did wrong, with the last lines of its output.
type Failure = sut.Failure

// ErrInterrupted is returned, beside the Result, by a Run that was stopped early.
var ErrInterrupted = errors.New("interrupted before the end of the run")

// Config is what Run needs beside the plan. The zero value of every field is usable.
type Config struct {
	Dir      string          // the profile's directory, in which the system is built and started
	Identity result.Identity // what the caller knows of the run; Run adds the rest
	Runner   string          // the CI runner's label or image, part of the environment's class
	Log      io.Writer       // what the system under test prints; nil for nowhere
	Progress func(Progress)  // called about once a second, never twice at once; nil for nobody
	Stop     <-chan struct{} // closing it ends the load gracefully
}

// FreePort gives a TCP port on loopback for a system that Run will start.
func FreePort() (int, error) { return sut.FreePort() }

// Run loads the system as planned. When ctx ends, everything ends at once. The error is a
// *Failure when the system could not be built or started, ended by itself or cannot be
// reached, and ErrInterrupted when Stop was closed; in mid-run both come with a Result that
// holds the rounds that were whole.
func Run(ctx context.Context, p *plan.Plan, c Config) (*result.Result, error) {
	if c.Log == nil {
		c.Log = io.Discard
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if err := admit(p); err != nil {
		return nil, err
	}
	http, err := driver.New(p)
	if err != nil {
		return nil, &Refusal{err.Error()}
	}
	defer http.Close() //nolint:errcheck // connections that carry nothing more
	if p.Start == nil {
		if err := sut.Reach(ctx, p.Target); err != nil {
			return nil, &Failure{What: err.Error()}
		}
		return measure(ctx, p, c, http, nil)
	}
	system, err := start(ctx, p, c)
	if err != nil {
		return nil, err
	}
	r, err := measure(ctx, p, c, http, system)
	if stopErr := system.Stop(ctx); stopErr != nil {
		fmt.Fprintln(c.Log, stopErr)
	}
	return r, err
}

// start builds and starts the system; both end when the run is to stop.
func start(ctx context.Context, p *plan.Plan, c Config) (*sut.System, error) {
	preparing, done := untilAny(ctx, c.Stop, nil)
	defer done()
	if p.Start.Build != "" {
		c.Progress(Progress{Phase: "building the system"})
	}
	if err := sut.Build(preparing, p.Start, c.Dir, c.Log); err != nil {
		return nil, interruptedOr(err)
	}
	c.Progress(Progress{Phase: "starting the system"})
	system, err := sut.Start(preparing, p.Start, p.Target.URL, c.Dir, c.Log)
	return system, interruptedOr(err)
}

func interruptedOr(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: the system was not up yet", ErrInterrupted)
	}
	return err
}

// measure loads a system that is up; system is nil when it runs elsewhere.
func measure(ctx context.Context, p *plan.Plan, c Config, http *driver.HTTP, system *sut.System) (*result.Result, error) {
	r := &result.Result{Schema: result.Schema, Identity: c.Identity, PlannedRounds: p.Rounds}
	r.Environment = environment(ctx, c.Identity.Tool, c.Runner)
	r.Series, r.ProfileDigest, r.Target, r.Users = p.Series, p.ProfileDigest, p.Target.Shown, p.AllUsers
	r.Started = time.Now().UTC().Truncate(time.Millisecond)

	var died <-chan struct{}
	if system != nil {
		died = system.Ended()
	}
	loading, done := untilAny(ctx, c.Stop, died)
	defer done()
	loading, abort := context.WithCancelCause(loading)
	defer abort(nil)
	counts, watching := newCollector(p), watchHealth(loading, p.WarmUp)
	tick := func(since time.Duration) {
		now, reason := counts.tick(since)
		c.Progress(now)
		if reason != "" {
			abort(errors.New(reason))
		}
	}
	source := datagen.New(p)
	report := load.Run(ctx, loading.Done(), load.Parts{
		Plan: p, Driver: http.User, Sink: counts.take, Tick: tick, Precise: true,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
	})
	stoppedBy := context.Cause(loading)
	abort(nil)

	r.Finished = time.Now().UTC().Truncate(time.Millisecond)
	r.Generator = watching.report(&report.Lag)
	r.Generator.Protocol = http.Protocol()
	counts.fill(r, report.Until)
	return r, trouble(ctx, r, stoppedBy, c.Stop, system)
}

// trouble notes in r what kept the run from being whole, and gives the error for it.
func trouble(ctx context.Context, r *result.Result, stoppedBy error, stopped <-chan struct{}, system *sut.System) error {
	problem := func(kind result.ProblemKind, err error) error {
		r.Problems = append(r.Problems, result.Problem{Kind: kind, Text: err.Error()})
		return err
	}
	if n := r.Tally.Total().Outcomes[tally.Generator]; n > 0 {
		_ = problem(result.Faulty, fmt.Errorf("this machine could not send %d requests: the figures say nothing about the system", n)) // the rest of the run stands
	}
	switch {
	case system != nil && isClosed(system.Ended()):
		return problem(result.TargetDied, system.Failure())
	case isClosed(stopped) || ctx.Err() != nil:
		return problem(result.Interrupted, fmt.Errorf("%w: %d of %d rounds are whole", ErrInterrupted, len(r.Rounds), r.PlannedRounds))
	case stoppedBy != nil && !errors.Is(stoppedBy, context.Canceled):
		return problem(result.Aborted, fmt.Errorf("ended early, with %d of %d rounds whole: %w", len(r.Rounds), r.PlannedRounds, stoppedBy))
	}
	if text := saturated(r.Generator); text != "" {
		_ = problem(result.Saturated, errors.New(text)) // the run is whole, and not judged
	}
	return nil
}

// untilAny is a context that ends with ctx or once a or b is closed. The caller must call
// done, which ends the watching.
func untilAny(ctx context.Context, a, b <-chan struct{}) (until context.Context, done func()) {
	until, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-a:
		case <-b:
		case <-until.Done():
		}
		cancel()
	}()
	return until, func() { cancel(); <-watched }
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
