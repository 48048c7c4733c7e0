package postgres

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
)

// A server that was there, or says that it starts, may take five seconds to be there again.
func TestServerThatRestarts(t *testing.T) {
	for code, schema := range map[string]string{"57P01": "public", "57P03": ""} {
		synctest.Test(t, func(t *testing.T) {
			there, tried := time.Now().Add(5*time.Second), 0
			err := retrying{&server{schema: schema}}.retry(t.Context(), table.Adding, func() error {
				if tried++; time.Now().Before(there) && tried < 50 {
					return &pgconn.PgError{Code: code}
				}
				return nil
			})
			if err != nil || tried > 10 {
				t.Errorf("%s: %v after %d tries", code, err, tried)
			}
		})
	}
}
