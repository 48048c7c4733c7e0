// Package baseline is what a baseline is: runs on record, and which of them count.
//
// A run is put once and never changed. There is no "current baseline" to race for: a
// baseline is chosen when it is asked for, as the newest runs that a Query admits. Store is
// the contract; packages postgres and sqlite keep it, and storetest proves that they do.
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
	ErrUnreachable = errors.New("the store cannot be reached")
)

// Store keeps runs. All methods are safe for concurrent use, by many processes as well, and
// end with an error when ctx does.
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
	// is ErrNotFound or ErrAmbiguous.
	Get(ctx context.Context, id string) (Record, error)

	// Accept marks the run with this ID, given whole, as the first of a level that somebody has
	// accepted; a mark that is there already gives way. The error is ErrNotFound when there is
	// no such run.
	Accept(ctx context.Context, id string, a Acceptance) error

	// Remove removes the run with this ID, given whole. The error is ErrNotFound when there
	// is none.
	Remove(ctx context.Context, id string) error

	// Close lets go of connections and files. The store must not be used any more.
	Close() error
}

// Query admits runs: those that have the value of every field that is not empty.
type Query struct {
	Series        string
	Repository    string
	Branch        string
	ProfileDigest string
	Environment   string // a class: see result.Environment.Class
	Limit         int    // at most so many, the newest; 0 for DefaultLimit
	// SinceAccepted leaves out the runs of the Series, Repository and Branch that are older than
	// the newest accepted one: those are of another level.
	SinceAccepted bool
}

// Acceptance tells who has accepted a known change, when and why.
type Acceptance struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// DefaultLimit is how many runs a query without a limit gives.
const DefaultLimit = 50

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
	Started       time.Time `json:"started"`
	Stored        time.Time `json:"stored"`
	// Accepted is set on the first run of a level that was accepted.
	Accepted *Acceptance `json:"accepted,omitempty"`
}

// Record is a run as it is kept.
type Record struct {
	Info
	Result *result.Result
}
