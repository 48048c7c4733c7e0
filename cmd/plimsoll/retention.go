package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// baselinePruneCmd is plimsoll baseline prune.
type baselinePruneCmd struct {
	storeFlag
	OlderThan age  `placeholder:"AGE" help:"Remove runs that are older, such as 90d or 36h."`
	Keep      *int `placeholder:"N" help:"Keep only the newest N runs of each series, repository, branch, profile and environment."`
	DryRun    bool `help:"Only list what would be removed."`
}

// age is a flag for a span of time, also in days.
type age struct{ time.Duration }

// UnmarshalText reads 90d, 36h, 1h20m. A number alone is refused: days and seconds are far apart.
func (a *age) UnmarshalText(text []byte) (err error) {
	if _, err := strconv.ParseFloat(string(text), 64); err == nil {
		return fmt.Errorf("%q has no unit; write for example 90d, 36h or 30m", text)
	}
	if days, is := strings.CutSuffix(string(text), "d"); is {
		n, parseErr := strconv.Atoi(days)
		a.Duration, err = time.Duration(n)*24*time.Hour, parseErr
		if n > maxDays {
			err = strconv.ErrRange
		}
	} else {
		a.Duration, err = time.ParseDuration(string(text))
	}
	if err != nil || a.Duration <= 0 {
		return fmt.Errorf("%q is not an age; write for example 90d, 36h or 30m", text)
	}
	return nil
}

// maxDays is a hundred years.
const maxDays = 36_500

// Run removes the runs that are too old or too many, in small batches.
func (c *baselinePruneCmd) Run(ctx context.Context, a *console.Console) error {
	var retention baseline.Retention
	if c.OlderThan.Duration > 0 {
		retention.Before = time.Now().Add(-c.OlderThan.Duration)
	}
	if c.Keep != nil {
		if retention.Keep = *c.Keep; retention.Keep < 1 {
			return exit.BadInput("--keep %d is too few: keep 1 run or more", retention.Keep)
		}
	}
	if retention.Check() != nil {
		return exit.BadInput("plimsoll baseline prune needs --older-than or --keep, or both")
	}
	return c.use(ctx, a, func(store baseline.Store) error {
		if c.DryRun {
			return c.tell(ctx, a, store, retention)
		}
		gone, err := baseline.Prune(ctx, store, retention)
		if err != nil {
			return fmt.Errorf("prune: %w; %s removed before", err, countRuns(gone))
		}
		_, err = fmt.Fprintf(a.Stdout, "Removed %s.\n", countRuns(gone))
		return err
	})
}

// How many runs a dry run looks for, and how many of them it lists.
const (
	dryRuns = 100_000
	dryRows = 50
)

// tell lists the runs that would be removed.
func (c *baselinePruneCmd) tell(ctx context.Context, a *console.Console, store baseline.Store, retention baseline.Retention) error {
	retention.Limit = dryRuns
	runs, err := store.Expired(ctx, retention)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		if err := printRuns(a, runs[:min(dryRows, len(runs))]); err != nil {
			return err
		}
	}
	orMore := ""
	if len(runs) == dryRuns {
		orMore = " or more"
	}
	_, err = fmt.Fprintf(a.Stdout, "%s%s would be removed; nothing was.\n", countRuns(len(runs)), orMore)
	return err
}
