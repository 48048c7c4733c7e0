package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/cost"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// bill says what the processes of a system use to answer requests. It is read while nothing is loaded: before each
// stretch, and after the last answer once the system is quiet again. In a run it is also read at the edges of the
// rounds. What the system uses between its stretches, while it answers nothing, is taken off.
type bill struct {
	meter    *cost.Meter    // nil if the processes are unknown
	counters *cost.Counters // nil without a guard
	absent   []result.Absent

	from, last point // the beginning and the end of the last stretch
	// What the system used for each second without load since its start: alone after the warm-up, and in each gap between its
	// stretches, in which the other system may be loaded.
	alone rate
	gaps  []rate

	// Of the present round of a pair.
	used      use
	length    time.Duration
	requests  int64 // answered
	unsettled bool

	// Of a run.
	reading sync.WaitGroup
	edges   []point // the beginning of each round, and the end of the last
}

// use is CPU time in nanoseconds, cycles and instructions.
type use [3]int64

func (u *use) add(o use) {
	for i := range u {
		u[i] += o[i]
	}
}

// rate is a use for each second.
type rate [3]float64

// point is what was used up to an instant.
type point struct {
	at   time.Time
	used use
}

func (p point) since(before point) (u use) {
	for i := range u {
		u[i] = p.used[i] - before.used[i]
	}
	return u
}

func (p point) rate(since point) (perSec rate) {
	length := p.at.Sub(since.at).Seconds()
	for i, n := range p.since(since) {
		perSec[i] = float64(n) / length
	}
	return perSec
}

const (
	leastGap  = 50 * time.Millisecond  // the shortest time that tells what a system uses without load
	quietFor  = 5 * time.Millisecond   // a system that does nothing for so long is quiet
	quietCore = 0.1                    // cores that a quiet system may use, beside what it uses without load
	aloneFor  = 100 * time.Millisecond // without load, after a warm-up and after a run
	// The longest waits for a system to be quiet: after a stretch, and before it is read alone. One that is not quiet then
	// burns CPU time by itself.
	patience  = 250 * time.Millisecond
	longAlone = time.Second
)

// open begins to read a system that has just started.
func (b *bill) open(program *sut.System) {
	follow, pid := cost.Follow, program.PID()
	if program.Guarded() {
		follow = cost.FollowUnder
	}
	var err error
	if b.meter, err = follow(pid); err != nil {
		b.miss("cost", err)
	}
}

// count opens the counters of the thread that is about to start a system.
func (b *bill) count(thread int) {
	var err error
	if b.counters, err = cost.Count(thread); err != nil {
		b.miss("cycles and instructions", err)
	}
}

// miss notes once that a source cannot be read.
func (b *bill) miss(source string, err error) {
	if a := (result.Absent{Source: source, Why: err.Error()}); !slices.Contains(b.absent, a) {
		b.absent = append(b.absent, a)
	}
}

// close ends the reading of a system.
func (b *bill) close() {
	if b.meter != nil {
		b.meter.Close()
	}
	if b.counters != nil {
		b.counters.Close()
	}
	b.meter, b.counters, b.alone, b.gaps, b.last, b.edges = nil, nil, rate{}, nil, point{}, nil
}

// read reads what was used so far.
func (b *bill) read() point {
	now := point{at: time.Now()}
	now.used[0] = int64(b.meter.Read())
	if b.counters != nil {
		now.used[1], now.used[2] = b.counters.Read()
	}
	return now
}

// begin reads the system before a stretch.
func (b *bill) begin() {
	if b.meter == nil {
		return
	}
	b.from = b.read()
	if !b.last.at.IsZero() && b.from.at.Sub(b.last.at) >= leastGap {
		b.gaps = append(b.gaps, b.from.rate(b.last))
	}
}

// perSec is what the system uses for each second without load. Alone it may have more cores for that than beside a load,
// so the gaps count; their median, because work that was put off for some time falls into a few of them.
func (b *bill) perSec() rate {
	least := b.alone
	if len(b.gaps) == 0 {
		return least
	}
	all := make([]float64, len(b.gaps))
	for i := range least {
		for j, gap := range b.gaps {
			all[j] = gap[i]
		}
		slices.Sort(all)
		least[i] = min(least[i], all[len(all)/2])
	}
	return least
}

// end reads the system after a stretch whose last request was answered, and adds the stretch to the round.
func (b *bill) end(ctx context.Context, shift *plan.Plan, answered int64) {
	b.reading.Wait()
	if b.meter == nil {
		return
	}
	if shift.Rounds == 0 || len(b.edges) > 0 { // a warm-up or a run
		b.leave(ctx)
		return
	}
	quiet := b.settle(ctx, min(patience, shift.Length()/4))
	b.last = b.read()
	b.used.add(b.last.since(b.from))
	b.length += b.last.at.Sub(b.from.at)
	b.requests += answered
	b.unsettled = b.unsettled || !quiet
}

// leave leaves the system alone for a moment.
func (b *bill) leave(ctx context.Context) {
	b.settle(ctx, longAlone)
	before := b.read()
	if pause(ctx, aloneFor) {
		b.last = b.read()
		b.alone = b.last.rate(before)
	}
}

// settle waits until the system is quiet. It returns false if that takes too long.
func (b *bill) settle(ctx context.Context, most time.Duration) bool {
	allowed := quietCore + 1.2*b.alone[0]/float64(time.Second)
	began := time.Now()
	before, at := b.meter.Recent(), began
	for pause(ctx, quietFor) && time.Since(began) < most {
		used, now := b.meter.Recent(), time.Now()
		if (used - before).Seconds() <= allowed*now.Sub(at).Seconds() {
			return true
		}
		before, at = used, now
	}
	return false
}

// round fills in the cost of a round of a pair.
func (b *bill) round(r *result.Round) {
	if b.meter != nil && b.requests > 0 {
		r.Cost = b.of(b.used, b.length, b.requests)
		r.Cost.Unsettled = r.Cost.Unsettled || b.unsettled
	}
	b.used, b.length, b.requests, b.unsettled = use{}, 0, 0, false
}

// of is the cost of some requests, when the use without load is taken off.
func (b *bill) of(used use, length time.Duration, requests int64) *result.Cost {
	var idle use
	for i, perSec := range b.perSec() {
		used[i] = max(used[i], 0) // a counter that runs for a part of the time is extended, and may go back
		idle[i] = min(max(int64(perSec*length.Seconds()), 0), used[i])
	}
	return &result.Cost{
		Requests: requests, CPU: time.Duration(used[0] - idle[0]), Idle: time.Duration(idle[0]),
		Cycles: used[1] - idle[1], Instructions: used[2] - idle[2],
		// How many cores it has for its own work differs between a load and a gap.
		Unsettled: idle[0] > used[0]/3,
	}
}

// watch reads the system at the edges of the rounds of a run, until ctx ends.
func (b *bill) watch(ctx context.Context, p *plan.Plan) {
	if b.meter == nil {
		return
	}
	began := time.Now()
	b.edges = make([]point, 0, p.Rounds+1)
	b.reading.Go(func() { // end waits for it
		for i := range p.Rounds + 1 {
			if !pause(ctx, p.RoundStart(i)-time.Since(began)) {
				return
			}
			b.edges = append(b.edges, b.read())
		}
	})
}

// roundOf fills in the cost of round i of a run. Work that is done after an answer may lie in the next round.
func (b *bill) roundOf(i int, r *result.Round) {
	requests := answersIn(r.Tally.Total())
	if b.meter == nil || i+1 >= len(b.edges) || requests == 0 {
		return
	}
	r.Cost = b.of(b.edges[i+1].since(b.edges[i]), b.edges[i+1].at.Sub(b.edges[i].at), requests)
}

// tell names what the bill lacks.
func (b *bill) tell(r *result.Result) {
	for _, a := range b.absent {
		if r.Watch == nil {
			r.Watch = &result.Watch{}
		}
		if !slices.Contains(r.Watch.Absent, a) {
			r.Watch.Absent = append(r.Watch.Absent, a)
		}
	}
}

// answersIn counts the requests that the system answered in any way.
func answersIn(r *tally.Route) (n int64) {
	for _, class := range []tally.Class{tally.OK, tally.Status, tally.Expect, tally.GraphQL} {
		n += r.Outcomes[class]
	}
	return n
}
