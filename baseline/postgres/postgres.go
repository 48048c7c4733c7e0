// Package postgres keeps baselines in PostgreSQL, 13 or newer, through pgx.
//
// It is made for a short CI process: few connections, every one with a time limit, every
// statement in a transaction with limits of its own, and a few tries when the server is
// starting up, full or restarting; that is safe because nothing is put twice. Nothing in it
// needs a session of its own, so that it works behind PgBouncer's transaction pooling. No
// error shows the password.
package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

const dialect = table.PostgreSQL

// The limits of a short CI process.
const (
	connectTimeout = 10 * time.Second
	maxConns       = 4
	tries          = 5
	firstPause     = 100 * time.Millisecond // doubled for each further try, half of it random
	limits         = "SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '20s'"
)

// Store is a database of runs.
type Store struct {
	pool  *pgxpool.Pool
	where string // the server and database, for sentences
}

var _ baseline.Store = (*Store)(nil)

// Open connects to the database at a postgres:// URL and makes or migrates its tables. The
// error wraps baseline.ErrUnreachable when there is no way in, baseline.ErrNewerSchema when a
// newer program has migrated it, and baseline.ErrOlderSchema when it needs migrating and the
// user may not do that: see Roles.
func Open(ctx context.Context, databaseURL string) (*Store, error) {
	config, where, err := parse(databaseURL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", where, baseline.ErrUnreachable, err)
	}
	s := &Store{pool, where}
	if err := s.explain(retry(ctx, func() error { return s.migrate(ctx) })); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the connections.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}

// Put keeps a run: see baseline.Store. A try whose answer was lost may have put it: then it is
// not told as created.
func (s *Store) Put(ctx context.Context, r *result.Result) (record baseline.Record, created bool, err error) {
	info, insert, err := dialect.Insert(r)
	if err != nil {
		return record, false, err
	}
	var put []time.Time
	err = s.transact(ctx, func(tx pgx.Tx) (err error) {
		put, err = collect(ctx, tx, insert, pgx.RowTo[time.Time])
		return err
	})
	if err != nil {
		return record, false, err
	}
	if len(put) == 0 {
		record, err = s.Get(ctx, info.ID)
		return record, false, err
	}
	info.Stored = put[0].UTC()
	return baseline.Record{Info: info, Result: r.Compact()}, true, nil
}

// Window gives the newest runs: see baseline.Store.
func (s *Store) Window(ctx context.Context, q baseline.Query) ([]baseline.Record, error) {
	statement, err := dialect.Window(q)
	return query(ctx, s, statement, err, table.ScanRecord)
}

// List tells of the newest runs: see baseline.Store.
func (s *Store) List(ctx context.Context, q baseline.Query) ([]baseline.Info, error) {
	statement, err := dialect.List(q)
	return query(ctx, s, statement, err, table.ScanInfo)
}

// Expired tells which runs may go: see baseline.Store.
func (s *Store) Expired(ctx context.Context, r baseline.Retention) ([]baseline.Info, error) {
	statement, err := dialect.Expired(r)
	return query(ctx, s, statement, err, table.ScanInfo)
}

// Get gives one run: see baseline.Store.
func (s *Store) Get(ctx context.Context, id string) (baseline.Record, error) {
	statement, err := dialect.Get(id)
	found, err := query(ctx, s, statement, err, table.ScanRecord)
	if err != nil {
		return baseline.Record{}, err
	}
	return table.One(id, found)
}

// Accept marks one run: see baseline.Store.
func (s *Store) Accept(ctx context.Context, id string, m baseline.Mark) error {
	statement, err := dialect.Accept(id, m)
	return s.mark(ctx, id, statement, err)
}

// Exclude marks one run: see baseline.Store.
func (s *Store) Exclude(ctx context.Context, id string, m baseline.Mark) error {
	statement, err := dialect.Exclude(id, m)
	return s.mark(ctx, id, statement, err)
}

// mark adds a mark to one run, which must be there.
func (s *Store) mark(ctx context.Context, id string, statement table.Statement, err error) error {
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, statement.SQL, statement.Args...)
		if err == nil && done.RowsAffected() == 0 {
			return table.NotFound(id)
		}
		return err
	})
}

// Remove removes runs: see baseline.Store.
func (s *Store) Remove(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	statement, err := dialect.Remove(ids)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx pgx.Tx) error {
		removed, err := collect(ctx, tx, statement, pgx.RowTo[string])
		if err != nil {
			return err
		}
		return table.Removed(ids, removed) // an error takes all back
	})
}

func query[T any](ctx context.Context, s *Store, statement table.Statement, wrong error, scan func(table.Row) (T, error)) (found []T, err error) {
	if wrong != nil {
		return nil, wrong
	}
	err = s.transact(ctx, func(tx pgx.Tx) error {
		found, err = collect(ctx, tx, statement, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		return err
	})
	return found, err
}

func collect[T any](ctx context.Context, tx pgx.Tx, statement table.Statement, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := tx.Query(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// transact does f in a transaction, again when that may help.
func (s *Store) transact(ctx context.Context, f func(pgx.Tx) error) error {
	return s.explain(retry(ctx, func() error { return s.begin(ctx, f) }))
}

// begin does f in a transaction with limits.
func (s *Store) begin(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := limit(ctx, tx); err != nil {
			return err
		}
		return f(tx)
	})
}

func limit(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, limits, pgx.QueryExecModeSimpleProtocol) // two statements at once
	return err
}

// retry tries f again while its error is one that passes.
func retry(ctx context.Context, f func() error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err := f()
		if err == nil || try == tries || !passes(err) {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return err
		}
	}
}
