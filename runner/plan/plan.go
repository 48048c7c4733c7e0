// Package plan turns a profile into a Plan: everything that a run must know before it starts.
//
// Make resolves variables, compiles texts, assigns users to behaviours and divides the time into
// warm-up and rounds. A Plan is pure data. Equal profiles, values and seeds give equal plans, and
// a Chooser makes the same choices in every run, so two runs of one plan differ only in how the
// system answers. Shard i of n takes the users and arrivals whose index leaves i when divided by
// n, with their rows of data; together the shards do what the whole would. Limits are divided among them.
//
// A Call has fields that all protocols share, and a content that only its own protocol understands. The
// caller of Make passes the list of protocols.
package plan

import (
	"fmt"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Plan is a profile with everything resolved.
type Plan struct {
	Series        string
	ProfileDigest string
	Target        Target
	Start         *Start  // nil when the system runs elsewhere
	Locust        *Locust // nil when users of the plan load the target
	Limits        Limits
	Monitor       Monitor

	Routes     []Route  // of calls and their parts, in alphabetical order
	Protocols  []string // of the calls, by their words
	Calls      []*Call  // of all behaviours, of setup and of teardown
	Setup      []Step   // done once for each system, before its users start; in no route's figures
	Teardown   []Step   // done once, after the last user; in no route's figures
	Slots      int      // how many variables setup and teardown save
	Shared     int      // how many of them setup saves: the first slots here and in every Behaviour
	Lasting    int      // how many variables setup and on_start save: the first slots in every Behaviour. A task empties the others when it begins
	Behaviours []Behaviour
	Data       []Table
	Groups     map[string][]string // routes that reports add up, by the name of their group
	Users      []User              // closed model: in the order of their start; nil in the open one
	AllUsers   int                 // closed model: of all shards together
	SpawnRate  float64             // closed model: users that start each second; 0 for stages
	Rate       float64             // open model: tasks each second, the most of all stages
	Stages     int                 // of a shape; 0 for none
	Open       *Open               // open model; nil in the closed one
	Shard      Shard

	WarmUp      time.Duration
	Rounds      int
	RoundLength time.Duration
	StopWithin  time.Duration
	Seed        uint64

	unit    int      // the greatest common divisor of the weights of behaviours
	remarks []string // notes about what was read
}

// Target is where and how the system is called.
type Target struct {
	URL         string // scheme, host and maybe a path, which every HTTP.Path includes
	Shown       string // the URL for people: without credentials and values of the environment
	Socket      string // of a unix socket to connect to instead of the host; empty for none
	Timeout     time.Duration
	HTTP        profile.HTTPVersion
	Redirects   int  // followed at most
	Cookies     bool // each user has a jar
	Connections int  // shared by all users of this shard; 0 if each user has its own
	TLS         profile.TLS
	Headers     []Header // of every request; their values are known before the run
	Hosts       []string // patterns of hosts that may be sent to, such as *.internal
	GRPC        GRPCTarget
}

// Start is how the system under test is built and started, with its variables resolved.
type Start struct {
	Build, Command           Line
	ShownBuild, ShownCommand string // for people: without values of the environment
	Dir                      string
	Env                      []string // NAME=value
	Ports                    []int    // free ones that the system was given, besides ${port}
	Ready                    profile.Ready
	StopWithin               time.Duration
	Secrets                  []Secret // values of the environment in the profile; never shown
}

// Line is a command line for a shell.
type Line []LinePart

// LinePart is a text of the profile, or a value that the shell must take literally.
type LinePart struct {
	Text  string
	Value bool
}

// Shell is a Line without values.
func Shell(text string) Line { return Line{{Text: text}} }

// Secret is a variable of the environment and its value.
type Secret struct{ Name, Value string }

// Limits keep a run from doing harm. Zero values mean no limit.
type Limits struct {
	Rate  float64 // requests per second, of this shard
	Abort profile.Abort
}

// Behaviour is what one kind of user does.
type Behaviour struct {
	Name    string
	Weight  int
	Wait    profile.Wait
	OnStart []Step
	Renew   time.Duration // period of doing on_start again, between two tasks; 0 for never
	OnStop  []Step
	Tasks   []Task
	Slots   int // how many variables a user has: first those of setup, see Plan.Shared, then its own

	fixed int // the exact number of users; 0 for a share by Weight
	unit  int // the greatest common divisor of the weights of its tasks
}

// Task is what a user does in one go.
type Task struct {
	Name   string
	Weight int
	Steps  []Step
}

// Step is a call, a wait, or a group of steps: exactly one of the three is set. Chooser.Times of its Repeat
// says how often it is done. The guards are checked each time: unless all hold, the step is skipped.
type Step struct {
	Call   *Call
	Wait   *profile.Wait
	Steps  []Step
	Repeat profile.Repeat
	If     []Guard
}

// Table is rows of data for requests.
type Table struct {
	Name  string
	Order profile.Order
	Rows  [][]profile.Value // all of the same length, at least one
}

// Values are the values of a profile's variables in one run.
type Values struct {
	Port  int            // the free port chosen for the run; 0 when nothing is started
	Ports map[string]int // further ones, by the names of ${port.NAME}
	Side  string         // the side of a comparison: base or head; empty for head
	Env   func(name string) (string, bool)
	Shard Shard
	// Protocols of calls; nil for the function Protocols.
	Protocols []Protocol
}

// port is a free port by its name; empty for ${port} itself.
func (v Values) port(name string) int {
	if name == "" {
		return v.Port
	}
	return v.Ports[name]
}

// Make resolves a profile in which Parse found no problem. It fails if a variable of the environment has
// been unset since, if its value is invalid at its place, such as in target.url, or if the load cannot be shared by as
// many shards.
func Make(p *profile.Profile, v Values) (*Plan, error) {
	if v.Protocols == nil {
		v.Protocols = Protocols()
	}
	r := Resolver{profile: p, values: v}
	pl := &Plan{
		Series:        p.Name,
		ProfileDigest: p.Digest(),
		Start:         r.start(p.Target.Start),
		Limits:        Limits{Rate: p.Limits.Rate, Abort: p.Limits.Abort},
		Routes:        routes(p),
		Groups:        p.Groups(),
		Shard:         v.Shard,
		WarmUp:        warmUp(p.Load),
		Rounds:        p.Load.Rounds,
		StopWithin:    p.Load.StopWithin,
		Seed:          p.Load.Seed,
	}
	pl.RoundLength = p.Load.Judged() / time.Duration(pl.Rounds)
	if schema := p.Target.GraphQL.Schema; schema != nil {
		pl.remarks = schema.Notes
	}
	for _, d := range p.Data {
		pl.Data = append(pl.Data, Table{Name: d.Name, Order: d.Order, Rows: d.Rows})
	}
	r.plan = pl
	pl.Target = r.target(p.Target, p.Limits.Hosts)
	pl.Monitor = r.monitor(p.Monitor)
	r.once(p)
	for _, u := range p.Users {
		pl.Behaviours = append(pl.Behaviours, r.behaviour(u))
	}
	pl.unit = unitOf(pl.Behaviours, func(b *Behaviour) int { return b.Weight })
	if pl.Start != nil {
		pl.Start.Secrets = r.secrets
	}
	pl.shape(p.Load)
	switch {
	case p.Target.Locust != nil:
		pl.locust(p.Target.Locust, p.Load)
	case p.Load.IsOpen():
		pl.Open = newOpen(p.Load, pl.Length())
	default:
		pl.AllUsers = p.Load.MostUsers()
		pl.Users = deal(p.Users, p.Load, v.Shard, pl.Length())
	}
	if r.err == nil {
		r.err = pl.share()
	}
	return pl, r.err
}

// shape notes how hard the load is, for reports.
func (p *Plan) shape(l profile.Load) {
	p.Stages = len(l.Stages)
	switch {
	case l.IsOpen():
		p.Rate = l.Rate
		for _, s := range l.Stages {
			p.Rate = max(p.Rate, s.Rate)
		}
	case len(l.Stages) == 0:
		p.SpawnRate = l.SpawnRate
	}
}

// warmUp is the time before judged load, which begins once every user is there.
func warmUp(l profile.Load) time.Duration {
	if l.IsOpen() || len(l.Stages) > 0 {
		return l.WarmUp
	}
	return max(l.WarmUp, spawnAt(l.Users-1, l.SpawnRate))
}

// Length is how long the load lasts: warm-up and rounds.
func (p *Plan) Length() time.Duration {
	return p.WarmUp + time.Duration(p.Rounds)*p.RoundLength
}

// WarmUpRound is what RoundAt gives for the warm-up.
const WarmUpRound = -1

// RoundAt returns the round of an instant: WarmUpRound, or 0 to Rounds-1. Instants past the end belong to
// the last round.
func (p *Plan) RoundAt(t time.Duration) int {
	if t < p.WarmUp {
		return WarmUpRound
	}
	return min(int((t-p.WarmUp)/p.RoundLength), p.Rounds-1)
}

// RoundStart is when round i begins, counted from the start of the load.
func (p *Plan) RoundStart(i int) time.Duration {
	return p.WarmUp + time.Duration(i)*p.RoundLength
}

// RoundName is a round's name for people, who count from 1.
func (p *Plan) RoundName(i int) string {
	if i == WarmUpRound {
		return "warm-up"
	}
	return fmt.Sprintf("round %d of %d", i+1, p.Rounds)
}
