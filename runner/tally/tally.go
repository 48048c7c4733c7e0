// Package tally counts what happened to requests, in a form that can be merged.
//
// A Tally takes Samples, one for each request. For each route it holds two latency histograms,
// a count for each way a request can end, how many the end of the load cut off, the bytes
// received, and a sample of the texts of errors. Merge is associative and commutative, and the
// zero Tally is its unit: the tallies of n workers or n shards, merged in any order, equal the
// tally of one. A Recorder counts the same in the hot path.
//
// Validate bounds tallies from elsewhere. Thousands of tallies that it accepts can be merged without
// an overflow. The JSON form is part of result.json. Not safe for concurrent use: share one under a
// lock.
//
// Response time runs from the instant at which a request was due to the last byte of the
// answer, service time from the first byte sent. A generator that knows only the second
// forgives the system every wait that it caused: see Gil Tene, "How NOT to Measure Latency"
// (2013), on coordinated omission.
package tally

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/hist"
)

// All is the name for all routes together where the name of a route is expected. No route may have it.
const All = "*"

// Class says how a request ended.
type Class uint8

// The ways a request can end. The zero Class is none of them.
const (
	OK        Class = iota + 1 // answered as expected
	Status                     // answered with a status that counts as failure
	Expect                     // answered, but not as the profile expects
	GraphQL                    // answered with errors of GraphQL, whatever the status, or with no answer of GraphQL
	Timeout                    // no whole answer in time
	Transport                  // refused, reset, cut off, or not HTTP
	Generator                  // this machine could not send: no port, no file descriptor
	Dropped                    // due, and never sent: too many requests were in flight
)

var classNames = map[Class]string{
	OK: "ok", Status: "status", Expect: "expect", GraphQL: "graphql", Timeout: "timeout", Transport: "transport", Generator: "generator", Dropped: "dropped",
}

// String is the name that result.json uses.
func (c Class) String() string {
	if name, ok := classNames[c]; ok {
		return name
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Timed reports whether a request of this class has a latency. One that this machine could not send
// has none: its time says nothing about the system.
func (c Class) Timed() bool { return c != Generator && c != Dropped }

func (c Class) known() bool { return OK <= c && c <= Dropped }

// MarshalText makes a Class a key of a JSON object.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Class) UnmarshalText(text []byte) error {
	for class, name := range classNames {
		if name == string(text) {
			*c = class
			return nil
		}
	}
	return fmt.Errorf("unknown class of outcome %q", text)
}

// Sample is what happened to one request. The instants are offsets from the start of the
// load: Due ≤ Sent ≤ Ended.
type Sample struct {
	Route            string
	Due, Sent, Ended time.Duration
	Class            Class
	BytesReceived    int64
	Error            string // empty when Class is OK
	Example          string // of Error with its values, if it has only their Kind
	Resent           int64  // how often the protocol sent it again, on a fresh connection
	Unfinished       bool   // the end of the load cut it off: it has no Class, and would have taken longer
}

// Response is the time from when the request was due to its end.
func (s Sample) Response() time.Duration { return s.Ended - s.Due }

// Service is the time from the first byte sent to the end.
func (s Sample) Service() time.Duration { return s.Ended - s.Sent }

// timed reports whether the sample has a latency.
func (s Sample) timed() bool { return s.Unfinished || s.Class.Timed() }

func (s Sample) seen() Seen { return Seen{1, max(s.Ended, 0), max(s.Ended, 0), s.Example} }

// Name is a route as it is counted.
type Name struct {
	Route string
	// Part marks a route that counts parts of calls, such as each message of a stream. Its
	// samples are left out of Total, since the call itself is counted under a route of its own.
	Part bool
}

// Tally holds the counts by route. The zero value is empty and ready.
type Tally struct {
	Routes map[string]*Route `json:"routes"`
}

// Route holds the counts of one route.
type Route struct {
	Outcomes      map[Class]int64 `json:"outcomes"`
	BytesReceived int64           `json:"bytes_received"`
	Response      hist.Histogram  `json:"response"`
	Service       hist.Histogram  `json:"service"`
	Errors        Errors          `json:"errors,omitempty"`
	Resent        int64           `json:"resent,omitempty"` // requests sent again on a fresh connection
	// Unfinished are the requests that the end of the load cut off. They are neither successes nor
	// failures. The histograms hold their time up to the cut, which is less than they would have
	// taken.
	Unfinished int64 `json:"unfinished,omitempty"`
	// Carried corrects the number of successful requests for Served, in thousandths of a request: plus
	// the shares of other tallies' requests that lie in the time of this tally, minus the shares of
	// its own requests that lie outside.
	Carried int64 `json:"carried,omitempty"`
	Part    bool  `json:"part,omitempty"` // see Name.Part
}

// Add counts one sample; its latencies only when it is Unfinished or its Class is Timed.
func (t *Tally) Add(s Sample) {
	r := t.route(s.Route)
	r.BytesReceived += s.BytesReceived
	r.Resent += s.Resent
	if s.timed() {
		r.Response.Record(s.Response())
		r.Service.Record(s.Service())
	}
	if s.Unfinished {
		r.Unfinished++
		return
	}
	r.Outcomes[s.Class]++
	if s.Class != OK {
		r.addErrors(Errors{s.Error: s.seen()})
	}
}

// Coarse is a copy whose histograms tell latencies apart to two digits only.
func (t *Tally) Coarse() Tally {
	var c Tally
	for name, r := range t.Routes {
		coarse := *r
		coarse.Response, coarse.Service = r.Response.Coarse(), r.Service.Coarse()
		if c.Routes == nil {
			c.Routes = map[string]*Route{}
		}
		c.Routes[name] = &coarse
	}
	return c
}

// Merge adds the counts of o, and leaves o as it is.
func (t *Tally) Merge(o *Tally) {
	for name, r := range o.Routes {
		t.route(name).Merge(r)
	}
}

// Delay moves the times at which errors were seen. A tally that counts from the start of a later
// stretch is delayed by what came before that stretch.
func (t *Tally) Delay(by time.Duration) {
	for _, r := range t.Routes {
		for text, seen := range r.Errors {
			seen.First, seen.Last = seen.First+by, seen.Last+by
			r.Errors[text] = seen
		}
	}
}

// Names lists the routes in alphabetical order.
func (t *Tally) Names() []string { return slices.Sorted(maps.Keys(t.Routes)) }

// Total is the sum over all routes that count whole calls. The parts of calls are left out.
func (t *Tally) Total() *Route {
	total := newRoute()
	for _, r := range t.Routes {
		if !r.Part {
			total.Merge(r)
		}
	}
	return total
}

func (t *Tally) route(name string) *Route {
	if t.Routes == nil {
		t.Routes = map[string]*Route{}
	}
	r, ok := t.Routes[name]
	if !ok {
		r = newRoute()
		t.Routes[name] = r
	}
	return r
}

func newRoute() *Route { return &Route{Outcomes: map[Class]int64{}} }

// Merge adds the counts of o, and leaves o as it is.
func (r *Route) Merge(o *Route) {
	for class, n := range o.Outcomes {
		r.Outcomes[class] += n
	}
	r.BytesReceived += o.BytesReceived
	r.Resent += o.Resent
	r.Unfinished += o.Unfinished
	r.Carried += o.Carried
	r.Part = r.Part || o.Part
	must(r.Response.Merge(&o.Response))
	must(r.Service.Merge(&o.Service))
	r.addErrors(o.Errors)
}

func (r *Route) addErrors(more Errors) {
	if len(more) == 0 {
		return
	}
	errors := r.Errors.growing()
	for text, seen := range more {
		errors.add(text, seen)
	}
	r.Errors = errors.seen
}

// must panics if a merge fails. It is for counts that Validate accepted or this program made: their
// merge does not fail.
func must(err error) {
	if err != nil {
		panic("tally: " + err.Error())
	}
}

// Requests is how many were sent, or should have been.
func (r *Route) Requests() int64 {
	n := r.Unfinished
	for _, count := range r.Outcomes {
		n += count
	}
	return n
}

// Failures is how many ended other than OK.
func (r *Route) Failures() int64 { return r.Requests() - r.Unfinished - r.Outcomes[OK] }

// Whole is one request, in the unit of Carried and Recorder.Carry.
const Whole = 1000

// Served is how many requests succeeded in the time that the tally covers, each counted by the share
// of its response time that lies in it. Counting whole requests, by their due time or by their end,
// would give a few long ones one too many or too few.
func (r *Route) Served() float64 { return float64(r.Outcomes[OK]) + float64(r.Carried)/Whole }
