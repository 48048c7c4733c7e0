package serve

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
)

// read gives the newest runs that a query admits and that fit, at most as many as its Limit. A query cannot say everything:
// to a store an empty repository or branch is any. It looks at few more than most runs, so the answer comes soon even if
// hardly a run fits. next is the last run that it looked at, if there are further ones, else nil.
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

// list is read for what identifies runs, at most newest ones.
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
