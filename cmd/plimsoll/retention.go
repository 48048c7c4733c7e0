package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// baselinePruneCmd is plimsoll baseline prune.
type baselinePruneCmd struct {
	storeFlag
	OlderThan age  `placeholder:"AGE" help:"Runs that are older go, such as 90d or 36h."`
	Keep      int  `placeholder:"N" help:"All but the newest N go, of each series, repository, branch, profile and environment."`
	DryRun    bool `help:"Only say what would go."`
}

// age is a flag that is a span of time, in days too.
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
		return fmt.Errorf("%q is no age; write for example 90d, 36h or 30m", text)
	}
	return nil
}

// maxDays is a hundred years.
const maxDays = 36_500

// Run removes what a retention lets go, in small batches.
func (c *baselinePruneCmd) Run(a *app) error {
	retention := baseline.Retention{Keep: c.Keep}
	if c.OlderThan.Duration > 0 {
		retention.Before = time.Now().Add(-c.OlderThan.Duration)
	}
	if retention.Check() != nil {
		return badInput("plimsoll baseline prune needs --older-than or --keep, or both: without them nothing would go")
	}
	return c.use(a, func(store baseline.Store) error {
		if c.DryRun {
			return c.tell(a, store, retention)
		}
		gone := 0
		for {
			runs, err := store.Expired(a.ctx, retention)
			if err == nil {
				ids := make([]string, len(runs))
				for i, run := range runs {
					ids[i] = run.ID
				}
				err = store.Remove(a.ctx, ids...)
			}
			if err != nil {
				return fmt.Errorf("prune: %w; %d runs were removed before", err, gone)
			}
			if gone += len(runs); len(runs) == 0 {
				_, err := fmt.Fprintf(a.stdout, "Removed %d runs.\n", gone)
				return err
			}
		}
	})
}

// How many runs a dry run looks for, and how many of them it lists.
const (
	dryRuns = 100_000
	dryRows = 50
)

// tell lists what would go.
func (c *baselinePruneCmd) tell(a *app, store baseline.Store, retention baseline.Retention) error {
	retention.Limit = dryRuns
	runs, err := store.Expired(a.ctx, retention)
	if err != nil {
		return err
	}
	if len(runs) > 0 {
		if err := printRuns(a, runs[:min(dryRows, len(runs))]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.stdout, "%d runs would be removed; nothing was.\n", len(runs))
	return err
}
