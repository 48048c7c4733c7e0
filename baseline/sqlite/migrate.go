package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/migrate"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate makes the tables or brings them up to date.
func (f *file) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	err = migrate.Up(ctx, database{f}, files)
	switch {
	case errors.Is(err, migrate.ErrNewer):
		return fmt.Errorf("open %s: %w: %w", f.path, baseline.ErrNewerSchema, err)
	case err != nil:
		return fmt.Errorf("open %w", f.explain(table.Opening, err))
	}
	return nil
}

// database is a file whose tables are migrated.
type database struct{ *file }

// Version is the newest version in plimsoll_schema.
func (d database) Version(ctx context.Context) (int, error) { return version(ctx, d.db) }

// Transact keeps other writers out from its beginning: all transactions are immediate.
func (d database) Transact(ctx context.Context, f func(migrate.Transaction) error) error {
	return d.transact(ctx, func(tx *sql.Tx) error { return f(transaction{tx}) })
}

// transaction is a transaction in the database.
type transaction struct{ tx *sql.Tx }

// Version is the newest version in plimsoll_schema.
func (t transaction) Version(ctx context.Context) (int, error) { return version(ctx, t.tx) }

// Exec runs statements.
func (t transaction) Exec(ctx context.Context, statements string) error {
	_, err := t.tx.ExecContext(ctx, statements)
	return err
}

func version(ctx context.Context, db interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (version int, err error) {
	for _, query := range []string{
		"SELECT count(*) FROM sqlite_schema WHERE name = 'plimsoll_schema'", // 0 without the table
		"SELECT coalesce(max(version), 0) FROM plimsoll_schema",
	} {
		if err = db.QueryRowContext(ctx, query).Scan(&version); err != nil || version == 0 {
			break
		}
	}
	return version, err
}
