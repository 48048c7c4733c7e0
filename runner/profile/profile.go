// Package profile reads plimsoll.yaml: what to load, how hard, and what counts as worse.
//
// Parse returns a valid Profile with its defaults filled in, or every problem of the file with
// line, column and key. It opens no file itself: Surroundings give it the environment and the
// files that a profile refers to. Schema describes the same format as JSON Schema.
//
// Texts keep their ${…} variables, which package plan replaces by values. The gate: section
// stays a YAML node: package gate reads it with the same strict reader, and the caller reports
// the problems of both together. How a call is written belongs to its Protocol.
package profile

import (
	"iter"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// Profile is the content of a file, checked and with defaults filled in.
type Profile struct {
	Name     string // the series that baselines belong to
	Target   Target
	Load     Load
	Limits   Limits // they prevent or end a run, but never change it
	Data     []Table
	Setup    []Step // done once for the whole run, before all users
	Users    []Behaviour
	Teardown []Step     // done once, after all users
	Monitor  Monitor    // it changes no load
	API      *API       // nil when absent; it changes no run
	Gate     *yaml.Node // as written; nil when absent
	History  History    // it changes no run

	sendsPort bool              // a request contains ${port} or ${port.NAME}
	ports     []string          // the names of further ports
	uses      map[string]string // where each variable of the environment is used first
}

// Target is the system to load.
type Target struct {
	URL         Template // scheme, host and optionally the path that every request begins with
	Socket      Template // a unix socket to connect to instead of the URL's host; empty for none
	Headers     []Header // sent with every request
	Timeout     time.Duration
	HTTP        HTTPVersion
	Redirects   int
	Cookies     bool // each user has a jar
	Connections int  // shared by all users; 0 if each user has its own
	TLS         TLS
	GraphQL     GraphQLTarget
	Start       *Start      // nil when the system runs elsewhere
	GRPC        *GRPCTarget // nil when the profile says nothing about it
	Locust      *Locust     // nil when users of the profile load the target
}

// History says what becomes of what recorded runs show over time.
type History struct {
	Issues bool // each lasting change to the worse becomes an issue on GitHub
}

// HTTPVersion is a version of HTTP.
type HTTPVersion string

// The versions.
const (
	HTTPAuto HTTPVersion = "auto" // what TLS negotiates, and 1.1 without TLS
	HTTP1    HTTPVersion = "1.1"
	HTTP2    HTTPVersion = "2" // without TLS by prior knowledge (h2c)
	HTTP3    HTTPVersion = "3" // over QUIC
)

// TLS says how the system's certificate is verified, and holds a client certificate. The zero TLS
// trusts the machine's authorities. CA, Cert and Key are PEM.
type TLS struct {
	CA         []byte
	Cert       []byte
	Key        []byte
	ServerName string
	Insecure   bool // any certificate is accepted
}

// Header is a header field of a request, or a variable of an environment.
type Header struct {
	Name  string
	Value Template
}

// Start says how to build and start the system under test on this machine.
type Start struct {
	Build      Template // empty for none
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
	Health string // ReadyGRPC: the service to ask grpc.health.v1.Health about; empty for the server as a whole
	Within time.Duration
}

// ReadyKind is a way to tell that the system is up.
type ReadyKind string

// The ways to tell that a system is up.
const (
	ReadyTCP  ReadyKind = "tcp" // its port takes connections
	ReadyHTTP ReadyKind = "http"
	ReadyLog  ReadyKind = "log"
	ReadyGRPC ReadyKind = "grpc" // grpc.health.v1.Health says that it is serving
)

// Load says how hard to load. In the closed model, Users wait for their answers; in the open
// model, tasks start at a Rate, however fast the system answers.
type Load struct {
	Users     int
	SpawnRate float64 // users started per second

	Rate        float64 // open model: tasks per second; 0 in the closed one
	Arrivals    Spacing
	MaxInFlight int

	Stages []Stage // a shape, instead of Users or Rate and RunTime

	WarmUp     time.Duration
	RunTime    time.Duration // of the judged load
	Rounds     int
	Seed       uint64
	StopWithin time.Duration
}

// Spacing says how the starts of the open model are spread over time.
type Spacing string

// The kinds of arrivals.
const (
	Constant Spacing = "constant"
	Poisson  Spacing = "poisson"
)

// Stage is a part of a shape. During For, the load changes evenly from that of the previous stage,
// 0 at first, to Users or Rate.
type Stage struct {
	Users int
	Rate  float64
	For   time.Duration
}

// IsOpen reports whether the load has a rate instead of users.
func (l Load) IsOpen() bool {
	return l.Rate > 0 || slices.ContainsFunc(l.Stages, func(s Stage) bool { return s.Rate > 0 })
}

// MostUsers is the largest number of users at once in the closed model.
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

// Judged is how long the judged load lasts. The stages include the warm-up.
func (l Load) Judged() time.Duration {
	if len(l.Stages) == 0 {
		return l.RunTime
	}
	return l.length() - l.WarmUp
}

// length is how long all stages last.
func (l Load) length() (sum time.Duration) {
	for _, s := range l.Stages {
		sum += s.For
	}
	return sum
}

// Limits are what a run must never pass. Zero values mean no limit.
type Limits struct {
	Hosts []string // patterns of hosts that may be loaded; nil for the default
	Rate  float64  // requests per second
	Users int
	Abort Abort
}

// Table is rows of data for requests.
type Table struct {
	Name    string
	Order   Order
	Columns []string // empty for a list
	Rows    [][]Value
	Sum     string // SHA-256 of the rows
}

// Order says which row comes next.
type Order string

// The orders.
const (
	Sequential Order = "sequential" // in the order of the file, then from the start again
	Shuffle    Order = "shuffle"    // in a seeded order, then the same again
	Random     Order = "random"     // any row at each draw
)

// Behaviour is one kind of user.
type Behaviour struct {
	Name    string
	Weight  int // relative share of the users that are not fixed; 0 when Fixed
	Fixed   int // exactly this many users
	Wait    Wait
	OnStart []Step
	Renew   time.Duration // period of doing on_start again, between two tasks; 0 for never
	OnStop  []Step
	Tasks   []Task
}

// Wait is how long a user waits between two tasks or, as a step, within one.
type Wait struct {
	Kind     WaitKind
	Min, Max time.Duration // WaitBetween; equal for a constant wait
	Period   time.Duration // WaitPace
}

// WaitKind is a kind of wait.
type WaitKind string

// The kinds of wait. WaitNone is the zero value.
const (
	WaitNone    WaitKind = ""
	WaitBetween WaitKind = "between" // Min to Max after the end of a task, uniformly distributed
	WaitPace    WaitKind = "pace"    // tasks start Period apart, or at once when one took longer
)

// Task is what a user does between two waits.
type Task struct {
	Name   string
	Weight int
	Tags   []string
	Steps  []Step
}

// Routes lists the names that calls and their parts are counted under, in alphabetical order.
func (p *Profile) Routes() []string {
	var routes []string
	for c := range p.Calls() {
		routes = append(routes, c.Routes...)
	}
	slices.Sort(routes)
	return slices.Compact(routes)
}

// IsPart reports whether a route counts parts of calls instead of calls.
func (p *Profile) IsPart(route string) bool {
	for c := range p.Calls() {
		if slices.Contains(c.Routes[1:], route) {
			return true
		}
	}
	return false
}

// Line is the first line of the file that has a route; 0 when there is none.
func (p *Profile) Line(route string) int {
	line := 0
	for c := range p.Calls() {
		if slices.Contains(c.Routes, route) && (line == 0 || c.Line < line) {
			line = c.Line
		}
	}
	return line
}

// Uses is the first place in the file that uses an environment variable, as problems show it; empty for
// none.
func (p *Profile) Uses(env string) string { return p.uses[env] }

// Calls yields all calls of all users, also in groups, but not those of setup and teardown.
func (p *Profile) Calls() iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for _, u := range p.Users {
			for _, steps := range u.steps() {
				if !eachCall(steps, yield) {
					return
				}
			}
		}
	}
}

// AllCalls are the calls of users, of setup and of teardown.
func (p *Profile) AllCalls() iter.Seq[*Call] {
	return func(yield func(*Call) bool) {
		for c := range p.Calls() {
			if !yield(c) {
				return
			}
		}
		_ = eachCall(p.Setup, yield) && eachCall(p.Teardown, yield) // nothing comes after them
	}
}

// steps are all lists of steps of a user.
func (u Behaviour) steps() [][]Step {
	lists := [][]Step{u.OnStart, u.OnStop}
	for _, t := range u.Tasks {
		lists = append(lists, t.Steps)
	}
	return lists
}

// Saves lists the variables that the user saves, in alphabetical order.
func (u Behaviour) Saves() []string { return Saves(u.steps()...) }

// Saves lists the variables that steps save, in alphabetical order.
func Saves(lists ...[]Step) []string {
	var names []string
	for _, steps := range lists {
		eachCall(steps, func(c *Call) bool {
			names = append(names, c.saves()...)
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}
