package runner

import (
	"context"
	"fmt"
	"strconv"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Tried is how a system answered one call of a Try.
type Tried struct {
	Route   string
	Skipped bool   // it was not made: an earlier call did not save its value, or its guards do not hold
	Problem string // why it failed, such as status 404; empty if it ended as expected
	Answer  string // if it ended as expected: the status of HTTP, such as 200, or the code of gRPC, such as OK; empty for a stream
}

// Try builds and starts a system as Run does, makes each call of its plan once, and stops it. It returns the outcomes
// in the order of the profile: for each kind of user on_start, tasks and on_stop. The calls of setup and teardown are
// made too but not returned; a setup that fails is an error.
func Try(ctx context.Context, system System, c Config) ([]Tried, error) {
	if err := refuseLocust(system.Plan, "with each request once"); err != nil {
		return nil, err
	}
	s := newSession(c)
	defer s.close(ctx)
	y, err := s.open(ctx, system)
	if err != nil {
		return nil, err
	}
	trying, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	var all []Tried
	for _, one := range y.crew.Try(trying) {
		tried := Tried{Route: one.Call.Name, Skipped: one.Skipped, Answer: answered(one)}
		if one.Failed != nil {
			tried.Problem = one.Failed.Text
			if one.Failed.Text == "" {
				tried.Problem = one.Failed.Class.String()
			}
		}
		all = append(all, tried)
	}
	switch {
	case s.interrupted(ctx):
		return nil, fmt.Errorf("%w: not all calls were tried", ErrInterrupted)
	case isClosed(y.ended()):
		return all, y.program.Failure()
	}
	return all, nil
}

// answered is the status of an expected answer for people; empty if there is none.
func answered(one load.Tried) string {
	_, isGRPC := one.Call.Content.(*plan.GRPC)
	switch {
	case one.Skipped || one.Failed != nil || one.Call.Messages != nil:
		return ""
	case isGRPC:
		return profile.Code(one.Status).String()
	case one.Status == 0:
		return ""
	}
	return strconv.Itoa(one.Status)
}
