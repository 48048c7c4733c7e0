package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Capacity is a search for the highest load that a job's system holds.
type Capacity struct {
	Search *capacity.Search
	SLO    gate.SLO
	Users  bool                   // loads are users, and not tasks each second
	Tell   func(capacity.Outcome) // is told of each trial
}

// Search makes the trials of a search with a plan of the job, and holds them to the SLO. The result has their rounds; it is
// nil if the system did not start. When the search was cut short, it has been stopped with the reason, and both the
// result and the error are there. It writes no file.
func (b Bench) Search(ctx context.Context, pl *plan.Plan, c Capacity) (*result.Result, error) {
	progress := newProgress(b.Console.Stderr)
	searching := runner.Searching{Config: b.config(), Users: c.Users, Answer: c.SLO.Longest(), Hopeless: c.SLO.Hopeless}
	if !b.Quiet && progress.terminal { // a log has a line for each trial
		searching.Progress = progress.show
	}
	var trial capacity.Trial
	searching.Next = func(last *runner.Attempt) (t runner.Trial, more bool) {
		progress.end()
		if last != nil {
			o := outcome(trial, last, c.SLO)
			c.Search.Add(o)
			c.Tell(o)
		}
		trial, more = c.Search.Next()
		return runner.Trial{Load: trial.Load, Settle: trial.Settle, Length: trial.Length}, more
	}
	one := runner.System{Plan: pl, Dir: b.Job.Dir, Identity: identity.Of(ctx, b.Console, b.Job.Dir)}
	r, err := runner.Search(ctx, one, searching)
	progress.end()
	switch {
	case errors.Is(err, runner.ErrInterrupted):
		c.Search.Stop(capacity.Interrupted, "")
	case err != nil:
		c.Search.Stop(capacity.Failed, err.Error())
	}
	return r, err
}

// The generator is the bottleneck if it uses so much of its cores, or begins so few of its tasks.
const (
	busyGenerator = 0.9
	mostMissed    = 0.05
)

// outcome holds an attempt to the SLO. A late generator excuses only what its lateness explains. Other programs that kept
// this machine busy excuse all: they may have slowed down the system too.
func outcome(t capacity.Trial, a *runner.Attempt, slo gate.SLO) capacity.Outcome {
	o := capacity.Outcome{Trial: t, Status: capacity.Held, Why: a.Cut, Took: a.Took}
	late := false
	if a.Round != nil {
		o.Requests, o.Throughput, o.GeneratorCPU = a.Round.Total.Requests, a.Round.Total.Throughput, a.Round.CPUShare
		o.Failures = float64(a.Round.Total.Failures) / float64(max(o.Requests, 1))
		o.Judged = slo.Judge(a.Round.Tally, a.Round.Length)
		late = slices.ContainsFunc(o.Judged, func(t gate.Threshold) bool { return t.Status == gate.Worse })
	}
	switch broken := a.Cut != "" || late || a.Round == nil; { // without judged time, nothing was seen to hold
	case a.Limited:
		o.Status = capacity.Refused
	case a.Round != nil && a.Round.Tally.Total().Outcomes[tally.Generator] > 0:
		o.Status, o.Why = capacity.Hindered, fmt.Sprintf("this machine could not send %d requests", a.Round.Tally.Total().Outcomes[tally.Generator])
	case a.Hindered != nil && broken && (a.Hindered.Kind == result.Busy || o.GeneratorCPU >= busyGenerator || slo.ExplainedBy(a.Round.Lag, o.Judged)),
		a.Hindered != nil && !broken && a.Missed > mostMissed:
		o.Status, o.Why = capacity.Hindered, a.Hindered.Text
	case broken:
		o.Status = capacity.Broken
	}
	return o
}
