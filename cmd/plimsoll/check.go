package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// checkCmd is plimsoll check.
type checkCmd struct {
	envFlag
	loadFlags
	Profile string `short:"f" file:"" placeholder:"FILE" variables:"PLIMSOLL_PROFILE" help:"The profile, as for the other commands."`
	File    string `arg:"" file:"" optional:"" help:"The profile (default: plimsoll.yaml)."`
}

// Run says in words what the profile does, what it cannot tell, and why it would not run.
func (c *checkCmd) Run(ctx context.Context, a *console.Console) error {
	j, err := job.Read(cmp.Or(c.File, c.Profile, job.Usual), a.Env)
	if err != nil {
		return err
	}
	if err := j.Change(c.change()); err != nil {
		return err
	}
	pl, err := j.Plan()
	if err != nil {
		return err
	}
	if err := pl.Words(a.Stdout); err != nil {
		return err
	}
	if err := printForesight(a.Stdout, foresee.Of(pl, j.Policy)); err != nil {
		return err
	}
	return runner.Check(ctx, runner.System{Plan: pl, Dir: j.Dir}, runner.Config{Environ: a.Env.ForSystem()})
}

// printForesight prints what is known before a run.
func printForesight(w io.Writer, f foresee.Foresight) error {
	for _, note := range f.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", note); err != nil {
			return err
		}
	}
	if len(f.Blind) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nNot every figure can be judged, for want of requests (%s):\n", strings.Join(f.Gates, "; "))
	header := []string{"Route", "Requests", "Not judged, stored", "Not judged, paired"}
	if err := report.Table(w, header[:2+len(f.Gates)], f.Blind); err != nil {
		return err
	}
	if f.RunTime > 0 && f.RunTime <= time.Hour {
		fmt.Fprintf(w, "A run_time of %s or more would be enough for all of them.\n", report.RunTime(f.RunTime))
	}
	fmt.Fprintln(w, "More users, shorter waits or other weights give a route more requests, and gate.metrics can leave out what nobody needs.")
	return nil
}
