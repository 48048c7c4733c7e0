package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Bounds on what a profile may ask of one machine.
const (
	maxUsers   = 100_000
	maxRounds  = 1_000
	maxRate    = 1e9
	minRunTime = 100 * time.Millisecond
)

var seriesName = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

// Parse reads a profile. The name of the file stands in the problems. The Profile is to be
// used only when there is no problem; its Gate is set whenever the section could be found, so
// that its problems can be told as well.
func Parse(file string, data []byte, from Surroundings) (*Profile, strict.Problems) {
	if from.Protocols == nil {
		from.Protocols = Protocols()
	}
	r := &reader{Reader: strict.NewReader(file), from: from}
	p := &Profile{
		Target: Target{Timeout: 10 * time.Second, HTTP: HTTPAuto, Cookies: true},
		Load: Load{
			Users: 1, SpawnRate: 1, Arrivals: Constant, MaxInFlight: 1000,
			RunTime: time.Minute, Rounds: 6, Seed: 1, StopWithin: 5 * time.Second,
		},
	}
	if root := r.Parse(data); root != nil {
		r.profile(root, p)
	}
	return p, r.Problems()
}

// Digest names what the profile asks to be loaded: 64 hexadecimal digits over everything but
// the gate's rules and the limits, which may change without making older runs incomparable.
// Variables of the environment count by name, not by value; files by what is in them.
func (p *Profile) Digest() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("profile: " + err.Error()) // plain fields only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// profile reads the sections in the order in which they refer to each other, whatever the
// order of the file.
func (r *reader) profile(root *yaml.Node, p *Profile) {
	sections := map[string]func(n *yaml.Node){
		"name":   func(n *yaml.Node) { p.Name = r.series(n) },
		"target": func(n *yaml.Node) { r.target(n, &p.Target) },
		"load":   func(n *yaml.Node) { r.load(n, &p.Load) },
		"limits": func(n *yaml.Node) { r.limits(n, &p.Limits) },
		"data":   func(n *yaml.Node) { p.Data = r.tables(n) },
		"users":  func(n *yaml.Node) { p.Users = r.users(n) },
		"gate":   func(n *yaml.Node) { p.Gate = n },
	}
	nodes, fields := map[string]*yaml.Node{}, strict.Fields{}
	for name := range sections {
		fields[name] = func(n *yaml.Node) { nodes[name] = n }
	}
	fields["monitor"] = func(n *yaml.Node) { r.Problem(n, "this version does not watch the system yet; take the section out") }
	r.Mapping(root, fields)
	for _, name := range []string{"name", "load", "limits", "data", "target", "users", "gate"} {
		if n := nodes[name]; n != nil {
			r.In(name, func() { sections[name](n) })
		}
	}
	r.required(root, map[string]string{
		"name":   "it names the series that baselines belong to, for example: name: shop",
		"target": "write what to load: target: {url: \"http://127.0.0.1:8080\"}",
		"users":  "write what users do, for example: users: [{name: reader, tasks: [{http: GET /}]}]",
	})
	if r.usesPort != nil && p.Target.Start == nil {
		r.Problem(r.usesPort, "${port} is chosen for a system that Plimsoll starts: add target.start, or write the port")
	}
	p.sendsPort = r.sendsPort
	if n := nodes["users"]; n != nil && len(p.Users) > 0 {
		if err := p.checkFixed(); err != nil {
			r.In("users", func() { r.Problem(n, "%v", err) })
		}
	}
	if err := p.checkLimits(); err != nil {
		r.In("limits", func() { r.Problem(nodes["limits"], "%v", err) })
	}
}

// checkFixed holds the fixed numbers of users against all there are.
func (p *Profile) checkFixed() error {
	fixed, weighted := 0, false
	for _, u := range p.Users {
		fixed += u.Fixed
		weighted = weighted || u.Fixed == 0
	}
	switch {
	case p.Load.IsOpen() && fixed > 0:
		return fmt.Errorf("a fixed number of users has no meaning when tasks arrive at a rate; give weights")
	case !p.Load.IsOpen() && fixed > p.Load.MostUsers():
		return fmt.Errorf("%d users are fixed, and the load has %d", fixed, p.Load.MostUsers())
	case !p.Load.IsOpen() && fixed < p.Load.MostUsers() && !weighted:
		return fmt.Errorf("%d users are fixed and none has a weight, so that %d of the load's %d have nothing to do", fixed, p.Load.MostUsers()-fixed, p.Load.MostUsers())
	}
	return nil
}

// required notes each key that must be there and is not, with what to write.
func (r *reader) required(n *yaml.Node, keys map[string]string) {
	if n.Kind != yaml.MappingNode {
		return // Mapping has said so
	}
	for i := 0; i < len(n.Content); i += 2 {
		delete(keys, n.Content[i].Value)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		r.In(key, func() { r.Problem(n, "missing; %s", keys[key]) })
	}
}

func (r *reader) series(n *yaml.Node) string {
	name := r.Text(n)
	if name != "" && !seriesName.MatchString(name) {
		r.Problem(n, notName, name)
	}
	return name
}

const notName = "%q is not a name: at most 64 of a to z, 0 to 9, dot, underscore and hyphen"

// Rename makes the profile that of another series; the error says why that cannot be.
func (p *Profile) Rename(series string) error {
	if !seriesName.MatchString(series) {
		return fmt.Errorf(notName, series)
	}
	p.Name = series
	return nil
}

func (r *reader) limits(n *yaml.Node, l *Limits) {
	r.Mapping(n, strict.Fields{
		"hosts": func(n *yaml.Node) {
			r.Sequence(n, func(item *yaml.Node) { l.Hosts = append(l.Hosts, r.Text(item)) })
			if len(l.Hosts) == 0 {
				r.Problem(n, "the list is empty; name the hosts that may be loaded, such as 127.0.0.1 or \"*.staging.internal\"")
			}
		},
		"rate":  func(n *yaml.Node) { l.Rate = r.Rate(n, maxRate) },
		"users": func(n *yaml.Node) { l.Users = r.Int(n, 1, maxUsers) },
		"abort": func(n *yaml.Node) {
			l.AbortFor = time.Second
			r.Mapping(n, strict.Fields{
				"failure_rate": func(n *yaml.Node) { l.AbortFailureRate = r.Percent(n, 0.0001, 1) },
				"for":          func(n *yaml.Node) { l.AbortFor = r.Duration(n, time.Second) },
			})
			r.required(n, map[string]string{"failure_rate": "write from which share of failures on the run ends, for example: failure_rate: 50%"})
		},
	})
}
