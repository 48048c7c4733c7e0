// Package migrate brings a database's schema up to date: numbered SQL files, each run once,
// all of them in one transaction or none.
//
// The table plimsoll_schema lists the files that have been run. The caller makes the transaction and takes a lock
// in it. One transaction on one connection works behind a pooler. The libraries for migrations keep their lock in
// a session, or on a second connection, so none of them is used. A database that is up to date is only read, so a
// role that may not change the schema can use it.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// ErrNewer is wrapped when the database has a version that the files do not know.
var ErrNewer = errors.New("its schema is newer than this program")

// Database is a database to bring up to date.
type Database interface {
	// Version is the newest one in plimsoll_schema, 0 without such a table.
	Version(ctx context.Context) (int, error)
	// Transact does f in a transaction that locks out every other migration from its beginning.
	Transact(ctx context.Context, f func(Transaction) error) error
}

// Transaction is a transaction in a Database.
type Transaction interface {
	Version(ctx context.Context) (int, error)
	// Exec runs statements, any number in one text.
	Exec(ctx context.Context, statements string) error
}

// Up runs the files that have not been run yet. They are named NUMBER_name.sql, with four digits, from
// 1 on without gaps.
func Up(ctx context.Context, db Database, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	for i, name := range names {
		var number int
		if _, err := fmt.Sscanf(name, "%04d_", &number); err != nil || number != i+1 {
			return fmt.Errorf("schema file %s: expected number %04d", name, i+1)
		}
	}
	if missing, err := missing(ctx, db, names); len(missing) == 0 || err != nil {
		return err
	}
	return db.Transact(ctx, func(tx Transaction) error {
		missing, err := missing(ctx, tx, names) // somebody may have been faster
		if err != nil {
			return err
		}
		for _, name := range missing {
			if err := run(ctx, tx, files, name); err != nil {
				return fmt.Errorf("bring the schema to version %d: %s: %w", len(names), name, err)
			}
		}
		return nil
	})
}

// missing are the files that have not been run.
func missing(ctx context.Context, in interface {
	Version(ctx context.Context) (int, error)
}, names []string) ([]string, error) {
	version, err := in.Version(ctx)
	switch {
	case err != nil:
		return nil, err
	case version > len(names):
		return nil, fmt.Errorf("%w: version %d, this one knows %d: use the newer plimsoll", ErrNewer, version, len(names))
	}
	return names[version:], nil
}

func run(ctx context.Context, tx Transaction, files fs.FS, name string) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS plimsoll_schema (version integer PRIMARY KEY, reached timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"); err != nil {
		return err
	}
	if err := tx.Exec(ctx, string(text)); err != nil {
		return err
	}
	return tx.Exec(ctx, fmt.Sprintf("INSERT INTO plimsoll_schema (version) VALUES (%.4s)", name))
}
