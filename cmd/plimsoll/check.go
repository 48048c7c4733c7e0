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
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// checkCmd is plimsoll check.
type checkCmd struct {
	envFlag
	loadFlags
	storeFlag
	Profile string `short:"f" file:"" placeholder:"FILE" variables:"PLIMSOLL_PROFILE" help:"The profile, as for the other commands."`
	File    string `arg:"" file:"" optional:"" help:"The profile (default: plimsoll.yaml)."`
}

// Run describes what the profile would do, which figures cannot be judged, how small a change could be seen, and why it
// would not run.
func (c *checkCmd) Run(ctx context.Context, a *console.Console) error {
	j, err := job.Read(cmp.Or(c.File, c.Profile, job.Usual), a.Env)
	if err != nil {
		return err
	}
	digest, err := c.apply(j)
	if err != nil {
		return err
	}
	pl, err := j.Plan()
	if err != nil {
		return err
	}
	if err := pl.Words(a.Stdout); err != nil {
		return err
	}
	if err := report.Steps(a.Stdout, j.API); err != nil {
		return err
	}
	if err := printForesight(a.Stdout, foresee.Of(pl, j.Policy, j.API)); err != nil {
		return err
	}
	for _, sentence := range c.forecast(ctx, a, j, digest) {
		if _, err := fmt.Fprintln(a.Stdout, sentence); err != nil {
			return err
		}
	}
	return runner.Check(ctx, runner.System{Plan: pl, Dir: j.Dir}, runner.Config{Environ: a.Env.ForSystem()})
}

// apply lets the flags override the profile. It returns the digest of the load without --run-time: runs of another length
// tell as much about it.
func (c *checkCmd) apply(j *job.Job) (digest string, err error) {
	change := c.change()
	runTime := change.RunTime
	change.RunTime = nil
	if err := j.Change(change); err != nil {
		return "", err
	}
	digest = j.Digest()
	return digest, j.Change(profile.Change{RunTime: runTime})
}

// maxBlind is the most routes that printForesight lists.
const maxBlind = 60

// printForesight prints what can be predicted about a run.
func printForesight(w io.Writer, f foresee.Foresight) error {
	for _, note := range f.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", note); err != nil {
			return err
		}
	}
	if len(f.Blind) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nThese figures will have too few requests to be judged (%s):\n", strings.Join(f.Gates, "; "))
	header := []string{"Route", "Requests", "Not judged, stored", "Not judged, paired"}
	shown := f.Blind[:min(maxBlind, len(f.Blind))]
	if err := report.Table(w, header[:2+len(f.Gates)], shown); err != nil {
		return err
	}
	if more := len(f.Blind) - len(shown); more > 0 {
		fmt.Fprintf(w, "and %s\n", counted(more, "more route"))
	}
	if f.Free {
		fmt.Fprintln(w, `"over" a time means: if a task takes longer than that.`)
	}
	if f.RunTime > 0 && f.RunTime <= time.Hour {
		fmt.Fprintf(w, "They need a run_time of %s or more.\n", plan.InWords(f.RunTime))
	}
	fmt.Fprintln(w, "More users, shorter waits or other weights give a route more requests, and gate.metrics can leave out metrics that you do not need.")
	return nil
}
