package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// side is one of the two systems of a pairing, through all its starts.
type side struct {
	Config
	name   string
	plan   *plan.Plan
	log    *labelled
	meter  meter
	counts *collector
	result *result.Result // nil before the system was up

	// From one start to the next.
	seed   string // of the pairing; empty for a control
	rig    *rig
	crew   *load.Crew // nil before the system is up
	starts int

	round round          // the present one
	used  usage          // in all rounds
	lag   hist.Histogram // in all rounds
}

// round is what a round of a side is made of beside its counts.
type round struct {
	start time.Duration
	used  usage
	lag   hist.Histogram
}

// newSide is a side whose system shares log with the other's.
func newSide(s Side, c Config, log *labelled) *side {
	c.Log = log
	return &side{Config: c, name: s.Name, plan: s.Plan, log: log, meter: newMeter(), counts: newCollector(s.Plan)}
}

// prepare makes the rig for the next start.
func (s *side) prepare() (err error) {
	s.rig, err = newRig(s.plan.Restart(s.starts), s.Config, s.counts)
	if err != nil {
		return s.named(err)
	}
	return nil
}

// up starts the system and gathers its crew.
func (s *side) up(ctx context.Context) error {
	if s.rig == nil {
		if err := s.prepare(); err != nil {
			return err
		}
	}
	if err := s.rig.up(ctx); err != nil {
		return err
	}
	if s.plan.Start != nil {
		s.starts++
	}
	s.crew = load.NewCrew(s.rig.parts())
	if s.result == nil {
		s.result = s.rig.blank(ctx)
		s.result.WarmUp = &tally.Tally{}
	}
	return nil
}

// down dismisses the crew and stops the system, whatever happens.
func (s *side) down(ctx context.Context) {
	rig, crew := s.rig, s.crew
	s.rig, s.crew = nil, nil
	if rig == nil {
		return
	}
	defer s.log.end()
	defer rig.down(ctx)
	if crew != nil {
		leaving, done := untilAny(ctx, rig.ended(), nil)
		defer done()
		crew.Dismiss(leaving)
	}
}

// load applies one stretch. It gives why that ended early; nil when it did not.
func (s *side) load(ctx context.Context, shift *plan.Plan) error {
	s.counts.begin(shift)
	before := s.meter.read()
	report, stoppedBy := s.rig.load(ctx, func(loading context.Context) load.Report {
		return s.crew.Work(ctx, loading.Done(), shift)
	})
	s.round.used.add(s.meter.since(before))
	if err := s.round.lag.Merge(&report.Lag); err != nil {
		return err
	}
	now, reason := s.counts.end()
	s.Progress(now)
	if stoppedBy == nil && reason != "" {
		return errors.New(reason)
	}
	return stoppedBy
}

// addRound ends the present round.
func (s *side) addRound(length time.Duration, second bool) {
	counted := s.counts.drain(0)
	r := result.NewRound(s.round.start, length, counted)
	r.Second, r.Lag = second, s.round.lag.Quantile(0.99)
	r.Steal, r.CPUShare = s.round.used.steal(), s.round.used.cpuShare()
	s.result.Rounds = append(s.result.Rounds, r)
	s.result.Tally.Merge(counted)
	s.used.add(s.round.used)
	_ = s.lag.Merge(&s.round.lag) // one machine never counts as many tasks as it takes to fill one
	s.seal()
}

// seal makes the result that of a pairing which ends here.
func (s *side) seal() {
	r := s.result
	r.Finished = time.Now().UTC().Truncate(time.Millisecond)
	r.Starts, r.PlannedRounds, r.Problems = s.starts, len(r.Rounds), nil
	r.PairSeed = s.seed
	r.WarmUp.Merge(s.counts.drain(plan.WarmUpRound))
	protocol := r.Generator.Protocol
	if s.rig != nil {
		protocol = s.rig.calls.Spoken()
	}
	r.Generator = s.used.generator(&s.lag)
	r.Generator.Protocol = protocol
	noteFaulty(r)
}

// named puts the name of the side before an error of its system.
func (s *side) named(err error) error {
	var failure *Failure
	switch {
	case errors.Is(err, ErrInterrupted):
		return err
	case errors.As(err, &failure):
		return &Failure{What: s.name + ": " + failure.What, Output: failure.Output}
	}
	return fmt.Errorf("%s: %w", s.name, err)
}
