package site

import (
	"context"
	"errors"

	"github.com/plimsoll-ci/plimsoll/baseline"
)

// page is how many runs Read asks for at once.
const page = 1_000

// Read returns the newest runs that match a query, excluded ones too, at most Limit of them. more reports whether the store
// has further ones. Read skips a damaged run if it is excluded, and else returns its error.
func Read(ctx context.Context, s baseline.Store, q baseline.Query) (records []baseline.Record, more bool, err error) {
	limit := q.Limit
	for len(records) <= limit {
		q.Limit = min(page, limit+1-len(records))
		q.WithExcluded = true
		part, err := s.Window(ctx, q)
		if errors.Is(err, baseline.ErrDamaged) {
			q.WithExcluded = false
			part, err = s.Window(ctx, q)
		}
		if err != nil {
			return nil, false, err
		}
		records = append(records, part...)
		if len(part) < q.Limit {
			return records, false, nil
		}
		q.After = &part[len(part)-1].Info
	}
	return records[:limit], true, nil
}
