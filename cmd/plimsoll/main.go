// Command plimsoll is the load line for a service: it measures how an API carries a fixed
// load, and stops the merge that makes it sink.
//
// A command reads flags, calls packages below internal and prints what they return. main.go and baseline.go
// list the commands; the other files hold a few each. Only this package combines measuring, judging and
// remembering.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/imports"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// version is set by the linker.
var version = "dev"

// cli is the command line.
type cli struct {
	Version kong.VersionFlag `help:"Print the version."`

	Demo     demoCmd     `cmd:"" help:"Show the whole story in under a minute: record baselines, pass an unchanged build, fail a slower one."`
	Init     initCmd     `cmd:"" help:"Write a first profile, and the GitHub workflow for it."`
	Check    checkCmd    `cmd:"" help:"Validate a profile and explain what it would do. Nothing is sent."`
	Schema   schemaCmd   `cmd:"" help:"Print a JSON Schema: of the profile, for editors, or of --json and result files, for programs."`
	Run      runCmd      `cmd:"" help:"Load the system, print the tables and write result.json."`
	Merge    mergeCmd    `cmd:"" help:"Make one run of the shards of a load, exactly the run that one machine would have made."`
	Meeting  meetingCmd  `cmd:"" help:"Show and stop meetings of shards in PostgreSQL."`
	Monitor  monitorCmd  `cmd:"" help:"Watch a system and this machine without loading anything."`
	Soak     soakCmd     `cmd:"" help:"Load the system for 30 minutes or more, and judge whether it stays as it was."`
	Capacity capacityCmd `cmd:"" help:"Search for the highest load at which the system keeps its limits."`
	Gate     gateCmd     `cmd:"" help:"Measure, or read a result, and judge it against the baseline. The exit status is the verdict."`
	Comment  commentCmd  `cmd:"" help:"Comment on a pull request, from the workflow that follows one without the right to comment."`
	Report   reportCmd   `cmd:"" help:"Show a result or a verdict, or write it as HTML, CSV, JUnit and other forms."`
	Import   importCmd   `cmd:"" help:"Make a result of what another tool measured: ${tools}."`
	Compare  compareCmd  `cmd:"" help:"Judge two result files: the sides of a paired gate, or two separate runs, which prove little."`
	Baseline baselineCmd `cmd:"" help:"Record and manage baselines."`
	History  historyCmd  `cmd:"" help:"Write the store's runs as web pages that need no server: figures over time, steps, costs."`
	Serve    serveCmd    `cmd:"" help:"Show the same pages live from the store, and answer programs in JSON."`
	Backtest backtestCmd `cmd:"" help:"Replay recorded history: which runs the gate would have flagged, how many of those changes lasted, and how small a change it can find."`
	Selftest selftestCmd `cmd:"" help:"Try the paired gate on this system and machine, unchanged and with one route slowed down."`

	Completion completionCmd `cmd:"" help:"Print the completion script for bash, zsh or fish."`

	Action   actionCmd   `cmd:"" hidden:"" help:"Run the command of the GitHub Action's inputs."`
	Complete completeCmd `cmd:"" hidden:"" passthrough:"" help:"Complete a command line, for the scripts of completion."`
	Control  controlCmd  `cmd:"" hidden:"" help:"Run the reference server of gate.control."`
	Shop     shopCmd     `cmd:"" hidden:"" passthrough:"" help:"Run the sample service of the demo."`
}

const description = `Plimsoll is the load line for your service: it measures how your API carries a fixed load, and stops the merge that makes it sink.

Exit status: 0 pass or done, 1 the gate says no, 2 a mistake in the input, 3 could not measure or remember, 4 the gate could not tell.`

func main() {
	if runner.IsGuard() {
		os.Exit(runner.Guard())
	}
	log.SetOutput(io.Discard) // libraries write to it, in words of their own: quic-go that buffers are small
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &console.Console{
		Stdout: outlet(os.Stdout), Stderr: outlet(os.Stderr), Guarded: true, Env: environ.Of(os.Environ()), Stop: interrupts(cancel), Version: version,
	}
	os.Exit(runLine(ctx, a, os.Args[1:]))
}

// interrupts closes the channel at the first interrupt and calls end at the second.
func interrupts(end func()) <-chan struct{} {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signal.Notify(signals, syscall.SIGHUP) // the terminal was closed, or the connection to it lost
	}
	stop := make(chan struct{})
	go func() { // lives as long as the process
		<-signals
		close(stop)
		fmt.Fprintln(os.Stderr, "\nplimsoll: ending; interrupt once more to end at once")
		<-signals
		end()
	}()
	return stop
}

// runLine runs one command line, prints its error and returns the exit status.
func runLine(ctx context.Context, a *console.Console, args []string) int {
	err := dispatch(ctx, a, args)
	complain(a, err)
	return exit.Status(err)
}

// usageShown ends a command line that asked for help or the version.
type usageShown struct{}

// helpWords are the variables in the texts of help.
func helpWords(version string) kong.Vars {
	return kong.Vars{"version": version, "formats": strings.Join(imports.Names(), ", "), "tools": strings.Join(imports.Tools(), ", ")}
}

// dispatch parses one command line and runs its command.
func dispatch(ctx context.Context, a *console.Console, args []string) (err error) {
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
		kong.Writers(a.Stdout, a.Stderr), helpWords(a.Version),
		kong.Exit(func(int) { panic(usageShown{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Resolvers(fromVariables(a)), kong.ValueFormatter(helpWithVariables),
		kong.Bind(a, subcommand(dispatch)), kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	var variable *variableError
	if errors.As(err, &variable) {
		return exit.AsInput(variable)
	}
	switch {
	case exit.Status(err) == exit.Input: // a flag's own error
		return err
	case err != nil:
		return exit.BadInput("%w (see %s --help)", err, helpful(err))
	}
	if err := emptyFlag(command); err != nil {
		return err
	}
	return command.Run()
}

// emptyFlag refuses a flag with an empty text on the command line. A shell makes one of a variable that is not set, and of a
// command that has failed, and the flag must not count as left out then: --meeting "" would load. The tag empty allows it.
func emptyFlag(command *kong.Context) error {
	for _, p := range command.Path {
		if p.Flag == nil || p.Resolved || p.Flag.Tag.Has("empty") {
			continue
		}
		empty := false
		switch value := p.Flag.Target.Interface().(type) {
		case string:
			empty = value == ""
		case []string:
			empty = len(value) == 0 || slices.Contains(value, "")
		}
		if empty {
			return exit.BadInput("--%s is empty: give it a value, or leave it out", p.Flag.Name)
		}
	}
	return nil
}

// helpful is the command whose help lists what a mistaken command line could have had.
func helpful(err error) string {
	var mistake *kong.ParseError
	if errors.As(err, &mistake) {
		if command := mistake.Context.Selected(); command != nil {
			return command.FullPath()
		}
	}
	return "plimsoll"
}

// complain prints the error of a command.
func complain(a *console.Console, err error) {
	var verdict exit.Verdict
	var problems strict.Problems
	var refusal *runner.Refusal
	var failure *runner.Failure
	var side *runner.SideError
	switch {
	case err == nil, errors.As(err, &verdict): // the verdict has been printed
		return
	case errors.As(err, &problems) && !errors.As(err, &side): // the list would not say which of two systems it is about
		left := "nothing was started"
		if errors.As(err, &refusal) { // the system has been asked what it takes
			left = "no load was sent"
		}
		if errors.As(err, new(unwritten)) {
			left = "nothing was written"
		}
		fmt.Fprintf(a.Stderr, "%s\nplimsoll: %s; %s\n", problems.Error(), counted(len(problems), "problem"), left)
	case errors.As(err, &failure) && failure.Output != "":
		fmt.Fprintf(a.Stderr, "plimsoll: %v; its output:\n%s\n", err, indent(failure.Output))
	default:
		fmt.Fprintf(a.Stderr, "plimsoll: %v\n", err)
	}
	a.Error(err.Error())
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
