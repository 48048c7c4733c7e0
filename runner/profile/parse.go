package profile

import (
	"errors"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Bounds on what a profile may ask for.
const (
	maxUsers   = 100_000
	maxRounds  = 1_000
	maxRate    = 1e9
	minRunTime = 100 * time.Millisecond
)

var seriesName = strict.NewPattern(`^[a-z0-9._-]{1,64}$`, "1 to 64 of a to z, 0 to 9, dot, underscore and hyphen").Explained(func(text string) string {
	return strict.Quote(text) + " is not a valid name: use 1 to 64 of a to z, 0 to 9, dot, underscore and hyphen"
})

// Parse reads a profile. Problems name the file. Use the Profile only when there is no problem; its
// Gate is set whenever there is such a section, so that the caller can report its problems too.
func Parse(file string, data []byte, from Surroundings) (*Profile, strict.Problems) {
	if from.Protocols == nil {
		from.Protocols = Protocols()
	}
	r := newReader(strict.NewReader(file), from)
	p := defaults()
	r.graphql = p.Target.GraphQL
	if root := r.Parse(data); root != nil {
		r.profile(root, p)
	}
	return p, r.Problems()
}

// Schema returns the JSON Schema of a profile, made by the readers that Parse uses. The gate:
// section is read elsewhere and comes with its own schema.
func Schema(gate *strict.Schema) *strict.Schema {
	schema := strict.Describe(func(described *strict.Reader, root *yaml.Node) {
		r := newReader(described, Surroundings{Protocols: Protocols()})
		r.profile(root, defaults())
	})
	schema.Set("gate", gate)
	schema.Dialect = "https://json-schema.org/draft/2020-12/schema"
	schema.ID = "https://github.com/plimsoll-ci/plimsoll/profile.schema.json"
	schema.Title = "Plimsoll profile"
	schema.Description = "plimsoll.yaml: what to load, how hard, and what counts as worse."
	return schema
}

// defaults is what a profile says before anything is read.
func defaults() *Profile {
	return &Profile{
		Target: Target{Timeout: 10 * time.Second, HTTP: HTTPAuto, Cookies: true, GraphQL: GraphQLTarget{Path: "/graphql"}},
		Load: Load{
			Users: 1, SpawnRate: 1, Arrivals: Constant, MaxInFlight: 1000,
			RunTime: time.Minute, Rounds: 6, Seed: 1,
		},
		Monitor: Monitor{Every: time.Second},
	}
}

// profile reads a section after the sections that it refers to, regardless of their order in the file.
func (r *reader) profile(root *yaml.Node, p *Profile) {
	var load, limits, data, target, api, setup, users, teardown, monitor *yaml.Node
	r.Mapping(root,
		strict.Need("name", "The series that baselines belong to.", "it names the series that baselines belong to, for example: name: shop", r.series(&p.Name)),
		strict.Need("target", "The system to load.", "write what to load: target: {url: \"http://127.0.0.1:8080\"}", strict.Later(&target)),
		strict.Key("api", "Where the operations of the system are described, so that those without a step are told.", strict.Later(&api)),
		strict.Key("load", "How hard to load, and how long.", strict.Later(&load)),
		strict.Key("limits", "What a run must never pass.", strict.Later(&limits)),
		strict.Key("data", "Rows that requests are filled with, by name.", strict.Later(&data)),
		strict.Key("setup", "Steps that are done once for the whole run, before the users start; all users see what they save.", strict.Later(&setup)),
		strict.Key("users", "What users do. Required unless target.locust says what they do.", strict.Later(&users)),
		strict.Key("teardown", "Steps that are done once, after the last user; they see what setup saved.", strict.Later(&teardown)),
		strict.Aside("x-", "Passed over: a place for YAML anchors."),
		strict.Key("gate", "What counts as worse.", r.Any(strict.Later(&p.Gate))),
		strict.Key("history", "What becomes of what recorded runs show over time.", func(n *yaml.Node) { r.history(n, &p.History) }),
		strict.Key("monitor", "What is watched while the load lasts: by default the system that start has started and this machine, each second. none watches nothing.", strict.Later(&monitor)),
	)
	r.driving(root)
	for _, section := range []struct {
		name string
		n    *yaml.Node
		read strict.Read
	}{
		{"load", load, func(n *yaml.Node) { r.load(n, &p.Load) }},
		{"limits", limits, func(n *yaml.Node) { r.limits(n, &p.Limits) }},
		{"data", data, func(n *yaml.Node) { p.Data = r.tables(n) }},
		{"target", target, func(n *yaml.Node) { r.target(n, &p.Target); r.graphql = p.Target.GraphQL }},
		{"monitor", monitor, func(n *yaml.Node) { r.monitor(n, &p.Monitor) }},
		{"api", api, func(n *yaml.Node) { p.API = r.api(n) }},
		{"setup", setup, func(n *yaml.Node) { p.Setup = r.once(n); r.shared = r.saved }},
		{"users", users, func(n *yaml.Node) { p.Users = r.users(n) }},
		{"teardown", teardown, func(n *yaml.Node) { p.Teardown = r.once(n) }},
	} {
		if section.n != nil {
			r.In(section.name, func() { section.read(section.n) })
		}
	}
	if load == nil || !strict.Has(load, "stop_within") {
		p.Load.StopWithin = p.Target.Timeout
	}
	p.uses = r.uses
	r.checkPorts(p.Target.Start != nil)
	p.sendsPort, p.ports = r.sendsPort, r.portNames()
	if users != nil && len(p.Users) > 0 {
		if err := p.checkFixed(); err != nil {
			r.In("users", func() { r.Problem(users, "%v", err) })
		}
	}
	if a := p.Limits.Abort; p.Monitor.Off && (a.Memory > 0 || a.DiskFree > 0) {
		r.In("limits", func() { r.Problem(limits, "memory and disk_free are readings of the monitor: remove monitor: none") })
	}
	r.checkParts(p)
	r.checkGroups(p)
	if limits != nil {
		if err := p.checkLimits(); err != nil {
			r.In("limits", func() { r.Problem(limits, "%v", err) })
		}
	}
}

func (r *reader) history(n *yaml.Node, h *History) {
	r.Mapping(n,
		strict.Key("issues", "On GitHub, each lasting change to the worse of the main branch becomes an issue, which is closed when that is over. The job of baseline update needs issues: write.", r.Bool(&h.Issues)),
	)
}

// checkParts refuses a route that counts both calls and parts of calls: totals count calls only.
func (r *reader) checkParts(p *Profile) {
	for c := range p.Calls() {
		if p.IsPart(c.Route()) {
			r.Problem(&yaml.Node{Line: c.Line}, "the messages of another call are counted under %q too; give one of them another name", c.Route())
		}
	}
}

// LeastSecret is the minimum length in bytes of an environment value if the run starts a system. Shorter
// values occur too often in the system's output to be masked there.
const LeastSecret = 4

// checkFixed compares the fixed numbers of users with the number of all.
func (p *Profile) checkFixed() error {
	if p.Target.Locust != nil {
		return nil
	}
	fixed, weighted := 0, false
	for _, u := range p.Users {
		fixed += u.Fixed
		weighted = weighted || u.Fixed == 0
	}
	switch {
	case p.Load.IsOpen() && fixed > 0:
		return fmt.Errorf("a load with a rate has no fixed users; use weight instead of fixed")
	case !p.Load.IsOpen() && fixed > p.Load.MostUsers():
		return fmt.Errorf("%d users are fixed, but the load has only %d", fixed, p.Load.MostUsers())
	case !p.Load.IsOpen() && fixed < p.Load.MostUsers() && !weighted:
		return fmt.Errorf("the load has %d users and only %d have something to do: raise fixed, or give a kind of user a weight", p.Load.MostUsers(), fixed)
	}
	return nil
}

func (r *reader) series(to *string) strict.Read {
	return r.Match(seriesName, func(_ *yaml.Node, name string) { *to = name })
}

// Rename moves the profile to another series. It fails if the name is invalid.
func (p *Profile) Rename(series string) error {
	if wrong := seriesName.Check(series); wrong != "" {
		return errors.New(wrong)
	}
	p.Name = series
	return nil
}

func (r *reader) limits(n *yaml.Node, l *Limits) {
	r.Mapping(n,
		strict.Key("hosts", "Hosts that may be loaded: names, addresses, ranges such as 10.0.0.0/8, and names such as *.internal. By default this machine, and the target when its address is private.", func(n *yaml.Node) {
			r.NonEmpty(n, "name the hosts that may be loaded, such as 127.0.0.1 or \"*.staging.internal\"", func(item *yaml.Node) {
				var host string
				r.Text(&host)(item)
				l.Hosts = append(l.Hosts, host)
			})
		}),
		strict.Key("rate", "Requests per second.", r.Rate(&l.Rate, maxRate)),
		strict.Key("users", "Users at once.", r.Int(&l.Users, 1, maxUsers)),
		strict.Key("abort", "When a run is ended early.", func(n *yaml.Node) { r.abort(n, &l.Abort) }),
	)
}
