package runner

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// How long a control is loaded at a time: before and after a run, and after each pair.
const (
	controlRun  = 2 * time.Second
	controlPair = 200 * time.Millisecond
)

// control is a small server that never changes, loaded in turn with the systems: what it does
// is about the machine alone.
type control struct {
	*side
	n int // stretches until now
}

// newControl starts a control; nil for a plan that is nil. The caller must take it down.
func newControl(ctx context.Context, p *plan.Plan, c Config) (*control, error) {
	if p == nil {
		return nil, nil
	}
	c.Progress, c.Log = func(Progress) {}, io.Discard
	k := &control{side: newSide(Side{Name: "control", Plan: p}, c, &labelled{mu: &sync.Mutex{}, to: c.Log, label: "control: "})}
	if err := k.up(ctx); err != nil {
		k.down(ctx)
		return nil, k.named(err)
	}
	return k, nil
}

// measure loads the control, for a time and a little before it.
func (k *control) measure(ctx context.Context, length time.Duration) (result.Figures, error) {
	k.n++
	if err := k.load(ctx, k.rig.plan.Shift(k.n, length/10, length)); err != nil {
		return result.Figures{}, fmt.Errorf("load the control: %w", err)
	}
	k.counts.drain(plan.WarmUpRound)
	return result.NewRound(0, length, k.counts.drain(0)).Total, nil
}

// close takes the control down, if there is one.
func (k *control) close(ctx context.Context) {
	if k != nil {
		k.down(ctx)
	}
}
