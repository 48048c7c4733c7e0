package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// Locust is how Locust loads the target, instead of users of the plan. The plan's Users say how many users Locust starts,
// and when.
type Locust struct {
	File              string // relative to the profile's directory
	Command           []string
	Classes           []string
	Args              []string
	Tags, ExcludeTags []string
}

// locust is the load of a locustfile: users of one kind, whose tasks only the locustfile knows.
func (p *Plan) locust(of *profile.Locust, l profile.Load) {
	p.Locust = &Locust{
		File: of.File, Command: of.Command, Classes: of.Classes, Args: of.Args, Tags: of.Tags, ExcludeTags: of.ExcludeTags,
	}
	p.Behaviours = []Behaviour{{Name: of.File, Weight: 1, unit: 1}}
	p.unit = 1
	p.AllUsers = l.MostUsers()
	p.Users = deal([]profile.Behaviour{{Name: of.File, Weight: 1}}, l, Shard{}, p.Length())
}

// words say who sends the requests, and what decides about them.
func (l *Locust) words() string {
	what := "what its users do"
	if len(l.Classes) > 0 {
		what = "what the users of " + strings.Join(l.Classes, ", ") + " do"
	}
	text := fmt.Sprintf("Locust sends the requests, started as %s: %s says %s.\n", strings.Join(l.Command, " "), l.File, what)
	if len(l.Tags) > 0 {
		text += "Only tasks with these tags: " + strings.Join(l.Tags, ", ") + "\n"
	}
	if len(l.ExcludeTags) > 0 {
		text += "No tasks with these tags: " + strings.Join(l.ExcludeTags, ", ") + "\n"
	}
	return text + "Locust counts the time of a request from when it was sent, so its runs are compared only with each other.\n"
}

// hostWords say which hosts may be loaded.
func (p *Plan) hostWords() string {
	if p.Locust == nil {
		return fmt.Sprintf("Nothing is sent to hosts other than %s.\n", strings.Join(p.Target.Hosts, ", "))
	}
	return fmt.Sprintf("The target must be one of %s. The locustfile may send to other hosts too.\n", strings.Join(p.Target.Hosts, ", "))
}

// Errors about what only users of a profile can do.
var (
	errLocustShard = errors.New("Locust makes the load, and each shard would start it with all users: use target.locust on one machine, or make a profile with users that shards can share with `plimsoll init --locust`")
	errLocustIdle  = errors.New("Locust makes the load, and starts too slowly to send an idle and a full load in turn: make a profile with users that can do this with `plimsoll init --locust`")
)
