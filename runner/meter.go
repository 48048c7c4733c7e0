package runner

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// meter measures something while stretches last, such as the health of the generator. Its methods are never called
// concurrently, and never wait: the load goes on meanwhile.
type meter interface {
	// begin is called when a stretch begins, before its warm-up.
	begin()
	// edge is called when round i of a stretch begins. That ends the round before it.
	edge(i int)
	// stop is called when the judged time of a stretch ends. A stretch without a round has neither edge nor stop.
	stop()
	// end is called when the last requests of a stretch have been answered. Do not measure that wait.
	end(*load.Stretch)
	// round fills in round i of a run, or the present round of a pair, with what was measured since the last call of
	// whole: i is pairRound then.
	round(i int, r *result.Round)
	// whole fills in the result with all measurements so far. It is called after each round of a pair,
	// and once in a run.
	whole(*result.Result)
}

// pairRound stands for the present round of a pair, which several stretches make up.
const pairRound = -1

// watch calls the meters of a system while a shift of load lasts: until its end, or until ctx ends. The caller must
// call end when its last request has been answered.
func (y *system) watch(ctx context.Context, shift *plan.Plan) (end func(*load.Stretch)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	fresh := y.fresh
	y.fresh = false
	for _, m := range y.meters {
		m.begin()
	}
	go func() { // ends with the load or ctx; end waits for it
		defer close(done)
		y.tellEdges(ctx, shift, fresh)
	}()
	return func(report *load.Stretch) {
		cancel()
		<-done
		for _, m := range y.meters {
			m.end(report)
		}
	}
}

// tellEdges tells the meters when rounds begin, and when the last one ends.
func (y *system) tellEdges(ctx context.Context, shift *plan.Plan, fresh bool) {
	began := time.Now()
	if fresh {
		tidy(ctx, shift.WarmUp)
	} else {
		pause(ctx, shift.WarmUp)
	}
	if shift.Rounds == 0 { // nothing is judged
		return
	}
	for i := range shift.Rounds {
		for _, m := range y.meters {
			m.edge(i)
		}
		if !pause(ctx, shift.RoundStart(i+1)-time.Since(began)) {
			break
		}
	}
	for _, m := range y.meters {
		m.stop()
	}
}

// tidy waits until a warm-up is over. Shortly before, it collects the garbage of connecting, so that
// little is left to collect in judged time and idle users keep only the memory that they need.
func tidy(ctx context.Context, warmUp time.Duration) {
	began := time.Now()
	if pause(ctx, warmUp-warmUp/10) {
		debug.FreeOSMemory()
		pause(ctx, warmUp-time.Since(began))
	}
}

// pause waits. It returns false if ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
