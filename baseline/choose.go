package baseline

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Past says where the history of a change lies.
type Past struct {
	Branch  string   // into which the change goes; empty for any
	Commits []string // on which the change is built, as in Query; nil if they are not known
	Limit   int      // maximum number of runs; 0 for DefaultLimit
}

// Choose gives the history that fresh runs of one change are compared with, newest first: the runs of the same
// series, repository, profile and environment since the newest accepted one. If none fits, it gives the newest run
// of the series and repository, so that a verdict can say how it differs. The fresh runs are never among them: a
// run is not compared with itself. The history is empty if there is no run.
func Choose(ctx context.Context, s Store, fresh []*result.Result, p Past) ([]result.Summary, error) {
	if len(fresh) == 0 {
		return nil, nil
	}
	if p.Limit <= 0 {
		p.Limit = DefaultLimit
	}
	own := map[string]bool{}
	for _, r := range fresh {
		own[r.ID()] = true
	}
	head := fresh[0]
	newest := Query{Series: head.Series, Repository: head.Repository, Branch: p.Branch, Commits: p.Commits, Limit: 1 + len(fresh)}
	fitting := newest
	fitting.Limit, fitting.SinceAccepted = p.Limit+len(fresh), true
	fitting.ProfileDigest, fitting.Environment = head.ProfileDigest, head.Environment.Class()
	past, err := others(ctx, s, fitting, own)
	if err != nil || len(past) > 0 {
		return past[:min(len(past), p.Limit)], err
	}
	past, err = others(ctx, s, newest, own)
	return past[:min(len(past), 1)], err
}

// others are the runs that a query admits, except our own.
func others(ctx context.Context, s Store, q Query, own map[string]bool) (past []result.Summary, err error) {
	records, err := s.Window(ctx, q)
	for _, record := range records {
		if !own[record.ID] {
			past = append(past, record.Summary)
		}
	}
	return past, err
}
