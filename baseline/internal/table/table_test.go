package table_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/internal/table"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
)

// A run of 12 routes and 40 rounds must stay under 32 KB, so that a million runs fit a database without an
// administrator.
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

// racing is a database in which somebody removes a run right after a Put has found it there.
type racing struct{ inserts, finds int }

func (r *racing) Read(_ context.Context, f func(table.Tx) error) error { return f(r) }
func (r *racing) Write(_ context.Context, _ table.Operation, f func(table.Tx) error) error {
	return f(r)
}
func (r *racing) Close() error { return nil }

func (r *racing) Query(_ context.Context, s table.Statement, each func(table.Row) error) error {
	if !strings.HasPrefix(s.SQL, "INSERT") {
		r.finds++
		return nil
	}
	if r.inserts++; r.inserts == 1 {
		return nil
	}
	return each(now{})
}

type now struct{}

func (now) Scan(into ...any) error {
	*into[0].(*time.Time) = time.Now()
	return nil
}

// Put puts a run again if somebody removes it before Put has looked it up.
func TestPutWhileOthersRemove(t *testing.T) {
	db := &racing{}
	if _, created, err := table.NewStore(db, table.SQLite).Put(t.Context(), storetest.NewResult(1)); err != nil || !created || db.finds != 1 {
		t.Errorf("created %v, %v, after %d looks", created, err, db.finds)
	}
}

// dropping is a database that accepts a run and does not keep it, as a trigger can do.
type dropping struct{ racing }

func (d *dropping) Read(_ context.Context, f func(table.Tx) error) error { return f(d) }
func (d *dropping) Write(_ context.Context, _ table.Operation, f func(table.Tx) error) error {
	return f(d)
}
func (*dropping) Query(context.Context, table.Statement, func(table.Row) error) error { return nil }

// If the database does not keep a run, the error says so, and is not ErrNotFound.
func TestPutThatIsNotKept(t *testing.T) {
	_, created, err := table.NewStore(&dropping{}, table.PostgreSQL).Put(t.Context(), storetest.NewResult(1))
	if created || err == nil || errors.Is(err, baseline.ErrNotFound) || !strings.Contains(err.Error(), "does a trigger, a rule or a policy on the table plimsoll_run drop it") {
		t.Errorf("created %v, %v", created, err)
	}
}
