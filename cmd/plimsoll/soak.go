package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/sides"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/soak"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// soakCmd is plimsoll soak.
type soakCmd struct {
	runFlags
	publishFlags
	forms.Flags
	VerdictFile string `placeholder:"FILE" file:"" help:"Write the verdict as JSON to this file, for plimsoll comment."`
}

const (
	longestSoak = 4 * time.Hour
	mostWindows = 120 // rounds of a soak
	leastWindow = 10 * time.Second
	// leastCompared is the least judged load of each side in the comparison at the end of a soak.
	leastCompared = gate.MaxPairs * 100 * time.Millisecond
)

// Run loads a system for long, compares the aged process with a fresh one, and judges both. Its error is the verdict,
// when that is not a pass.
func (c *soakCmd) Run(ctx context.Context, a *console.Console) error {
	workflow, err := a.Workflow()
	if err != nil {
		a.Warn(err.Error())
	}
	publisher := c.publisher(a, workflow)
	files, unfit := publish.Files{Markdown: c.Markdown, Verdict: c.VerdictFile, Result: c.Out}.Fit()
	g := gateCmd{runFlags: c.runFlags, FirstRun: "fail"}
	unplaced := g.settle(a, c.Flags, &files, g.results()...)
	failed := func(series string, err error) error {
		return g.instead(ctx, a, publisher.Error(ctx, series, gate.Soak, files, err), err)
	}
	j, err := c.job(a)
	if err = cmp.Or(err, errors.Join(unfit, unplaced)); err != nil {
		return failed("", err)
	}
	m, err := c.judge(ctx, a, j)
	if err != nil {
		return failed(j.Name, err)
	}
	publisher.Accept(ctx, m.Report)
	publisher.Dress(m.Report)
	err = g.print(ctx, a, files, m, g.exit(a, j.Policy, m.Report.Verdict))
	publisher.Verdict(ctx, j, *m.Report, files, exit.Status(err))
	return err
}

// judge measures and makes the report. A soak that was cut short is judged on what it measured.
func (c *soakCmd) judge(ctx context.Context, a *console.Console, j *job.Job) (m report.Material, err error) {
	compared := max(j.Load.Judged(), leastCompared)
	bench, err := c.prepare(a, j)
	if err != nil {
		return m, err
	}
	aging, fresh, err := c.copies(ctx, a, j)
	if err != nil {
		return m, err
	}
	s, err := bench.Soak(ctx, aging, fresh, compared/gate.MaxPairs)
	if s.Run == nil {
		return m, err
	}
	died := slices.ContainsFunc(s.Run.Problems, func(p result.Problem) bool { return p.Kind == result.TargetDied })
	if len(s.Run.Rounds) == 0 && !died {
		return m, cmp.Or(err, errors.New("no round of the soak was measured to its end"))
	}
	measured := soak.Measured{Run: s.Run, Fresh: s.Fresh, Aged: s.Aged}
	switch {
	case s.NotAged != nil:
		measured.NotAged = s.NotAged.Error()
	case s.Aged == nil && fresh != nil:
		measured.NotAged = "the soak ended early"
	}
	complain(a, err)
	rep := report.New(soak.Judge(j.Policy, measured), s.Run)
	return report.Material{Report: &rep, Run: s.Run}, nil
}

// prepare applies the flags and cuts the soak into rounds. Without --run-time it takes as long as growth needs to fail.
func (c *soakCmd) prepare(a *console.Console, j *job.Job) (measure.Bench, error) {
	if !c.RunTime.set && len(j.Load.Stages) == 0 {
		c.RunTime = span{soak.Least, true}
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return bench, err
	}
	judged := j.Load.Judged()
	if judged > longestSoak {
		return bench, exit.BadInput("a soak takes at most %v, and this one would take %v", strict.InWords(longestSoak), strict.InWords(judged))
	}
	j.Load.Rounds = min(max(int(judged/leastWindow), j.Load.Rounds), mostWindows)
	if judged < soak.Least {
		fmt.Fprintf(a.Stderr, "plimsoll: this soak takes %v: growth fails from %v on, and is only noted before\n", strict.InWords(judged), strict.InWords(soak.Least))
	}
	return bench, nil
}

// copies are the system, and a fresh one of the same build; nil if the policy does not ask for it.
func (c *soakCmd) copies(ctx context.Context, a *console.Console, j *job.Job) (aging runner.System, fresh *runner.System, err error) {
	id := identity.Of(ctx, a, j.Dir)
	if j.Policy.Soak.Aged {
		one, another, err := sides.Copies(j, id)
		return one, &another, err
	}
	pl, err := j.Plan()
	return runner.System{Plan: pl, Dir: j.Dir, Identity: id}, nil, err
}
