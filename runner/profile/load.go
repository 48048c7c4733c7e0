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
	r.Mapping(n, strict.Fields{
		"users":         func(n *yaml.Node) { l.Users = r.Int(n, 1, maxUsers) },
		"spawn_rate":    func(n *yaml.Node) { l.SpawnRate = r.Rate(n, maxRate) },
		"rate":          func(n *yaml.Node) { l.Rate = r.Rate(n, maxRate) },
		"arrivals":      func(n *yaml.Node) { l.Arrivals = Arrivals(r.OneOf(n, string(Constant), string(Poisson))) },
		"max_in_flight": func(n *yaml.Node) { l.MaxInFlight = r.Int(n, 1, maxUsers) },
		"stages":        func(n *yaml.Node) { l.Stages = r.stages(n) },
		"warm_up":       func(n *yaml.Node) { l.WarmUp = r.Duration(n, 0) },
		"run_time":      func(n *yaml.Node) { l.RunTime = r.Duration(n, minRunTime) },
		"rounds":        func(n *yaml.Node) { l.Rounds = r.Int(n, 1, maxRounds) },
		"seed":          func(n *yaml.Node) { l.Seed = uint64(r.Int(n, 0, 1<<31-1)) },
		"stop_within":   func(n *yaml.Node) { l.StopWithin = r.Duration(n, 0) },
	})
	const users = "a load is a number of users, who wait for their answers, or a rate, which does not"
	const stages = "the stages say how much load there is, and how long"
	for _, pair := range [][3]string{
		{"rate", "users", users}, {"rate", "spawn_rate", users},
		{"stages", "users", stages}, {"stages", "rate", stages}, {"stages", "spawn_rate", stages}, {"stages", "run_time", stages},
	} {
		if has(n, pair[0]) && has(n, pair[1]) {
			r.Problem(n, "%s and %s exclude each other: %s", pair[0], pair[1], pair[2])
		}
	}
	if has(n, "stages") && len(l.Stages) > 0 {
		if judged := l.Judged(); judged < minRunTime {
			r.Problem(n, "the stages last %v and the warm-up, which is their beginning, %v: nothing is left to judge", l.length(), l.WarmUp)
		}
	}
	if !l.IsOpen() {
		for _, key := range []string{"arrivals", "max_in_flight"} {
			if has(n, key) {
				r.Problem(n, "%s has a meaning only with a rate: users wait for their answers", key)
			}
		}
	}
}

func (r *reader) stages(n *yaml.Node) []Stage {
	var stages []Stage
	r.Sequence(n, func(item *yaml.Node) {
		s := Stage{Users: -1, Rate: -1}
		r.Mapping(item, strict.Fields{
			"users": func(n *yaml.Node) { s.Users = r.Int(n, 0, maxUsers) },
			"rate": func(n *yaml.Node) {
				if s.Rate = 0; strings.TrimSuffix(n.Value, "/s") != "0" {
					s.Rate = r.Rate(n, maxRate)
				}
			},
			"for": func(n *yaml.Node) { s.For = r.Duration(n, time.Millisecond) },
		})
		r.required(item, map[string]string{"for": "write how long it takes to get there, for example: for: 30s"})
		if (s.Users < 0) == (s.Rate < 0) {
			r.Problem(item, "a stage goes to a number of users or to a rate, for example: {users: 50, for: 30s}")
		}
		if len(stages) > 0 && (stages[0].Users < 0) != (s.Users < 0) {
			r.Problem(item, "some stages are of users and some of a rate; a load is one or the other")
		}
		stages = append(stages, s)
	})
	least := 0.0
	for i := range stages {
		least = max(least, float64(stages[i].Users), stages[i].Rate)
		stages[i].Users, stages[i].Rate = max(stages[i].Users, 0), max(stages[i].Rate, 0)
	}
	if n.Kind == yaml.SequenceNode && least <= 0 {
		r.Problem(n, "no stage has any load; write for example: [{users: 50, for: 30s}]")
	}
	return stages
}

// wait reads 1s, 100ms..500ms, pace 1s or throughput 5/s.
func (r *reader) wait(n *yaml.Node) Wait {
	text := r.Text(n)
	part := func(text string) time.Duration {
		value := *n
		value.Value = strings.TrimSpace(text)
		return r.Duration(&value, 0)
	}
	if period, ok := strings.CutPrefix(text, "pace "); ok {
		return Wait{Kind: WaitPace, Period: part(period)}
	}
	if rate, ok := strings.CutPrefix(text, "throughput "); ok {
		value := *n
		value.Value = strings.TrimSpace(rate)
		perSec := r.Rate(&value, maxRate)
		if perSec == 0 {
			return Wait{}
		}
		return Wait{Kind: WaitPace, Period: time.Duration(float64(time.Second) / perSec)}
	}
	if from, to, ok := strings.Cut(text, ".."); ok {
		w := Wait{Kind: WaitBetween, Min: part(from), Max: part(to)}
		if w.Max < w.Min {
			r.Problem(n, "%s runs backwards; write the shorter wait first", text)
		}
		return w
	}
	d := part(text)
	return Wait{Kind: WaitBetween, Min: d, Max: d}
}

// Change is what stands in the place of what the file says. Zero values change nothing.
type Change struct {
	Host        string // loaded instead of the target, which is not started then
	Users       *int
	SpawnRate   *float64
	RunTime     *time.Duration
	StopWithin  *time.Duration
	Tags        []string // only tasks that bear one of these
	ExcludeTags []string // no tasks that bear one of these
}

// Apply changes the profile; the error says why that cannot be.
func (p *Profile) Apply(c Change) error {
	if c.Host != "" {
		shown := c.Host // without what may be a password, however it is written
		if at := strings.LastIndex(shown, "@"); at >= 0 {
			scheme, _, hasScheme := strings.Cut(shown, "://")
			if shown = shown[at+1:]; hasScheme {
				shown = scheme + "://" + shown
			}
		}
		switch problem := urlProblem(shown); {
		case strings.Contains(c.Host, "${"):
			return fmt.Errorf("the host %q holds a variable; only the file has them", shown)
		case problem != "":
			return fmt.Errorf("the host %s", problem)
		case p.sendsPort:
			return fmt.Errorf("the profile sends ${port}, which is known only for a system that Plimsoll starts: take it out, or leave the host as it is")
		}
		p.Target.URL, p.Target.Socket, p.Target.Start = Template(strings.TrimRight(c.Host, "/")), "", nil
	}
	l := &p.Load
	if (c.Users != nil || c.SpawnRate != nil) && l.IsOpen() {
		return fmt.Errorf("the profile has a rate at which tasks arrive: a number of users or a spawn rate cannot stand in its place")
	}
	if len(l.Stages) > 0 && (c.Users != nil || c.SpawnRate != nil || c.RunTime != nil) {
		return fmt.Errorf("the profile has stages: users, spawn rate and run time cannot stand in their place")
	}
	switch {
	case c.Users != nil && (*c.Users < 1 || *c.Users > maxUsers):
		return fmt.Errorf("%d users are outside 1 to %d", *c.Users, maxUsers)
	case c.SpawnRate != nil && !(*c.SpawnRate > 0 && *c.SpawnRate <= maxRate):
		return fmt.Errorf("a spawn rate of %g is not one from above 0 to %g a second", *c.SpawnRate, maxRate)
	case c.RunTime != nil && *c.RunTime < minRunTime:
		return fmt.Errorf("a run time of %v is less than %v", *c.RunTime, minRunTime)
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

// checkLimits holds the load against the limits that can be known before it.
func (p *Profile) checkLimits() error {
	if most, limit := p.Load.MostUsers(), p.Limits.Users; !p.Load.IsOpen() && limit > 0 && most > limit {
		return fmt.Errorf("%d users are more than limits.users allows (%d)", most, limit)
	}
	rate := p.Load.Rate
	for _, s := range p.Load.Stages {
		rate = max(rate, s.Rate)
	}
	if limit, calls := p.Limits.Rate, p.callsPerTask(); limit > 0 && rate*calls > limit*1.000001 {
		return fmt.Errorf("a rate of %g/s, of tasks with %.3g requests each, is more than limits.rate allows (%g/s)", rate, calls, limit)
	}
	return nil
}

// callsPerTask is how many calls a task of the open model makes on average.
func (p *Profile) callsPerTask() float64 {
	calls, users := 0.0, 0
	for _, u := range p.Users {
		ofUser, tasks := 0, 0
		for _, t := range u.Tasks {
			tasks += t.Weight
			for _, s := range t.Steps {
				if s.Call != nil {
					ofUser += t.Weight
				}
			}
		}
		users += u.Weight
		calls += float64(u.Weight*ofUser) / float64(max(tasks, 1))
	}
	return calls / float64(max(users, 1))
}
