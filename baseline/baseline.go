// Package baseline is what a baseline is: runs on record, and which of them count.
//
// A run is put once and never changed. There is no "current baseline" to race for: a
// baseline is chosen when it is asked for, as the newest runs that a Query admits. What
// people say about a run later, that it was accepted or that it does not count, is a Mark
// beside it. Store is the contract; packages postgres and sqlite keep it, and storetest
// proves that they do.
package baseline

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// What a Store's errors wrap, for a caller to act on.
var (
	ErrNotFound    = errors.New("there is no such run")
	ErrAmbiguous   = errors.New("more than one run begins so")
	ErrNotWhole    = errors.New("only a whole run can be a baseline")
	ErrNewerSchema = errors.New("a newer plimsoll has been here")
	ErrOlderSchema = errors.New("an older plimsoll has been here, or none")
	ErrUnreachable = errors.New("the store cannot be reached")
)

// Store keeps runs. All methods are safe for concurrent use, by many processes as well, and
// end with an error when ctx does. Where a method takes an ID, it is given whole, and the
// error is ErrNotFound when there is no such run.
type Store interface {
	// Put keeps a run, without what result.Compact leaves out, under its ID. When that run is
	// there already nothing changes and created is false. A run that is not whole is refused
	// with ErrNotWhole. After an error the run may be there, and putting it again is safe.
	Put(ctx context.Context, r *result.Result) (record Record, created bool, err error)

	// Window gives the runs that a query admits, newest first.
	Window(ctx context.Context, q Query) ([]Record, error)

	// List is Window without the results, which costs less.
	List(ctx context.Context, q Query) ([]Info, error)

	// Get gives the run whose ID is id, or begins with it when no other does. Else the error
	// is ErrNotFound or ErrAmbiguous. Excluded runs are given too.
	Get(ctx context.Context, id string) (Record, error)

	// Accept marks a run as the first of a level that somebody has accepted. Marks are only
	// ever added: of several on a run the last one put counts.
	Accept(ctx context.Context, id string, m Mark) error

	// Exclude marks a run as one that does not count: no query admits it, nor does its
	// acceptance count, and only a query WithExcluded shows it.
	Exclude(ctx context.Context, id string, m Mark) error

	// Expired gives runs that a retention lets go, a part of them when there are many: who
	// removes them asks again until none is left. Nothing is removed.
	Expired(ctx context.Context, r Retention) ([]Info, error)

	// Remove removes the runs with these IDs and their marks: all of them or none. Of what Expired
	// gave, somebody else may have removed some since: who gets ErrNotFound asks Expired again.
	Remove(ctx context.Context, ids ...string) error

	// Close lets go of connections and files. The store must not be used any more.
	Close() error
}

// Query admits runs: those that have the value of every field that is not empty, and are not
// excluded.
type Query struct {
	Series        string
	Repository    string
	Branch        string
	ProfileDigest string
	Environment   string   // a class: see result.Environment.Class
	Commits       []string // runs of these commits alone, MaxCommits of them at most; nil for any
	Limit         int      // at most so many, the newest; 0 for DefaultLimit
	// SinceAccepted leaves out the runs that are older than the newest accepted one of the
	// Series, Repository, Branch and Commits: those are of another level.
	SinceAccepted bool
	// WithExcluded admits excluded runs too: for people, who want to see them.
	WithExcluded bool
	// After leaves out this run and those before it in the answer: given the last run of one
	// answer, a query goes on where that ended. See All.
	After *Info
}

// DefaultLimit is how many runs a query without a limit gives.
const DefaultLimit = 50

// MaxCommits is how many commits a Query takes; a longer history finds its baseline among the
// nearest of them.
const MaxCommits = 10_000

// Info tells which run a record is of.
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

// Record is a run as it is kept.
type Record struct {
	Info
	Result *result.Result
}
