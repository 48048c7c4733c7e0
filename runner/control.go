package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// How long a control is loaded at a time: before and after a run, and after each pair. Before and
// after a run it is no longer than the run itself.
const (
	controlRun  = 2 * time.Second
	controlPair = 200 * time.Millisecond
)

// upControl starts the control, if there is one: a small server that never changes, loaded in turn
// with the systems.
func (s *session) upControl(ctx context.Context) (err error) {
	if s.Control == nil {
		return nil
	}
	s.control, err = s.add(System{Name: "control", Plan: s.Control})
	if err == nil {
		err = s.up(ctx, s.control)
	}
	return s.control.named(err)
}

// consult loads the control, if there is one, for a time and a tenth more before it. The systems
// keep what it did.
func (s *session) consult(ctx context.Context, length time.Duration, systems ...*system) error {
	if s.control == nil {
		return nil
	}
	m := s.stretch(ctx, s.control, s.control.nextShift(length/10, length))
	switch {
	case s.interrupted(ctx):
		return ErrInterrupted
	case m.stoppedBy != nil:
		return fmt.Errorf("load the control: %w", m.stoppedBy)
	}
	s.control.counts.drain(plan.WarmUpRound)
	figures := result.NewRound(0, length, s.control.counts.drain(0)).Total
	for _, y := range systems {
		y.result.Control = append(y.result.Control, figures)
	}
	return nil
}
