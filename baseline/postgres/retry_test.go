package postgres

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// A server that answered before, or is starting, may take five seconds until it answers.
func TestServerThatRestarts(t *testing.T) {
	_, nobodyListens := pgx.Connect(t.Context(), "postgres://u@127.0.0.1:1/db")
	if nobodyListens == nil {
		t.Fatal("somebody listens")
	}
	for name, c := range map[string]struct {
		schema string // set if the server has answered before
		err    error
	}{
		"it shuts down":  {"public", &pgconn.PgError{Code: "57P01"}},
		"it starts":      {"", &pgconn.PgError{Code: startingUp}},
		"nobody listens": {"public", nobodyListens},
	} {
		synctest.Test(t, func(t *testing.T) {
			there, tried := time.Now().Add(5*time.Second), 0
			err := retrying{&server{target: &target{}, schema: c.schema}}.retry(t.Context(), table.Excluding, func() error {
				if tried++; time.Now().Before(there) {
					return c.err
				}
				return nil
			})
			if err != nil || tried > 10 {
				t.Errorf("%s: %v after %d tries", name, err, tried)
			}
		})
	}
}
