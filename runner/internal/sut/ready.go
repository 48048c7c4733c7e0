package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/wire"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// pollEvery is the pause between two checks of readiness.
const pollEvery = 20 * time.Millisecond

// awaitReady asks until the system is ready.
func (s *System) awaitReady(ctx context.Context, door *Door) error {
	within, cancel := context.WithTimeout(ctx, s.start.Ready.Within)
	defer cancel()
	asking, done := s.whileAlive(within)
	defer done()
	var last error
	for {
		missing := s.notReady(asking, door)
		if missing == nil && s.alive() { // if it is dead, another program answered
			return nil
		}
		if isHTTP1(missing) {
			return &Failure{door.otherVersion(missing), s.output.String()}
		}
		if last == nil || within.Err() == nil && !late(missing) { // "time ran out" must not replace a better reason
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

// whileAlive makes a context that ends when the system ends, too. The caller must call done.
func (s *System) whileAlive(ctx context.Context) (alive context.Context, done func()) {
	alive, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-s.ended:
			cancel()
		case <-alive.Done():
		}
	})
	return alive, func() { cancel(); watch.Wait() }
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
	case profile.ReadyGRPC:
		if err := door.healthy(ctx, ready.Health); err != nil {
			return fmt.Errorf("grpc.health.v1.Health/Check: %w", err)
		}
		return nil
	default:
		return door.accepts(ctx)
	}
}

// late reports whether an error says only that time ran out.
func late(err error) bool {
	var timeout net.Error
	var dialed wire.Late
	return errors.As(err, &dialed) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}
