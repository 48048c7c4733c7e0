// Package runner loads a system as a plan says and returns the Result.
//
// Run loads one system. Pair loads two in turn, never both at once. Both work alike: build and start
// the system if the plan says so, load it in stretches, read the meters around each stretch, and
// stop everything in reverse order. A run is one long stretch, cut into rounds. A round of a pair is
// put together from several short stretches. A control, a small server that never changes, may be
// loaded in between to see how steady the machine is.
//
// This is the only package that orchestrates. It knows nothing of baselines and verdicts, and it gets the
// environment through Config. If something goes wrong under load, the Result has the complete rounds and a
// Problem.
//
// Durations come from the monotonic clock. The wall clock only says when a run began.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Failure says what the system under test did wrong, with the last lines of its output.
type Failure = sut.Failure

// SideError is what went wrong with one of the two systems of a Pair.
type SideError struct {
	Name string // of the system
	Err  error  // its text begins with the name
}

func (e *SideError) Error() string { return e.Err.Error() }

// Unwrap gives what went wrong.
func (e *SideError) Unwrap() error { return e.Err }

// ErrInterrupted is returned, together with the Result, if Run or Pair was stopped early.
var ErrInterrupted = errors.New("interrupted before the end of the run")

// System is what Run loads; Pair compares two.
type System struct {
	Name     string // in messages, such as "base" or "head"; empty in a run
	Plan     *plan.Plan
	Dir      string          // in which it is built and started
	Identity result.Identity // as far as the caller knows it; the runner adds the rest
	// Behind is where the system itself will listen, if a proxy of the caller's listens at the plan's
	// target; nil for the target.
	Behind *plan.Target
}

// Config is what Run and Pair need besides their systems. The zero value of every field is usable.
type Config struct {
	Runner   string          // the CI runner's label or image, part of the environment's class
	Environ  []string        // NAME=value: the environment of builds and systems, and the proxies of the load; nil for this process's own
	Secrets  []string        // texts to mask in the output of systems, besides the values of the profile's variables
	Log      io.Writer       // gets the output of systems, in a pair with the system's name before each line; nil for nowhere
	Progress func(Progress)  // called about once a second, never concurrently; may be nil
	Window   func(Window)    // called like Progress, by Run only, with counts of the last seconds; may be nil
	Stop     <-chan struct{} // closing it ends the load gracefully
	Control  *plan.Plan      // of a reference server, loaded before and after a run and after each pair; nil for none
	Guarded  bool            // no process of a system survives this program; main must ask IsGuard and call Guard

	// StartAt is when the load of a Run begins, by this machine's clock, once everything is ready; zero for at once. All
	// shards of a load begin at the same instant.
	StartAt time.Time
	// Gather is called when this shard is ready. It waits until all shards of the load are, and says when the load begins;
	// nil for StartAt. Its context ends with the run.
	Gather func(context.Context) (Start, error)
	// GaveUp is told at once why a limit of the profile ends the load, while the last requests may still be under way. It
	// must not block; may be nil.
	GaveUp func(error)
	// Handover carries the values of setup between the shards of a load; nil if the plan has no setup or is whole.
	Handover Handover

	// Protocols speak the plan's calls; nil for all protocols of this version.
	Protocols []protocol.Protocol
}

// Start is when the load of all shards begins.
type Start struct {
	At    time.Time     // by this machine's clock, with a monotonic reading, on which the run waits
	Clock *result.Clock // compares this machine's clock with that of the meeting point; nil if nobody did
}

// IsGuard reports whether this process was started to guard a system. A main that sets Config.Guarded asks
// this first. If it is true, main calls Guard and exits with its status.
func IsGuard() bool { return sut.IsGuard() }

// Guard starts a system, and ends all its processes when the program that started the guard says so or
// dies.
func Guard() (status int) { return sut.Guard() }

// FreePort finds a TCP port on loopback for a system that will be started.
func FreePort() (int, error) { return sut.FreePort() }

// FreePorts finds a port as FreePort does, and a further one for each name.
func FreePorts(names []string) (port int, named map[string]int, err error) {
	ports, err := sut.FreePorts(1 + len(names))
	if err != nil {
		return 0, nil, err
	}
	named = map[string]int{}
	for i, name := range names {
		named[name] = ports[1+i]
	}
	return ports[0], named, nil
}

// Run loads a system as planned. When ctx ends, everything ends at once.
//
// The error is a *Refusal if the plan must not or cannot be run here; a *Failure if the system could not be
// built, started or reached, or exited on its own; and ErrInterrupted if Stop was closed. Once the load has
// begun, an error comes with the Result of the complete rounds.
func Run(ctx context.Context, system System, c Config) (*result.Result, error) {
	s := newSession(c)
	defer s.close(ctx)
	y, err := s.open(ctx, system)
	if err != nil {
		return nil, err
	}
	if err := s.upControl(ctx); err != nil {
		return nil, err
	}
	if err := s.consult(ctx, min(controlRun, system.Plan.Length()), y); err != nil {
		return nil, err
	}
	if c.Window != nil {
		y.counts.recall = &recall{tell: c.Window}
	}
	if err := s.awaitStart(ctx, y); err != nil {
		return nil, err
	}
	return s.run(ctx, y)
}

// run loads a system in one stretch.
func (s *session) run(ctx context.Context, y *system) (*result.Result, error) {
	s.start = time.Now()
	m := s.stretch(ctx, y, y.plan)
	y.addRounds(m.until)
	if y.plan.Shard.N > 1 && len(y.plan.Teardown) > 0 {
		y.grace = y.plan.StopWithin // the other shards may still be at work
	}
	y.dismiss(ctx) // requests of on_stop are counted with the warm-up
	y.seal()
	y.result.PlannedRounds = y.plan.Rounds
	y.notePart(s.begins, m.began)
	if kind, err := s.trouble(ctx, y, m.stoppedBy); err != nil {
		note(y.result, kind, err)
		return y.result, err
	}
	y.noteSaturated() // the run has all its rounds, but is not judged
	if err := s.consult(ctx, min(controlRun, y.Plan.Length()), y); err != nil {
		note(y.result, result.Interrupted, err)
		return y.result, err
	}
	return y.result, nil
}

// note adds a Problem: r is no whole run then.
func note(r *result.Result, kind result.ProblemKind, err error) {
	r.Problems = append(r.Problems, result.Problem{Kind: kind, Text: strings.ToValidUTF8(err.Error(), "\ufffd")})
}

// trouble explains why the load of a system ended early; nil if it did not.
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
