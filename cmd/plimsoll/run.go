package main

import (
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// runnerVariable names the image of a runner of GitHub's, such as ubuntu24.
const runnerVariable = "ImageOS"

// runFlags are what every command that measures takes.
type runFlags struct {
	profileFlag
	loadFlags
	Series  string `placeholder:"NAME" help:"The series, in the place of the profile's name: jobs that run one profile in several ways are not to be compared with each other."`
	Out     string `short:"o" default:"result.json" help:"Where the result goes."`
	Quiet   bool   `short:"q" help:"No progress."`
	Verbose bool   `short:"v" help:"Show what the system under test prints."`
	JSON    bool   `name:"json" help:"Print for machines on stdout."`
}

// read reads the profile, as of the series that was asked for.
func (c *runFlags) read() (*asked, error) {
	asked, err := c.profileFlag.read()
	if err == nil {
		err = place("--out", c.Out)
	}
	if err != nil || c.Series == "" {
		return asked, err
	}
	if err := asked.Rename(c.Series); err != nil {
		return nil, badInput("--series: %w", err)
	}
	return asked, nil
}

// runCmd is plimsoll run.
type runCmd struct {
	runFlags
	OnlySummary bool `help:"No progress, only the tables at the end."`
}

// Run applies the load and prints the tables.
func (c *runCmd) Run(a *app) error {
	c.Quiet = c.Quiet || c.OnlySummary
	asked, err := c.read()
	if err != nil {
		return err
	}
	r, err := c.measure(a, asked)
	if r == nil {
		return err
	}
	if c.JSON {
		return errors.Join(err, result.Encode(a.stdout, r.Compact()))
	}
	if printErr := report.Run(a.stdout, r); printErr != nil {
		return errors.Join(err, printErr)
	}
	fmt.Fprintf(a.stderr, "The result is in %s.\n", c.Out)
	if err == nil && len(r.Problems) > 0 {
		err = errors.New(r.Problems[0].Text)
	}
	return err
}

// measure runs the profile as the flags change it and writes the result, also that of a run
// that was cut short: then both the result and the error are there.
func (c *runFlags) measure(a *app, asked *asked) (*result.Result, error) {
	if err := c.change(asked.Profile); err != nil {
		return nil, err
	}
	return c.remeasure(a, asked)
}

// remeasure is measure of a profile that is changed already.
func (c *runFlags) remeasure(a *app, asked *asked) (*result.Result, error) {
	pl, err := asked.plan()
	if err != nil {
		return nil, err
	}
	if !c.Quiet {
		fmt.Fprintln(a.stderr, pl)
	}
	reference, err := asked.control()
	if err != nil {
		return nil, err
	}
	config := runner.Config{Control: reference, Environ: a.environ(), Secrets: a.secrets(), Dir: asked.dir, Identity: a.identity(asked.dir), Runner: a.getenv(runnerVariable), Stop: a.stop}
	if c.Verbose {
		config.Log = a.stderr
	}
	progress := newProgress(a.stderr)
	if !c.Quiet {
		config.Progress = progress.show
	}
	r, err := runner.Run(a.ctx, pl, config)
	progress.end()
	if r == nil {
		return nil, err
	}
	if writeErr := result.Write(c.Out, r); writeErr != nil {
		return r, errors.Join(err, writeErr)
	}
	a.output("result", absolute(c.Out))
	return r, err
}
