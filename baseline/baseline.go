// Package baseline says what a baseline is: the runs on record, and which of them count.
//
// A run is put once and never changed. There is no "current baseline" to race for: Choose finds the baseline of a
// change when a gate asks, among the newest runs that a Query admits. People can accept or exclude a run later:
// that is a Mark beside it. Prune removes old runs by a Retention.
//
// Store is the contract. Packages postgres and sqlite keep it, and storetest proves that they do.
// A history is read as Records, which hold a summary each: hundreds of runs of a hundred routes
// take milliseconds. Only Get reads the whole result of a run.
package baseline

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Errors of a Store wrap these, for a caller to act on.
var (
	ErrNotFound    = errors.New("there is no such run")
	ErrAmbiguous   = errors.New("more than one run begins with it")
	ErrNotWhole    = errors.New("it cannot be a baseline")
	ErrDamaged     = errors.New("the store cannot read it back")
	ErrNewerSchema = errors.New("a newer plimsoll has changed its tables")
	ErrOlderSchema = errors.New("its tables are missing, or older than this plimsoll")
	ErrUnreachable = errors.New("the store cannot be reached")
	ErrDenied      = errors.New("permission denied")
)

// LocationError is a mistake in the URL or path of a store, which the user can correct.
type LocationError struct{ Err error }

func (e LocationError) Error() string { return e.Err.Error() }

// Unwrap is the mistake.
func (e LocationError) Unwrap() error { return e.Err }

// Store keeps runs. All methods are safe for concurrent use, by many processes as well, and end with an error when
// ctx does. Methods that take an ID need the whole ID, and give ErrNotFound if there is no such run.
//
// If a row was damaged, or the store did not write it, the error wraps ErrDamaged, names the run and says how to
// remove it. List, Find, Exclude and Remove work on it.
type Store interface {
	// Put keeps a run under its ID, in the form of result.Compact. If that run is there already, nothing changes
	// and created is false. It refuses what result.Validate refuses, and a run that is not whole, with
	// ErrNotWhole. After an error the run may be there, and putting it again is safe.
	Put(ctx context.Context, r *result.Result) (info Info, created bool, err error)

	// Window gives the runs that a query admits, newest first, as summaries.
	Window(ctx context.Context, q Query) ([]Record, error)

	// List is Window without the summaries, which costs less.
	List(ctx context.Context, q Query) ([]Info, error)

	// Find gives the run whose ID is id, or the only one whose ID begins with it. Otherwise the error is
	// ErrNotFound or ErrAmbiguous. It finds excluded runs too.
	Find(ctx context.Context, id string) (Info, error)

	// Get is Find with the result of the run.
	Get(ctx context.Context, id string) (Run, error)

	// Accept marks a run as the first of a level that somebody has accepted. Marks are only added. If a run has
	// several, the last one counts.
	Accept(ctx context.Context, id string, m Mark) error

	// Exclude marks a run that does not count. Its acceptance does not count either. Only a query WithExcluded
	// admits it.
	Exclude(ctx context.Context, id string, m Mark) error

	// Expired returns a batch of runs that a retention does not keep. It removes nothing: see Prune.
	Expired(ctx context.Context, r Retention) ([]Info, error)

	// Remove removes the runs with these IDs and their marks: all of them or none.
	Remove(ctx context.Context, ids ...string) error

	// Close closes connections and files. The store must not be used afterwards.
	Close() error
}

// Query admits runs: those that match every field that is not empty, and are not excluded.
type Query struct {
	Series        string
	Repository    string
	Branch        string
	ProfileDigest string
	Environment   string   // a class: see result.Environment.Class
	Commits       []string // runs of these commits alone, at most MaxCommits; nil for any
	Limit         int      // maximum number of runs, the newest first; 0 for DefaultLimit
	// SinceAccepted leaves out the runs of an older level: those before the newest accepted run of
	// the Series, Repository, Branch and Commits.
	SinceAccepted bool
	// WithExcluded admits excluded runs too, for people.
	WithExcluded bool
	// After is a cursor: the last Info of the previous page. See All.
	After *Info
}

// DefaultLimit is how many runs a query without a limit gives.
const DefaultLimit = 50

// MaxCommits is how many commits a Query takes. With a longer history, ask for the nearest ones.
const MaxCommits = 10_000

// Info identifies a run, with its marks.
type Info struct {
	ID            string    `json:"id"`
	Series        string    `json:"series"`
	Repository    string    `json:"repository,omitempty"`
	Branch        string    `json:"branch"`
	Commit        string    `json:"commit,omitempty"`
	ProfileDigest string    `json:"profile_digest"`
	Environment   string    `json:"environment"` // its class
	Tool          string    `json:"tool"`
	Started       time.Time `json:"started"` // to the microsecond
	Stored        time.Time `json:"stored"`
	// Accepted is set on the first run of a level that was accepted.
	Accepted *Mark `json:"accepted,omitempty"`
	// Excluded is set on a run that does not count.
	Excluded *Mark `json:"excluded,omitempty"`
}

// Record is a run of a history: what gates compare with.
type Record struct {
	Info
	Summary result.Summary
}

// Run is a run with all that a store keeps of it.
type Run struct {
	Info
	Result *result.Result // compact
}
