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
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
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
	return r.retry(ctx, table.Opening, func() error {
		if err := r.find(ctx); err != nil {
			return err
		}
		return r.up(ctx, files)
	})
}

// up tries to migrate, once.
func (s *server) up(ctx context.Context, files fs.FS) error {
	err := migrate.Up(ctx, database{s}, files)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, baseline.ErrDenied), errors.Is(err, baseline.ErrOlderSchema):
	case errors.Is(err, migrate.ErrNewer):
		return fmt.Errorf("%w: %w", baseline.ErrNewerSchema, err)
	case errors.As(err, &refused) && s.isReplica(ctx, refused):
		return fmt.Errorf("%w: the server is a read-only replica, and its tables must be made or brought up to date on the primary: write the primary's host into the URL", baseline.ErrOlderSchema)
	case errors.As(err, &refused) && refused.Code == insufficientPrivilege:
		return fmt.Errorf("%w: its tables must be made or brought up to date, and the user %s may not do that (%s): somebody with the role plimsoll_admin, or the owner of the tables, must run `plimsoll baseline list` once with this version of plimsoll",
			baseline.ErrOlderSchema, s.pool.Config().ConnConfig.User, refused.Message)
	}
	return err
}

// database is a server whose tables are migrated.
type database struct{ *server }

// Version is the newest version in plimsoll_schema.
func (d database) Version(ctx context.Context) (version int, err error) {
	err = d.read(ctx, func(tx pgx.Tx) error {
		version, err = d.in(tx).Version(ctx)
		return err
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == insufficientPrivilege && !errors.As(err, new(*pgconn.ConnectError)) {
		err = d.denied(ctx, table.Reading, refused) // a user who may not read needs a role, not a migration
	}
	return version, err
}

func (d database) in(tx pgx.Tx) transaction { return transaction{tx, d.schema} }

// Transact holds a lock that ends with the transaction. Behind a pooler, a lock of the session would stay with
// whoever gets the connection next.
func (d database) Transact(ctx context.Context, f func(migrate.Transaction) error) error {
	return d.transact(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1::bigint)", int64(lockKey)); err != nil {
			return err
		}
		if err := d.intoSchema(ctx, tx); err != nil {
			return err
		}
		return f(d.in(tx))
	})
}

// intoSchema checks that new tables land in the chosen schema. If it is missing, or the user may not use it,
// PostgreSQL would make temporary tables.
func (d database) intoSchema(ctx context.Context, tx pgx.Tx) error {
	var is bool
	if err := tx.QueryRow(ctx, "SELECT coalesce(pg_catalog.current_schema() = $1::pg_catalog.name, false)", d.schema).Scan(&is); err != nil || is {
		return err
	}
	return fmt.Errorf("%w: its tables must be made, but the database has no schema %s, or the user %s may not use it: make it with CREATE SCHEMA, or name another one with search_path=NAME in the URL",
		baseline.ErrOlderSchema, quoted(d.schema), d.pool.Config().ConnConfig.User)
}

// transaction is a transaction in the database.
type transaction struct {
	tx     pgx.Tx
	schema string
}

// Version is the newest version in plimsoll_schema.
func (t transaction) Version(ctx context.Context) (version int, err error) {
	// This reads the catalogue as a table: to_regclass may answer from a cache that is older than the wait for the
	// lock.
	const exists = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = 'plimsoll_schema' AND n.nspname = $1)"
	var there bool
	if err := t.tx.QueryRow(ctx, exists, t.schema).Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, t.tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM "+pgx.Identifier{t.schema, "plimsoll_schema"}.Sanitize()).Scan(&version)
}

// Exec runs statements.
func (t transaction) Exec(ctx context.Context, statements string) error {
	_, err := t.tx.Exec(ctx, statements, pgx.QueryExecModeSimpleProtocol) // which takes several at once
	return err
}
