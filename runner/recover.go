package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

const (
	// A system that was overloaded gets so long to recover before the next trial: until it answers in twice the time
	// that it took with hardly any load.
	recoverWithin = 10 * time.Second
	recovered     = 2
	probeLength   = 500 * time.Millisecond
	probePause    = 200 * time.Millisecond
	shortRequest  = time.Millisecond // more or less of a request is no sign of a queue
)

// learn notes how long answers take with hardly any load.
func (x *search) learn(t *tally.Tally) {
	if x.alone == nil {
		x.alone = map[string]time.Duration{}
	}
	for name, r := range t.Routes {
		if r.Part || r.Response.Count() == 0 || r.Outcomes[tally.OK] == 0 {
			continue
		}
		if mean := r.Response.Mean(); x.alone[name] == 0 || mean < x.alone[name] {
			x.alone[name] = mean
		}
	}
}

// recover waits until the system answers as fast as it did with hardly any load, but not without end. It returns an error
// if the system does not answer any more.
func (x *search) recover(ctx context.Context) error {
	if x.lowest == 0 {
		return nil
	}
	x.phase = "recovery after the " + x.phase
	for began := time.Now(); ; {
		t, err := x.probe(ctx)
		if err != nil {
			return err
		}
		back, dead := x.isBack(t)
		switch late := time.Since(began) > recoverWithin; {
		case back:
			return nil
		case late && dead:
			return fmt.Errorf("the system does not recover: %v after trial %d all requests fail", recoverWithin, x.trials)
		case late:
			return nil
		}
		if !pause(ctx, probePause) {
			return errEnded
		}
	}
}

// probe loads the system a little and returns what was counted.
func (x *search) probe(ctx context.Context) (*tally.Tally, error) {
	y := x.system
	open, done := untilAny(ctx, x.Stop, y.ended())
	defer done()
	load := x.lowest
	if x.want.Users {
		load = 1
	}
	p := x.shift(Trial{Load: load, Settle: probeLength})
	y.counts.begin(p, time.Since(x.start))
	y.abort = func(error) {}
	y.crew.Work(ctx, open.Done(), p)
	y.counts.end() //nolint:errcheck // no limit counts here
	t := y.counts.drain(plan.WarmUpRound)
	y.result.WarmUp.Merge(t)
	if x.interrupted(ctx) || isClosed(y.ended()) {
		return nil, errEnded
	}
	return t, nil
}

// isBack compares the answers to a probe with those alone. A dead system fails: one that is only slow does not.
func (x *search) isBack(t *tally.Tally) (back, dead bool) {
	var expected, took time.Duration
	good, bad := int64(0), int64(0)
	for name, r := range t.Routes {
		n := time.Duration(r.Response.Count())
		if r.Part || x.alone[name] == 0 {
			continue
		}
		expected += n * (recovered*x.alone[name] + shortRequest)
		took += n * r.Response.Mean()
		good, bad = good+r.Outcomes[tally.OK], bad+r.Failures()
	}
	return took <= expected && (good > 0 || bad == 0), good == 0 && bad > 0
}
