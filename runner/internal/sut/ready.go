package sut

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// pollEvery is how often a starting system is asked whether it is ready.
const pollEvery = 20 * time.Millisecond

// awaitReady asks at a door until the system is ready.
func (s *System) awaitReady(ctx context.Context, door *Door) error {
	within, cancel := context.WithTimeout(ctx, s.start.Ready.Within)
	defer cancel()
	var last error
	for {
		missing := s.notReady(within, door)
		if missing == nil && s.alive() { // else it was another program that answered there
			return nil
		}
		if last == nil || within.Err() == nil { // the end of the time is no reason
			last = missing
		}
		select {
		case <-s.ended:
			failure := s.Failure()
			failure.What += ", before it was ready"
			return failure
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &Failure{fmt.Sprintf("the system was not ready within %v: %v", s.start.Ready.Within, last), s.output.String()}
		case <-time.After(pollEvery):
		}
	}
}

// notReady asks once, as the profile says, and tells what is missing; nil when the system is ready.
func (s *System) notReady(ctx context.Context, door *Door) error {
	switch ready := s.start.Ready; ready.Kind {
	case profile.ReadyLog:
		if !s.output.Seen() {
			return fmt.Errorf("%q has not appeared in its output", ready.Log)
		}
		return nil
	case profile.ReadyHTTP:
		if err := door.answers(ctx, ready.Path); err != nil {
			return fmt.Errorf("GET %s: %w", ready.Path, err)
		}
		return nil
	default:
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return door.connects(ctx)
	}
}
