package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// usualProfile is the profile when none is named.
const usualProfile = "plimsoll.yaml"

// profileFlag names the profile.
type profileFlag struct {
	Profile string `short:"f" default:"plimsoll.yaml" env:"PLIMSOLL_PROFILE" help:"The profile."`
}

// loadFlags change what a profile says. They bear Locust's names and letters.
type loadFlags struct {
	Host        string   `short:"H" env:"PLIMSOLL_HOST,LOCUST_HOST" help:"Load this address instead of target.url; nothing is started."`
	Users       *int     `short:"u" env:"PLIMSOLL_USERS,LOCUST_USERS" help:"Number of users."`
	SpawnRate   *float64 `short:"r" env:"PLIMSOLL_SPAWN_RATE,LOCUST_SPAWN_RATE" help:"Users started per second."`
	RunTime     span     `short:"t" env:"PLIMSOLL_RUN_TIME,LOCUST_RUN_TIME" help:"Judged load in all, such as 60s or 1h20m."`
	Tags        []string `short:"T" env:"PLIMSOLL_TAGS,LOCUST_TAGS" help:"Only tasks that bear one of these tags."`
	ExcludeTags []string `short:"E" env:"PLIMSOLL_EXCLUDE_TAGS,LOCUST_EXCLUDE_TAGS" help:"No tasks that bear one of these tags."`
	StopTimeout span     `short:"s" env:"PLIMSOLL_STOP_TIMEOUT,LOCUST_STOP_TIMEOUT" help:"How long requests under way get at the end."`
	Headless    bool     `hidden:"" help:"Accepted for Locust's users; there is no other way."`
}

// span is a flag that is a span of time, as Locust's users write it.
type span struct {
	time.Duration
	set bool
}

// UnmarshalText reads 20, 20s, 3m, 1h20m, 500ms.
func (s *span) UnmarshalText(text []byte) error {
	d, err := strict.ParseDuration(string(text))
	*s = span{d, true}
	return err
}

// asked is a profile with the policy of its gate and the directory that it lies in.
type asked struct {
	*profile.Profile
	policy gate.Policy
	dir    string
}

// read reads the profile, all problems of which come at once, those of its gate as well.
func (f profileFlag) read() (*asked, error) {
	data, err := os.ReadFile(f.Profile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, badInput("there is no profile %s: `plimsoll init` writes a starting one; another is named with --profile, or as what `plimsoll check` is to look at", f.Profile)
	}
	if err != nil {
		return nil, badInput("read profile: %w", err)
	}
	p, problems := profile.Parse(f.Profile, data, profile.Surroundings{
		Env: os.LookupEnv,
		Read: func(path string) ([]byte, error) {
			if !filepath.IsAbs(path) {
				path = filepath.Join(filepath.Dir(f.Profile), path)
			}
			return os.ReadFile(path)
		},
	})
	policy, more := gate.ParsePolicy(f.Profile, p.Gate, p.Routes())
	problems = slices.Concat(problems, more)
	slices.SortStableFunc(problems, func(a, b strict.Problem) int { return a.Line - b.Line })
	if err := problems.Err(); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(f.Profile))
	return &asked{p, policy, dir}, err
}

// place checks, before anything is measured, that a file can be written where a flag wants it.
func place(flag, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return badInput("%s %s: that is a directory; name a file", flag, path)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return badInput("%s %s: there is no directory %s", flag, path, filepath.Dir(path))
	}
	return nil
}

// readPolicy is the policy of the profile, and the default one when none was named and the
// usual one is not there.
func (f profileFlag) readPolicy() (gate.Policy, error) {
	if _, err := os.Stat(f.Profile); errors.Is(err, fs.ErrNotExist) && f.Profile == usualProfile {
		return gate.DefaultPolicy(), nil
	}
	asked, err := f.read()
	if err != nil {
		return gate.Policy{}, err
	}
	return asked.policy, nil
}

// change puts the flags in the place of what the profile says.
func (f loadFlags) change(p *profile.Profile) error {
	c := profile.Change{Host: f.Host, Users: f.Users, SpawnRate: f.SpawnRate, Tags: f.Tags, ExcludeTags: f.ExcludeTags}
	if f.RunTime.set {
		c.RunTime = &f.RunTime.Duration
	}
	if f.StopTimeout.set {
		c.StopWithin = &f.StopTimeout.Duration
	}
	if err := p.Apply(c); err != nil {
		return inputError{err}
	}
	return nil
}

// plan resolves the profile for one run.
func (p *asked) plan() (*plan.Plan, error) {
	values := plan.Values{Env: os.LookupEnv}
	if p.Target.Start != nil {
		port, err := runner.FreePort()
		if err != nil {
			return nil, err
		}
		values.Port = port
	}
	pl, err := plan.Make(p.Profile, values)
	if err != nil {
		return nil, badInput("plan %s: %w", p.Name, err)
	}
	return pl, nil
}

// checkCmd is plimsoll check.
type checkCmd struct {
	loadFlags
	File string `arg:"" optional:"" default:"plimsoll.yaml" help:"The profile."`
}

// Run says in words what the profile would do.
func (c *checkCmd) Run(a *app) error {
	asked, err := profileFlag{c.File}.read()
	if err != nil {
		return err
	}
	if err := c.change(asked.Profile); err != nil {
		return err
	}
	pl, err := asked.plan()
	if err != nil {
		return err
	}
	return pl.Words(a.stdout)
}
