package sut

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// pollEvery is the pause between two questions whether a system is ready.
const pollEvery = 20 * time.Millisecond

// awaitReady asks until the system is ready.
func (s *System) awaitReady(ctx context.Context, door *Door) error {
	within, cancel := context.WithTimeout(ctx, s.start.Ready.Within)
	defer cancel()
	var last error
	for {
		missing := s.notReady(within, door)
		if missing == nil && s.alive() { // if it is dead, another program answered
			return nil
		}
		if last == nil || within.Err() == nil { // that time ran out says nothing new
			last = missing
		}
		select {
		case <-s.ended:
			return s.Failure()
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &Failure{fmt.Sprintf("the system was not ready within %v: %v", s.start.Ready.Within, last), s.output.String()}
		case <-time.After(pollEvery):
		}
	}
}

// notReady asks once, and returns what is missing; nil if the system is ready.
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
