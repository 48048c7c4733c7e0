// Package sqlite keeps baselines in one file, without a server: the embedded default.
//
// It uses a rollback journal and no write-ahead log. Between two writes there is only the one file, which CI's
// caches can carry. While one process writes, others wait. The driver, modernc.org/sqlite, needs no cgo.
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
)

// busyTimeout is how long a writer waits for another, in milliseconds. A write takes a few milliseconds, a
// migration a little longer. SQLite has no queue: waiters try again now and then, so one of many can wait long on
// a slow disk.
const busyTimeout = "60000"

// Open opens the file at path, and makes it and its directory if they are missing. The error is a
// baseline.LocationError if the path is empty, or was written for a URL or a shell. Other errors wrap
// baseline.ErrUnreachable, baseline.ErrDenied, or baseline.ErrNewerSchema if a newer program has migrated the
// file.
func Open(ctx context.Context, path string) (baseline.Store, error) {
	if err := misread(path); err != nil {
		return nil, baseline.LocationError{Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("%s: %w", path, noPlace("enter or make its directory", err))
	}
	if err := noFile(path); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	settings := url.Values{
		"_pragma":      {"busy_timeout(" + busyTimeout + ")", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock":      {"immediate"},
		"_time_format": {"sqlite"},
	}
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // one file, one writer
	f := &file{db, path}
	if err := f.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return table.NewStore(f, table.SQLite), nil
}

// file is the database in a file.
type file struct {
	db   *sql.DB
	path string
}

// Close closes the file.
func (f *file) Close() error { return f.db.Close() }

// Read runs each statement by itself: a transaction would keep other writers out.
func (f *file) Read(_ context.Context, do func(table.Tx) error) error {
	return f.explain(table.Reading, do(querier{f.db}))
}

// Write keeps other writers out from its beginning.
func (f *file) Write(ctx context.Context, op table.Operation, do func(table.Tx) error) error {
	return f.explain(op, f.transact(ctx, func(tx *sql.Tx) error { return do(querier{tx}) }))
}

// transact does all of do or nothing.
func (f *file) transact(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after the commit
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// querier is the file, or a transaction in it.
type querier struct {
	db interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
}

// Query runs a statement.
func (q querier) Query(ctx context.Context, s table.Statement, each func(table.Row) error) error {
	rows, err := q.db.QueryContext(ctx, s.SQL, s.Args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
