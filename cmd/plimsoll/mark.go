package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
)

// markFlags say which run is marked, by whom and why.
type markFlags struct {
	storeFlag
	ID  string `arg:"" help:"The run's ID, or the beginning of it."`
	Why string `required:"" placeholder:"REASON" help:"The reason, which is kept with the run."`
	By  string `variables:"GITHUB_ACTOR" help:"Who decides this (default: git's user.name, else the user of this machine)."`
}

// put marks the run with one of the store's methods, and prints what the mark changes.
func (f markFlags) put(ctx context.Context, a *console.Console, keep func(baseline.Store) func(context.Context, string, baseline.Mark) error, done string) error {
	mark := baseline.Mark{By: cmp.Or(f.By, person(ctx, a)), Why: f.Why, At: time.Now()}
	if err := mark.Check(); err != nil {
		return exit.AsInput(err)
	}
	return f.useRun(ctx, a, f.ID, func(store baseline.Store, info baseline.Info) error {
		if err := keep(store)(ctx, info.ID, mark); err != nil {
			return err
		}
		_, err := fmt.Fprintf(a.Stdout, "Run %s of %s %s\n", short(info.ID), info.Series, strings.ReplaceAll(done, "BRANCH", info.Branch))
		return err
	})
}

// nobody is recorded if neither git nor the machine names a person.
const nobody = "unknown"

// person is git's user.name, else the machine's user, else nobody.
func person(ctx context.Context, a *console.Console) string {
	name, err := a.Git(".").Run(ctx, "config", "user.name")
	if err != nil { // git has none, or is not there
		name = ""
	}
	return cmp.Or(name, a.Env.Get("USER"), a.Env.Get("USERNAME"), nobody)
}

// baselineAcceptCmd is plimsoll baseline accept.
type baselineAcceptCmd struct{ markFlags }

// Run marks a run as the first of an accepted level.
func (c *baselineAcceptCmd) Run(ctx context.Context, a *console.Console) error {
	return c.put(ctx, a, func(s baseline.Store) func(context.Context, string, baseline.Mark) error { return s.Accept },
		fmt.Sprintf("is accepted: older runs on BRANCH stop counting. A verdict needs %d runs from here on, and a fail needs %d.",
			gate.DefaultPolicy().Baseline.MinRuns, gate.FailHistory))
}

// baselineExcludeCmd is plimsoll baseline exclude.
type baselineExcludeCmd struct{ markFlags }

// Run excludes a run from the baseline.
func (c *baselineExcludeCmd) Run(ctx context.Context, a *console.Console) error {
	return c.put(ctx, a, func(s baseline.Store) func(context.Context, string, baseline.Mark) error { return s.Exclude },
		"is excluded: it stays in the store and is no baseline.")
}
