package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Locust says that Locust loads the target, as a locustfile says, instead of users of the profile.
type Locust struct {
	File        string   // relative to the profile
	Sum         string   // SHA-256 of its content
	Command     []string // the program and its first arguments
	Classes     []string // of users to start; empty for all
	Args        []string // further arguments of Locust
	Tags        []string // only tasks with one of these
	ExcludeTags []string // no tasks with one of these
}

// LocustProgram starts Locust unless a profile says otherwise.
const LocustProgram = "locust"

// Drive makes Locust load the target as a locustfile says, and drops the users of the profile, setup, teardown and data. The
// file is relative to the profile. What the profile says about Locust itself stays. Apply Changes afterwards.
func (p *Profile) Drive(file string, content []byte) error {
	if p.Load.IsOpen() || len(p.Load.Stages) > 0 {
		return errors.New("the profile's load has a rate or stages, and Locust starts users at a spawn rate: write users and run_time")
	}
	l := Locust{Command: []string{LocustProgram}}
	if before := p.Target.Locust; before != nil {
		l = *before
	}
	if err := l.take(file, content); err != nil {
		return err
	}
	p.Target.Locust = &l
	p.Users, p.Setup, p.Teardown, p.Data, p.API = nil, nil, nil, nil, nil
	return nil
}

// take makes a file with its content the locustfile.
func (l *Locust) take(file string, content []byte) error {
	if path.Base(strings.ReplaceAll(file, `\`, "/")) == "locust.py" {
		return errors.New("a locustfile named locust.py would hide Locust itself: rename it")
	}
	sum := sha256.Sum256(content)
	l.File, l.Sum = file, hex.EncodeToString(sum[:])
	return nil
}

// locust reads where the locustfile is and how Locust is started.
func (r *reader) locust(n *yaml.Node) *Locust {
	l := &Locust{Command: []string{LocustProgram}}
	r.Mapping(n,
		strict.Need("file", "The locustfile; relative to the profile.", "name the locustfile, for example: locust: {file: locustfile.py}", r.file(func(n *yaml.Node, content []byte) {
			if err := l.take(n.Value, content); err != nil {
				r.Problem(n, "%v", err)
			}
		})),
		strict.Key("command", "How Locust is started, by default as locust: a program and its first arguments, such as venv/bin/locust or uv run locust; no shell takes part.", r.Match(locustCommand, func(_ *yaml.Node, text string) {
			l.Command = strings.Fields(text)
		})),
		strict.Key("classes", "The classes of users to start; all if there are none.", func(n *yaml.Node) {
			r.Sequence(n, r.Match(locustClass, func(_ *yaml.Node, name string) { l.Classes = append(l.Classes, name) }))
		}),
		strict.Key("args", "Further arguments of Locust's command line, such as those that the locustfile adds.", func(n *yaml.Node) {
			r.Sequence(n, func(item *yaml.Node) {
				var text string
				r.Text(&text)(item)
				l.Args = append(l.Args, text)
			})
		}),
	)
	return l
}

var (
	locustCommand = strict.NewPattern(`\S`, "a program and maybe arguments, such as venv/bin/locust")
	locustClass   = strict.NewPattern(`^[^-\s]\S*$`, "the name of a class such as Shopper")
)

// ownRequests are the keys of a target that say how requests of the profile are sent.
var ownRequests = []string{"socket", "headers", "http", "redirects", "cookies", "connections", "graphql", "grpc"}

// onlyOwn refuses keys about how the profile's own requests are sent, if Locust sends those of a locustfile.
func (r *reader) onlyOwn(target *yaml.Node) {
	for _, key := range ownRequests {
		r.Exclude(target, "locust", key, "Locust sends what the locustfile says")
	}
}

// driving checks that either users of the profile load the target, or Locust.
func (r *reader) driving(root *yaml.Node) {
	r.Instead(root, "target.locust", "users", "write what users do, for example: users: [{name: reader, tasks: [{http: GET /}]}]",
		strict.Barred{Path: "users", Why: "the locustfile says what users do"},
		strict.Barred{Path: "setup", Why: "a locustfile prepares by itself, in on_start or in a listener of test_start"},
		strict.Barred{Path: "teardown", Why: "a locustfile cleans up by itself, in on_stop or in a listener of test_stop"},
		strict.Barred{Path: "data", Why: "a locustfile reads its data by itself"},
		strict.Barred{Path: "api", Why: "nobody knows which requests a locustfile sends before it sends them"},
		strict.Barred{Path: "load.rate", Why: "Locust starts users, not tasks at a rate: write users"},
		strict.Barred{Path: "load.stages", Why: "Locust starts all users at spawn_rate: write users and run_time"},
	)
}

// locustV1 is what the digest covers. Where the program and the file lie does not matter.
type locustV1 struct {
	Sum         string
	Classes     []string `json:",omitempty"`
	Args        []string `json:",omitempty"`
	Tags        []string `json:",omitempty"`
	ExcludeTags []string `json:",omitempty"`
}

func (l *Locust) digestV1() *locustV1 {
	if l == nil {
		return nil
	}
	return &locustV1{l.Sum, sorted(l.Classes), l.Args, sorted(l.Tags), sorted(l.ExcludeTags)}
}

// sorted is a list whose order does not matter.
func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// facts are what a comparison of two profiles says about the locustfile.
func (l *Locust) facts(put func(fact)) {
	if l == nil {
		return
	}
	put(fact{"locustfile", "", l.File, l.Sum})
	for what, list := range map[string][]string{
		"locust.classes": sorted(l.Classes), "locust.args": l.Args, "tags": sorted(l.Tags), "exclude_tags": sorted(l.ExcludeTags),
	} {
		put(fact{what, "", strings.Join(list, " "), ""})
	}
}
