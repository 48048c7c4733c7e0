package main

import (
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
)

// storeFlag says where baselines live.
type storeFlag struct {
	DB string `name:"db" env:"PLIMSOLL_DATABASE_URL" default:"sqlite:.plimsoll/baselines.db" help:"Where baselines live: postgres://… or sqlite:PATH (default: ${default})."`
}

// open opens the store, and makes or migrates its schema.
func (f storeFlag) open(a *app) (baseline.Store, error) {
	if path, ok := strings.CutPrefix(f.DB, "sqlite:"); ok {
		return sqlite.Open(a.ctx, path)
	}
	if strings.HasPrefix(f.DB, "postgres://") || strings.HasPrefix(f.DB, "postgresql://") {
		return postgres.Open(a.ctx, f.DB)
	}
	// The value is not shown: it may hold a password.
	return nil, badInput("--db, or PLIMSOLL_DATABASE_URL, must begin with postgres:// or sqlite:")
}
