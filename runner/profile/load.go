package profile

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func (r *reader) load(n *yaml.Node, l *Load) {
	seed := int(l.Seed)
	r.Mapping(n,
		strict.Key("users", "Closed model: how many users, each of whom waits for the answer before going on.", r.Int(&l.Users, 1, maxUsers)),
		strict.Key("spawn_rate", "Users started per second.", r.Rate(&l.SpawnRate, maxRate)),
		strict.Key("rate", "Open model: tasks that start per second, however fast the system answers; such as 500/s.", r.Rate(&l.Rate, maxRate)),
		strict.Key("arrivals", "How the starts of the open model are spread over time.", strict.OneOf(r.Reader, &l.Arrivals, Constant, Poisson)),
		strict.Key("max_in_flight", "Open model: while this many tasks run, another one is dropped, which is a failure.", r.Int(&l.MaxInFlight, 1, maxUsers)),
		strict.Key("stages", "A load that changes over time, instead of users or rate and run_time.", func(n *yaml.Node) { l.Stages = r.stages(n) }),
		strict.Key("warm_up", "Load before the judged part; measured and shown, but never judged.", r.Duration(&l.WarmUp, 0)),
		strict.Key("run_time", "How long the judged load lasts in all.", r.Duration(&l.RunTime, minRunTime)),
		strict.Key("rounds", "The judged load is cut into this many rounds of equal length.", r.Int(&l.Rounds, 1, maxRounds)),
		strict.Key("seed", "The same seed gives the same plan: who does what, when, with which data.", r.Int(&seed, 0, 1<<31-1)),
		strict.Key("stop_within", "How long requests may still take when the load ends.", r.Duration(&l.StopWithin, 0)),
	)
	l.Seed = uint64(seed)
	const users = "a load is either a number of users or a rate"
	r.Exclude(n, "rate", "users", users)
	r.Exclude(n, "rate", "spawn_rate", users)
	for _, key := range []string{"users", "rate", "spawn_rate", "run_time"} {
		r.Exclude(n, "stages", key, "the stages say how much load there is and how long it lasts")
	}
	if strict.Has(n, "stages") && len(l.Stages) > 0 {
		if judged := l.Judged(); judged < minRunTime {
			r.Problem(n, "the stages last %v and begin with a warm-up of %v, which leaves nothing to judge", l.length().Round(time.Millisecond), l.WarmUp.Round(time.Millisecond))
		}
	}
	if !l.IsOpen() {
		for _, key := range []string{"arrivals", "max_in_flight"} {
			if strict.Has(n, key) {
				r.Problem(n, "%s applies only to a load with a rate", key)
			}
		}
	}
}

func (r *reader) stages(n *yaml.Node) []Stage {
	var stages []Stage
	r.NonEmpty(n, "write for example: [{users: 50, for: 30s}]", func(item *yaml.Node) {
		s := Stage{Users: -1, Rate: -1}
		r.Mapping(item,
			strict.Key("users", "Users at the end of the stage.", r.Int(&s.Users, 0, maxUsers)),
			strict.Key("rate", "Tasks per second at the end of the stage.", r.RateOrZero(&s.Rate, maxRate)),
			strict.Need("for", "How long the load takes to get there.", "write how long it takes to get there, for example: for: 30s", r.Duration(&s.For, time.Millisecond)),
		)
		r.ExactlyOne(item, "write a number of users or a rate, for example: {users: 50, for: 30s}", "users", "rate")
		if len(stages) > 0 && (stages[0].Users < 0) != (s.Users < 0) {
			r.Problem(item, "this stage and the first one differ: either all stages have users or all have a rate")
		}
		stages = append(stages, s)
	})
	least := 0.0
	for i := range stages {
		least = max(least, float64(stages[i].Users), stages[i].Rate)
		stages[i].Users, stages[i].Rate = max(stages[i].Users, 0), max(stages[i].Rate, 0)
	}
	if len(stages) > 0 && least <= 0 {
		r.Problem(n, "no stage has any load; write for example: [{users: 50, for: 30s}]")
	}
	return stages
}

// A wait is a duration or a range of durations. A user's may also be a pace or a throughput.
const span = strict.DurationForm + `( *\.\. *` + strict.DurationForm + `)?`

var (
	userWait = strict.NewPattern(`^(`+span+`|pace +`+strict.DurationForm+`|throughput +`+strict.RateForm+`)$`,
		"a wait such as 1s, 100ms..500ms, pace 1s or throughput 5/s")
	stepWait = strict.NewPattern(`^(`+span+`)$`, "a wait such as 50ms or 10ms..50ms").Explained(func(text string) string {
		if userWait.Check(text) == "" {
			return "a step waits for a duration such as 50ms or 10ms..50ms; only a user can have a pace or a throughput"
		}
		return ""
	})
)

// wait reads 1s, 100ms..500ms, pace 1s or throughput 5/s, as far as the form allows.
func (r *reader) wait(to *Wait, form strict.Pattern) strict.Read {
	return r.Match(form, func(n *yaml.Node, text string) {
		part := func(text string) (d time.Duration) {
			value := *n
			value.Value = strings.TrimSpace(text)
			r.Duration(&d, 0)(&value)
			return d
		}
		if period, ok := strings.CutPrefix(text, "pace "); ok {
			*to = Wait{Kind: WaitPace, Period: part(period)}
			return
		}
		if rate, ok := strings.CutPrefix(text, "throughput "); ok {
			value, perSec := *n, 0.0
			value.Value = strings.TrimSpace(rate)
			if r.Rate(&perSec, maxRate)(&value); perSec > 0 {
				*to = Wait{Kind: WaitPace, Period: time.Duration(float64(time.Second) / perSec)}
			}
			return
		}
		from, until, ok := strings.Cut(text, "..")
		if !ok {
			until = from
		}
		*to = Wait{Kind: WaitBetween, Min: part(from), Max: part(until)}
		if to.Max < to.Min {
			r.Problem(n, "%s runs backwards; write the shorter wait first", text)
		}
	})
}

// Change replaces values of a profile; its zero values change nothing.
type Change struct {
	Host        string // loaded instead of the target; nothing is started then
	GRPCHost    string // loaded instead of target.grpc.url
	Users       *int
	SpawnRate   *float64
	RunTime     *time.Duration
	StopWithin  *time.Duration
	Tags        []string // only tasks with one of these
	ExcludeTags []string // no tasks with one of these
}

// Apply changes the profile. The error says why it cannot be changed so.
func (p *Profile) Apply(c Change) error {
	if err := p.move(c); err != nil {
		return err
	}
	l := &p.Load
	if (c.Users != nil || c.SpawnRate != nil) && l.IsOpen() {
		return fmt.Errorf("the profile has a rate, which users and spawn rate cannot replace")
	}
	if len(l.Stages) > 0 && (c.Users != nil || c.SpawnRate != nil || c.RunTime != nil) {
		return fmt.Errorf("the profile has stages, which users, spawn rate and run time cannot replace")
	}
	switch {
	case c.Users != nil && (*c.Users < 1 || *c.Users > maxUsers):
		return fmt.Errorf("%d users are out of range: expected 1 to %d", *c.Users, maxUsers)
	case c.SpawnRate != nil && !(*c.SpawnRate > 0 && *c.SpawnRate <= maxRate):
		return fmt.Errorf("a spawn rate of %g is out of range: expected more than 0 and at most %.0f", *c.SpawnRate, maxRate)
	case c.RunTime != nil && *c.RunTime < minRunTime:
		return fmt.Errorf("a run time of %v is too short: expected at least %v", *c.RunTime, minRunTime)
	}
	if c.Users != nil {
		l.Users = *c.Users
	}
	if c.SpawnRate != nil {
		l.SpawnRate = *c.SpawnRate
	}
	if c.RunTime != nil {
		l.RunTime = *c.RunTime
	}
	if c.StopWithin != nil {
		l.StopWithin = *c.StopWithin
	}
	if err := p.selectTags(c.Tags, c.ExcludeTags); err != nil {
		return err
	}
	return errors.Join(p.checkFixed(), p.checkLimits())
}

// checkLimits compares the load with the limits, as far as that is possible before a run.
func (p *Profile) checkLimits() error {
	if most, limit := p.Load.MostUsers(), p.Limits.Users; !p.Load.IsOpen() && limit > 0 && most > limit {
		return fmt.Errorf("the load has %d users, but limits.users allows only %d", most, limit)
	}
	rate := p.Load.Rate
	for _, s := range p.Load.Stages {
		rate = max(rate, s.Rate)
	}
	if limit, calls := p.Limits.Rate, p.callsPerTask(); limit > 0 && rate*calls > limit*1.000001 {
		return fmt.Errorf("%g tasks per second with %.3g requests each are more than limits.rate allows (%g/s)", rate, calls, limit)
	}
	return nil
}

// callsPerTask is how many calls a task of the open model makes on average.
func (p *Profile) callsPerTask() float64 {
	calls, users := 0.0, 0
	for _, u := range p.Users {
		ofUser, tasks := 0.0, 0
		for _, t := range u.Tasks {
			tasks += t.Weight
			ofUser += float64(t.Weight) * callsOf(t.Steps)
		}
		users += u.Weight
		calls += float64(u.Weight) * ofUser / float64(max(tasks, 1))
	}
	return calls / float64(max(users, 1))
}

// callsOf is how many calls steps make on average, if none is left out.
func callsOf(steps []Step) (calls float64) {
	for _, s := range steps {
		once := callsOf(s.Steps)
		if s.Call != nil {
			once = 1
		}
		calls += once * s.Repeat.Mean()
	}
	return calls
}
