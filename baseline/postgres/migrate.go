package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// lockKey is the advisory lock of Plimsoll's migrations: the bytes of "plimsoll" as a number.
const lockKey = 0x706c696d736f6c6c

// migrate makes the tables or brings them up to date.
func (r retrying) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return r.retry(ctx, func() error { return r.up(ctx, files) })
}

// up tries it once.
func (s *server) up(ctx context.Context, files fs.FS) error {
	err := migrate.Up(ctx, database{s}, files)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, migrate.ErrNewer):
		return fmt.Errorf("%w: %w", baseline.ErrNewerSchema, err)
	case errors.As(err, &refused) && refused.Code == insufficientPrivilege:
		return fmt.Errorf("%w: its tables must be made or brought up to date, and the user %s may not do that (%s): let somebody of the role plimsoll_admin, or the owner of the tables, run `plimsoll baseline list` once with this version of plimsoll",
			baseline.ErrOlderSchema, s.pool.Config().ConnConfig.User, refused.Message)
	}
	return err
}

// database is a server that is brought up to date.
type database struct{ *server }

// Version tells how far the tables are.
func (d database) Version(ctx context.Context) (version int, err error) {
	err = d.transact(ctx, func(tx pgx.Tx) error {
		version, err = transaction{tx}.Version(ctx)
		return err
	})
	return version, err
}

// Transact holds the lock as long as the transaction lives: behind a pooler the lock of a session
// would be left to whoever gets the connection next.
func (d database) Transact(ctx context.Context, f func(migrate.Transaction) error) error {
	return d.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(lockKey)); err != nil {
			return err
		}
		return f(transaction{tx})
	})
}

// transaction is one in the database.
type transaction struct{ tx pgx.Tx }

// Version tells how far the tables are.
func (t transaction) Version(ctx context.Context) (version int, err error) {
	// The catalogue is read as a table: to_regclass may answer out of a cache from before the wait
	// for the lock.
	const exists = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'plimsoll_schema' AND n.nspname = ANY (current_schemas(false)))"
	var there bool
	if err := t.tx.QueryRow(ctx, exists).Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, t.tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM plimsoll_schema").Scan(&version)
}

// Exec runs statements.
func (t transaction) Exec(ctx context.Context, statements string) error {
	_, err := t.tx.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol) // which takes several at once
	return err
}
