package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// The control is loaded this long: before and after a run (at most as long as the run), and after each
// pair.
const (
	controlRun  = 2 * time.Second
	controlPair = 200 * time.Millisecond
)

// upControl starts the control, if there is one.
func (s *session) upControl(ctx context.Context) (err error) {
	if s.Control == nil {
		return nil
	}
	s.control, err = s.add(System{Name: "control", Plan: s.Control})
	s.control.unwatched = true
	if err == nil {
		err = s.up(ctx, s.control)
	}
	return s.control.named(err)
}

// consult loads the control, if there is one: first for a tenth of length, unjudged, then for length. The
// figures go into the results of the systems.
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
