package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// runCmd is plimsoll run.
type runCmd struct {
	runFlags
	shardFlags
	forms.Flags
	OnlySummary bool   `help:"No progress, only the tables at the end."`
	Locust      string `placeholder:"FILE" file:"" help:"Let Locust load the target as this locustfile says, instead of the profile's users. Without a profile, --host says what to load."`
}

// Run applies the load and prints the tables.
func (c *runCmd) Run(ctx context.Context, a *console.Console) error {
	c.Quiet = c.Quiet || c.OnlySummary
	j, err := c.driven(a)
	if err != nil {
		return err
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return err
	}
	if c.Flags, err = settled(a, c.Flags, append(c.places(), forms.Place{Flag: "--out", Path: c.Out})...); err != nil {
		return err
	}
	if err := c.apply(&bench, j, time.Now()); err != nil {
		return err
	}
	live := c.Live()
	if live != nil {
		bench.Window = live.Add
	}
	met, err := c.attend(ctx, a, j, &bench)
	if err != nil {
		return err
	}
	r, err := bench.Run(ctx)
	err = met.leave(ctx, r, c.Out, err)
	written, liveErr := live.Close()
	err = errors.Join(err, liveErr)
	if r == nil {
		return err
	}
	notes, formsErr := c.Flags.Write(ctx, report.Material{Run: r}, forms.Options{Live: written, Getenv: a.Env.Get})
	tell(a, notes)
	err = errors.Join(err, formsErr)
	if summaryErr := summarize(a, r); summaryErr != nil {
		return errors.Join(err, summaryErr)
	}
	if c.JSON {
		if err == nil {
			err = hindered(a, r)
		}
		return errors.Join(err, result.Encode(a.Stdout, r.Compact()))
	}
	if printErr := cmp.Or(report.Run(a.Stdout, r, report.FoundIn(r)), report.Measured(a.Stdout, j.API, counts(r))); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err != nil { // the bench has printed the file's name
		return err
	}
	fmt.Fprintf(a.Stderr, "The result is in %s.\n", c.Out)
	switch {
	case met != nil:
		fmt.Fprintf(a.Stderr, "It holds %v only, and is in the meeting %s too: plimsoll gate --meeting judges the whole run of all shards.\n", r.Part, met.name)
	case r.Part != nil:
		fmt.Fprintf(a.Stderr, "It holds %v only: plimsoll merge makes the whole run of all shards.\n", r.Part)
	}
	return hindered(a, r)
}

// hindered is the trouble of a run as an error. A shard that has measured its whole part only prints it: the merged run has
// the same trouble, and is not judged for it. In a cluster, a shard that fails would end the others.
func hindered(a *console.Console, r *result.Result) error {
	err := trouble(r)
	if err == nil || r.Part == nil || len(r.Rounds) != r.PlannedRounds {
		return err
	}
	fmt.Fprintf(a.Stderr, "plimsoll: %v; the whole run says so too, and is not judged\n", err)
	return nil
}

// driven reads the profile, with the locustfile of --locust in place of its users.
func (c *runCmd) driven(a *console.Console) (*job.Job, error) {
	if c.Locust == "" {
		return c.job(a)
	}
	j, placed, err := job.Driven(c.Profile, c.Locust, a.Env)
	if err != nil {
		return nil, err
	}
	if !placed && c.Host == "" {
		return nil, exit.BadInput("--locust %s: there is no profile %s, so say what to load with --host", c.Locust, c.Profile)
	}
	return j, c.file(j)
}

// trouble is the first problem of a run as an error; nil for none.
func trouble(r *result.Result) error {
	if all := troubles(r); len(all) > 0 {
		return all[0]
	}
	return nil
}

// troubles are the problems of a run as errors. That a shard is no whole run is none.
func troubles(r *result.Result) (all []error) {
	for _, p := range r.Problems {
		if p.Kind != result.PartOnly {
			all = append(all, errors.New(p.Text))
		}
	}
	return all
}

// summarize shows the run in the summary of the workflow's step, if this is one.
func summarize(a *console.Console, r *result.Result) error {
	var markdown strings.Builder
	if err := report.RunSummary(&markdown, r, report.FoundIn(r)); err != nil {
		return err
	}
	a.Summarize(markdown.String())
	return nil
}

// counts gives the requests of a route in the judged rounds, and how many of them failed.
func counts(r *result.Result) func(route string) (all, failed int64) {
	return func(route string) (int64, int64) {
		t := r.Tally.Routes[route]
		if t == nil {
			return 0, 0
		}
		return t.Requests(), t.Failures()
	}
}
