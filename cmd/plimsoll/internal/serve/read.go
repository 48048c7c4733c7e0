package serve

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// read returns the newest runs that match a query and pass fits, at most Limit of them. fits is for filters that a query
// lacks: to a store, an empty repository or branch matches all. read looks at little more than most runs, so it returns
// soon even if hardly any fits. next is the last run that it looked at, or nil if there are no more.
func (s *Server) read(ctx context.Context, q baseline.Query, fits func(*baseline.Info) bool, most int) (records []baseline.Record, next *baseline.Info, err error) {
	limit := q.Limit
	for looked := 0; ; q.Limit = newest {
		part, more, err := site.Read(ctx, s.Store, q)
		if err != nil {
			return nil, nil, err
		}
		for i := range part {
			if fits(&part[i].Info) {
				records = append(records, part[i])
			}
			isLast := !more && i == len(part)-1
			if len(records) == limit && !isLast {
				return records, &part[i].Info, nil
			}
		}
		if !more {
			return records, nil, nil
		}
		q.After = &part[len(part)-1].Info
		if looked += len(part); looked >= most {
			return records, q.After, nil
		}
	}
}

// readAll reads the newest runs of each group, a few groups at a time: nearly all of it is waiting for the store. older
// reports whether a group has more runs.
func (s *Server) readAll(ctx context.Context, groups []found, environment string) (records []baseline.Record, older bool, err error) {
	parts := make([][]baseline.Record, len(groups))
	next := make([]*baseline.Info, len(groups))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	for i, g := range groups {
		all.Go(func() (err error) {
			q := baseline.Query{Series: g.Series, Repository: g.Repository, Branch: g.Branch, Limit: groupRuns}
			parts[i], next[i], err = s.read(ctx, q, isOf(g.Key, environment), newest)
			return err
		})
	}
	err = all.Wait()
	return slices.Concat(parts...), slices.ContainsFunc(next, func(last *baseline.Info) bool { return last != nil }), err
}

// list is read for run identities, of the newest runs only.
func (s *Server) list(ctx context.Context, q query) (infos []baseline.Info, more bool, err error) {
	of := baseline.Query{Series: q.Series, Repository: q.Repository, Branch: q.Branch, Limit: newest + 1, WithExcluded: true}
	for looked := 0; looked < mostRuns; looked += newest {
		part, err := s.Store.List(ctx, of)
		if err != nil {
			return nil, false, err
		}
		more = len(part) > newest
		part = part[:min(len(part), newest)]
		for i := range part {
			if q.Environment != "" && part[i].Environment != q.Environment {
				continue
			}
			if len(infos) == newest {
				return infos, true, nil
			}
			infos = append(infos, part[i])
		}
		if !more || q.Environment == "" {
			return infos, more, nil
		}
		of.After = &part[len(part)-1]
	}
	return infos, more, nil
}
