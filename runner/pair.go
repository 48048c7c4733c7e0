package runner

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Pairing is what Pair needs besides the systems. The zero value of every field is usable.
type Pairing struct {
	Config

	RoundLength  time.Duration // judged load of each system in a round; 0 for that of base's plan
	Stretches    int           // that make up a round of a system, in turn with the other's; 0 chooses by how long answers take
	Rounds       int           // most pairs; 0 for the number of rounds of base's plan
	RestartEvery int           // pairs after which both systems are restarted; 0 chooses by how long a restart takes
	Seed         uint64        // of the order in which the systems are loaded

	// Decide, unless nil, is called after each complete pair of rounds, while nothing is loaded. It gets
	// the results that Pair would return now.
	Decide func(base, head *result.Result) (done bool)
}

// Pair loads two systems in turn, never both at once, and returns a result for each. Their i-th rounds are
// a pair. Both systems are built, then started, then warmed up in turn. In each pair, each system is
// loaded for RoundLength. The first one is drawn in balanced blocks of two pairs; with several stretches
// the order alternates, as in A B B A A B B A. The beginning of each stretch is not judged: a fifth of a
// second, or a tenth of the stretch if that is less.
//
// Two processes of one program differ by chance, for example in where their memory lies and in what was
// compiled. So the systems are restarted between pairs, as often as possible within a third of the time of
// judged load. Starts of a result counts its processes. A system that runs elsewhere is never restarted.
//
// The results are whole if Decide said that the pairing is done, or after Rounds pairs. Otherwise
// both have the complete pairs, and a Problem. Errors are those of Run, with the name of the system in
// front. Both systems have ended when Pair returns, even if Decide panics.
func Pair(ctx context.Context, base, head System, c Pairing) (b, h *result.Result, err error) {
	p := newPairing(base.Plan, c)
	defer p.close(ctx)
	if err := p.prepare(ctx, base, head); err != nil {
		return nil, nil, err
	}
	if halt := p.run(ctx); halt != nil {
		return p.halted(halt)
	}
	return p.sides[0].result, p.sides[1].result, nil
}

// halt says why a pairing ended early.
type halt struct {
	by   *system
	kind result.ProblemKind
	err  error
}

// pairing is a session with two systems, its sides.
type pairing struct {
	*session
	want   Pairing
	sides  [2]*system                                        // base, head
	raise  func(ctx context.Context, turns [2]*system) *halt // brings both sides up, before the first pair and at each restart
	settle time.Duration
	length time.Duration // judged load of a stretch

	// For Progress.
	phase string
	todo  time.Duration // from the present stretch on
	shown time.Time     // the last time while loading
}

// newPairing fills in the defaults of c from the plan of base.
func newPairing(base *plan.Plan, c Pairing) *pairing {
	if c.RoundLength <= 0 {
		c.RoundLength = base.RoundLength
	}
	if c.Rounds <= 0 {
		c.Rounds = base.Rounds
	}
	if c.Decide == nil {
		c.Decide = func(_, _ *result.Result) bool { return false }
	}
	p := &pairing{session: newSession(c.Config), want: c}
	p.session.show, p.raise = p.tell, p.restart
	return p
}

// prepare admits both systems before it builds the first.
func (p *pairing) prepare(ctx context.Context, base, head System) (err error) {
	for _, one := range []System{base, head} {
		if err := refuseLocust(one.Plan, "in turn with another one"); err != nil {
			return err
		}
	}
	for i, one := range []System{base, head} {
		if p.sides[i], err = p.add(one); err != nil {
			return p.sides[i].blamed(err)
		}
	}
	for _, y := range p.sides {
		if err := p.build(ctx, y); err != nil {
			return y.blamed(err)
		}
	}
	return p.upControl(ctx)
}

// cut divides a round into stretches, at least one.
func (p *pairing) cut(stretches int) {
	p.want.Stretches = max(stretches, 1)
	p.length = p.want.RoundLength / time.Duration(p.want.Stretches)
	p.settle = min(200*time.Millisecond, p.length/10)
}

// leastStretch is the shortest useful stretch. The wait for the last requests at its end must be a small
// part of it. The shorter the stretches, the more evenly other work on the machine hits both sides
// (docs/verdict.md).
func (p *pairing) leastStretch() time.Duration {
	least := 200 * time.Millisecond
	for _, y := range p.sides {
		least = max(least, 20*y.counts.seen(plan.WarmUpRound).Total().Response.Quantile(0.95))
	}
	return least
}

// run measures pairs until the pairing is done.
func (p *pairing) run(ctx context.Context) *halt {
	p.start = time.Now()
	auto := p.want.Stretches == 0
	p.cut(p.want.Stretches)
	order, untilRestart, cost := newOrder(p.want.Seed), 0, 2*p.sides[0].Plan.WarmUp
	for n := range p.want.Rounds {
		turns := p.sides
		if order.next() {
			turns[0], turns[1] = turns[1], turns[0]
		}
		if untilRestart == 0 {
			p.todo = cost + p.rest(n, cost)
			began := time.Now()
			if halt := p.raise(ctx, turns); halt != nil {
				return halt
			}
			cost = time.Since(began)
			if n == 0 && auto {
				p.cut(int(p.want.RoundLength / p.leastStretch()))
			}
			untilRestart = p.pairsFor(cost)
		}
		untilRestart--
		p.todo = p.rest(n, cost)
		if halt := p.pair(ctx, n, turns); halt != nil {
			return halt
		}
		if p.want.Decide(p.sides[0].result, p.sides[1].result) {
			break
		}
	}
	return nil
}

// rest is the time needed from the n-th pair on, if a restart takes cost.
func (p *pairing) rest(n int, cost time.Duration) time.Duration {
	left := p.want.Rounds - n
	return time.Duration(2*left*p.want.Stretches)*(p.settle+p.length) + time.Duration((left-1)/p.pairsFor(cost))*cost
}

// pairsFor is the number of pairs between restarts, if a restart takes cost.
func (p *pairing) pairsFor(cost time.Duration) int {
	switch {
	case p.sides[0].Plan.Start == nil && p.sides[1].Plan.Start == nil:
		return p.want.Rounds
	case p.want.RestartEvery > 0:
		return p.want.RestartEvery
	}
	pair := 2 * p.want.RoundLength
	return int(max((3*cost+pair-1)/pair, 1))
}

// restart starts both sides anew, and warms them up in turn.
func (p *pairing) restart(ctx context.Context, turns [2]*system) *halt {
	var fresh []*system
	for _, y := range turns {
		if y.result != nil && y.Plan.Start == nil {
			continue // it runs elsewhere
		}
		if y.result != nil {
			p.down(ctx, y)
		}
		fresh = append(fresh, y)
	}
	for _, y := range fresh {
		if err := p.up(ctx, y); errors.Is(err, ErrInterrupted) {
			return &halt{y, result.Interrupted, err}
		} else if err != nil {
			return &halt{y, result.TargetDied, err}
		}
	}
	for _, y := range fresh {
		if halt := p.load(ctx, y, warmUp, y.plan.WarmUpShift()); halt != nil {
			return halt
		}
	}
	return nil
}

// pair loads both sides for one round.
func (p *pairing) pair(ctx context.Context, n int, turns [2]*system) *halt {
	phase := fmt.Sprintf("pair %d of at most %d", n+1, p.want.Rounds)
	for k := range p.want.Stretches {
		for i := range turns {
			y := turns[(i+k)%2]
			if k == 0 {
				y.judged = time.Since(p.start) + p.settle
			}
			if halt := p.load(ctx, y, phase, y.nextShift(p.settle, p.length)); halt != nil {
				return halt
			}
		}
	}
	for i, y := range turns {
		y.addRound(p.length*time.Duration(p.want.Stretches), i == 1)
		p.seal(y)
	}
	err := p.consult(ctx, controlPair, p.sides[:]...)
	switch {
	case errors.Is(err, ErrInterrupted):
		return &halt{p.sides[0], result.Interrupted, err}
	case err != nil:
		return &halt{p.sides[0], result.Aborted, err}
	}
	return nil
}

// load loads one side for one stretch.
func (p *pairing) load(ctx context.Context, y *system, phase string, shift *plan.Plan) *halt {
	p.phase = phase
	m := p.stretch(ctx, y, shift)
	p.todo -= shift.Length()
	if m.stoppedBy == nil {
		m.stoppedBy = m.past
	}
	if m.stoppedBy == nil {
		return nil
	}
	p.seal(y)
	y.result.PlannedRounds = p.planned()
	kind, err := p.trouble(ctx, y, m.stoppedBy)
	return &halt{y, kind, err}
}

// seal completes the result of a side as if the pairing ended now.
func (p *pairing) seal(y *system) {
	y.seal()
	y.result.Starts, y.result.PairSeed = y.starts, fmt.Sprintf("%016x", p.want.Seed)
}

// planned is PlannedRounds of a result that is not whole.
func (p *pairing) planned() int { return max(p.want.Rounds, len(p.sides[0].result.Rounds)+1) }

// halted returns the results of a pairing that ended early; nil if they were not both up.
func (p *pairing) halted(by *halt) (b, h *result.Result, err error) {
	err = by.by.blamed(by.err)
	if p.sides[0].result == nil || p.sides[1].result == nil {
		return nil, nil, err
	}
	for _, y := range p.sides {
		p.seal(y)
		y.result.PlannedRounds = p.planned()
		if y == by.by || by.kind == result.Interrupted {
			note(y.result, by.kind, by.err)
		} else {
			note(y.result, result.Interrupted, fmt.Errorf("%w: %w", ErrInterrupted, err))
		}
	}
	return p.sides[0].result, p.sides[1].result, err
}

const (
	warmUp    = "warm-up" // the phase before the pairs
	showEvery = 900 * time.Millisecond
)

// tell shows the progress of a side. Under load it does so at most about once a second, because stretches
// report at their end too and may be shorter than a second.
func (p *pairing) tell(y *system, now Progress) {
	if !now.Loading {
		now.Phase = y.Name + ", " + now.Phase
		p.Progress(now)
		return
	}
	if time.Since(p.shown) < showEvery {
		return
	}
	p.shown = time.Now()
	now.Phase = p.phase + ", " + y.Name
	if p.phase == warmUp {
		now.Phase = y.Name + ", " + warmUp
	}
	now.Elapsed, now.Remaining = time.Since(p.start), max(p.todo-now.Elapsed, 0)
	for _, other := range p.sides {
		if other != y {
			now.Requests += other.counts.requests
			now.Failures += other.counts.failures
		}
	}
	p.Progress(now)
}

// order chooses the side that is loaded first. In each block of two pairs, each side is first once.
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

// blamed is named, for a caller who asks which of the two systems it was.
func (y *system) blamed(err error) error {
	if err == nil || errors.Is(err, ErrInterrupted) {
		return err
	}
	return &SideError{y.Name, y.named(err)}
}
