// Package profile reads plimsoll.yaml: what a user wants loaded, how hard, and what counts as
// worse.
//
// Parse gives a Profile as it was asked for, valid and with its defaults filled in, or every
// problem of the file with line, column and key. Texts keep their ${…} variables: package
// plan puts the values in. The gate: section stays a node, which package gate reads with the
// same strict rules, so that the problems of both come out in one list.
package profile

import (
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

// Profile is what the user asked for.
type Profile struct {
	Name   string // the series that baselines belong to
	Target Target
	Load   Load
	Users  []User
	Gate   *yaml.Node `json:"-"` // as written; nil when absent
}

// Target is the system to load.
type Target struct {
	URL     Template // scheme, host and maybe a path that every request begins with
	Headers []Header // sent with every request
	Timeout time.Duration
	Start   *Start // nil when the system runs elsewhere
}

// Header is one header field of a request.
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

// Load says how hard to load: the closed model, in which each user waits for its answer.
type Load struct {
	Users      int
	SpawnRate  float64 // users started per second
	WarmUp     time.Duration
	RunTime    time.Duration // judged load in all
	Rounds     int
	Seed       uint64
	StopWithin time.Duration
}

// User is one behaviour.
type User struct {
	Name   string
	Weight int
	Wait   Wait
	Tasks  []Task
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
	Steps  []Step
}

// Step is one request or one wait of a task: exactly one of both is set.
type Step struct {
	Request *Request
	Wait    *Wait
}

// Request is one HTTP request.
type Request struct {
	Route   string // what it is counted under
	Method  string
	Path    Template
	Headers []Header
	Body    Template
	JSON    bool  // Body is JSON, so that the values put into it are to be escaped
	Status  []int // statuses that count as success; empty for any below 400
}

// Routes lists the names that requests are counted under, in alphabetical order.
func (p *Profile) Routes() []string {
	var routes []string
	for _, u := range p.Users {
		for _, t := range u.Tasks {
			for _, s := range t.Steps {
				if s.Request != nil {
					routes = append(routes, s.Request.Route)
				}
			}
		}
	}
	slices.Sort(routes)
	return slices.Compact(routes)
}

// Validate checks what may have been changed since Parse, which has checked it for the file:
// the address and the load.
func (p *Profile) Validate() error {
	switch {
	case urlProblem(string(p.Target.URL)) != "":
		return fmt.Errorf("the host %s", urlProblem(string(p.Target.URL)))
	case p.Load.Users < 1 || p.Load.Users > maxUsers:
		return fmt.Errorf("%d users are outside 1 to %d", p.Load.Users, maxUsers)
	case !(p.Load.SpawnRate > 0 && p.Load.SpawnRate <= maxRate):
		return fmt.Errorf("a spawn rate of %g is outside 0 to %g a second", p.Load.SpawnRate, maxRate)
	case p.Load.RunTime < minRunTime:
		return fmt.Errorf("a run time of %v is less than %v", p.Load.RunTime, minRunTime)
	}
	return nil
}
