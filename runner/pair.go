package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Side is one of the two systems that Pair compares.
type Side struct {
	Name     string     // "base" or "head", in sentences
	Plan     *plan.Plan // made with a port of its own
	Dir      string     // in which it is built and started
	Identity result.Identity
}

// Pairing is what Pair needs beside the sides. The zero value of every field is usable.
type Pairing struct {
	Runner   string          // the CI runner's label or image, part of the environment's class
	Environ  []string        // NAME=value, for building and starting both systems; nil for this process's own
	Secrets  []string        // texts not shown of what they print, beside the values of the profile's variables
	Log      io.Writer       // what the systems print, each line behind its side's name; nil for nowhere
	Progress func(Progress)  // called about once a second, never twice at once; nil for nobody
	Stop     <-chan struct{} // closing it ends the load gracefully
	Control  *plan.Plan      // of a reference server, loaded after each pair; nil for none

	RoundLength  time.Duration // judged load of each side in a round; 0 for that of base's plan
	Slices       int           // a side's round is so many stretches, taken in turn with the other's; 0 for as many as answers allow
	Rounds       int           // pairs at most; 0 for as many as base's plan has rounds
	RestartEvery int           // pairs after which the systems are started afresh; 0 for as many as make up for it
	Seed         uint64        // of the order in which the sides are loaded

	// Decide, unless nil, is asked after each complete pair of rounds, while nothing is loaded.
	// The results are as Pair would return them if it said that the pairing is done.
	Decide func(base, head *result.Result) (done bool)
}

// Pair loads two systems in turn, never both at once, and returns a result for each, whose
// i-th rounds are a pair. Both are built first, started, and warmed up in turn. In each pair
// both are loaded once for RoundLength, in an order that is drawn in balanced blocks of two
// pairs; in slices the order alternates as A B B A A B B A. Each stretch of load begins with a
// fifth of a second, or a tenth of the stretch, that is not judged. A process has its luck with
// memory and compilers: so the systems are started afresh after as many pairs as keep that to
// a third of the time of judged load, and a side is as many processes as its result's Starts
// says. Systems that run elsewhere are reached, and stay.
//
// The results are whole when Decide said that the pairing is done, or when there were Rounds.
// Otherwise both hold the complete pairs, and a Problem. The error is as that of Run; the
// sentence of a *Failure begins with the name of its side. Both systems have ended when Pair
// returns, and also when Decide panics.
func Pair(ctx context.Context, base, head Side, c Pairing) (b, h *result.Result, err error) {
	p := newPairing(base, head, c)
	defer p.close(ctx)
	for _, s := range p.sides {
		if err := s.prepare(); err != nil {
			return nil, nil, err
		}
	}
	for _, s := range p.sides {
		if err := s.rig.build(ctx); err != nil {
			return nil, nil, s.named(err)
		}
	}
	p.control, err = newControl(ctx, c.Control, Config{Runner: c.Runner, Environ: c.Environ, Secrets: c.Secrets, Log: p.Log, Stop: c.Stop})
	if err != nil {
		return nil, nil, err
	}
	defer p.control.close(ctx)
	if halt := p.run(ctx); halt != nil {
		return p.halted(halt)
	}
	return p.sides[0].result, p.sides[1].result, nil
}

// halt is what ended a pairing before its time.
type halt struct {
	by   *side
	kind result.ProblemKind
	err  error
}

// pairing is two sides at work.
type pairing struct {
	Pairing
	sides   [2]*side // base, head
	control *control // nil for none
	settle  time.Duration
	slice   time.Duration // judged load of a stretch
	auto    bool          // Slices is found out
	start   time.Time

	// For Progress.
	phase string
	todo  time.Duration // from the present stretch on
	shown time.Time     // the last time while loading
}

// newPairing fills in what c leaves open.
func newPairing(base, head Side, c Pairing) *pairing {
	if c.RoundLength <= 0 {
		c.RoundLength = base.Plan.RoundLength
	}
	if c.Rounds <= 0 {
		c.Rounds = base.Plan.Rounds
	}
	if c.Log == nil {
		c.Log = io.Discard
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Decide == nil {
		c.Decide = func(_, _ *result.Result) bool { return false }
	}
	p := &pairing{Pairing: c, auto: c.Slices == 0}
	p.cut(max(c.Slices, 1))
	var logging sync.Mutex
	for i, one := range [2]Side{base, head} {
		p.sides[i] = newSide(one, Config{
			Dir: one.Dir, Identity: one.Identity, Runner: c.Runner, Environ: c.Environ, Secrets: c.Secrets, Stop: c.Stop,
			Progress: func(now Progress) { p.show(p.sides[i], p.sides[1-i], now) },
		}, &labelled{mu: &logging, to: c.Log, label: one.Name + ": "})
		p.sides[i].seed = fmt.Sprintf("%016x", c.Seed)
	}
	return p
}

// cut makes so many slices of a round, at least one.
func (p *pairing) cut(slices int) {
	p.Slices = max(slices, 1)
	p.slice = p.RoundLength / time.Duration(p.Slices)
	p.settle = min(200*time.Millisecond, p.slice/10)
}

// leastSlice is how long a slice must be: so long that starting and ending it, when requests
// under way are waited for, is a small part of it. Shorter slices are better, since what else
// the machine does then hits both sides alike (docs/verdict.md).
func (p *pairing) leastSlice() time.Duration {
	least := 200 * time.Millisecond
	for _, s := range p.sides {
		least = max(least, 20*s.counts.seen(plan.WarmUpRound).Total().Response.Quantile(0.95))
	}
	return least
}

// close stops both systems, the second also when stopping the first panics.
func (p *pairing) close(ctx context.Context) {
	defer p.sides[1].down(ctx)
	p.sides[0].down(ctx)
}

// run goes through the pairs until the pairing is done.
func (p *pairing) run(ctx context.Context) *halt {
	p.start = time.Now()
	order, untilRestart, cost := newOrder(p.Seed), 0, 2*p.sides[0].plan.WarmUp
	for n := range p.Rounds {
		turns := p.sides
		if order.next() {
			turns[0], turns[1] = turns[1], turns[0]
		}
		if untilRestart == 0 {
			p.todo = cost + p.rest(n, cost)
			began := time.Now()
			if halt := p.launch(ctx, turns); halt != nil {
				return halt
			}
			cost = time.Since(began)
			if n == 0 && p.auto {
				p.cut(int(p.RoundLength / p.leastSlice()))
			}
			untilRestart = p.pairsFor(cost)
		}
		untilRestart--
		p.todo = p.rest(n, cost)
		if halt := p.pair(ctx, n, turns); halt != nil {
			return halt
		}
		if p.Decide(p.sides[0].result, p.sides[1].result) {
			break
		}
	}
	return nil
}

// rest is how long all takes from the n-th pair on, when starting takes so long.
func (p *pairing) rest(n int, cost time.Duration) time.Duration {
	left := p.Rounds - n
	return time.Duration(2*left*p.Slices)*(p.settle+p.slice) + time.Duration((left-1)/p.pairsFor(cost))*cost
}

// pairsFor is after how many pairs the systems are started afresh, when that takes so long.
func (p *pairing) pairsFor(cost time.Duration) int {
	switch {
	case p.sides[0].plan.Start == nil && p.sides[1].plan.Start == nil:
		return p.Rounds
	case p.RestartEvery > 0:
		return p.RestartEvery
	}
	pair := 2 * p.RoundLength
	return int(max((3*cost+pair-1)/pair, 1))
}

// launch starts the sides, or starts them afresh, and warms them up in turn.
func (p *pairing) launch(ctx context.Context, turns [2]*side) *halt {
	var fresh []*side
	for _, s := range turns {
		if s.result != nil && s.plan.Start == nil {
			continue // it runs elsewhere
		}
		if s.result != nil {
			s.down(ctx)
		}
		fresh = append(fresh, s)
	}
	for _, s := range fresh {
		if err := s.up(ctx); errors.Is(err, ErrInterrupted) {
			return &halt{s, result.Interrupted, err}
		} else if err != nil {
			return &halt{s, result.TargetDied, err}
		}
	}
	for _, s := range fresh {
		if halt := p.stretch(ctx, s, warmUp, s.rig.plan.WarmUpShift()); halt != nil {
			return halt
		}
	}
	debug.FreeOSMemory() // what connecting has left behind is not collected in judged time
	return nil
}

// pair loads both sides for a round, in their turns.
func (p *pairing) pair(ctx context.Context, n int, turns [2]*side) *halt {
	phase := fmt.Sprintf("pair %d of at most %d", n+1, p.Rounds)
	for k := range p.Slices {
		for i := range turns {
			s := turns[(i+k)%2]
			if k == 0 {
				s.round = round{start: time.Since(p.start) + p.settle}
			}
			if halt := p.stretch(ctx, s, phase, s.rig.plan.Shift(n*p.Slices+k+1, p.settle, p.slice)); halt != nil {
				return halt
			}
		}
	}
	for i, s := range turns {
		s.addRound(p.slice*time.Duration(p.Slices), i == 1)
	}
	return p.consult(ctx)
}

// consult loads the control, if there is one. Both sides keep what it did.
func (p *pairing) consult(ctx context.Context) *halt {
	if p.control == nil {
		return nil
	}
	figures, err := p.control.measure(ctx, controlPair)
	if err != nil && (isClosed(p.Stop) || ctx.Err() != nil) {
		return &halt{p.sides[0], result.Interrupted, ErrInterrupted}
	}
	if err != nil {
		return &halt{p.sides[0], result.Aborted, err}
	}
	for _, s := range p.sides {
		s.result.Control = append(s.result.Control, figures)
	}
	return nil
}

// stretch loads one side once.
func (p *pairing) stretch(ctx context.Context, s *side, phase string, shift *plan.Plan) *halt {
	p.phase = phase
	stoppedBy := s.load(ctx, shift)
	p.todo -= shift.Length()
	if stoppedBy == nil {
		return nil
	}
	s.seal()
	s.result.PlannedRounds = p.planned()
	kind, err := s.rig.trouble(ctx, s.result, stoppedBy)
	return &halt{s, kind, err}
}

// planned is the number of rounds of a result that did not become whole.
func (p *pairing) planned() int { return max(p.Rounds, len(p.sides[0].result.Rounds)+1) }

// halted gives what there was when the pairing was halted.
func (p *pairing) halted(by *halt) (b, h *result.Result, err error) {
	err = by.by.named(by.err)
	if !p.begun() {
		return nil, nil, err
	}
	for _, s := range p.sides {
		s.seal()
		s.result.PlannedRounds = p.planned()
		if s == by.by || by.kind == result.Interrupted {
			note(s.result, by.kind, by.err)
		} else {
			note(s.result, result.Interrupted, fmt.Errorf("%w: %w", ErrInterrupted, err))
		}
	}
	return p.sides[0].result, p.sides[1].result, err
}

// begun reports whether both systems were up.
func (p *pairing) begun() bool { return p.sides[0].result != nil && p.sides[1].result != nil }

const (
	warmUp    = "warm-up" // the phase before the pairs
	showEvery = 900 * time.Millisecond
)

// show passes on how far a side has come, while it is loaded about once a second: a stretch
// tells it at its end too, and may be shorter.
func (p *pairing) show(s, other *side, now Progress) {
	if !now.Loading {
		now.Phase = s.name + ", " + now.Phase
		p.Progress(now)
		return
	}
	if time.Since(p.shown) < showEvery {
		return
	}
	p.shown = time.Now()
	now.Phase = p.phase + ", " + s.name
	if p.phase == warmUp {
		now.Phase = s.name + ", " + warmUp
	}
	now.Elapsed, now.Remaining = time.Since(p.start), max(p.todo-now.Elapsed, 0)
	now.Requests += other.counts.requests
	now.Failures += other.counts.failures
	p.Progress(now)
}

// order says which side is loaded first, in blocks of two pairs in which each is once.
type order struct {
	coin      *rand.Rand
	within    bool // the next pair is the second of its block
	headFirst bool
}

func newOrder(seed uint64) *order { return &order{coin: rand.New(rand.NewPCG(seed, 0))} }

// next reports whether head is loaded first in the next pair.
func (o *order) next() (headFirst bool) {
	if o.within {
		o.headFirst = !o.headFirst
	} else {
		o.headFirst = o.coin.IntN(2) == 1
	}
	o.within = !o.within
	return o.headFirst
}
