package runner

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// meter measures something during the judged time of each stretch, such as the health of the
// generator. Its methods are never called concurrently.
type meter interface {
	// start is called when the judged time of a stretch begins, and stop when it ends. end follows when
	// the last requests have been answered; do not measure that wait.
	start() (stop func() (end func(*load.Stretch)))
	// round fills in a round of a pair with the measurements since the last call of whole.
	round(*result.Round)
	// whole fills in the result with all measurements so far. It is called after each round of a pair,
	// and once in a run.
	whole(*result.Result)
}

// watch starts the meters of a system when the warm-up of a shift ends, or when ctx does, and stops them
// when the load does. The caller must call end when its last request has been answered.
func (y *system) watch(ctx context.Context, shift *plan.Plan) (end func(*load.Stretch)) {
	ctx, cancel := context.WithCancel(ctx)
	var ends []func(*load.Stretch)
	started := make(chan struct{})
	fresh := y.fresh
	y.fresh = false
	go func() { // ends with the load or ctx; end waits for it
		defer close(started)
		if fresh {
			tidy(ctx, shift.WarmUp)
		} else {
			pause(ctx, shift.WarmUp)
		}
		if shift.Rounds == 0 { // nothing is judged
			return
		}
		var stops []func() func(*load.Stretch)
		for _, m := range y.meters {
			stops = append(stops, m.start())
		}
		pause(ctx, shift.Length()-shift.WarmUp)
		for _, stop := range stops {
			ends = append(ends, stop())
		}
	}()
	return func(report *load.Stretch) {
		cancel()
		<-started
		for _, end := range ends {
			end(report)
		}
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
