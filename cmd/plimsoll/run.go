package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// runCmd is plimsoll run.
type runCmd struct {
	runFlags
	OnlySummary bool `help:"No progress, only the tables at the end."`
}

// Run applies the load and prints the tables.
func (c *runCmd) Run(ctx context.Context, a *console.Console) error {
	c.Quiet = c.Quiet || c.OnlySummary
	j, err := c.job(a)
	if err != nil {
		return err
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return err
	}
	r, err := bench.Run(ctx)
	if r == nil {
		return err
	}
	if c.JSON {
		return errors.Join(err, result.Encode(a.Stdout, r.Compact()))
	}
	if printErr := report.Run(a.Stdout, r); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err == nil { // otherwise the bench has printed the file's name
		fmt.Fprintf(a.Stderr, "The result is in %s.\n", c.Out)
	}
	if err == nil && len(r.Problems) > 0 {
		err = errors.New(r.Problems[0].Text)
	}
	return err
}
