// Package profile reads plimsoll.yaml: what a user wants loaded, how hard, and what counts as
// worse.
//
// Parse gives a Profile as it was asked for, valid and with its defaults filled in, or every
// problem of the file with line, column and key. Texts keep their ${…} variables: package
// plan puts the values in. The gate: section stays a node, which package gate reads with the
// same strict rules, so that the problems of both come out in one list.
package profile

import (
	"iter"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// Profile is what the user asked for.
type Profile struct {
	Name   string // the series that baselines belong to
	Target Target
	Load   Load
	Limits Limits `json:"-"` // they change no run, they only prevent one
	Data   []Data
	Users  []User
	Gate   *yaml.Node `json:"-"` // as written; nil when absent

	sendsPort bool // a request holds ${port}
}

// Target is the system to load.
type Target struct {
	URL         Template // scheme, host and maybe a path that every request begins with
	Socket      Template // a unix socket to connect to instead of the URL's host; empty for none
	Headers     []Header // sent with every request
	Timeout     time.Duration
	HTTP        HTTPVersion
	Redirects   int
	Cookies     bool // each user has a jar
	Connections int  // shared by all users; 0 for one of each user's own
	TLS         TLS
	Start       *Start // nil when the system runs elsewhere
}

// HTTPVersion is the version of HTTP that is spoken.
type HTTPVersion string

// The versions.
const (
	HTTPAuto HTTPVersion = "auto" // what TLS agrees on, 1.1 without TLS
	HTTP1    HTTPVersion = "1.1"
	HTTP2    HTTPVersion = "2" // without TLS by prior knowledge (h2c)
)

// TLS is what is checked of the system's certificate, and the user's own. The zero TLS takes
// what the machine's authorities vouch for. The contents are PEM.
type TLS struct {
	CA         []byte `json:",omitempty"`
	Cert       []byte `json:",omitempty"`
	Key        []byte `json:"-"`
	ServerName string `json:",omitempty"`
	Insecure   bool   `json:",omitempty"` // anything is taken
}

// Header is one header field of a request, or one variable of an environment.
type Header struct {
	Name  string
	Value Template
}

// Start says how the system under test is built and started on this machine.
type Start struct {
	Build      Template // empty when there is nothing to build
	Command    Template
	Dir        string // relative to the profile's file
	Env        []Header
	Ready      Ready
	StopWithin time.Duration
}

// Ready says how to tell that the system is up.
type Ready struct {
	Kind   ReadyKind
	Path   string // ReadyHTTP: the path that must answer below 400
	Log    string // ReadyLog: the text that must appear in its output
	Within time.Duration
}

// ReadyKind tells the ways of being ready apart.
type ReadyKind string

// The ways to tell that a system is up.
const (
	ReadyTCP  ReadyKind = "tcp" // its port takes connections
	ReadyHTTP ReadyKind = "http"
	ReadyLog  ReadyKind = "log"
)

// Load says how hard to load. In the closed model Users wait for their answers; in the open
// one tasks arrive at a Rate, whatever the system does.
type Load struct {
	Users     int
	SpawnRate float64 // users started per second

	Rate        float64 // open model: tasks per second; 0 in the closed one
	Arrivals    Arrivals
	MaxInFlight int

	Stages []Stage // a shape, in the place of Users or Rate and of RunTime

	WarmUp     time.Duration
	RunTime    time.Duration // judged load in all
	Rounds     int
	Seed       uint64
	StopWithin time.Duration
}

// Arrivals says how arrivals of the open model lie in time.
type Arrivals string

// The kinds of arrivals.
const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// Stage is a stretch of a shape: over For, the load goes evenly from where the stage before
// left it, 0 at first, to Users or Rate.
type Stage struct {
	Users int
	Rate  float64
	For   time.Duration
}

// IsOpen reports whether tasks arrive by themselves.
func (l Load) IsOpen() bool {
	return l.Rate > 0 || slices.ContainsFunc(l.Stages, func(s Stage) bool { return s.Rate > 0 })
}

// MostUsers is how many users of the closed model there are at most at once.
func (l Load) MostUsers() int {
	if len(l.Stages) == 0 {
		return l.Users
	}
	most := 0
	for _, s := range l.Stages {
		most = max(most, s.Users)
	}
	return most
}

// Judged is the time of judged load. A shape begins with the warm-up.
func (l Load) Judged() time.Duration {
	if len(l.Stages) == 0 {
		return l.RunTime
	}
	return l.length() - l.WarmUp
}

// length is how long the stages last.
func (l Load) length() (sum time.Duration) {
	for _, s := range l.Stages {
		sum += s.For
	}
	return sum
}

// Limits are what a run must not pass. Zero values mean no limit.
type Limits struct {
	Hosts            []string // patterns of hosts that may be loaded; nil for the default
	Rate             float64  // requests per second
	Users            int
	AbortFailureRate float64 // a share that, for AbortFor, ends the run
	AbortFor         time.Duration
}

// Data is rows that requests are filled with.
type Data struct {
	Name    string
	Order   Order
	Columns []string   // empty for a list, whose values have no column
	Rows    [][]string `json:"-"`
	Sum     string     // SHA-256 of the rows
}

// Order says which row comes next.
type Order string

// The orders.
const (
	Sequential Order = "sequential" // as they stand, from the beginning again after the last
	Shuffle    Order = "shuffle"    // each once in a seeded order, then the same again
	Random     Order = "random"     // any, at each draw
)

// User is one behaviour.
type User struct {
	Name    string
	Weight  int // share of the users that are not fixed; 0 when Fixed
	Fixed   int // just so many users
	Wait    Wait
	OnStart []Step
	OnStop  []Step
	Tasks   []Task
}

// Wait is the time a user takes between two tasks, or, as a step, inside one.
type Wait struct {
	Kind     WaitKind
	Min, Max time.Duration // WaitBetween; equal for a constant wait
	Period   time.Duration // WaitPace
}

// WaitKind tells the kinds of wait apart.
type WaitKind string

// The kinds of wait. WaitNone is the zero value.
const (
	WaitNone    WaitKind = ""
	WaitBetween WaitKind = "between" // from Min to Max after the end of a task, evenly drawn
	WaitPace    WaitKind = "pace"    // tasks begin Period apart, or at once when one took longer
)

// Task is what a user does in one go.
type Task struct {
	Name   string
	Weight int
	Tags   []string
	Steps  []Step
}

// Routes lists the names that calls and their parts are counted under, in alphabetical order.
func (p *Profile) Routes() []string {
	var routes []string
	for c := range p.calls() {
		routes = append(routes, c.Routes...)
	}
	slices.Sort(routes)
	return slices.Compact(routes)
}

// IsPart reports whether parts of calls are counted under a route, and not calls.
func (p *Profile) IsPart(route string) bool {
	for c := range p.calls() {
		if slices.Contains(c.Routes[1:], route) {
			return true
		}
	}
	return false
}

// Line is where the file speaks of a route first; 0 when it does not.
func (p *Profile) Line(route string) int {
	line := 0
	for c := range p.calls() {
		if slices.Contains(c.Routes, route) && (line == 0 || c.Line < line) {
			line = c.Line
		}
	}
	return line
}

// calls are all calls of all users.
func (p *Profile) calls() iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for _, u := range p.Users {
			for _, s := range slices.Concat(u.steps()...) {
				if s.Call != nil && !yield(s.Call) {
					return
				}
			}
		}
	}
}

// steps are all lists of steps that a user goes through.
func (u User) steps() [][]Step {
	lists := [][]Step{u.OnStart, u.OnStop}
	for _, t := range u.Tasks {
		lists = append(lists, t.Steps)
	}
	return lists
}

// Saves lists the variables that the user saves, in alphabetical order.
func (u User) Saves() []string {
	var names []string
	for _, steps := range u.steps() {
		for _, s := range steps {
			if s.Call != nil {
				names = append(names, s.Call.saves()...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
