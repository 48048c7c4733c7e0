package runner

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
)

// Check returns the first error that Run would return before it builds, starts or sends anything: a
// *Refusal or a *Failure. It is nil if nothing is wrong so far.
func Check(ctx context.Context, system System, c Config) error {
	s := newSession(c)
	y, err := s.add(system)
	if err != nil || y.plan.Start == nil {
		return err
	}
	if err := sut.Check(ctx, y.plan.Start, s.place(y)); err != nil {
		return err
	}
	return s.vacant(ctx, y)
}
