// Command plimsoll is the load line for a service: it measures how an API carries a fixed
// load, and stops the merge that makes it sink.
//
// This package reads flags, wires the rooms below it together and turns what comes out into
// output and an exit status. It is the only place that knows of measuring, judging and
// remembering at once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// version is set by the linker.
var version = "dev"

// app is what every command works with.
type app struct {
	stdout, stderr io.Writer
	getenv         func(string) string
	ctx            context.Context              // ends everything at once
	stop           <-chan struct{}              // closed by the first interrupt: end gracefully
	token          string                       // for GitHub's API; empty when there is none
	verdict        string                       // that GitHub was told of
	reach          func(github.Run) *github.API // in the place of GitHub's API; nil but in tests
}

// cli is the command line.
type cli struct {
	Version kong.VersionFlag `help:"Print the version."`

	Demo     demoCmd     `cmd:"" help:"Show the whole story in under a minute: record baselines, pass an unchanged build, fail a slowed one."`
	Init     initCmd     `cmd:"" help:"Write a starting profile and the GitHub workflow for it."`
	Check    checkCmd    `cmd:"" help:"Validate a profile and say in words what it would do. Nothing is sent."`
	Run      runCmd      `cmd:"" help:"Apply the load, print the tables and write result.json."`
	Gate     gateCmd     `cmd:"" help:"Run, or take a result, and judge it against the baseline. The exit status is the verdict."`
	Comment  commentCmd  `cmd:"" help:"Comment on a pull request what a job that may not write has judged, in a workflow that follows it."`
	Compare  compareCmd  `cmd:"" help:"Judge two result files: the sides of a paired gate, or two runs as far as two can tell."`
	Baseline baselineCmd `cmd:"" help:"Record and look after baselines."`
	Backtest backtestCmd `cmd:"" help:"Replay recorded history: what the gate would have flagged, what of it stayed, and what it can see."`
	Selftest selftestCmd `cmd:"" help:"Try the paired gate on this system and machine: with nothing changed, and with one route made slower."`

	Action  actionCmd  `cmd:"" hidden:"" help:"Do what the inputs of the GitHub Action say."`
	Control controlCmd `cmd:"" hidden:"" help:"Run the reference server of gate.control."`
	Shop    shopCmd    `cmd:"" hidden:"" passthrough:"" help:"Run the sample service of the demo."`
}

const description = `Plimsoll is the load line for your service: it measures how your API carries a fixed load, and stops the merge that makes it sink.

Exit status: 0 pass or done, 1 the gate says no, 2 a mistake in the input, 3 could not measure or remember, 4 the gate could not tell.`

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &app{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, ctx: ctx, stop: interrupts(cancel), token: os.Getenv("GITHUB_TOKEN")}
	os.Exit(a.main(os.Args[1:]))
}

// interrupts closes the channel at the first interrupt and calls end at the second.
func interrupts(end func()) <-chan struct{} {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop := make(chan struct{})
	go func() { // lives as long as the process
		<-signals
		close(stop)
		fmt.Fprintln(os.Stderr, "\nplimsoll: ending the load; interrupt once more to end at once")
		<-signals
		end()
	}()
	return stop
}

// main runs one command line and gives the exit status.
func (a *app) main(args []string) int {
	err := a.run(args)
	a.complain(err)
	return exitStatus(err)
}

// usageShown ends a command line that asked for help or the version.
type usageShown struct{}

func (a *app) run(args []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(usageShown); !ok {
				panic(r)
			}
			err = nil
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("plimsoll"), kong.Description(description), kong.UsageOnError(),
		kong.Writers(a.stdout, a.stderr), kong.Vars{"version": version},
		kong.Exit(func(int) { panic(usageShown{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return badInput("%w; see plimsoll --help", err)
	}
	return command.Run(a)
}

// complain tells why a command did not do what it was asked for.
func (a *app) complain(err error) {
	var verdict verdictError
	var problems strict.Problems
	var failure *runner.Failure
	switch {
	case err == nil, errors.As(err, &verdict): // the verdict has been printed
		return
	case errors.As(err, &problems):
		fmt.Fprintf(a.stderr, "%s\nplimsoll: %d to mend; nothing was started\n", problems.Error(), len(problems))
	case errors.As(err, &failure) && failure.Output != "":
		fmt.Fprintf(a.stderr, "plimsoll: %v; the last lines of its output:\n%s\n", err, indent(failure.Output))
	default:
		fmt.Fprintf(a.stderr, "plimsoll: %v\n", err)
	}
	if a.inActions() {
		github.NewActions(a.getenv, a.stderr).Error(err.Error())
	}
}

// warn tells of something that went wrong and changes nothing.
func (a *app) warn(text string) {
	if a.inActions() {
		github.NewActions(a.getenv, a.stderr).Warning(text)
		return
	}
	fmt.Fprintf(a.stderr, "plimsoll: %s\n", text)
}

func (a *app) inActions() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
