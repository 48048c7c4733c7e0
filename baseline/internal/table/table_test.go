package table_test

import (
	"testing"

	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
)

// A run of 12 routes and 40 rounds must stay under 32 KB, so that a million of them fit a
// database that nobody looks after.
func TestRunIsSmall(t *testing.T) {
	_, insert, err := table.PostgreSQL.Insert(storetest.NewLarge(1, 12, 40))
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, arg := range insert.Args {
		switch value := arg.(type) {
		case []byte:
			size += len(value)
		case string:
			size += len(value)
		}
	}
	if size > 32_000 {
		t.Errorf("the row has %d bytes", size)
	}
	t.Logf("%d bytes", size)
}
