// Package postgres keeps baselines in PostgreSQL, 13 or newer, through pgx.
//
// It is made for a short CI process: few connections, each with a time limit; every statement in
// a transaction with limits of its own; a few tries when the server is starting up, full or
// restarting, which is safe because nothing is put twice. Nothing needs a session of its own, so
// it works behind PgBouncer's transaction pooling. No error shows the password.
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
)

// The limits of a short CI process.
const (
	connectTimeout = 10 * time.Second
	maxConns       = 4
	tries          = 5
	firstPause     = 100 * time.Millisecond // doubled for each further try, half of it random
	limits         = "SET LOCAL statement_timeout = '30s'; SET LOCAL lock_timeout = '20s'"
)

// Open connects to the database at a postgres:// URL and makes or migrates its tables. The
// error wraps baseline.ErrUnreachable when there is no way in, baseline.ErrNewerSchema when a
// newer program has migrated them, and baseline.ErrOlderSchema when the user may not migrate them:
// see Roles.
func Open(ctx context.Context, databaseURL string) (baseline.Store, error) {
	config, where, err := parse(databaseURL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", where, baseline.ErrUnreachable, err)
	}
	db := retrying{&server{pool, where}}
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return table.NewStore(db, table.PostgreSQL), nil
}

// server is a database on a server.
type server struct {
	pool  *pgxpool.Pool
	where string // the server and database, for sentences
}

// Close closes the connections.
func (s *server) Close() error {
	s.pool.Close()
	return nil
}

// transact does all of f or nothing, with limits on how long it may take.
func (s *server) transact(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, limits, pgx.QueryExecModeSimpleProtocol); err != nil { // two statements at once
			return err
		}
		return f(tx)
	})
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

// retrying is a server that is asked again after an error which passes, and whose errors say what
// is wrong.
type retrying struct{ *server }

// Read does f in a transaction.
func (r retrying) Read(ctx context.Context, f func(table.Tx) error) error { return r.Write(ctx, f) }

// Write does f in a transaction.
func (r retrying) Write(ctx context.Context, f func(table.Tx) error) error {
	return r.retry(ctx, func() error {
		return r.transact(ctx, func(tx pgx.Tx) error { return f(querier{tx}) })
	})
}

// retry tries f again while its error is one that passes.
func (r retrying) retry(ctx context.Context, f func() error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		err := f()
		if err == nil || try == tries || !passes(err) {
			return r.explain(err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return r.explain(err)
		}
	}
}
