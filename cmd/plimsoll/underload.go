package main

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
)

// judgeUnderLoad judges the system under load and nothing else.
func (c *gateCmd) judgeUnderLoad(ctx context.Context, a *console.Console, j *job.Job) (m report.Material, err error) {
	if len(c.Result) > 0 {
		return m, exit.BadInput("--under-load measures the system, so it cannot judge --result")
	}
	bench, system, err := c.changed(ctx, a, j)
	if err != nil {
		return m, err
	}
	v, idle, full, err := bench.UnderLoad(ctx, system, c.Out)
	if err != nil {
		return m, err
	}
	a.OutputFile("result", c.Out)
	rep := report.New(v, full)
	return report.Material{Report: &rep, Run: full, Base: idle}, nil
}

// alsoUnderLoad adds to a report how the change does under load, if its profile asks.
func (c *gateCmd) alsoUnderLoad(ctx context.Context, a *console.Console, j *job.Job, rep report.Report) (report.Report, error) {
	if !j.Policy.UnderLoad.Asked || rep.Verdict.Outcome == gate.Unjudged {
		return rep, nil
	}
	if len(c.Result) > 0 || c.judgesFleet() {
		a.Warn("gate.under_load is not judged here, because the results hold no idle load: run `plimsoll gate --under-load` too")
		return rep, nil
	}
	bench, system, err := c.changed(ctx, a, j)
	if err != nil {
		return rep, err
	}
	v, _, _, err := bench.UnderLoad(ctx, system, measure.Beside(c.Out, "full"))
	if err != nil && rep.Verdict.Outcome == gate.Fail {
		a.Warn(err.Error()) // the verdict stands
		return rep, nil
	}
	return rep.With(v), err
}

// checkUnderLoad returns an error before anything is measured if the profile asks for what its load does not have.
func (c *gateCmd) checkUnderLoad(ctx context.Context, a *console.Console, j *job.Job) error {
	if !j.Policy.UnderLoad.Asked || len(c.Result) > 0 {
		return nil
	}
	bench, system, err := c.changed(ctx, a, j)
	if err != nil {
		return err
	}
	return bench.CheckUnderLoad(system.Plan)
}

// changed is the system with the change, and the bench for it: the checkout, or the system at --head-url.
func (c *gateCmd) changed(ctx context.Context, a *console.Console, j *job.Job) (bench measure.Bench, system runner.System, err error) {
	if bench, err = c.bench(a, j); err != nil {
		return bench, system, err
	}
	var pl *plan.Plan
	if c.atAddresses() {
		pl, err = j.PlanAt(c.HeadURL, c.HeadGRPCURL)
	} else {
		pl, err = j.Plan()
	}
	return bench, runner.System{Plan: pl, Dir: j.Dir, Identity: identity.Of(ctx, a, j.Dir)}, err
}
