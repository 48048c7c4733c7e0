// Package foreign makes a Result of what another load generator measured.
//
// A Format reads a file of one tool and tells a Sink what it holds: requests one by one, sums of routes, or
// histograms of intervals. The Sink counts them, in whatever order they come, and Result returns a result.Result.
//
// Requests become six rounds, their tallies, and a timeline, as in a run of this program. A request belongs to the
// round in which it was sent. The rounds are about equally long and cover the whole file. Sums become a single round
// without histograms. Equal files give equal results.
//
// Other tools count the time of a request from when they sent it, not from when it was due, so that a stall of the
// system hides the requests that were not sent meanwhile (coordinated omission; see package tally). That is why
// the result names its tool in Origin, in the version of the generator and in the digest of the profile: it is
// compared only with results of the same tool and form.
//
// A Sink's memory does not grow with the number of requests. It does with the distinct latencies of routes in
// rounds, so it keeps at most mostRoutes routes; see names. Not safe for concurrent use.
package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Format is a family of files that one tool writes.
type Format struct {
	Name string // as the command line names it, such as k6
	Tool string // as sentences name it
	// Form says which file of the tool begins with head, such as "the JSON lines of k6"; empty for none.
	Form  func(head []byte) string
	Known string // which files of the tool are read, for a sentence about one that is not
	New   func() Reader
}

// Reader reads the files of one result, one after the other.
type Reader interface {
	Read(f *File, s *Sink) error
	// End is called after the last file.
	End(s *Sink) error
}

// File is a file that is read, without compression and byte order mark.
type File struct {
	io.Reader
	Name    string
	Head    []byte         // how it begins, up to 4 KB; the Reader yields it too
	Changed time.Time      // when it was last written
	Zone    *time.Location // of times that name no zone; nil if the user gave none
}

// Request is one request of a log.
type Request struct {
	Route []byte // the Sink copies it
	Start int64  // when it was sent, in ns since 1970
	Took  time.Duration
	Class tally.Class
	Bytes int64
	Error string // what went wrong; empty when Class is OK
	Users int    // at work at that time; 0 if not told
}

// Sums is what a tool says of a route, or of all of them.
type Sums struct {
	Requests, Failures int64
	P50, P95, P99      time.Duration // 0 for one that is not told
	Tiny               []string      // quantiles that the tool tells as 0, such as p50; see Quantile
	Bytes              int64
	Length             time.Duration         // how long this route was loaded, if routes were loaded one after the other; else 0
	Classes            map[tally.Class]int64 // how requests failed; those missing from Failures failed by their status
	Errors             map[string]int64      // how often requests failed with a text
}

// Sink takes what the files of one tool hold.
type Sink struct {
	log   *log
	sums  *sums
	notes []string
	cut   string // where a file ends in the middle; empty if none does

	Target string // what was loaded; empty if not told
	Commit string // what was measured, if the file tells; otherwise it is what is checked out
	Users  int    // the most at a time; 0 if not told
	Tool   string // if it is not the one of the Format, such as wrk2
	// FromDue says that times count from when requests were due, or that nobody knows from when.
	FromDue bool
	// Ended is when the last request ended, if the requests tell only times since the load began. Their Start then
	// counts from there. Zero if they tell instants.
	Ended time.Time
}

// Note adds a sentence that the result is shown with.
func (s *Sink) Note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// Cut says that a file ends in the middle: the load was not recorded to its end.
func (s *Sink) Cut(format string, args ...any) {
	if s.cut == "" {
		s.cut = fmt.Sprintf(format, args...)
	}
}

// WasCut is the sentence about a file that ends in the middle; empty if none does.
func (s *Sink) WasCut() string { return s.cut }

// Request counts one request. It returns an error if no request can have these values.
func (s *Sink) Request(r *Request) error {
	if err := s.open(); err != nil {
		return err
	}
	switch {
	case r.Took < 0:
		return fmt.Errorf("a request took %v: its time is negative", r.Took)
	case r.Took > tally.MaxLatency:
		return fmt.Errorf("a request took %v, which is more than a year", r.Took)
	case r.Start < earliest || r.Start > latest:
		return fmt.Errorf("a request was sent at %v: the years 1970 to 2199 are possible", time.Unix(0, r.Start).UTC())
	case r.Users < 0 || r.Bytes < 0:
		return fmt.Errorf("a request has %d bytes and %d users", r.Bytes, r.Users)
	}
	s.Users = max(s.Users, r.Users)
	return s.log.add(r)
}

// Interval counts requests that succeeded from start, in ns since 1970, for a length, by a histogram of their times.
func (s *Sink) Interval(route []byte, start int64, length time.Duration, took *hist.Histogram) error {
	if err := s.open(); err != nil {
		return err
	}
	if length < 0 || length > tally.MaxLatency || start < earliest || start > latest-int64(length) {
		return fmt.Errorf("an interval begins at %v and lasts %v", time.Unix(0, start).UTC(), length)
	}
	s.log.interval(route, start, length, took)
	return nil
}

// UsersAt says how many users were at work at an instant, in ns since 1970.
func (s *Sink) UsersAt(at int64, n int) {
	if err := s.open(); err != nil || n < 0 || at < earliest || at > latest {
		return // it only accompanies the requests
	}
	s.Users = max(s.Users, n)
	s.log.usersAt(at, n)
}

// Route gives the sums of a route.
func (s *Sink) Route(name []byte, of Sums) error {
	if err := s.summed(); err != nil {
		return err
	}
	return s.sums.route(name, of)
}

// Total gives the sums of all routes together. If it is not called, they are added up from the routes.
func (s *Sink) Total(of Sums) error {
	if err := s.summed(); err != nil {
		return err
	}
	if s.sums.total != nil {
		return errors.New("it tells the sums of all routes twice: import one run at a time")
	}
	s.sums.total = &of
	return nil
}

// Lasted says when the load of sums began, and how long it lasted.
func (s *Sink) Lasted(began time.Time, length time.Duration) error {
	if err := s.summed(); err != nil {
		return err
	}
	s.sums.began, s.sums.length = began, length
	return nil
}

// Second adds to the timeline of sums. Its start is since the load began.
func (s *Sink) Second(one result.Second) error {
	if err := s.summed(); err != nil {
		return err
	}
	s.sums.seconds = append(s.sums.seconds, one)
	return nil
}

// Instants of requests, in ns since 1970.
var (
	earliest = time.Unix(0, 0).UnixNano()
	latest   = time.Date(2199, 12, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

// open begins the log.
func (s *Sink) open() error {
	if s.sums != nil {
		return errMixed
	}
	if s.log == nil {
		s.log = newLog()
	}
	return nil
}

// summed begins the sums.
func (s *Sink) summed() error {
	if s.log != nil {
		return errMixed
	}
	if s.sums == nil {
		s.sums = &sums{routes: map[string]Sums{}}
	}
	return nil
}

var errMixed = errors.New("this file and one before it are of two kinds, single requests and sums: import each by itself")

// Identity holds what is known about a result besides its figures.
type Identity struct {
	result.Identity        // Series is needed; ProfileDigest and Users are set by Result
	Runner          string // the machine that generated the load, if known
}

// Result is what was counted. The error says why there is none.
func (s *Sink) Result(f Format, id Identity) (*result.Result, error) {
	r := &result.Result{Schema: result.Schema, Identity: id.Identity, PlannedRounds: 1}
	tool := cmp.Or(s.Tool, f.Tool)
	r.Environment = result.Environment{ToolMajor: tool, Runner: id.Runner}
	r.Origin = result.Origin{Tool: tool, Summed: s.log == nil}
	r.ProfileDigest = "requests of " + tool
	if r.Target == "" {
		r.Target = clean([]byte(s.Target), maxTarget)
	}
	if s.Commit != "" {
		r.Commit, r.Dirty = clean([]byte(s.Commit), maxCommit), false
	}
	r.Users = s.Users
	switch {
	case s.log != nil:
		if err := s.log.fill(r); err != nil {
			return nil, err
		}
		s.place(r)
	case s.sums != nil:
		r.ProfileDigest = "sums of " + tool
		if err := s.sums.fill(r); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("it holds no request")
	}
	if s.cut != "" {
		r.Problems = []result.Problem{{Kind: result.Interrupted, Text: s.cut}}
	}
	for _, note := range s.notes {
		r.AddNote(note)
	}
	if !s.FromDue {
		r.AddNote(tool + " counts the time of a request from when it was sent, not from when it was due: a stall of the system counts once, not for the requests that had to wait for it")
	}
	return r, nil
}

// place moves a load whose requests told no instants to when it ended.
func (s *Sink) place(r *result.Result) {
	if s.Ended.IsZero() {
		return
	}
	length := r.Finished.Sub(r.Started)
	r.Started = s.Ended.UTC().Add(-length).Truncate(time.Millisecond)
	r.Finished = r.Started.Add(length)
	r.AddNote("the file does not tell when the load ran: that it ended when the file was written is assumed")
}
