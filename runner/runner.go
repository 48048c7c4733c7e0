// Package runner runs a plan against a system and returns the Result.
//
// Run builds and starts the system when the plan says so, loads it through warm-up and
// rounds, tells its Progress about once a second, and stops everything in reverse order. Pair
// does so with two systems, of which it loads one at a time. The package is the only place that
// orchestrates; it knows nothing of baselines and verdicts. What went wrong in mid-run stands
// in the Result as a Problem, beside the rounds that were whole.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
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
	Environ  []string        // NAME=value, for building and starting it; nil for this process's own
	Secrets  []string        // texts not shown of what it prints, beside the values of the profile's variables
	Identity result.Identity // what the caller knows of the run; Run adds the rest
	Runner   string          // the CI runner's label or image, part of the environment's class
	Log      io.Writer       // what the system under test prints; nil for nowhere
	Progress func(Progress)  // called about once a second, never twice at once; nil for nobody
	Stop     <-chan struct{} // closing it ends the load gracefully
	Control  *plan.Plan      // of a reference server, loaded before and after the system; nil for none

	// Protocols speak the plan's calls; nil for those that this version speaks.
	Protocols []protocol.Protocol
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
	g, err := newRig(p, c, newCollector(p))
	if err != nil {
		return nil, err
	}
	defer g.down(ctx)
	if err := g.build(ctx); err != nil {
		return nil, err
	}
	if err := g.up(ctx); err != nil {
		return nil, err
	}
	reference, err := newControl(ctx, c.Control, c)
	if err != nil {
		return nil, err
	}
	defer reference.close(ctx)
	return measure(ctx, g, reference)
}

// measure loads a system that is up, and the reference before and after it.
func measure(ctx context.Context, g *rig, reference *control) (*result.Result, error) {
	var controls []result.Figures
	consult := func() (err error) {
		if reference != nil {
			var f result.Figures
			f, err = reference.measure(ctx, controlRun)
			controls = append(controls, f)
		}
		return err
	}
	if err := consult(); err != nil {
		return nil, err
	}
	r := g.blank(ctx)
	r.PlannedRounds = g.plan.Rounds
	g.counts.begin(g.plan)
	var watching *health
	report, stoppedBy := g.load(ctx, func(loading context.Context) load.Report {
		watching = watchHealth(loading, g.plan.WarmUp)
		return load.Run(ctx, loading.Done(), g.parts())
	})
	r.Finished = time.Now().UTC().Truncate(time.Millisecond)
	r.Generator = watching.report(&report.Lag)
	r.Generator.Protocol = g.calls.Spoken()
	g.counts.fill(r, report.Until)
	noteFaulty(r)
	if kind, err := g.trouble(ctx, r, stoppedBy); err != nil {
		note(r, kind, err)
		return r, err
	}
	if text := saturated(r.Generator); text != "" {
		note(r, result.Saturated, errors.New(text)) // the run is whole, and not judged
	}
	if err := consult(); err != nil {
		note(r, result.Interrupted, err)
		return r, err
	}
	r.Control = controls
	return r, nil
}

// note makes r less than a whole run.
func note(r *result.Result, kind result.ProblemKind, err error) {
	r.Problems = append(r.Problems, result.Problem{Kind: kind, Text: err.Error()})
}

// noteFaulty notes in r what this machine could not send. The rest of the run stands.
func noteFaulty(r *result.Result) {
	if n := r.Tally.Total().Outcomes[tally.Generator]; n > 0 {
		note(r, result.Faulty, fmt.Errorf("this machine could not send %d requests: the figures say nothing about the system", n))
	}
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
