// Package result is one run on record: what was loaded, where, and what was measured.
//
// A Result is the one value that travels: a run writes it, a store keeps it, a gate judges it, a
// report shows it. It holds the identity of the run, the Environment that makes runs comparable,
// Rounds of judged load with the Figures of every route, the tally of the
// whole load with its histograms, and the Problems that make it less than a whole run. Its JSON
// form is result.json and has a schema version.
//
// Summary is a run as one row of figures, for histories of hundreds of runs. ID names a run by its contents.
//
// Validate is the only contract of a Result. Encode, Decode and every store call it and keep within Limit, so
// all of them accept the same results. Decode reads untrusted input. Its result is safe to judge, merge and
// show: no sum over rounds and routes overflows, even over 9,000 runs.
package result

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Schema is the version of the JSON form that this program writes and reads.
const Schema = 1

// Result is one run.
type Result struct {
	Schema int `json:"schema"`
	Identity
	Environment Environment `json:"environment"`
	Origin      Origin      `json:"origin,omitzero"`
	Generator   Generator   `json:"generator"`
	Load        Load        `json:"load,omitzero"`

	Starts        int    `json:"starts,omitempty"`    // in a pair: how often the system was started
	PairSeed      string `json:"pair_seed,omitempty"` // in a pair: the seed of the order, the same for both sides
	PlannedRounds int    `json:"planned_rounds"`
	// PlannedRoutes are the routes of the profile's tasks, in alphabetical order. If Routes lacks one of
	// them, it was never requested in judged time. Outside the ID.
	PlannedRoutes []string     `json:"planned_routes,omitempty"`
	Rounds        []Round      `json:"rounds"` // judged load, in order of time
	WarmUp        *tally.Tally `json:"warm_up,omitempty"`
	Tally         tally.Tally  `json:"tally"` // all rounds together
	Problems      []Problem    `json:"problems,omitempty"`
	// Notes are sentences about errors outside the load, such as a failed teardown. A run with notes is
	// whole. Outside the ID.
	Notes []string `json:"notes,omitempty"`
	// Control has the figures of a reference server before and after the load, or after each pair of
	// rounds. That server never changes, so they describe the machine. Empty for none.
	Control []Figures `json:"control,omitempty"`
	// Part says which part of a load this is, if several machines share it; nil for a whole load. Outside the ID.
	Part *Part `json:"part,omitempty"`
	// Shards are the parts of a merged load, in the order of their indices. Outside the ID.
	Shards []Shard `json:"shards,omitempty"`
	// Leg is set if this is one side of a leg of a fleet: it says which leg, and which side. Not part of the ID.
	Leg *Leg `json:"leg,omitempty"`
	// Legs are the legs of a fleet that one side was measured on, in the order of their indices. Outside the ID.
	Legs []Leg `json:"legs,omitempty"`
	// Timeline is the load second by second, warm-up included. Outside the ID, and left out of a Compact
	// Result. AddSecond keeps it within its bound.
	Timeline []Second `json:"timeline,omitempty"`
	// Watch is what was read of the system and the machine; nil if nothing was watched. Outside the ID.
	Watch *Watch `json:"watch,omitempty"`
	// Groups are the names under which reports add up several routes, with those routes in alphabetical order.
	// Outside the ID.
	Groups map[string][]string `json:"groups,omitempty"`
}

// Identity says what was run, when, and with which program.
type Identity struct {
	Series        string    `json:"series"` // the profile's name
	Repository    string    `json:"repository,omitempty"`
	Branch        string    `json:"branch,omitempty"`
	Commit        string    `json:"commit,omitempty"`
	Dirty         bool      `json:"dirty,omitempty"` // the working tree differed from Commit
	ProfileDigest string    `json:"profile_digest"`
	Target        string    `json:"target"` // the URL loaded, without credentials
	Tool          string    `json:"tool"`   // version of the program
	Users         int       `json:"users"`
	Started       time.Time `json:"started"`
	Finished      time.Time `json:"finished"`
	CIRun         string    `json:"ci_run,omitempty"` // the CI system's own number of the run, and the attempt
}

// Load is how hard the plan loads. It is zero in results of programs that did not write it. Outside the ID: the
// profile's digest holds it.
type Load struct {
	SpawnRate float64 `json:"spawn_rate_per_sec,omitempty"` // users that start each second; 0 for stages, and in the open model
	Rate      float64 `json:"rate_per_sec,omitempty"`       // in the open model: tasks each second, the most of all stages
	Stages    int     `json:"stages,omitempty"`             // of a shape; 0 for none
}

func (l Load) validate() error {
	if !(l.SpawnRate >= 0 && l.SpawnRate <= maxReading) || !(l.Rate >= 0 && l.Rate <= maxReading) || l.Stages < 0 {
		return fmt.Errorf("impossible load %+v", l)
	}
	return nil
}

// Generator describes the load generator itself during the judged load. In a merged load Cores, CPUShare and Machine are
// those of the busiest shard.
type Generator struct {
	Cores      int           `json:"cores"`     // available to it
	CPUShare   float64       `json:"cpu_share"` // of those cores, from 0 to 1
	GCPauses   time.Duration `json:"gc_pauses_ns"`
	GCPauseMax time.Duration `json:"gc_pause_max_ns"`
	// Watching is the part of its CPU time that went into reading the system and the machine, in cores; 0 if that is not told.
	Watching float64 `json:"watching_cores,omitempty"`
	// Lag is how late it turned to users and arrivals, compared with the plan.
	LagP50 time.Duration `json:"lag_p50_ns"`
	LagP99 time.Duration `json:"lag_p99_ns"`
	LagMax time.Duration `json:"lag_max_ns"`
	Paced  Paced         `json:"paced,omitzero"`
	// Protocol is a short text to show, such as HTTP/1.1.
	Protocol string `json:"protocol,omitempty"`
	// Machine distinguishes a busy machine from a busy generator.
	Machine Machine `json:"machine,omitzero"`
}

// Machine says who used the CPU time of the machine: shares of all its cores, from 0 to 1. It is zero
// if the operating system does not tell.
type Machine struct {
	Generator float64 `json:"generator"` // the load generator itself
	System    float64 `json:"system"`    // the processes that it started: systems under test and the control
	Others    float64 `json:"others"`    // all other programs, such as a system on this machine that it did not start
	Stolen    float64 `json:"stolen"`    // other machines, by the hypervisor
}

// Busy is the share that the generator could not have: all but its own and the idle share.
func (m Machine) Busy() float64 { return m.System + m.Others + m.Stolen }

// Problem says why a Result is no whole run. A Result with a Problem can be kept and shown, but is never
// judged.
type Problem struct {
	Kind ProblemKind `json:"kind"`
	Text string      `json:"text"` // one sentence
}

// ProblemKind tells problems apart.
type ProblemKind string

// The problems that a run can have.
const (
	Interrupted ProblemKind = "interrupted" // somebody ended it early
	TargetDied  ProblemKind = "target-died" // the system under test ended during the run
	Faulty      ProblemKind = "generator"   // this machine could not send all requests
	Saturated   ProblemKind = "saturated"   // the load generator was the bottleneck
	Busy        ProblemKind = "busy"        // other programs kept this machine busy, and made the load generator late
	Aborted     ProblemKind = "aborted"     // a limit was passed
	PartOnly    ProblemKind = "part"        // it is one shard of a load, or not all of a fleet: see Part, Leg and Legs
	Skewed      ProblemKind = "skewed"      // the shards of the load did not begin together
)

// Round is judged load of one length, the unit of all statistics. The one stretch of a run is cut
// into rounds; in a pair a round may be put together from several short stretches.
type Round struct {
	Start   time.Duration      `json:"start_ns"` // since the load began, in a pair since the pairing did
	Length  time.Duration      `json:"length_ns"`
	Figures map[string]Figures `json:"figures"`         // by route
	Total   Figures            `json:"total"`           // over all routes
	Tally   *tally.Tally       `json:"tally,omitempty"` // nil in a Compact Result
	// Readings are further measurements of the round, by the names of readings.go. Outside the ID.
	Readings map[string]float64 `json:"readings,omitempty"`
	// Cost is what the system used; nil if it was not counted.
	Cost *Cost `json:"cost,omitempty"`
	// Process says which start of the system the round belongs to, from 0. Rounds of one process share its luck.
	Process int `json:"process,omitempty"`

	// Only in a pair: the order of the sides, and the machine and the generator during the round.
	Second   bool          `json:"second,omitempty"`              // this side was loaded second
	Lag      time.Duration `json:"lag_p99_ns,omitempty"`          // of the generator; see Generator
	Steal    float64       `json:"steal,omitempty"`               // share of the machine's CPU time that the hypervisor took, from 0 to 1
	CPUShare float64       `json:"generator_cpu_share,omitempty"` // see Generator
	Machine  Machine       `json:"machine,omitzero"`              // outside the ID
}

// Figures are the judged figures of a route in one round. A quantile is 0 if there was no request, or if the program
// that measured it did not tell it; see Origin.
type Figures struct {
	Requests   int64         `json:"requests"`
	Failures   int64         `json:"failures"`
	P50        time.Duration `json:"p50_ns"` // response time
	P95        time.Duration `json:"p95_ns"`
	P99        time.Duration `json:"p99_ns"`
	Throughput float64       `json:"throughput_per_sec"` // requests that succeeded: tally.Route.Served
}

// Second counts the requests that ended in about a second of the load.
type Second struct {
	Start    time.Duration `json:"start_ns"` // since the load began
	Length   time.Duration `json:"length_ns"`
	Requests int64         `json:"requests"`
	Failures int64         `json:"failures"`
	P95      time.Duration `json:"p95_ns"` // response time

	// Results of older programs lack these.
	P50   time.Duration `json:"p50_ns,omitempty"`
	P99   time.Duration `json:"p99_ns,omitempty"`
	Users int           `json:"users,omitempty"` // at work at its end; in the open model tasks in flight
}

// AddNote adds a note, once. Past maxNotes it does nothing.
func (r *Result) AddNote(text string) {
	text = oneLine(text)
	for len(text) > maxURL {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	if len(r.Notes) < maxNotes && !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// oneLine is a text in UTF-8 without control characters.
func oneLine(text string) string {
	return strings.ToValidUTF8(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, text), "\ufffd")
}

// AddSecond adds to the timeline. After 27 hours, the most that Validate accepts, it does nothing.
func (r *Result) AddSecond(s Second) {
	if len(r.Timeline) < maxSeconds {
		r.Timeline = append(r.Timeline, s)
	}
}

// NewRound is a round with a start, a length and counts.
func NewRound(start, length time.Duration, t *tally.Tally) Round {
	r := Round{Start: start, Length: length, Figures: map[string]Figures{}, Total: figures(t.Total(), length), Tally: t}
	for name, route := range t.Routes {
		r.Figures[name] = figures(route, length)
	}
	return r
}

func figures(r *tally.Route, length time.Duration) Figures {
	return Figures{
		Requests:   r.Requests(),
		Failures:   r.Failures(),
		P50:        r.Response.Quantile(0.50),
		P95:        r.Response.Quantile(0.95),
		P99:        r.Response.Quantile(0.99),
		Throughput: r.Served() / length.Seconds(),
	}
}

// Of returns the figures of a route in this round, or of all routes for tally.All. They are zero if the
// route had no request in this round.
func (r Round) Of(route string) Figures {
	if route == tally.All {
		return r.Total
	}
	return r.Figures[route]
}

// Routes lists the routes that had a request, in alphabetical order.
func (r *Result) Routes() []string { return r.Tally.Names() }

// Length is the time of judged load.
func (r *Result) Length() time.Duration {
	var sum time.Duration
	for _, round := range r.Rounds {
		sum += round.Length
	}
	return sum
}

// Whole reports whether all planned rounds of the whole load were measured and nothing went wrong. Only such a run can
// be judged or be a baseline.
func (r *Result) Whole() bool {
	return len(r.Problems) == 0 && r.Part == nil && r.Leg == nil && r.PlannedRounds > 0 && len(r.Rounds) == r.PlannedRounds
}

// Compact is a copy without the tallies of the single rounds, the warm-up and the timeline, which only a
// fresh result needs. The figures of the rounds stay exact. The histograms of the whole load keep two digits.
func (r *Result) Compact() *Result {
	c := *r
	c.WarmUp, c.Timeline = nil, nil
	if r.Watch != nil {
		watch := *r.Watch
		watch.Start, watch.Step, watch.Timeline = 0, 0, nil
		c.Watch = &watch
	}
	c.Tally = r.Tally.Coarse()
	c.Rounds = slices.Clone(r.Rounds)
	for i := range c.Rounds {
		c.Rounds[i].Tally = nil
	}
	return &c
}
