package main

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/shlex"
)

// actionCmd is what action.yml calls. The inputs come as environment, PLIMSOLL_INPUT_NAME,
// and never through a shell.
type actionCmd struct{}

// Run turns the inputs into a command line and runs it. Whatever comes of it, the steps that follow
// know the exit status, and of a gate that there is no verdict.
func (c *actionCmd) Run(a *app) error {
	err := c.run(a)
	if a.verdict == "" && a.getenv("PLIMSOLL_INPUT_COMMAND") != "baseline-update" && a.getenv("PLIMSOLL_INPUT_COMMAND") != "run" && err != nil {
		a.output("verdict", "error")
	}
	a.output("exit-code", strconv.Itoa(exitStatus(err)))
	return err
}

func (c *actionCmd) run(a *app) error {
	input := func(name string) string { return a.getenv("PLIMSOLL_INPUT_" + name) }
	args, err := commandLine(input, a.getenv("RUNNER_TEMP"))
	if err != nil {
		return err
	}
	if token := input("GITHUB_TOKEN"); token != "" {
		a.token = token
	}
	// A command line is seen by every process of the machine; the environment is not.
	if url := input("DATABASE_URL"); url != "" {
		if err := os.Setenv("PLIMSOLL_DATABASE_URL", url); err != nil {
			return err
		}
	}
	return a.run(args)
}

// commandLine is what the inputs ask for. What the user adds stands last, and wins.
func commandLine(input func(string) string, temp string) ([]string, error) {
	flag := func(name, value string) string { return "--" + name + "=" + value }
	in := func(name string) string { return filepath.Join(temp, "plimsoll-"+name) }
	label := flag("accept-label", input("ACCEPT_LABEL"))
	var args []string
	command := cmp.Or(input("COMMAND"), "gate")
	switch command {
	case "gate":
		args = []string{"gate", flag("report", in("report.md")), flag("verdict-file", in("verdict.json")), label}
	case "baseline-update":
		args = []string{"baseline", "update", label}
	case "comment":
		if input("FROM") == "" {
			return nil, badInput("input from is missing: the verdict file that the other workflow has left")
		}
		args = []string{"comment", flag("from", input("FROM")), label}
	case "run":
		args = []string{"run"}
	default:
		return nil, badInput("input command: %q is none of gate, baseline-update, comment, run", command)
	}
	if command != "comment" {
		args = append(args, flag("out", in("result.json")))
		if profile := input("PROFILE"); profile != "" {
			args = append(args, flag("profile", profile))
		}
	}
	if comment := input("COMMENT"); comment != "" && (command == "gate" || command == "comment") {
		args = append(args, flag("comment", comment))
	}
	switch check := input("CHECK"); {
	case check == "true" && command == "gate":
		args = append(args, "--check")
	case check != "" && check != "true" && check != "false":
		return nil, badInput("input check: %q is neither true nor false", check)
	}
	more, err := shlex.Split(input("ARGS"))
	if err != nil {
		return nil, badInput("input args: %w: is a quotation mark missing?", err)
	}
	return append(args, more...), nil
}
