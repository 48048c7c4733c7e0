package main

import (
	"errors"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
)

// storeFlag says where baselines live.
type storeFlag struct {
	DB string `name:"db" env:"PLIMSOLL_DATABASE_URL" default:"sqlite:.plimsoll/baselines.db" help:"Where baselines live: postgres://… or sqlite:PATH (default: ${default})."`
}

// use opens the store for as long as do takes.
func (f storeFlag) use(a *app, do func(baseline.Store) error) error {
	store, err := f.open(a)
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

// useRun is use for one run of the store, which is named by its ID or the beginning of it.
func (f storeFlag) useRun(a *app, id string, do func(baseline.Store, baseline.Record) error) error {
	return f.use(a, func(store baseline.Store) error {
		record, err := store.Get(a.ctx, id)
		if err != nil {
			return namedWrong(err)
		}
		return do(store, record)
	})
}

// namedWrong makes the user's slip out of an error that says that a run is not there.
func namedWrong(err error) error {
	if errors.Is(err, baseline.ErrNotFound) || errors.Is(err, baseline.ErrAmbiguous) {
		return inputError{err}
	}
	return err
}

// storeError is trouble with the store. Its sentence may name the host of a database, which is for the
// job's log and not for a comment.
type storeError struct{ error }

func (e storeError) Unwrap() error { return e.error }

// embedded is the store when none is named.
const embedded = "sqlite:.plimsoll/baselines.db"

// open opens the store, and makes or migrates its schema.
func (f storeFlag) open(a *app) (baseline.Store, error) {
	if f.DB == embedded && a.inActions() {
		a.warn("baselines live in a file of this runner, " + embedded + ", which is gone with it unless a cache keeps it: is database-url, or PLIMSOLL_DATABASE_URL, empty? A pull request from a fork gets no secrets")
	}
	if path, ok := strings.CutPrefix(f.DB, "sqlite:"); ok {
		return sqlite.Open(a.ctx, path)
	}
	if strings.HasPrefix(f.DB, "postgres://") || strings.HasPrefix(f.DB, "postgresql://") {
		return postgres.Open(a.ctx, f.DB)
	}
	// The value is not shown: it may hold a password.
	return nil, badInput("--db, or PLIMSOLL_DATABASE_URL, must begin with postgres:// or sqlite:")
}
