// Package sqlite keeps baselines in one file, without a server: the embedded default.
//
// The file is opened with a rollback journal and not with a write-ahead log, so that between
// two writes it is a single file, which CI's caches can carry. A second process waits for a
// first that writes. The driver is modernc.org/sqlite: no cgo.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers the driver

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// busyTimeout is how long one waits for another's write, in milliseconds. A write takes some
// of them; a migration a little longer. SQLite's waiters do not queue but try
// again now and then, so that on a slow disk one of many can be unlucky for long.
const busyTimeout = "60000"

const dialect = table.SQLite

// Store is a file of runs.
type Store struct {
	db   *sql.DB
	path string
}

var _ baseline.Store = (*Store)(nil)

// Open opens the file at path, and makes it and its directory when they are not there. The
// error wraps baseline.ErrUnreachable, or baseline.ErrNewerSchema when a newer program made
// the file.
func Open(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("sqlite: needs a path after it, such as sqlite:.plimsoll/baselines.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("%w: %w", baseline.ErrUnreachable, err)
	}
	settings := url.Values{
		"_pragma":      {"busy_timeout(" + busyTimeout + ")", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
	}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // one file, one writer
	s := &Store{db, path}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Put keeps a run: see baseline.Store.
func (s *Store) Put(ctx context.Context, r *result.Result) (baseline.Record, bool, error) {
	info, insert, err := dialect.Insert(r)
	if err != nil {
		return baseline.Record{}, false, err
	}
	err = s.db.QueryRowContext(ctx, insert.SQL, insert.Args...).Scan(&info.Stored)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		record, err := s.Get(ctx, info.ID)
		return record, false, err
	case err != nil:
		return baseline.Record{}, false, s.explain(err)
	}
	info.Stored = info.Stored.UTC()
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
	done, err := s.db.ExecContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return s.explain(err)
	}
	if n, err := done.RowsAffected(); n == 0 && err == nil {
		return table.NotFound(id)
	}
	return err
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
	return s.explain(transact(ctx, s.db, func(tx *sql.Tx) error {
		removed, err := collect(ctx, tx, statement, func(row table.Row) (id string, err error) { return id, row.Scan(&id) })
		if err != nil {
			return err
		}
		return table.Removed(ids, removed) // an error takes all back
	}))
}

// transact does f in a transaction.
func transact(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after the commit
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func query[T any](ctx context.Context, s *Store, statement table.Statement, wrong error, scan func(table.Row) (T, error)) ([]T, error) {
	if wrong != nil {
		return nil, wrong
	}
	found, err := collect(ctx, s.db, statement, scan)
	return found, s.explain(err)
}

// querier is a database or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func collect[T any](ctx context.Context, db querier, statement table.Statement, scan func(table.Row) (T, error)) (found []T, err error) {
	rows, err := db.QueryContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.path, err)
}
