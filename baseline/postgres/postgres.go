// Package postgres keeps baselines in PostgreSQL, 13 or newer, through pgx.
//
// It is made for a short CI process: few connections, each with a time limit; every statement in
// a transaction that sets its own limits, styles and search path, whatever the server, the database or
// the role have set; a few tries when the server is starting up, full or restarting, which is safe
// because nothing is put twice. Nothing needs a session of its own, so it works behind PgBouncer's
// transaction pooling. No error shows the password, and none advises to give a protection up.
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
	moreTries      = 8                      // of a server that was there, or says that it starts: some ten seconds
	firstPause     = 100 * time.Millisecond // doubled for each further try, half of it random
)

// Open connects to the database at a postgres:// URL and makes or migrates its tables. The
// error is a baseline.LocationError when the URL is no good. It wraps baseline.ErrUnreachable when there is no way in, baseline.ErrNewerSchema when a
// newer program has migrated them, and baseline.ErrOlderSchema when the user may not migrate them:
// see Roles.
func Open(ctx context.Context, databaseURL string) (baseline.Store, error) {
	t, err := parse(databaseURL)
	if err != nil {
		return nil, baseline.LocationError{Err: err}
	}
	pool, err := pgxpool.NewWithConfig(ctx, t.config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", t.where, baseline.ErrUnreachable, err)
	}
	db := retrying{&server{target: t, pool: pool}}
	if err := db.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return table.NewStore(db, table.PostgreSQL), nil
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

// retrying is a server that is asked again after an error which passes, and whose errors say what
// is wrong.
type retrying struct{ *server }

// Read does f in a transaction.
func (r retrying) Read(ctx context.Context, f func(table.Tx) error) error {
	return r.retry(ctx, table.Reading, func() error {
		return r.read(ctx, func(tx pgx.Tx) error { return f(querier{tx}) })
	})
}

// Write does f in a transaction.
func (r retrying) Write(ctx context.Context, to table.Deed, f func(table.Tx) error) error {
	return r.retry(ctx, to, func() error {
		return r.transact(ctx, func(tx pgx.Tx) error { return f(querier{tx}) })
	})
}

// retry tries f again while its error is one that passes.
func (r retrying) retry(ctx context.Context, to table.Deed, f func() error) error {
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		began := time.Now()
		err := f()
		if err == nil || try >= r.tries(err) || !r.passes(to, err) && !endedEarly(err, time.Since(began)) {
			return r.explain(ctx, to, err)
		}
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return r.explain(ctx, to, err)
		}
	}
}

// tries is how often something is tried that ends with err. A measurement of minutes is not lost to a server that
// restarts, and a host that is wrong is told at once.
func (s *server) tries(err error) int {
	var refused *pgconn.PgError
	if s.wasThere() || errors.As(err, &refused) && refused.Code == startingUp {
		return moreTries
	}
	return firstTries
}

// wasThere reports whether the server has answered before.
func (s *server) wasThere() bool { return s.schema != "" }
