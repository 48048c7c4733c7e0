// Package postgres keeps baselines in PostgreSQL, 13 or newer, through pgx.
//
// It serves a short CI process. It opens few connections, each with a time limit. Every transaction sets its own
// limits, styles and search path, so those of the server, the database or the role make no difference. While the
// server starts, restarts or is full, it tries again a few times. That is safe, since nothing is put twice. It
// keeps nothing in a session, so it works behind PgBouncer's transaction pooling. No error shows the password or
// advises to switch a protection off.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// The limits of a short CI process.
const (
	connectTimeout = 10 * time.Second
	maxConns       = 4
	firstTries     = 5
	moreTries      = 8                      // if the server has answered before, or is starting: about ten seconds
	firstPause     = 100 * time.Millisecond // doubled for each further try, half of it random
)

// Open connects to the database at a postgres:// URL and makes or migrates its tables. The error is a
// baseline.LocationError if the URL is invalid. It wraps baseline.ErrUnreachable if no connection can be made,
// baseline.ErrDenied if the user may not connect or read, baseline.ErrNewerSchema if a newer program has migrated
// the tables, and baseline.ErrOlderSchema if the user may not migrate them: see Roles.
func Open(ctx context.Context, databaseURL string) (baseline.Store, error) {
	db, err := open(ctx, databaseURL)
	if err != nil {
		return nil, err
	}
	return table.NewStore(db, table.PostgreSQL), nil
}

// open connects to a database and makes or migrates all tables.
func open(ctx context.Context, databaseURL string) (db retrying, err error) {
	t, err := parse(databaseURL)
	if err != nil {
		return db, baseline.LocationError{Err: err}
	}
	pool, err := pgxpool.NewWithConfig(ctx, t.config)
	if err != nil {
		return db, fmt.Errorf("%s: %w: %w", t.where, baseline.ErrUnreachable, err)
	}
	db = retrying{&server{target: t, pool: pool}}
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return db, err
	}
	return db, nil
}

// server is a database on a server.
type server struct {
	*target
	pool   *pgxpool.Pool
	schema string // of the tables: see find
}

// Close closes the connections.
func (s *server) Close() error {
	s.pool.Close()
	return nil
}

// querier is a transaction.
type querier struct{ tx pgx.Tx }

// Query runs a statement.
func (q querier) Query(ctx context.Context, s table.Statement, each func(table.Row) error) error {
	rows, err := q.tx.Query(ctx, s.SQL, s.Args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// retrying is a server that is asked again after an error that may pass. It explains the error that remains.
type retrying struct{ *server }

// Read does f in a transaction.
func (r retrying) Read(ctx context.Context, f func(table.Tx) error) error {
	return r.retry(ctx, table.Reading, func() error {
		return r.read(ctx, func(tx pgx.Tx) error { return f(querier{tx}) })
	})
}

// Write does f in a transaction.
func (r retrying) Write(ctx context.Context, op table.Operation, f func(table.Tx) error) error {
	return r.retry(ctx, op, func() error {
		return r.transact(ctx, func(tx pgx.Tx) error { return f(querier{tx}) })
	})
}

// retry runs f again while its error may pass.
func (r retrying) retry(ctx context.Context, op table.Operation, f func() error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		began := time.Now()
		err := f()
		if err == nil || try >= r.tries(err) || !r.retryable(op, err) && !endedEarly(err, time.Since(began)) {
			return r.explain(ctx, op, err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return r.explain(ctx, op, err)
		}
	}
}

// tries is how many tries to make before giving up with err. A server that restarts must not cost a measurement of
// minutes. A wrong host is reported soon.
func (s *server) tries(err error) int {
	var refused *pgconn.PgError
	if s.answeredBefore() || errors.As(err, &refused) && refused.Code == startingUp {
		return moreTries
	}
	return firstTries
}

// answeredBefore reports whether the server has answered before.
func (s *server) answeredBefore() bool { return s.schema != "" }
