package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/foresee"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

const (
	// forecastRuns is the most runs that a forecast is made from. Each is read whole.
	forecastRuns = 20
	// forecastPatience is how long check waits for the store.
	forecastPatience = 10 * time.Second
)

// forecast says how small a change a paired gate will see, judging by the stored runs of a load with this digest. A store
// that cannot be read takes the forecast away and nothing else.
func (c *checkCmd) forecast(ctx context.Context, a *console.Console, j *job.Job, digest string) []string {
	if j.Target.Locust != nil {
		return nil // a paired gate refuses it
	}
	ctx, cancel := context.WithTimeout(ctx, forecastPatience)
	defer cancel()
	runs, err := c.stored(ctx, a, j, digest)
	switch {
	case err != nil:
		return []string{fmt.Sprintf("note: the history cannot be read, so nothing is said of how small a change a paired gate would see: %v", err)}
	case len(runs) == 0:
		return []string{"There is no history of this load yet that says how small a change a paired gate would see."}
	}
	return foresee.Sight(j.Policy, runs, j.Load.Judged())
}

// stored reads the newest runs of a load, oldest first, all of the class of the newest one. Nothing is made to hold a
// history where there is none.
func (c *checkCmd) stored(ctx context.Context, a *console.Console, j *job.Job, digest string) (runs []*result.Result, err error) {
	location := storage.Location(a, c.DB)
	if path, isFile := strings.CutPrefix(location, "sqlite:"); isFile && path != "" {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	store, err := storage.Open(ctx, location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	query := baseline.Query{
		Series: j.Name, ProfileDigest: digest, Limit: 1,
		Branch: cmp.Or(j.Policy.Baseline.Branch, lineage.DefaultBranch(ctx, a.Git(j.Dir))),
	}
	newest, err := store.List(ctx, query)
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	query.Environment, query.Limit = newest[0].Environment, forecastRuns
	infos, err := store.List(ctx, query)
	if err != nil {
		return nil, err
	}
	for _, info := range slices.Backward(infos) {
		run, err := store.Get(ctx, info.ID)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run.Result)
	}
	return runs, nil
}
