package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Handover carries what setup saved from the first shard of a load, which does it, to the others.
type Handover interface {
	// Give hands over the values, in the order of their slots. id names this setup among others.
	Give(values []profile.Value) (id string, err error)
	// Take waits for the values.
	Take(ctx context.Context) (values []profile.Value, id string, err error)
}

// errNoHandover is of a caller that shares a load with a setup, and does not carry its values.
var errNoHandover = errors.New("setup is done once, by the first shard, and nothing carries its values to the others")

// handOver gives the values of setup to the other shards.
func (s *session) handOver(y *system) (err error) {
	if s.Handover == nil {
		return errNoHandover
	}
	if y.once, err = s.Handover.Give(y.crew.Shared()); err != nil {
		return fmt.Errorf("hand over the values of setup: %w", err)
	}
	return nil
}

// inherit gets the values of setup from the first shard.
func (s *session) inherit(ctx context.Context, y *system) error {
	if s.Handover == nil {
		return errNoHandover
	}
	s.told(y, Progress{Phase: "waiting for the values of setup from shard 1"})
	values, id, err := s.Handover.Take(ctx)
	switch {
	case ctx.Err() != nil:
		return interruptedOr(ctx.Err())
	case err != nil:
		return fmt.Errorf("get the values of setup: %w", err)
	case len(values) != y.plan.Shared:
		return fmt.Errorf("get the values of setup: there are %d, and this profile's setup saves %d: all shards need the same profile", len(values), y.plan.Shared)
	}
	y.crew.Inherit(append([]profile.Value{}, values...))
	y.once = id
	return nil
}

// awaitStart waits until the load of all shards begins. This machine's clock is looked at once; the wait itself is on
// the monotonic clock.
func (s *session) awaitStart(ctx context.Context, y *system) error {
	s.begins = Start{At: s.StartAt}
	if s.Gather != nil {
		if err := s.gather(ctx, y); err != nil {
			return err
		}
	}
	at := s.begins.At
	if at.IsZero() {
		return nil
	}
	left := time.Until(at)
	if late := -left; late > time.Duration(result.MostSkew*float64(y.plan.RoundLength)) {
		advice := "give a later --start-at, and check the clock"
		if s.Gather != nil {
			advice = "it was busy, or the meeting point was hard to reach"
		}
		return fmt.Errorf("the load was to begin at %s, and this machine was ready %s later by its clock (%s), so its rounds would not hold the same seconds as those of the other shards: %s; no load was sent",
			at.Format(time.RFC3339), plan.InWords(late), time.Now().In(at.Location()).Format(time.RFC3339), advice)
	}
	waiting, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	s.told(y, Progress{Phase: fmt.Sprintf("ready; the load begins at %s, in %s", at.Format(time.RFC3339), plan.InWords(max(left, 0)))})
	if pause(waiting, left) {
		return nil
	}
	return s.beforeLoad(y)
}

// gather waits for the other shards.
func (s *session) gather(ctx context.Context, y *system) (err error) {
	waiting, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	s.told(y, Progress{Phase: "ready; waiting for the other shards"})
	s.begins, err = s.Gather(waiting)
	if err != nil && waiting.Err() != nil {
		return s.beforeLoad(y)
	}
	return err
}

// beforeLoad says why a load that is ready does not begin.
func (s *session) beforeLoad(y *system) error {
	if isClosed(y.ended()) {
		return y.program.Failure()
	}
	return fmt.Errorf("%w: no load was sent yet", ErrInterrupted)
}

// gaveUp tells the caller why a limit ends the load.
func (s *session) gaveUp(reason error) {
	if s.GaveUp != nil {
		s.GaveUp(reason)
	}
}

// asPart is what a shard says of itself; nil for a whole plan.
func (y *system) asPart() *result.Part {
	p := y.plan
	if p.Shard.N == 0 {
		return nil
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown machine"
	}
	return &result.Part{
		Index: p.Shard.I, Of: p.Shard.N, By: host, Users: len(p.Users), Kinds: p.Kinds(),
		Seed: strconv.FormatUint(p.Seed, 10), Setup: y.once,
	}
}

// notePart completes the result of a shard, which is never a whole run. If the clocks were compared, the monotonic clock says
// how long after the agreed instant the load began.
func (y *system) notePart(agreed Start, began time.Time) {
	part := y.result.Part
	if part == nil {
		return
	}
	if part.Clock = agreed.Clock; part.Clock != nil {
		began = agreed.At.Add(began.Sub(agreed.At)).Add(-part.Clock.Ahead)
	}
	part.Began = began.UTC().Round(0)
	y.result.Problems = append(y.result.Problems, part.Problem())
}
