package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
)

// Flags come from the command line, else from the environment that is passed in, never from the process's own.
func TestVariables(t *testing.T) {
	t.Setenv("PLIMSOLL_USERS", "0") // an error, if it were read
	t.Chdir(t.TempDir())
	writeFile(t, "other.yaml", "name: other\ntarget: {url: 'http://127.0.0.1:1'}\nload: {users: 3, run_time: 1s}\nusers: [{name: u, tasks: [{http: GET /}]}]\n")
	for name, c := range map[string]struct {
		env    []string
		args   []string
		status int
		want   string
	}{
		"none":                  {args: []string{"check", "other.yaml"}, want: "3 users"},
		"ours":                  {env: []string{"PLIMSOLL_USERS=5"}, args: []string{"check", "other.yaml"}, want: "5 users"},
		"Locust's":              {env: []string{"LOCUST_USERS=6"}, args: []string{"check", "other.yaml"}, want: "6 users"},
		"ours before Locust's":  {env: []string{"LOCUST_USERS=6", "PLIMSOLL_USERS=5"}, args: []string{"check", "other.yaml"}, want: "5 users"},
		"the flag before both":  {env: []string{"PLIMSOLL_USERS=5"}, args: []string{"check", "-u", "7", "other.yaml"}, want: "7 users"},
		"an empty one":          {env: []string{"LOCUST_USERS=6", "PLIMSOLL_USERS=", "PLIMSOLL_RUN_TIME="}, args: []string{"check", "other.yaml"}, want: "6 users"},
		"a list":                {env: []string{"PLIMSOLL_TAGS=a,b"}, args: []string{"check", "other.yaml"}, status: exit.Input, want: `"a"`},
		"not a number":          {env: []string{"PLIMSOLL_USERS=many"}, args: []string{"check", "other.yaml"}, status: exit.Input, want: "plimsoll: PLIMSOLL_USERS=many, in the environment: expected a whole number"},
		"not a span":            {env: []string{"LOCUST_RUN_TIME=soon"}, args: []string{"check", "other.yaml"}, status: exit.Input, want: "plimsoll: LOCUST_RUN_TIME=soon, in the environment: expected a duration"},
		"another command's":     {env: []string{"PLIMSOLL_USERS=many"}, args: []string{"baseline", "roles"}, want: "CREATE ROLE"},
		"the help names them":   {args: []string{"check", "--help"}, want: "($PLIMSOLL_USERS, $LOCUST_USERS)."},
		"the profile of a gate": {env: []string{"PLIMSOLL_PROFILE=nowhere.yaml"}, args: []string{"gate"}, status: exit.Input, want: "no profile nowhere.yaml"},
	} {
		var out bytes.Buffer
		a := &console.Console{Stdout: &out, Stderr: &out, Env: environ.Of(c.env), Version: "test"}
		if status := runLine(t.Context(), a, c.args); status != c.status || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), c.want) {
			t.Errorf("%s: status %d, want %d with %q:\n%s", name, status, c.status, c.want, out.String())
		}
	}
}

// The action passes secrets on in variables, never on the command line.
func TestActionEnvironment(t *testing.T) {
	env := environ.Of([]string{
		"PLIMSOLL_INPUT_DATABASE_URL=postgres://me:s3cret@db/x", "PLIMSOLL_INPUT_GITHUB_TOKEN=ghs_s3cret", "PLIMSOLL_INPUT_COMMAND=gate", "RUNNER_TEMP=/tmp/x",
	})
	input := func(name string) string { return env.Get(environ.InputPrefix + name) }
	inner := actionEnvironment(env, input)
	if inner.Get(environ.DatabaseURL) != "postgres://me:s3cret@db/x" || inner.Get(environ.GitHubToken) != "ghs_s3cret" {
		t.Errorf("the secrets are not handed on: %q", inner.List())
	}
	if got := inner.ForSystem(); strings.Contains(strings.Join(got, " "), "s3cret") {
		t.Errorf("the system would see %q", got)
	}
	args, err := commandLine(input, env.Get("RUNNER_TEMP"))
	if err != nil || strings.Contains(strings.Join(args, " "), "s3cret") {
		t.Errorf("the command line is %q, %v", args, err)
	}
}
