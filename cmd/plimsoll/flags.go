package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/input"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// subcommand runs a command line from inside another command.
type subcommand func(context.Context, *console.Console, []string) error

// Flags that several commands share. The tag variables lists environment variables that set the flag if the command
// line does not; the first one that is set counts. See variables.go.

// profileFlag names the profile.
type profileFlag struct {
	Profile string `short:"f" file:"" default:"plimsoll.yaml" variables:"PLIMSOLL_PROFILE" help:"The profile."`
}

// envFlag names a file of variables.
type envFlag struct {
	EnvFile envFile `placeholder:"FILE" file:"" help:"Read variables from this file (dotenv syntax), such as secrets for the profile and the system. The environment wins over the file. The values are masked like those of $${env.NAME}."`
}

// envFile is a file of variables. They are read before any other flag is resolved.
type envFile string

// BeforeResolve adds the file's variables to the environment, whose own variables win.
func (envFile) BeforeResolve(ctx context.Context, parsed *kong.Context, at *kong.Path, a *console.Console) error {
	path := fmt.Sprint(parsed.FlagValue(at.Flag))
	variables, err := environ.ReadFile(path)
	if err != nil {
		return exit.BadInput("--env-file: %w", err)
	}
	warnOfSecrets(ctx, a, path)
	a.Env = a.Env.Under(variables)
	return nil
}

// warnOfSecrets warns of a file of secrets that others can read.
func warnOfSecrets(ctx context.Context, a *console.Console, path string) {
	dir, name := filepath.Split(path)
	if _, err := a.Git(cmp.Or(dir, ".")).Run(ctx, "ls-files", "--error-unmatch", "--", name); err == nil {
		a.Warn("--env-file " + path + " is committed to git, so everybody who can read the repository can read its secrets: remove it with git rm --cached, and change the secrets")
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && !a.InActions() && info.Mode().Perm()&0o077 != 0 {
		a.Warn("--env-file " + path + " can be read by other users of this machine: run chmod 600 " + path)
	}
}

// loadFlags override the profile. They have the same names and letters as in Locust.
type loadFlags struct {
	Host        string   `short:"H" variables:"PLIMSOLL_HOST,LOCUST_HOST" help:"Load this address instead of target.url. Nothing is started."`
	GRPCHost    string   `name:"grpc-host" placeholder:"URL" variables:"PLIMSOLL_GRPC_HOST" help:"With --host: call gRPC at this address instead of target.grpc.url."`
	Users       *int     `short:"u" variables:"PLIMSOLL_USERS,LOCUST_USERS" help:"Number of users."`
	SpawnRate   *float64 `short:"r" variables:"PLIMSOLL_SPAWN_RATE,LOCUST_SPAWN_RATE" help:"Users started per second."`
	RunTime     span     `short:"t" variables:"PLIMSOLL_RUN_TIME,LOCUST_RUN_TIME" help:"How long the judged load takes, such as 60s or 1h20m."`
	Tags        []string `short:"T" variables:"PLIMSOLL_TAGS,LOCUST_TAGS" help:"Only tasks with one of these tags."`
	ExcludeTags []string `short:"E" variables:"PLIMSOLL_EXCLUDE_TAGS,LOCUST_EXCLUDE_TAGS" help:"No tasks with one of these tags."`
	StopTimeout span     `short:"s" variables:"PLIMSOLL_STOP_TIMEOUT,LOCUST_STOP_TIMEOUT" help:"How long to wait at the end for unfinished requests."`
	Headless    bool     `hidden:"" help:"Accepted for Locust's users: Plimsoll never has a window."`
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

// change is the flags as a change to a profile.
func (f loadFlags) change() profile.Change {
	c := profile.Change{Host: f.Host, GRPCHost: f.GRPCHost, Users: f.Users, SpawnRate: f.SpawnRate, Tags: f.Tags, ExcludeTags: f.ExcludeTags}
	if f.RunTime.set {
		c.RunTime = &f.RunTime.Duration
	}
	if f.StopTimeout.set {
		c.StopWithin = &f.StopTimeout.Duration
	}
	return c
}

// runFlags are the flags of every command that measures.
type runFlags struct {
	profileFlag
	envFlag
	loadFlags
	Series  string `placeholder:"NAME" help:"The series (default: the profile's name). Runs of different series are never compared. Jobs that run one profile in several ways each need their own series."`
	Out     string `short:"o" file:"" default:"result.json" help:"Write the result to this file."`
	Quiet   bool   `short:"q" help:"No progress."`
	Verbose bool   `short:"v" help:"Show the output of the system under test."`
	JSON    bool   `name:"json" help:"Print JSON on stdout."`
}

// job reads the profile and sets its series from --series. It does not apply the load flags.
func (f runFlags) job(a *console.Console) (*job.Job, error) {
	j, err := job.Read(f.Profile, a.Env)
	if err != nil {
		return nil, err
	}
	return j, f.file(j)
}

// file sets a job's series from --series, and checks where its result goes.
func (f runFlags) file(j *job.Job) error {
	if err := publish.CheckPlace("--out", f.Out); err != nil {
		return err
	}
	if f.Series == "" {
		return nil
	}
	if err := j.Rename(f.Series); err != nil {
		return exit.BadInput("--series: %w", err)
	}
	return nil
}

// bench applies the load flags to a job and returns the bench that measures it.
func (f runFlags) bench(a *console.Console, j *job.Job) (measure.Bench, error) {
	return measure.Bench{Console: a, Job: j, Out: f.Out, Quiet: f.Quiet, Verbose: f.Verbose}, j.Change(f.change())
}

// settled adds the report files that environment variables ask for to the flags, and checks that all can be written.
// beside lists the other files that the command reads or writes.
func settled(a *console.Console, f forms.Flags, beside ...forms.Place) (forms.Flags, error) {
	f, notes := f.Under(a.Env.Get)
	tell(a, notes)
	return f, f.Check(beside...)
}

// storeFlag says where baselines live.
type storeFlag struct {
	DB string `name:"db" placeholder:"URL" help:"Where baselines live: postgres://… or sqlite:PATH (default: $PLIMSOLL_DATABASE_URL, else sqlite:.plimsoll/baselines.db). Put a URL with a password into the variable."`
}

// open opens the store.
func (f storeFlag) open(ctx context.Context, a *console.Console) (baseline.Store, error) {
	return storage.Open(ctx, storage.URL(a, f.DB))
}

// use opens the store, calls do and closes the store.
func (f storeFlag) use(ctx context.Context, a *console.Console, do func(baseline.Store) error) error {
	store, err := f.open(ctx, a)
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

// useRun is use for one run, named by its ID or the beginning of it.
func (f storeFlag) useRun(ctx context.Context, a *console.Console, id string, do func(baseline.Store, baseline.Info) error) error {
	return f.use(ctx, a, func(store baseline.Store) error {
		info, err := store.Find(ctx, id)
		if err != nil {
			return storage.Named(err)
		}
		return do(store, info)
	})
}

// commentFlags say when to comment on GitHub, and how people can answer.
type commentFlags struct {
	Comment      string `enum:"auto,always,never" default:"auto" help:"When to comment on the pull request that the workflow runs for: auto (when the verdict is not a pass, the load has changed, or a comment exists already), always or never."`
	CommentLogin string `placeholder:"LOGIN" help:"The login that comments, such as my-app[bot], if the token belongs to your own GitHub App."`
	AcceptLabel  string `default:"plimsoll-accepted" empty:"" help:"The label on a pull request that accepts a slower change; empty for none."`
}

func (f commentFlags) options() publish.Options {
	return publish.Options{Comment: f.Comment, Login: f.CommentLogin, AcceptLabel: f.AcceptLabel}
}

// publishFlags say what to publish on GitHub.
type publishFlags struct {
	commentFlags
	Check bool `help:"Also write a check run with annotations, in a workflow."`
}

func (f publishFlags) publisher(a *console.Console, workflow github.Run) publish.Publisher {
	options := f.options()
	options.Check = f.Check
	return publish.Publisher{Console: a, Workflow: workflow, Options: options}
}

// readResult reads a result file that the user named.
func readResult(path string) (*result.Result, error) {
	file, err := input.Open(path)
	if err != nil {
		return nil, exit.BadInput("read result: %w", err)
	}
	defer file.Close() //nolint:errcheck // it was only read
	r, err := result.Decode(file)
	if err != nil {
		return nil, exit.BadInput("read result %s: %w", path, err)
	}
	return r, nil
}
