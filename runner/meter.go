package runner

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// meter reads something around the judged time of each stretch: how the generator does, or what
// the system costs. Its methods are never called twice at once.
type meter interface {
	// start is called when the judged time of a stretch begins, end when the stretch has ended.
	start() (end func(*load.Report))
	// round puts into a round of a pair what was read since the last call of whole.
	round(*result.Round)
	// whole puts into the result what was read until now. It is called after each round of a pair,
	// and once in a run.
	whole(*result.Result)
}

// watch has the meters of a system started when the warm-up of a shift ends, or when ctx does. The
// caller must call end when the load has ended.
func (y *system) watch(ctx context.Context, shift *plan.Plan) (end func(*load.Report)) {
	ctx, cancel := context.WithCancel(ctx)
	var ends []func(*load.Report)
	started := make(chan struct{})
	fresh := y.fresh
	y.fresh = false
	go func() { // ends with the warm-up or ctx, and end waits for it
		defer close(started)
		if fresh {
			tidy(ctx, shift.WarmUp)
		} else {
			pause(ctx, shift.WarmUp)
		}
		if shift.Rounds == 0 { // nothing is judged
			return
		}
		for _, m := range y.meters {
			ends = append(ends, m.start())
		}
	}()
	return func(report *load.Report) {
		cancel()
		<-started
		for _, end := range ends {
			end(report)
		}
	}
}

// tidy waits until a warm-up has ended. Shortly before, it collects what connecting has left behind:
// in judged time there is little to collect then, and many idle users take no more memory than they
// need.
func tidy(ctx context.Context, warmUp time.Duration) {
	began := time.Now()
	if pause(ctx, warmUp-warmUp/10) {
		debug.FreeOSMemory()
		pause(ctx, warmUp-time.Since(began))
	}
}

// pause waits; false when ctx ends before.
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
