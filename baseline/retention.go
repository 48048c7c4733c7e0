package baseline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Retention says which runs a store need not keep. Runs are counted apart for each series,
// repository, branch, profile and environment: what can be compared. A run that either limit
// lets go goes, except the newest of its kind that is not excluded, and the newest accepted run
// of a series, repository and branch that is not excluded, without which an older level would
// count again.
type Retention struct {
	Before time.Time // runs that started earlier go; zero for no such limit
	Keep   int       // all but the newest so many that are not excluded go; 0 for no such limit
	Limit  int       // at most so many runs at once; 0 for DefaultBatch
}

// DefaultBatch is how many runs Expired gives at once.
const DefaultBatch = 500

// Check refuses a retention that says nothing, and impossible numbers.
func (r Retention) Check() error {
	switch {
	case r.Keep < 0 || r.Limit < 0:
		return fmt.Errorf("a retention cannot keep %d runs, or name %d at once", r.Keep, r.Limit)
	case r.Before.IsZero() && r.Keep == 0:
		return errors.New("a retention needs an age or a number of runs to keep: without either nothing would go")
	}
	return nil
}

// page is how many runs All asks for at once, so that memory stays small however many there are.
const page = 100

// All gives every run that a query admits, newest first, whatever its Limit. It ends with the
// first error. Runs that are put meanwhile may be among them or not.
func All(ctx context.Context, s Store, q Query) iter.Seq2[Record, error] {
	q.Limit = page
	return func(yield func(Record, error) bool) {
		for {
			records, err := s.Window(ctx, q)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, record := range records {
				if !yield(record, nil) {
					return
				}
			}
			if len(records) < page {
				return
			}
			q.After = &records[page-1].Info
		}
	}
}
