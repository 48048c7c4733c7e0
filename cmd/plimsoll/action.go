package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/shlex"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// actionCmd is what action.yml calls. The inputs come as variables, PLIMSOLL_INPUT_NAME, and never through
// a shell.
type actionCmd struct{}

// Run turns the inputs into a command line and runs it. It always outputs the exit status to the following steps,
// and the verdict "error" if a gate failed before it had one.
func (c *actionCmd) Run(ctx context.Context, a *console.Console, do subcommand) error {
	input := func(name string) string { return a.Env.Get(environ.InputPrefix + name) }
	inner := a.With(actionEnvironment(a.Env, input))
	args, err := commandLine(input, a.Env.Get("RUNNER_TEMP"))
	if err == nil {
		err = do(ctx, inner, args)
	}
	judges := !slices.Contains([]string{"baseline-update", "run", "merge", "history"}, input("COMMAND"))
	if err != nil && judges && !inner.HasOutput("verdict") {
		a.Output("verdict", "error")
	}
	a.Output("exit-code", strconv.Itoa(exit.Status(err)))
	return err
}

// actionEnvironment passes the inputs that are secrets on as variables, since every process on the machine can read
// a command line.
func actionEnvironment(env environ.Values, input func(string) string) environ.Values {
	if token := input("GITHUB_TOKEN"); token != "" {
		env = env.With(environ.GitHubToken, token)
	}
	if url := input("DATABASE_URL"); url != "" {
		env = env.With(environ.DatabaseURL, url)
	}
	return env
}

// commandLine is the command line for the inputs. The user's own arguments come last and win.
func commandLine(input func(string) string, temp string) ([]string, error) {
	flag := func(name, value string) string { return "--" + name + "=" + value }
	in := func(name string) string { return filepath.Join(temp, "plimsoll-"+name) }
	label := flag("accept-label", input("ACCEPT_LABEL"))
	var args []string
	command, out := cmp.Or(input("COMMAND"), "gate"), in("result.json")
	leg, results := input("FLEET"), input("FLEET_RESULTS")
	switch {
	case command != "gate" && leg+results != "":
		return nil, exit.BadInput("inputs fleet and fleet-results belong to the command gate, not to %s", command)
	case leg != "" && results != "":
		return nil, exit.BadInput("input fleet measures a leg, and fleet-results judges all legs: give one of them")
	}
	switch command {
	case "gate":
		if leg != "" { // it has no verdict
			i, _, _ := strings.Cut(leg, "/")
			args, out = []string{"gate", flag("fleet", leg)}, in("part-"+filepath.Base(i)+".json")
			break
		}
		args = []string{"gate", flag("markdown", in("report.md")), flag("verdict-file", in("verdict.json")), label}
		if results != "" {
			args = append(args, flag("fleet-results", results))
		}
	case "baseline-update":
		args = []string{"baseline", "update", label}
	case "comment":
		if input("FROM") == "" {
			return nil, exit.BadInput("input from is missing: name the verdict file that the other workflow has left")
		}
		args = []string{"comment", flag("from", input("FROM")), label}
	case "run", "merge":
		args = []string{command}
	case "history":
		args = []string{"history", flag("html", in("history"))}
	default:
		return nil, exit.BadInput("input command: %q is none of gate, baseline-update, comment, run, merge, history", command)
	}
	if command != "comment" && command != "history" {
		args = append(args, flag("out", out))
		if profile := input("PROFILE"); profile != "" && command != "merge" {
			args = append(args, flag("profile", profile))
		}
	}
	if comment := input("COMMENT"); comment != "" && leg == "" && (command == "gate" || command == "comment") {
		args = append(args, flag("comment", comment))
	}
	switch check := input("CHECK"); {
	case check == "true" && command == "gate" && leg == "":
		args = append(args, "--check")
	case check != "" && check != "true" && check != "false":
		return nil, exit.BadInput("input check: %q is neither true nor false", check)
	}
	more, err := shlex.Split(input("ARGS"))
	if err != nil {
		return nil, exit.BadInput("input args: %w: is a quotation mark missing?", err)
	}
	return append(args, more...), nil
}
