package main

import (
	"os"
	"path/filepath"

	"github.com/google/shlex"
)

// actionCmd is what action.yml calls. The inputs come as environment, PLIMSOLL_INPUT_NAME,
// and never through a shell.
type actionCmd struct{}

// Run turns the inputs into a command line and runs it.
func (c *actionCmd) Run(a *app) error {
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
	var args []string
	switch command := input("COMMAND"); command {
	case "gate", "":
		args = []string{"gate", "--report=" + filepath.Join(temp, "plimsoll-report.md")}
	case "baseline-update":
		args = []string{"baseline", "update"}
	case "run":
		args = []string{"run"}
	default:
		return nil, badInput("input command: %q is none of gate, baseline-update, run", command)
	}
	args = append(args, "--out="+filepath.Join(temp, "plimsoll-result.json"))
	if profile := input("PROFILE"); profile != "" {
		args = append(args, "--profile="+profile)
	}
	switch comment := input("COMMENT"); {
	case comment == "false" && args[0] == "gate":
		args = append(args, "--no-comment")
	case comment != "" && comment != "true" && comment != "false":
		return nil, badInput("input comment: %q is neither true nor false", comment)
	}
	more, err := shlex.Split(input("ARGS"))
	if err != nil {
		return nil, badInput("input args: %w: is a quotation mark missing?", err)
	}
	return append(args, more...), nil
}
