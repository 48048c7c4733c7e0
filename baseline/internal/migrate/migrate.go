// Package migrate brings a database's schema up to date: numbered SQL files, each run once
// and whole or not at all, under a lock that the caller brings.
//
// pressly/goose does the work. What has been done stands in the table plimsoll_schema. A
// database that is up to date is only read, so that a role without rights to change the
// schema can use it.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Table is where the versions stand that a database has.
const Table = "plimsoll_schema"

// ErrNewer is wrapped when the database has a version that the files do not know.
var ErrNewer = errors.New("its schema is newer than this program")

// Database is what is brought up to date.
type Database struct {
	DB      *sql.DB
	Dialect goose.Dialect
	Files   fs.FS // NUMBER_name.sql, from 1 without gaps
	Lock    lock.SessionLocker
}

// Up runs the files that have not been run.
func Up(ctx context.Context, d Database) (err error) {
	provider, err := goose.NewProvider(d.Dialect, d.DB, d.Files,
		goose.WithTableName(Table), goose.WithDisableGlobalRegistry(true), goose.WithSessionLocker(d.Lock))
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	for i, source := range sources {
		if source.Version != int64(i+1) {
			return fmt.Errorf("schema file %s is number %d, expected %d", source.Path, source.Version, i+1)
		}
	}
	newest := int64(len(sources))
	if done, err := isUp(ctx, d.DB, newest); done || err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema to version %d: %w", newest, err)
	}
	_, err = isUp(ctx, d.DB, newest) // somebody newer may have been faster
	return err
}

// isUp reports whether the database has the newest version.
func isUp(ctx context.Context, db *sql.DB, newest int64) (bool, error) {
	var version int64
	err := db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+Table).Scan(&version)
	if err != nil {
		return false, nil // there is no such table yet; any other trouble shows again
	}
	if version > newest {
		return false, fmt.Errorf("%w: version %d, this one knows %d: use the newer plimsoll", ErrNewer, version, newest)
	}
	return version == newest, nil
}
