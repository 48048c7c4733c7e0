package runner

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/runner/internal/sut"
)

// Check reports why Run would not load a system, as far as that can be seen before anything is built, started or
// sent; nil if nothing is seen. The error is one that Run would give: a *Refusal or a *Failure.
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
