package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// failing makes a directory with a profile, a store of twelve runs and five slower results. It
// returns the command line that judges them.
func failing(t *testing.T) (args []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	store, err := sqlite.Open(t.Context(), "b.db")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	at := func(day int, slower time.Duration) *result.Result {
		return changed(storetest.NewResult(1), day, func(_ string, d time.Duration) time.Duration { return d + slower + time.Duration(day)*time.Microsecond })
	}
	for day := range 12 {
		if _, _, err := store.Put(t.Context(), at(day, 0)); err != nil {
			t.Fatal(err)
		}
	}
	args = []string{"gate", "--db=sqlite:b.db", "--markdown=report.md"}
	for i := range 5 {
		file := fmt.Sprintf("fresh-%d.json", i)
		if err := result.Write(file, at(20+i, time.Second)); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--result="+file)
	}
	profile := "name: shop\ntarget: {url: 'http://127.0.0.1:1'}\nusers: [{name: u, tasks: [{http: GET /items}]}]\n"
	if err := os.WriteFile("plimsoll.yaml", []byte(profile), 0o644); err != nil {
		t.Fatal(err)
	}
	return args
}

// inPull sets the variables of a step in a workflow for pull request 7, and returns the file for its
// outputs.
func inPull(t *testing.T, hub *githubtest.Server) (outputs string) {
	t.Helper()
	head := strings.Repeat("d", 40)
	hub.Pull(githubtest.Pull{Number: 7, Head: "feature", HeadSHA: head})
	event, err := json.Marshal(map[string]any{"pull_request": map[string]any{
		"number": 7, "base": map[string]any{"ref": "main"},
		"head": map[string]any{"sha": head, "ref": "feature", "repo": map[string]any{"full_name": hub.Repository}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": hub.Repository, "GITHUB_API_URL": hub.URL, "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": strings.Repeat("c", 40), "GITHUB_EVENT_NAME": "pull_request",
		"GITHUB_REF": "refs/pull/7/merge", "GITHUB_EVENT_PATH": file("event", string(event)), "GITHUB_OUTPUT": file("output", ""),
		"GITHUB_STEP_SUMMARY": file("summary", ""),
	} {
		t.Setenv(name, value)
	}
	return filepath.Join(dir, "output")
}

// TestGitHubMisbehaves judges a failing change while GitHub fails in every way. The verdict, the
// outputs and the exit status stay the same, and what could not be posted is a warning.
func TestGitHubMisbehaves(t *testing.T) {
	args := failing(t)
	always := func(f githubtest.Fault) []githubtest.Fault { return slices.Repeat([]githubtest.Fault{f}, 20) }
	retryAfter := http.Header{"Retry-After": {"2"}}
	for name, c := range map[string]struct {
		faults []githubtest.Fault
		token  string
		warns  string // empty when it passes in the end
	}{
		"well":                  {},
		"a wrong token":         {token: "wrong", warns: "GitHub refuses the token (401)"},
		"no token":              {token: "none", warns: "there is no token"},
		"403":                   {faults: always(githubtest.Fault{Status: 403}), warns: "the job needs permissions: pull-requests: write"},
		"a secondary limit":     {faults: []githubtest.Fault{{Status: 403, Secondary: true, Header: retryAfter}}},
		"an endless limit":      {faults: always(githubtest.Fault{Status: 403, Secondary: true, Header: retryAfter}), warns: "tried"},
		"404":                   {faults: always(githubtest.Fault{Status: 404}), warns: "404"},
		"422":                   {faults: always(githubtest.Fault{Status: 422, Method: "POST"}), warns: "422"},
		"429":                   {faults: []githubtest.Fault{{Status: 429, Header: retryAfter}}},
		"429 that does not end": {faults: always(githubtest.Fault{Status: 429, Header: retryAfter}), warns: "tried"},
		"500":                   {faults: []githubtest.Fault{{Status: 500}, {Status: 502}}},
		"500 that does not end": {faults: always(githubtest.Fault{Status: 500}), warns: "tried"},
		"a reset":               {faults: []githubtest.Fault{{Drop: true}, {Method: "POST", Drop: true, After: true}}},
		"endless resets":        {faults: always(githubtest.Fault{Drop: true}), warns: "tried"},
		"an answer never comes": {faults: always(githubtest.Fault{Stall: true}), warns: "tried"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := githubtest.New(t, "example/shop")
			outputs := inPull(t, hub)
			hub.Fail(c.faults...)
			var stdout, stderr bytes.Buffer
			env := environ.Of(os.Environ())
			token := githubtest.Token
			switch c.token {
			case "wrong":
				token = "ghs_another"
			case "none":
				token = ""
			}
			a := &console.Console{Stdout: &stdout, Stderr: &stderr, Env: env.With(environ.GitHubToken, token)}
			a.Reach = func(r github.Run) *github.API {
				api := &github.API{Run: r, Token: token, Wait: func(context.Context, time.Duration) error { return nil }}
				if slices.ContainsFunc(c.faults, func(f githubtest.Fault) bool { return f.Stall }) {
					api.Timeout = 50 * time.Millisecond
				}
				return api
			}
			if status := runLine(t.Context(), a, args); status != exit.Fail {
				t.Errorf("exit status %d:\n%s", status, stderr.String())
			}
			told := readFile(t, outputs)
			for _, want := range []string{"verdict<<", "\nfail\n", "exit-code<<", "\n1\n", "compared<<", "\n2\n"} {
				if !strings.Contains(told, want) {
					t.Errorf("the outputs lack %q:\n%s", want, told)
				}
			}
			if !strings.Contains(readFile(t, os.Getenv("GITHUB_STEP_SUMMARY")), "### ❌ Plimsoll: **fail**") {
				t.Error("the summary lacks the verdict")
			}
			warned, comments := strings.Contains(stderr.String(), "::warning"), len(hub.Comments(7))
			if c.warns == "" && (warned && !strings.Contains(stderr.String(), "which commits this change stands on") || comments != 1) {
				t.Errorf("%d comments, and warned:\n%s", comments, stderr.String())
			}
			if c.warns != "" && (!strings.Contains(stderr.String(), c.warns) || !strings.Contains(stderr.String(), "; the report is in the job's summary") || strings.Contains(told, "comment-url")) {
				t.Errorf("want a warning with %q:\n%s", c.warns, stderr.String())
			}
			if strings.Contains(stderr.String()+stdout.String()+told, githubtest.Token) {
				t.Error("the token is shown")
			}
		})
	}
}
