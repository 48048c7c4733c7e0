package baseline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Retention says which runs a store need not keep. It counts separately for each group of runs that can be
// compared: by series, repository, branch, profile and environment. A run goes if either limit says so. Two runs
// always stay: the newest of each group that is not excluded, and the newest accepted run of each series,
// repository and branch that is not excluded. Without the latter an older level would count again.
type Retention struct {
	Before time.Time // runs that started earlier go; zero for no limit
	Keep   int       // how many of the newest that are not excluded stay; 0 for no limit
	Limit  int       // runs in one batch; 0 for DefaultBatch
}

// DefaultBatch is how many runs Expired gives by default.
const DefaultBatch = 500

// Check refuses a retention that says nothing, and impossible numbers.
func (r Retention) Check() error {
	switch {
	case r.Keep < 0 || r.Limit < 0:
		return fmt.Errorf("a retention cannot keep %d runs, or name %d at once", r.Keep, r.Limit)
	case r.Before.IsZero() && r.Keep == 0:
		return errors.New("a retention needs an age or a number of runs to keep: without either, nothing would be removed")
	}
	return nil
}

// page is how many runs All asks for at once.
const page = 100

// All gives every run that a query admits, newest first, and ignores its Limit. One run is in memory at a time.
// All ends with the first error. A run that is put meanwhile may be among them; one that is removed meanwhile is
// left out.
func All(ctx context.Context, s Store, q Query) iter.Seq2[Run, error] {
	q.Limit = page
	return func(yield func(Run, error) bool) {
		for {
			infos, err := s.List(ctx, q)
			if err != nil {
				yield(Run{}, err)
				return
			}
			for _, info := range infos {
				run, err := s.Get(ctx, info.ID)
				if errors.Is(err, ErrNotFound) {
					continue
				}
				if !yield(run, err) || err != nil {
					return
				}
			}
			if len(infos) < page {
				return
			}
			q.After = &infos[page-1]
		}
	}
}

// mostLost is how many batches in a row another Prune may take first: half a million runs.
const mostLost = 1_000

// Prune removes the runs that a retention does not keep, in small batches, and gives their number. A batch goes
// whole or not at all. If another Prune was faster, it asks again for the runs that are left. After an error some
// runs may be removed.
func Prune(ctx context.Context, s Store, r Retention) (removed int, err error) {
	for lost := 0; ; {
		runs, err := s.Expired(ctx, r)
		if err != nil || len(runs) == 0 {
			return removed, err
		}
		ids := make([]string, len(runs))
		for i, run := range runs {
			ids[i] = run.ID
		}
		switch err := s.Remove(ctx, ids...); {
		case err == nil:
			removed, lost = removed+len(runs), 0
		case errors.Is(err, ErrNotFound) && lost < mostLost:
			lost++
		default:
			return removed, err
		}
	}
}
