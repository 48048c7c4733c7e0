package runner

import (
	"context"
	"errors"
	"math"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Soaking is what Soak needs besides the system.
type Soaking struct {
	Pairing // of a fresh process and the aged one, after the soak

	// Fresh is a second copy of the same build, which listens elsewhere; nil for no comparison. It is not built again.
	Fresh *System
	// Ended, unless nil, gets the result of the soak before the comparison begins.
	Ended func(*result.Result)
}

// Soaked is what a soak gave.
type Soaked struct {
	Run *result.Result // nil if the system was never loaded
	// Fresh and Aged are the sides of the comparison; nil if there was none.
	Fresh, Aged *result.Result
	NotAged     error // why the comparison is missing or incomplete
}

// Soak loads a system as planned, as Run does. Afterwards it starts the fresh system and warms both up. It loads both
// in turn, as Pair does, but restarts neither: the first one's process is as old as the soak.
//
// If a process of the system is restarted, the soak ends at once, with a Problem. The error is that of the soak, as of
// Run. Then nothing is compared.
func Soak(ctx context.Context, one System, c Soaking) (s Soaked, err error) {
	if c.Fresh != nil {
		if err := refuseLocust(one.Plan, "in turn with a fresh process of it, which gate: {soak: {aged: false}} leaves out"); err != nil {
			return s, err
		}
	}
	c.RestartEvery = math.MaxInt
	p := newPairing(one.Plan, c.Pairing)
	defer p.close(ctx)
	p.show = func(_ *system, now Progress) { p.Progress(now) }
	y, err := p.open(ctx, one)
	if err != nil {
		return s, err
	}
	y.watcher.steady = true
	if err := p.upControl(ctx); err != nil {
		return s, err
	}
	if s.Run, err = p.session.run(ctx, y); c.Ended != nil {
		c.Ended(s.Run)
	}
	if err != nil || c.Fresh == nil {
		return s, err
	}
	s.Fresh, s.Aged, s.NotAged = p.age(ctx, y, *c.Fresh)
	return s, nil
}

// age compares a system that has been loaded for long with a fresh one. The rows and choices of both are others than
// those of the soak.
func (p *pairing) age(ctx context.Context, y *system, another System) (fresh, aged *result.Result, err error) {
	another.Name, another.Plan = "fresh", another.Plan.Restart(1)
	if p.sides[0], err = p.add(another); err != nil {
		return nil, nil, p.sides[0].blamed(err)
	}
	if p.sides[1], err = p.adopt(ctx, y); err != nil {
		return nil, nil, p.sides[1].blamed(err)
	}
	p.show, p.raise = p.tell, p.freshen
	if halt := p.run(ctx); halt != nil {
		return p.halted(halt)
	}
	return p.sides[0].result, p.sides[1].result, nil
}

// adopt makes a system of its own of another's process.
func (p *pairing) adopt(ctx context.Context, y *system) (*system, error) {
	one := y.System
	one.Name, one.Plan = "aged", one.Plan.Restart(1)
	aged, err := p.add(one)
	aged.program, y.program = y.program, nil
	aged.bill.meter, y.bill.meter = y.bill.meter, nil
	aged.bill.absent = y.bill.absent
	return aged, errors.Join(err, y.stop(ctx))
}

// freshen starts the fresh system, and warms both up in turn.
func (p *pairing) freshen(ctx context.Context, turns [2]*system) *halt {
	for _, y := range turns {
		if err := p.up(ctx, y); errors.Is(err, ErrInterrupted) {
			return &halt{y, result.Interrupted, err}
		} else if err != nil {
			return &halt{y, result.TargetDied, err}
		}
		y.starts = 1
	}
	for _, y := range turns {
		if halt := p.load(ctx, y, warmUp, y.plan.WarmUpShift()); halt != nil {
			return halt
		}
	}
	return nil
}

// restarted returns an error if the processes of a system that must not be restarted were.
func (w *watcher) restarted() error {
	if w.sampler == nil || !w.steady {
		return nil
	}
	if w.sampler.Latest()[result.Reading(result.OfSystem, result.Restarts)] > 0 {
		return errors.New("the system was restarted")
	}
	return nil
}
