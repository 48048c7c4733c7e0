package runner

import (
	"context"
	"errors"
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The names of the two loads, in progress and in errors.
const (
	idleLoad = "idle"
	fullLoad = "full load"
)

// UnderLoad loads one system in turn with a share of its load and with all of it, and returns a result for each. It is a
// Pair in which the sides are two loads of one process, not two systems: the same users, of whom only some work in a
// stretch of the idle load; the warm-up is that of the full one, and nothing is restarted. The error is a *Refusal if the
// plan has no idle load. The idle result has another ProfileDigest. Otherwise UnderLoad promises what Pair does.
func UnderLoad(ctx context.Context, one System, share float64, c Pairing) (idle, full *result.Result, err error) {
	few, err := one.Plan.Idle(share)
	if err != nil {
		return nil, nil, refuse(err)
	}
	c.RestartEvery = math.MaxInt
	p := newPairing(one.Plan, c)
	defer p.close(ctx)
	if err := p.prepareLoads(ctx, one, few); err != nil {
		return nil, nil, err
	}
	p.raise = p.warm
	if halt := p.run(ctx); halt != nil {
		return p.halted(halt)
	}
	return p.sides[0].result, p.sides[1].result, nil
}

// prepareLoads admits and builds the system. The idle load is a side without a program of its own.
func (p *pairing) prepareLoads(ctx context.Context, one System, few *plan.Plan) error {
	one.Name = fullLoad
	full, err := p.add(one)
	if err != nil {
		return full.blamed(err)
	}
	one.Name, one.Plan = idleLoad, few
	idle := p.enter(one)
	idle.host = full
	p.sides = [2]*system{idle, full}
	if err := p.build(ctx, full); err != nil {
		return full.blamed(err)
	}
	return p.upControl(ctx)
}

// warm starts the system and warms it up with its full load.
func (p *pairing) warm(ctx context.Context, _ [2]*system) *halt {
	idle, full := p.sides[0], p.sides[1]
	if err := p.up(ctx, full); errors.Is(err, ErrInterrupted) {
		return &halt{full, result.Interrupted, err}
	} else if err != nil {
		return &halt{full, result.TargetDied, err}
	}
	idle.join(ctx, p.session)
	return p.load(ctx, full, warmUp, full.plan.WarmUpShift())
}

// join makes a system the other load of its host, which is up.
func (y *system) join(ctx context.Context, s *session) {
	y.plan, y.starts = y.Plan.Restart(y.host.starts), y.host.starts
	y.program, y.clients, y.crew = y.host.program, y.host.clients, y.host.crew
	y.begin(ctx, s.Runner, shownProxy(y.plan.Target, s.proxy))
}

// part leaves the program, the clients and the crew to the host.
func (y *system) part() {
	y.program, y.clients, y.crew = nil, nil, nil
}
