// Package runner loads a system as a plan says and returns the Result.
//
// Run loads one system, Pair two in turn, never both at once. Both are the same session: build
// and start the system if the plan says so, apply stretches of load to it, read the meters around
// each, stop everything in reverse order. A run is one long stretch that is cut into rounds; a
// round of a pair is put together from several short ones. A control, a small server that never
// changes, may be loaded in between: what it does is about the machine.
//
// This is the only package that orchestrates, and it knows nothing of baselines and verdicts. It
// reads nothing of the process's environment that its Config can hand in. What goes wrong while
// the system is loaded stands in the Result as a Problem, beside the rounds that were whole.
//
// All spans come from the monotonic clock; the wall clock only says when a run began.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Failure is what the system under test did wrong, with the last lines of its output.
type Failure = sut.Failure

// ErrInterrupted is returned, beside the Result, by a Run that was stopped early.
var ErrInterrupted = errors.New("interrupted before the end of the run")

// System is what Run loads, and what Pair compares two of.
type System struct {
	Name     string // for sentences, such as "base" or "head"; empty in a run, where there is one
	Plan     *plan.Plan
	Dir      string          // in which it is built and started
	Identity result.Identity // what the caller knows of the run; the runner adds the rest
}

// Config is what Run and Pair need beside their systems. The zero value of every field is usable.
type Config struct {
	Runner   string          // the CI runner's label or image, part of the environment's class
	Environ  []string        // NAME=value: for building and starting systems, and the proxies of the load; nil for this process's own
	Secrets  []string        // texts not shown of what systems print, beside the values of the profile's variables
	Log      io.Writer       // what systems print, in a pair each line behind its system's name; nil for nowhere
	Progress func(Progress)  // called about once a second, never twice at once; nil for nobody
	Stop     <-chan struct{} // closing it ends the load gracefully
	Control  *plan.Plan      // of a reference server, loaded before and after a run and after each pair; nil for none

	// Protocols speak the plan's calls; nil for those that this version speaks.
	Protocols []protocol.Protocol
}

// FreePort gives a TCP port on loopback for a system that will be started.
func FreePort() (int, error) { return sut.FreePort() }

// Run loads a system as planned. When ctx ends, everything ends at once. The error is a *Refusal
// when the plan must not or cannot be run here, a *Failure when the system could not be built or
// started, ended by itself or cannot be reached, and ErrInterrupted when Stop was closed; while
// the system is loaded the last two come with a Result that holds the rounds that were whole.
func Run(ctx context.Context, system System, c Config) (*result.Result, error) {
	s := newSession(c)
	defer s.close(ctx)
	y, err := s.add(system)
	if err != nil {
		return nil, err
	}
	if err := s.build(ctx, y); err != nil {
		return nil, err
	}
	if err := s.up(ctx, y); err != nil {
		return nil, err
	}
	if err := s.upControl(ctx); err != nil {
		return nil, err
	}
	if err := s.consult(ctx, min(controlRun, system.Plan.Length()), y); err != nil {
		return nil, err
	}
	return s.run(ctx, y)
}

// run loads a system that is up in one stretch.
func (s *session) run(ctx context.Context, y *system) (*result.Result, error) {
	s.start = time.Now()
	m := s.stretch(ctx, y, y.plan)
	y.addRounds(m.until)
	leaving, cancel := context.WithTimeout(ctx, y.plan.StopWithin-m.ending)
	defer cancel()
	y.dismiss(leaving) // what is sent in on_stop is counted with the warm-up
	y.seal()
	y.result.PlannedRounds = y.plan.Rounds
	if kind, err := s.trouble(ctx, y, m.stoppedBy); err != nil {
		note(y.result, kind, err)
		return y.result, err
	}
	if text := saturated(y.result.Generator); text != "" {
		note(y.result, result.Saturated, errors.New(text)) // the run is whole, and not judged
	}
	if err := s.consult(ctx, min(controlRun, y.Plan.Length()), y); err != nil {
		note(y.result, result.Interrupted, err)
		return y.result, err
	}
	return y.result, nil
}

// note makes r less than a whole run.
func note(r *result.Result, kind result.ProblemKind, err error) {
	r.Problems = append(r.Problems, result.Problem{Kind: kind, Text: err.Error()})
}

// trouble tells what kept the load of a system from being whole, which stoppedBy ended; nil for
// nothing.
func (s *session) trouble(ctx context.Context, y *system, stoppedBy error) (result.ProblemKind, error) {
	r := y.result
	switch {
	case isClosed(y.ended()):
		return result.TargetDied, y.program.Failure()
	case s.interrupted(ctx):
		return result.Interrupted, fmt.Errorf("%w: %d of %d rounds are whole", ErrInterrupted, len(r.Rounds), r.PlannedRounds)
	case stoppedBy != nil:
		return result.Aborted, fmt.Errorf("ended early, with %d of %d rounds whole: %w", len(r.Rounds), r.PlannedRounds, stoppedBy)
	}
	return "", nil
}
