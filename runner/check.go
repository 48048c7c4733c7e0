package runner

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/runner/internal/locust"
	"github.com/plimsoll-ci/plimsoll/runner/internal/protocol"
	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Unfit returns what profile.Parse cannot find: gRPC messages that do not fit the descriptions that the
// profile names. The profile may have problems of its own.
func Unfit(p *profile.Profile) strict.Problems { return protocol.Check(p) }

// Check returns the first error that Run would return before it builds, starts or sends anything: a
// *Refusal or a *Failure. It is nil if nothing is wrong so far.
func Check(ctx context.Context, system System, c Config) error {
	s := newSession(c)
	y, err := s.add(system)
	if err == nil && y.plan.Locust != nil {
		err = unfit(locust.Find(y.plan.Locust, y.Dir))
	}
	if err != nil || y.plan.Start == nil {
		return err
	}
	if err := sut.Check(ctx, y.plan.Start, s.place(y)); err != nil {
		return err
	}
	return s.vacant(ctx, y)
}
