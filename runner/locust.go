package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/load"
	"github.com/plimsoll-ci/plimsoll/runner/internal/locust"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// refuseLocust refuses to load a system in a way that Locust cannot.
func refuseLocust(p *plan.Plan, how string) error {
	if p.Locust == nil {
		return nil
	}
	return &Refusal{Text: fmt.Sprintf("%s is loaded by Locust, which starts and stops too slowly to load a system %s. Locust works with `plimsoll run`, `plimsoll baseline update` and `plimsoll gate` against recorded runs. For anything else, `plimsoll init --locust %s` makes a profile with the users of the locustfile",
		p.Series, how, p.Locust.File)}
}

// unfit turns what package locust cannot work with into a Refusal.
func unfit(err error) error {
	var of *locust.Unfit
	if errors.As(err, &of) {
		return &Refusal{Text: of.Text}
	}
	return err
}

// hire starts Locust for a system. Locust loads the locustfile, and sends nothing yet.
func (s *session) hire(ctx context.Context, y *system) error {
	preparing, done := untilAny(ctx, s.Stop, y.ended())
	defer done()
	s.told(y, Progress{Phase: "starting Locust"})
	engine, err := locust.Start(preparing, locust.Parts{
		Plan: y.plan, At: s.place(y), Sink: y.sink,
		Tick: func(since time.Duration) { s.tick(y, since) },
		End:  func(reason error) { y.abort(reason) },
	})
	switch {
	case err == nil:
		y.engine = engine
		return nil
	case isClosed(y.ended()):
		return y.program.Failure()
	case preparing.Err() != nil:
		return interruptedOr(preparing.Err())
	}
	return unfit(err)
}

// sink takes the counts of whoever loads the system.
func (y *system) sink(round int, t *tally.Tally) { y.loaded.counts.take(round, t) }

// work loads the system for one stretch.
func (y *system) work(ctx context.Context, stop <-chan struct{}, shift *plan.Plan) load.Stretch {
	if y.engine == nil {
		return y.crew.Work(ctx, stop, shift)
	}
	report := y.engine.Work(ctx, stop, shift)
	for _, text := range y.engine.Notes() {
		y.result.AddNote(text)
	}
	return report
}

// tellEngine names the program that loads the system, unless it is this one.
func (y *system) tellEngine(r *result.Result) {
	if y.engine == nil {
		return
	}
	const tool = "Locust"
	r.Origin = result.Origin{Tool: tool, Driven: true}
	r.Environment.ToolMajor = tool
	if version := y.engine.Version(); version != "" {
		r.Environment.ToolMajor += " " + major(version)
	}
}
