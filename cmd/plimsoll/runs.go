package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// baselineListCmd is plimsoll baseline list.
type baselineListCmd struct {
	storeFlag
	Series string `arg:"" optional:"" help:"Only this series."`
	Branch string `help:"Only this branch."`
	Limit  int    `default:"50" help:"List at most this many."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run lists the runs.
func (c *baselineListCmd) Run(ctx context.Context, a *console.Console) error {
	var infos []baseline.Info
	err := c.use(ctx, a, func(store baseline.Store) (err error) {
		infos, err = store.List(ctx, baseline.Query{Series: c.Series, Branch: c.Branch, Limit: c.Limit, WithExcluded: true})
		return err
	})
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(a.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(infos)
	}
	if len(infos) == 0 && c.Series+c.Branch != "" {
		_, err := fmt.Fprintln(a.Stdout, "No baseline runs match.")
		return err
	}
	if len(infos) == 0 {
		_, err := fmt.Fprintln(a.Stdout, "No baseline runs. Record one with `plimsoll baseline update`.")
		return err
	}
	return printRuns(a, infos)
}

// baselineShowCmd is plimsoll baseline show.
type baselineShowCmd struct {
	storeFlag
	ID   string `arg:"" help:"The run's ID, or the beginning of it."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run shows one run.
func (c *baselineShowCmd) Run(ctx context.Context, a *console.Console) error {
	return c.useRun(ctx, a, c.ID, func(store baseline.Store, info baseline.Info) error {
		run, err := store.Get(ctx, info.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			return result.Encode(a.Stdout, run.Result)
		}
		if err := report.Identity(a.Stdout, run.Result); err != nil {
			return err
		}
		if said := marks(run.Info); said != "" {
			fmt.Fprintln(a.Stdout, said)
		}
		return report.Run(a.Stdout, run.Result, report.FoundIn(run.Result))
	})
}

// baselineRmCmd is plimsoll baseline rm.
type baselineRmCmd struct {
	storeFlag
	IDs []string `arg:"" name:"id" help:"The runs' IDs, or the beginnings of them."`
}

// Run removes all the named runs, or none.
func (c *baselineRmCmd) Run(ctx context.Context, a *console.Console) error {
	return c.use(ctx, a, func(store baseline.Store) error {
		var infos []baseline.Info
		var ids []string
		for _, id := range c.IDs {
			info, err := store.Find(ctx, id)
			if err != nil {
				return storage.Named(err)
			}
			infos, ids = append(infos, info), append(ids, info.ID)
		}
		if err := store.Remove(ctx, ids...); err != nil {
			return err
		}
		for _, info := range infos {
			fmt.Fprintf(a.Stdout, "Removed run %s of %s.\n", short(info.ID), info.Series)
		}
		return nil
	})
}
