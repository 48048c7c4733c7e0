// Package job reads what a user asks for: a profile, with its gate's policy and its directory.
//
// A file and the environment go in. A Job comes out, or all problems of the file at once. Change lets flags
// override the profile. Plan makes what one run needs, with a fresh port each time. Mistakes in the user's
// input exit with status 2.
package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/reference"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/coverage"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// Usual is the profile when none is named.
const Usual = "plimsoll.yaml"

// Job is a profile with the policy of its gate.
type Job struct {
	*profile.Profile
	Policy gate.Policy
	API    *gate.API // what the description of the system's API holds; nil when the profile names none
	File   string    // the profile, as the user named it
	Dir    string    // that the profile lies in, absolute

	env environ.Values
}

// Read reads a profile and its gate's policy.
func Read(file string, env environ.Values) (*Job, error) {
	data, err := readProfile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, exit.BadInput("there is no profile %s: `plimsoll init` writes one to start with; to use another file, name it with --profile, or after `plimsoll check`", file)
	}
	if err != nil {
		return nil, exit.BadInput("read profile: %w", err)
	}
	read := func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		return readData(path)
	}
	p, policy, err := parse(file, data, env.Lookup, read)
	if err != nil {
		return nil, err
	}
	api, err := apiOf(file, p, policy, read)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	return &Job{p, policy, api, file, dir, env}, err
}

// apiOf reads the description of the system's API; nil when the profile names none.
func apiOf(file string, p *profile.Profile, policy gate.Policy, read func(path string) ([]byte, error)) (*gate.API, error) {
	covered, problems := coverage.Of(p, read)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if covered == nil && policy.Coverage > 0 {
		at := strict.Get(p.Gate, "coverage")
		place := strict.Place{File: file, Line: at.Line, Column: at.Column, Key: "gate.coverage"}
		return nil, strict.Problems{place.Problem("needs an api: section that says where the operations are described: api: {openapi: openapi.yaml}")}
	}
	if covered == nil {
		return nil, nil
	}
	api := &gate.API{Others: covered.Others, LeftOut: covered.LeftOut}
	for _, o := range covered.Operations {
		api.Operations = append(api.Operations, gate.Operation(o))
	}
	return api, nil
}

// parse reads a profile and its gate's policy. One error lists the problems of both, in the order of their lines.
func parse(file string, data []byte, env func(name string) (string, bool), read func(path string) ([]byte, error)) (*profile.Profile, gate.Policy, error) {
	p, problems := profile.Parse(file, data, profile.Surroundings{Env: env, Read: read})
	policy, more := gate.ParsePolicy(file, p.Gate, routes(p))
	return p, policy, strict.Merge(problems, more, runner.Unfit(p)).Err()
}

// routes are those that the gate may have rules for; nil for any, if only a locustfile knows them.
func routes(p *profile.Profile) []string {
	if p.Target.Locust != nil {
		return nil
	}
	return append([]string{}, p.Routes()...)
}

// At reads the job's profile, and the files that it names, from a commit. The error is git.ErrNoCommit if git lacks
// the commit or the commit lacks the profile.
func (j *Job) At(ctx context.Context, dir git.Dir, commit string) (*profile.Profile, error) {
	name := filepath.Base(j.File)
	data, err := dir.Show(ctx, commit, name)
	if err != nil {
		return nil, err
	}
	p, _, err := parse(name, data, j.env.Lookup, func(path string) ([]byte, error) {
		if filepath.IsAbs(path) {
			return readData(path)
		}
		content, err := dir.Show(ctx, commit, path)
		if errors.Is(err, git.ErrNoCommit) { // a .proto file may be under another root
			err = fmt.Errorf("%w: %w", err, fs.ErrNotExist)
		}
		return content, err
	})
	return p, err
}

// Unchanged reports whether a commit has the same profile, byte for byte.
func (j *Job) Unchanged(ctx context.Context, dir git.Dir, commit string) (bool, error) {
	now, err := readProfile(filepath.Join(j.Dir, filepath.Base(j.File)))
	if err != nil {
		return false, err
	}
	before, err := dir.Show(ctx, commit, filepath.Base(j.File))
	if errors.Is(err, git.ErrNoCommit) {
		return false, nil
	}
	return bytes.Equal(now, before), err
}

// maxProfile is one byte more than a profile may have: Parse refuses a file that was cut here.
const maxProfile = 2 << 20

func readProfile(path string) ([]byte, error) {
	file, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return io.ReadAll(io.LimitReader(file, maxProfile))
}

// maxData bounds a data file, in bytes.
const maxData = 512 << 20

// readData reads a data file, up to maxData: a stranger's profile may name a file without end, such as /dev/zero.
func readData(path string) ([]byte, error) {
	file, err := input.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	if info.Size() <= maxData {
		data.Grow(int(info.Size()) + bytes.MinRead)
		if _, err := data.ReadFrom(io.LimitReader(file, maxData+1)); err != nil {
			return nil, err
		}
	}
	if info.Size() > maxData || data.Len() > maxData {
		return nil, fmt.Errorf("%s is larger than %d MiB: a data file is held in memory, so larger ones are refused", path, maxData>>20)
	}
	return data.Bytes(), nil
}

// Policy is the policy of a profile. If the file is the usual one and does not exist, it is the default policy.
func Policy(file string, env environ.Values) (gate.Policy, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && file == Usual {
		return gate.DefaultPolicy(), nil
	}
	j, err := Read(file, env)
	if err != nil {
		return gate.Policy{}, err
	}
	return j.Policy, nil
}

// Without is a job without a profile, for results of other tools: a series and the default policy. It is nil unless
// the file is the usual one and does not exist.
func Without(file, series string, env environ.Values) (*Job, error) {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) || file != Usual {
		return nil, nil
	}
	dir, err := filepath.Abs(".")
	return &Job{Profile: &profile.Profile{Name: series}, Policy: gate.DefaultPolicy(), File: file, Dir: dir, env: env}, err
}

// nowhere is a profile without a target and without users.
const nowhere = "name: locust\ntarget: {url: \"http://127.0.0.1\", locust: {file: locustfile.py}}\n"

// Driven is Read, with a locustfile in place of the users of the profile. If the file is the usual one and does not exist,
// the job has no target: placed is false then, and a Change must say which host to load.
func Driven(file, locustfile string, env environ.Values) (j *Job, placed bool, err error) {
	content, err := readData(locustfile)
	if err != nil {
		return nil, false, exit.BadInput("--locust: %w", err)
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) && file == Usual {
		p, problems := profile.Parse("--locust", []byte(nowhere), profile.Surroundings{
			Env: env.Lookup, Read: func(string) ([]byte, error) { return content, nil },
		})
		if err := problems.Err(); err != nil {
			return nil, false, err
		}
		j = &Job{Profile: p, Policy: gate.DefaultPolicy(), File: file, env: env}
		j.Dir, err = filepath.Abs(".")
		if err != nil {
			return nil, false, err
		}
	} else if j, err = Read(file, env); err != nil {
		return nil, false, err
	} else {
		placed = true
	}
	path, err := filepath.Abs(locustfile)
	if err != nil {
		return nil, false, err
	}
	if inside, err := filepath.Rel(j.Dir, path); err == nil && filepath.IsLocal(inside) {
		path = inside
	}
	j.API = nil
	if err := j.Drive(path, content); err != nil {
		return nil, false, exit.BadInput("--locust %s: %w", locustfile, err)
	}
	return j, placed, nil
}

// Change lets flags override the profile.
func (j *Job) Change(c profile.Change) error { return exit.AsInput(j.Apply(c)) }

// sideVariable tells a system its side of a comparison, as ${side} does in the profile.
const sideVariable = "PLIMSOLL_SIDE"

// Plan resolves the profile for one run, or for head of a comparison.
func (j *Job) Plan() (*plan.Plan, error) { return j.planOf("head", plan.Shard{}) }

// PlanShard resolves the profile for one shard of a load; for all of it if the shard is zero.
func (j *Job) PlanShard(s plan.Shard) (*plan.Plan, error) { return j.planOf("head", s) }

// PlanBase resolves the profile for base. Its ${side} differs from head's, so a profile can keep apart what the two
// sides build outside of their checkouts.
func (j *Job) PlanBase() (*plan.Plan, error) { return j.planOf("base", plan.Shard{}) }

func (j *Job) planOf(side string, shard plan.Shard) (*plan.Plan, error) {
	values := plan.Values{Env: j.env.Lookup, Side: side, Shard: shard}
	if j.Target.Start != nil {
		var err error
		if values.Port, values.Ports, err = runner.FreePorts(j.Ports()); err != nil {
			return nil, err
		}
	}
	pl, err := plan.Make(j.Profile, values)
	if err != nil {
		return nil, exit.BadInput("plan %s: %w", j.Name, err)
	}
	if pl.Start != nil {
		pl.Start.Env = append(pl.Start.Env, sideVariable+"="+side)
	}
	return pl, nil
}

// PlanAt resolves the profile for a system that runs at an address, and maybe speaks gRPC at another one.
func (j *Job) PlanAt(url, grpcURL string) (*plan.Plan, error) {
	there := *j.Profile
	if err := there.Apply(profile.Change{Host: url, GRPCHost: grpcURL}); err != nil {
		return nil, exit.AsInput(err)
	}
	pl, err := plan.Make(&there, plan.Values{Env: j.env.Lookup})
	if err != nil {
		return nil, exit.BadInput("plan %s at the address of one side: %w", j.Name, err)
	}
	return pl, nil
}

// Control is the plan of the reference server; nil when the policy wants none.
func (j *Job) Control() (*plan.Plan, error) {
	if !j.Policy.Control {
		return nil, nil
	}
	return reference.Plan()
}
