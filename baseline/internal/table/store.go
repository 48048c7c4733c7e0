package table

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Database is what a Store needs of a database. Errors of Read and Write name the database and the cause.
type Database interface {
	// Read does f, which only reads. Write does all of f or nothing. Both may do f again from its beginning after
	// a temporary error. Their error says what was being done.
	Read(ctx context.Context, f func(Tx) error) error
	Write(ctx context.Context, op Operation, f func(Tx) error) error
	Close() error
}

// Operation is what is being done to the store, as text after "cannot".
type Operation string

// The operations.
const (
	Opening   Operation = "open the store" // including its tables
	Reading   Operation = "read runs"
	Adding    Operation = "add runs"
	Accepting Operation = "accept runs"
	Excluding Operation = "exclude runs"
	Removing  Operation = "remove runs"
	Looking   Operation = "read meetings"
	Meeting   Operation = "take part in meetings"
)

// Roles are the roles that may do an operation, the one with the fewest rights first.
func Roles(op Operation) []string {
	switch op {
	case Opening, Reading:
		return []string{"plimsoll_reader", "plimsoll_writer", "plimsoll_admin"}
	case Adding, Accepting:
		return []string{"plimsoll_writer", "plimsoll_admin"}
	case Looking:
		return []string{"plimsoll_reader", "plimsoll_generator", "plimsoll_writer", "plimsoll_admin"}
	case Meeting:
		return []string{"plimsoll_generator", "plimsoll_admin"}
	default:
		return []string{"plimsoll_admin"}
	}
}

// Tx is a transaction.
type Tx interface {
	// Query runs a statement and gives each row of its answer to each, until an error.
	Query(ctx context.Context, s Statement, each func(Row) error) error
}

// Row is a row that can be read.
type Row interface{ Scan(into ...any) error }

// Store keeps runs in a database: see baseline.Store.
type Store struct {
	Database
	dialect Dialect
}

var _ baseline.Store = (*Store)(nil)

// NewStore is a Store in a database whose tables are up to date.
func NewStore(db Database, dialect Dialect) *Store { return &Store{db, dialect} }

// mostPuts is how often Put tries if others keep removing the run.
const mostPuts = 5

// Put keeps a run. If an earlier try put it and the answer was lost, created is false.
func (s *Store) Put(ctx context.Context, r *result.Result) (info baseline.Info, created bool, err error) {
	info, insert, err := s.dialect.Insert(r)
	if err != nil {
		return info, false, err
	}
	for try := 1; ; try++ {
		put, err := collect(ctx, s.writing(Adding), insert, scanStored)
		if err != nil {
			return baseline.Info{}, false, err
		}
		if len(put) > 0 {
			info.Stored = put[0].UTC()
			return info, true, nil
		}
		there, err := s.Find(ctx, info.ID)
		switch {
		case !errors.Is(err, baseline.ErrNotFound):
			return there, false, err
		case try == mostPuts: // until then, somebody else may have removed it
			return baseline.Info{}, false, fmt.Errorf("cannot %s: run %s was put %d times and is not there: does a trigger, a rule or a policy on the table plimsoll_run drop it, or does somebody remove it at once?", Adding, info.ID, try)
		}
	}
}

func scanStored(row Row) (stored time.Time, err error) { return stored, row.Scan(&stored) }

// Window gives the newest runs with their summaries.
func (s *Store) Window(ctx context.Context, q baseline.Query) ([]baseline.Record, error) {
	statement, err := s.dialect.Window(q)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.Read, statement, scanRecord)
}

// List gives the newest runs without their summaries.
func (s *Store) List(ctx context.Context, q baseline.Query) ([]baseline.Info, error) {
	statement, err := s.dialect.List(q)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.Read, statement, scanInfo)
}

// Expired gives runs that may go.
func (s *Store) Expired(ctx context.Context, r baseline.Retention) ([]baseline.Info, error) {
	statement, err := s.dialect.Expired(r)
	if err != nil {
		return nil, err
	}
	return collect(ctx, s.Read, statement, scanInfo)
}

// Find gives one run without its result.
func (s *Store) Find(ctx context.Context, id string) (baseline.Info, error) {
	found, err := collect(ctx, s.Read, s.dialect.find(infoColumns(), id), scanInfo)
	switch {
	case err != nil:
		return baseline.Info{}, err
	case len(found) == 0:
		return baseline.Info{}, notFound(id)
	case len(found) > 1:
		return baseline.Info{}, fmt.Errorf("run %s: %w: %.16s, %.16s; write more of it", id, baseline.ErrAmbiguous, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

// Get gives one run.
func (s *Store) Get(ctx context.Context, id string) (baseline.Run, error) {
	info, err := s.Find(ctx, id)
	if err != nil {
		return baseline.Run{}, err
	}
	found, err := collect(ctx, s.Read, s.dialect.find(infoColumns()+", document", info.ID), scanRun)
	if err != nil {
		return baseline.Run{}, err
	}
	if len(found) == 0 { // removed meanwhile
		return baseline.Run{}, notFound(id)
	}
	return found[0], nil
}

// Accept marks one run.
func (s *Store) Accept(ctx context.Context, id string, m baseline.Mark) error {
	if err := m.Check(); err != nil {
		return err
	}
	return s.mark(ctx, Accepting, id, s.dialect.accept(id, m))
}

// Exclude marks one run.
func (s *Store) Exclude(ctx context.Context, id string, m baseline.Mark) error {
	if err := m.Check(); err != nil {
		return err
	}
	return s.mark(ctx, Excluding, id, s.dialect.exclude(id, m))
}

func (s *Store) mark(ctx context.Context, op Operation, id string, statement Statement) error {
	marked, err := collect(ctx, s.writing(op), statement, scanID)
	if err == nil && len(marked) == 0 {
		err = notFound(id)
	}
	return err
}

// writing is Write for one operation.
func (s *Store) writing(op Operation) func(context.Context, func(Tx) error) error {
	return func(ctx context.Context, f func(Tx) error) error { return s.Write(ctx, op, f) }
}

// Remove removes runs.
func (s *Store) Remove(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	statement, err := s.dialect.remove(ids)
	if err != nil {
		return err
	}
	return s.Write(ctx, Removing, func(tx Tx) error {
		there := map[string]bool{}
		if err := tx.Query(ctx, statement, func(row Row) error {
			id, err := scanID(row)
			there[id] = true
			return err
		}); err != nil {
			return err
		}
		for _, id := range ids {
			if !there[id] {
				return notFound(id) // the error undoes the removal
			}
		}
		return nil
	})
}

// collect runs one statement by Read or Write.
func collect[T any](ctx context.Context, do func(context.Context, func(Tx) error) error, s Statement, scan func(Row) (T, error)) (found []T, err error) {
	err = do(ctx, func(tx Tx) error {
		found = nil // of an earlier try
		return tx.Query(ctx, s, func(row Row) error {
			one, err := scan(row)
			found = append(found, one)
			return err
		})
	})
	return found, err
}

// notFound is the error that there is no such run.
func notFound(id string) error {
	if !beginning.MatchString(id) {
		return fmt.Errorf("run %.80q: %w", id, baseline.ErrNotFound)
	}
	return fmt.Errorf("run %s: %w", id, baseline.ErrNotFound)
}
