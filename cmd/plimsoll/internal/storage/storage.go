// Package storage opens the store that a URL names: PostgreSQL, or a file of SQLite.
//
// URL chooses between the flag and the environment, and Open opens. Their errors name neither password nor URL. Errors
// of the store itself may name a database's host, so show Public of them where everybody can read.
package storage

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// Embedded is the default store.
const Embedded = "sqlite:.plimsoll/baselines.db"

// URL is the store's URL: of the flag --db, else of the environment, else Embedded. It warns of a password in the flag,
// and of a file that is lost with a workflow's runner.
func URL(c *console.Console, flag string) string {
	if hasPassword(flag) {
		c.Warn("the password in --db is visible to everybody on this machine, in the list of processes: put the URL into PLIMSOLL_DATABASE_URL instead")
	}
	location := Location(c, flag)
	if cmp.Or(flag, c.Env.Get(environ.DatabaseURL)) == "" && c.InActions() {
		c.Warn("baselines live in a file of this runner, " + Embedded + ", which is gone with it unless a cache keeps it: is database-url, or PLIMSOLL_DATABASE_URL, empty? A pull request from a fork gets no secrets")
	}
	return location
}

// Location is URL without warnings, for a command that only looks.
func Location(c *console.Console, flag string) string {
	return cmp.Or(flag, c.Env.Get(environ.DatabaseURL), Embedded)
}

// hasPassword reports whether a URL of a database has a password in it.
func hasPassword(text string) bool {
	if !isPostgres(text) {
		return false
	}
	u, err := url.Parse(text)
	if err != nil {
		return strings.Contains(text, "@") // a password with a character that a URL would escape
	}
	_, has := u.User.Password()
	return has || u.Query().Has("password")
}

func isPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// Open opens the store, and makes or migrates its schema.
func Open(ctx context.Context, location string) (baseline.Store, error) {
	path, isFile := strings.CutPrefix(location, "sqlite:")
	var store baseline.Store
	var err error
	switch {
	case isFile:
		store, err = sqlite.Open(ctx, path)
	case isPostgres(location):
		store, err = postgres.Open(ctx, location)
	default: // the value is not shown: it may hold a password
		return nil, exit.BadInput("--db, or PLIMSOLL_DATABASE_URL, must begin with postgres:// or sqlite:")
	}
	if errors.As(err, new(baseline.LocationError)) {
		err = exit.BadInput("--db, or PLIMSOLL_DATABASE_URL: %w", err)
	}
	return store, err
}

// Meetings opens the database in which shards meet: the store's, which must be PostgreSQL.
func Meetings(ctx context.Context, location string) (*postgres.Meetings, error) {
	if !isPostgres(location) {
		return nil, exit.BadInput("shards meet in PostgreSQL: name the database in PLIMSOLL_DATABASE_URL, or with --db postgres://…")
	}
	db, err := postgres.OpenMeetings(ctx, location)
	if errors.As(err, new(baseline.LocationError)) {
		err = exit.BadInput("--db, or PLIMSOLL_DATABASE_URL: %w", err)
	}
	return db, err
}

// Named makes the error about a missing run a mistake in the input.
func Named(err error) error {
	if errors.Is(err, baseline.ErrNotFound) || errors.Is(err, baseline.ErrAmbiguous) {
		return exit.AsInput(err)
	}
	return err
}

// trouble is an error of the store.
type trouble struct{ error }

func (e trouble) Unwrap() error { return e.error }

// Trouble marks err as an error of the store; nil stays nil.
func Trouble(err error) error {
	if err == nil {
		return nil
	}
	return trouble{err}
}

// Public is err without secrets: an error of the store is replaced by a general one.
func Public(err error) error {
	if errors.As(err, &trouble{}) {
		return errors.New("the store of the baselines cannot be used: the job's log says why")
	}
	return err
}
