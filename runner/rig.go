package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/plimsoll-ci/plimsoll/runner/internal/datagen"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// rig is a system and what loads it, from one start of the system to its end.
type rig struct {
	Config
	plan   *plan.Plan
	calls  *protocol.Clients
	counts *collector
	system *sut.System // nil when it runs elsewhere, and before it is up
	abort  func(error) // ends the load under way
}

// newRig refuses what must not or cannot be loaded. The caller must take it down.
func newRig(p *plan.Plan, c Config, counts *collector) (*rig, error) {
	if err := admit(p); err != nil {
		return nil, err
	}
	calls, err := protocol.New(p, httpproxy.FromEnvironment().ProxyFunc(), c.Protocols)
	if err != nil {
		return nil, &Refusal{err.Error()}
	}
	return &rig{Config: c, plan: p, calls: calls, counts: counts}, nil
}

// build builds the system, if the plan says how.
func (g *rig) build(ctx context.Context) error {
	if g.plan.Start == nil || g.plan.Start.Build == "" {
		return nil
	}
	preparing, done := untilAny(ctx, g.Stop, nil)
	defer done()
	g.Progress(Progress{Phase: "building the system"})
	return interruptedOr(sut.Build(preparing, g.plan.Start, g.place()))
}

// up starts the system, or reaches the one that runs elsewhere.
func (g *rig) up(ctx context.Context) error {
	if g.plan.Start == nil {
		if err := sut.Reach(ctx, g.plan.Target); err != nil {
			return &Failure{What: err.Error()}
		}
		return nil
	}
	preparing, done := untilAny(ctx, g.Stop, nil)
	defer done()
	g.Progress(Progress{Phase: "starting the system"})
	system, err := sut.Start(preparing, g.plan.Start, g.plan.Target.URL, g.place())
	g.system = system
	return interruptedOr(err)
}

// place is where the system is built and started.
func (g *rig) place() sut.Place {
	return sut.Place{Dir: g.Dir, Environ: g.Environ, Secrets: g.Secrets, Log: g.Log}
}

func interruptedOr(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w: the system was not up yet", ErrInterrupted)
	}
	return err
}

// down stops the system and closes what is left of connections.
func (g *rig) down(ctx context.Context) {
	if g.system != nil {
		if err := g.system.Stop(ctx); err != nil {
			fmt.Fprintln(g.Log, err)
		}
	}
	_ = g.calls.Close() // connections that carry nothing more
}

// ended is closed once the system has ended by itself; nil when it runs elsewhere.
func (g *rig) ended() <-chan struct{} {
	if g.system == nil {
		return nil
	}
	return g.system.Ended()
}

// blank is a result that says what is loaded, and where, and nothing yet of how that went.
func (g *rig) blank(ctx context.Context) *result.Result {
	r := &result.Result{Schema: result.Schema, Identity: g.Identity}
	r.Environment = environment(ctx, g.Identity.Tool, g.Runner)
	r.Series, r.ProfileDigest, r.Target, r.Users = g.plan.Series, g.plan.ProfileDigest, g.plan.Target.Shown, g.plan.AllUsers
	r.Started = time.Now().UTC().Truncate(time.Millisecond)
	return r
}

// parts are what the load is made of.
func (g *rig) parts() load.Parts {
	source := datagen.New(g.plan)
	return load.Parts{
		Plan: g.plan, Client: g.calls.Client, Sink: g.counts.take, Precise: true,
		Values: func(index, slots int) load.UserValues { return source.User(index, slots) },
		Tick:   func(since time.Duration) { g.told(g.counts.tick(since)) },
	}
}

// told passes progress on, and ends the load when there is a reason.
func (g *rig) told(now Progress, reason string) {
	g.Progress(now)
	if reason != "" {
		g.abort(errors.New(reason))
	}
}

// load applies load in a context that ends when the load is to stop: with ctx, with Stop, when
// the system ends or when a limit is passed. It gives why that was; nil when it was not.
func (g *rig) load(ctx context.Context, apply func(loading context.Context) load.Report) (load.Report, error) {
	loading, done := untilAny(ctx, g.Stop, g.ended())
	defer done()
	loading, abort := context.WithCancelCause(loading)
	defer abort(nil)
	g.abort = abort
	report := apply(loading)
	return report, context.Cause(loading)
}

// trouble tells what kept a load from being whole, of which r holds what was, and which
// stoppedBy ended; nil for nothing.
func (g *rig) trouble(ctx context.Context, r *result.Result, stoppedBy error) (result.ProblemKind, error) {
	switch {
	case isClosed(g.ended()):
		return result.TargetDied, g.system.Failure()
	case isClosed(g.Stop) || ctx.Err() != nil:
		return result.Interrupted, fmt.Errorf("%w: %d of %d rounds are whole", ErrInterrupted, len(r.Rounds), r.PlannedRounds)
	case stoppedBy != nil && !errors.Is(stoppedBy, context.Canceled):
		return result.Aborted, fmt.Errorf("ended early, with %d of %d rounds whole: %w", len(r.Rounds), r.PlannedRounds, stoppedBy)
	}
	return "", nil
}
