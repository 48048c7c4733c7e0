package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/measure"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/bottleneck"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/plan"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// capacityCmd is plimsoll capacity.
type capacityCmd struct {
	profileFlag
	envFlag
	SLO         []string `name:"slo" sep:"none" placeholder:"LIMIT" help:"What must hold, such as 'p(95)<50' or 'GET /items: p(99)<200' (in ms). May be given several times; all must hold, and the failure rates of the profile too (default: the limits of response times in gate.thresholds)."`
	Search      string   `enum:"rate,users" default:"rate" help:"What is searched for: a rate of tasks that arrive however fast the system answers, or a number of users."`
	Sure        bool     `help:"Confirm the load only if it holds in three of three trials, instead of two of three."`
	Budget      span     `default:"10m" help:"How long to search at most. What is known then is printed."`
	Host        string   `short:"H" variables:"PLIMSOLL_HOST,LOCUST_HOST" help:"Load this address instead of target.url. Nothing is started."`
	GRPCHost    string   `name:"grpc-host" placeholder:"URL" variables:"PLIMSOLL_GRPC_HOST" help:"With --host: call gRPC at this address instead of target.grpc.url."`
	Tags        []string `short:"T" variables:"PLIMSOLL_TAGS,LOCUST_TAGS" help:"Only tasks with one of these tags."`
	ExcludeTags []string `short:"E" variables:"PLIMSOLL_EXCLUDE_TAGS,LOCUST_EXCLUDE_TAGS" help:"No tasks with one of these tags."`
	Quiet       bool     `short:"q" help:"No progress."`
	Verbose     bool     `short:"v" help:"Show the output of the system under test."`
	JSON        bool     `name:"json" help:"Print JSON on stdout."`
	Out         string   `short:"o" placeholder:"FILE" file:"" help:"Write the answer as JSON to this file, for plimsoll report."`
	HTML        string   `name:"html" placeholder:"FILE" file:"" help:"Write the answer as one page of HTML to this file."`
	Markdown    string   `placeholder:"FILE" file:"" help:"Write the answer as markdown to this file."`
	JUnit       string   `name:"junit" placeholder:"FILE" file:"" help:"Write the answer as JUnit to this file: a test that fails if no load is sure to hold."`
	OpenMetrics string   `name:"openmetrics" placeholder:"FILE" file:"" help:"Write both ends of the bracket as OpenMetrics text to this file."`
}

// forms are the places of the reports.
func (c *capacityCmd) forms() forms.Flags {
	return forms.Flags{HTML: c.HTML, Markdown: c.Markdown, JUnit: c.JUnit, OpenMetrics: c.OpenMetrics}
}

// Run searches for the highest load that the system holds.
func (c *capacityCmd) Run(ctx context.Context, a *console.Console) error {
	if err := errors.Join(publish.CheckPlace("--out", c.Out), c.forms().Check(forms.Place{Flag: "--out", Path: c.Out})); err != nil {
		return err
	}
	j, err := job.Read(c.Profile, a.Env)
	if err != nil {
		return err
	}
	if err := j.Change(profile.Change{Host: c.Host, GRPCHost: c.GRPCHost, Tags: c.Tags, ExcludeTags: c.ExcludeTags}); err != nil {
		return err
	}
	slo, err := gate.ParseSLO(c.SLO, j.Policy, j.Routes())
	if err != nil {
		return exit.BadInput("--slo: %w", err)
	}
	pl, err := j.Plan()
	if err != nil {
		return err
	}
	config, err := c.config(j, pl)
	if err != nil {
		return err
	}
	search := capacity.New(config)
	bench := measure.Bench{Console: a, Job: j, Quiet: c.Quiet, Verbose: c.Verbose}
	r, err := bench.Search(ctx, pl, measure.Capacity{Search: search, SLO: slo, Users: c.users(), Tell: func(o capacity.Outcome) {
		if !c.Quiet {
			fmt.Fprintln(a.Stderr, report.TrialLine(c.users(), o))
		}
	}})
	if r == nil {
		return err
	}
	found := found(search, slo, r)
	return errors.Join(c.tell(ctx, a, found), outcomeOf(err, found.Claim))
}

// users reports whether users are searched for.
func (c *capacityCmd) users() bool { return c.Search == "users" }

// config is the search with its limits.
func (c *capacityCmd) config(j *job.Job, pl *plan.Plan) (capacity.Config, error) {
	if c.Budget.Duration < 30*time.Second {
		return capacity.Config{}, exit.BadInput("--budget: %v is too short for a search: give 30s or more", c.Budget.Duration)
	}
	config := capacity.Rates()
	config.Most, config.MostWhy = mostRate, "higher rates are not made"
	if calls := pl.Arriving().CallsPerTask(); j.Limits.Rate > 0 {
		config.Most = j.Limits.Rate / calls
		config.MostWhy = fmt.Sprintf("limits.rate allows %g requests a second, and a task has %.3g", j.Limits.Rate, calls)
	}
	if c.users() {
		config = capacity.Users()
		config.Most, config.MostWhy = runner.MostUsers(pl), "this machine can have no more users"
		if limit := float64(j.Limits.Users); limit > 0 && limit <= config.Most {
			config.Most, config.MostWhy = limit, "limits.users allows no more"
		}
	}
	if config.Most < config.Least {
		return config, exit.BadInput("there is nothing to search for: %s, which is less than one a second", config.MostWhy)
	}
	config.Sure, config.Budget = c.Sure, c.Budget.Duration
	return config, nil
}

// mostRate is the highest rate of tasks that is tried.
const mostRate = 1_000_000

// found reports the result of a search, and what limited the system in its trials.
func found(s *capacity.Search, slo gate.SLO, r *result.Result) capacity.Report {
	made := capacity.Report{
		Schema: capacity.Schema, Series: r.Series, Commit: r.Commit, Target: r.Target, Tool: r.Tool, Started: r.Started, Environment: r.Environment,
		SLO: slo.Texts(), Claim: s.Claim(),
	}
	var facts map[string]string
	if r.Watch != nil {
		facts, made.Absent = r.Watch.Facts, r.Watch.Absent
	}
	if steps := bottleneck.Steps(r); len(steps) > 0 {
		f := bottleneck.FindIn(steps, facts)
		made.Bottleneck = &f
	}
	return made
}

// tell prints the answer, and writes it to the files that were asked for. An error of one does not stop the others.
func (c *capacityCmd) tell(ctx context.Context, a *console.Console, found capacity.Report) error {
	show := report.Capacity
	if c.JSON {
		show = capacity.Encode
	}
	all := []error{show(a.Stdout, found)}
	if c.Out != "" {
		all = append(all, whole.Write(c.Out, func(w io.Writer) error { return capacity.Encode(w, found) }))
	}
	_, err := c.forms().Write(ctx, report.Material{Capacity: &found}, forms.Options{})
	var summary strings.Builder
	all = append(all, err, report.CapacityMarkdown(&summary, found))
	a.Summarize(summary.String())
	return errors.Join(all...)
}

// outcomeOf is the error of a search: why it was cut short, or its verdict if it found no load that surely holds. A limit
// that was not judged leaves that open.
func outcomeOf(err error, claim capacity.Claim) error {
	if outcome := claim.Outcome(); err == nil && outcome != gate.Pass {
		return exit.Verdict{Outcome: outcome}
	}
	return err
}
