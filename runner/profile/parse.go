package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
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

// Parse reads a profile. The name of the file stands in the problems; env looks a variable
// of the environment up. The Profile is to be used only when there is no problem; its Gate
// is set whenever the section could be found, so that its problems can be told as well.
func Parse(file string, data []byte, env func(name string) (string, bool)) (*Profile, strict.Problems) {
	r := &reader{Reader: strict.NewReader(file), env: env}
	p := &Profile{
		Target: Target{Timeout: 10 * time.Second},
		Load:   Load{Users: 1, SpawnRate: 1, RunTime: time.Minute, Rounds: 6, Seed: 1, StopWithin: 5 * time.Second},
	}
	if root := r.Parse(data); root != nil {
		r.profile(root, p)
	}
	return p, r.Problems()
}

// Digest names what the profile asks to be loaded: 64 hexadecimal digits over everything but
// the gate's rules, which may change without making older runs incomparable. Variables of
// the environment count by name, not by value.
func (p *Profile) Digest() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic("profile: " + err.Error()) // plain fields only
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (r *reader) profile(root *yaml.Node, p *Profile) {
	r.Mapping(root, strict.Fields{
		"name":   func(n *yaml.Node) { p.Name = r.series(n) },
		"target": func(n *yaml.Node) { r.target(n, &p.Target) },
		"load":   func(n *yaml.Node) { r.load(n, &p.Load) },
		"users":  func(n *yaml.Node) { p.Users = r.users(n) },
		"gate":   func(n *yaml.Node) { p.Gate = n },
	})
	r.required(root, map[string]string{
		"name":   "it names the series that baselines belong to, for example: name: shop",
		"target": "write what to load: target: {url: \"http://127.0.0.1:8080\"}",
		"users":  "write what users do, for example: users: [{name: reader, tasks: [{http: GET /}]}]",
	})
	if r.usesPort != nil && p.Target.Start == nil {
		r.Problem(r.usesPort, "${port} is chosen for a system that Plimsoll starts: add target.start, or write the port")
	}
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
		r.Problem(n, "%q is not a name: at most 64 of a to z, 0 to 9, dot, underscore and hyphen", name)
	}
	return name
}

func (r *reader) load(n *yaml.Node, l *Load) {
	r.Mapping(n, strict.Fields{
		"users":       func(n *yaml.Node) { l.Users = r.Int(n, 1, maxUsers) },
		"spawn_rate":  func(n *yaml.Node) { l.SpawnRate = r.Rate(n, maxRate) },
		"warm_up":     func(n *yaml.Node) { l.WarmUp = r.Duration(n, 0) },
		"run_time":    func(n *yaml.Node) { l.RunTime = r.Duration(n, minRunTime) },
		"rounds":      func(n *yaml.Node) { l.Rounds = r.Int(n, 1, maxRounds) },
		"seed":        func(n *yaml.Node) { l.Seed = uint64(r.Int(n, 0, 1<<31-1)) },
		"stop_within": func(n *yaml.Node) { l.StopWithin = r.Duration(n, 0) },
	})
}

func (r *reader) users(n *yaml.Node) []User {
	var users []User
	seen := map[string]int{}
	r.Sequence(n, func(item *yaml.Node) {
		u := User{Weight: 1}
		r.Mapping(item, strict.Fields{
			"name":   func(n *yaml.Node) { u.Name = r.Text(n) },
			"weight": func(n *yaml.Node) { u.Weight = r.Int(n, 1, 1_000_000) },
			"wait":   func(n *yaml.Node) { u.Wait = r.wait(n) },
			"tasks":  func(n *yaml.Node) { u.Tasks = r.tasks(n) },
		})
		r.required(item, map[string]string{
			"name":  "name this kind of user, for example: name: reader",
			"tasks": "write what this user does, for example: tasks: [{http: GET /}]",
		})
		if line, twice := seen[u.Name]; twice && u.Name != "" {
			r.Problem(item, "the name %q stands in line %d as well; each kind of user has its own", u.Name, line)
		}
		seen[u.Name] = item.Line
		users = append(users, u)
	})
	if n.Kind == yaml.SequenceNode && len(users) == 0 {
		r.Problem(n, "the list is empty; write at least one kind of user")
	}
	return users
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
