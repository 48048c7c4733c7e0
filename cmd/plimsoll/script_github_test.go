package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

// workflow sets the variables that a runner sets.
func workflow(ts *testscript.TestScript, s *githubtest.Server, pullRequest string) {
	number, err := strconv.Atoi(pullRequest)
	ts.Check(err)
	event := map[string]any{}
	values := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": s.Repository, "GITHUB_API_URL": s.URL, "GITHUB_TOKEN": githubtest.Token,
		"GITHUB_RUN_ID": "100", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SHA": strings.Repeat("c", 40), "RUNNER_TEMP": ts.MkAbs("temp"),
		"GITHUB_OUTPUT": ts.MkAbs("github-output"), "GITHUB_STEP_SUMMARY": ts.MkAbs("github-summary"), "GITHUB_EVENT_PATH": ts.MkAbs("github-event"),
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_REF_TYPE": "branch",
	}
	if number > 0 {
		values["GITHUB_EVENT_NAME"], values["GITHUB_REF"] = "pull_request", "refs/pull/"+pullRequest+"/merge"
		s.Pull(githubtest.Pull{Number: number, Head: "feature", HeadSHA: strings.Repeat("d", 40)})
		event["pull_request"] = map[string]any{
			"number": number,
			"head":   map[string]any{"sha": strings.Repeat("d", 40), "ref": "feature", "repo": map[string]any{"full_name": s.Repository}},
			"base":   map[string]any{"ref": "main"},
		}
	}
	setWorkflow(ts, values, event)
}

// follow sets the variables of a workflow_run after another workflow.
func follow(ts *testscript.TestScript, s *githubtest.Server) {
	workflow(ts, s, "0")
	head := strings.Repeat("d", 40)
	s.Pull(githubtest.Pull{Number: 7, Head: "feature", HeadSHA: head, HeadRepository: "mallory/shop"})
	setWorkflow(ts, map[string]string{
		"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_RUN_ID": "200", "GITHUB_EVENT_PATH": ts.MkAbs("github-event"), "RUNNER_TEMP": ts.MkAbs("temp"),
		"GITHUB_OUTPUT": ts.MkAbs("github-output"), "GITHUB_STEP_SUMMARY": ts.MkAbs("github-summary"),
	}, map[string]any{"workflow_run": map[string]any{
		"id": 100, "run_attempt": 1, "event": "pull_request", "head_sha": head, "head_branch": "feature",
		"head_repository": map[string]any{"full_name": "mallory/shop"},
	}})
}

// queue sets the variables of a merge group.
func queue(ts *testscript.TestScript, s *githubtest.Server) {
	workflow(ts, s, "0")
	setWorkflow(ts, map[string]string{
		"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-" + strings.Repeat("c", 40),
		"GITHUB_EVENT_PATH": ts.MkAbs("github-event"), "RUNNER_TEMP": ts.MkAbs("temp"),
		"GITHUB_OUTPUT": ts.MkAbs("github-output"), "GITHUB_STEP_SUMMARY": ts.MkAbs("github-summary"),
	}, map[string]any{"action": "checks_requested", "merge_group": map[string]any{"base_ref": "refs/heads/main", "base_sha": strings.Repeat("b", 40)}})
}

// setWorkflow sets the variables of a new step and empties its files.
func setWorkflow(ts *testscript.TestScript, values map[string]string, event map[string]any) {
	text, err := json.Marshal(event)
	ts.Check(err)
	ts.Check(os.WriteFile(values["GITHUB_EVENT_PATH"], text, 0o644))
	ts.Check(os.MkdirAll(values["RUNNER_TEMP"], 0o755))
	for _, file := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} { // of a fresh step
		ts.Check(os.WriteFile(values[file], nil, 0o644))
	}
	for name, value := range values {
		ts.Setenv(name, value)
	}
}

func comment(ts *testscript.TestScript, s *githubtest.Server, neg bool, args []string) {
	comments := s.Comments(7)
	if neg {
		if len(comments) > 0 {
			ts.Fatalf("there is a comment:\n%s", comments[0].Body)
		}
		return
	}
	if len(comments) != 1 {
		ts.Fatalf("there are %d comments, want one", len(comments))
	}
	if !regexp.MustCompile(args[0]).MatchString(comments[0].Body) {
		ts.Fatalf("the comment does not match %s:\n%s", args[0], comments[0].Body)
	}
}

func issue(ts *testscript.TestScript, s *githubtest.Server, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: issue NUMBER STATE REGEXP")
	}
	for _, one := range s.Issues() {
		if strconv.Itoa(one.Number) != args[0] {
			continue
		}
		text := one.Title + "\n" + one.Body
		for _, c := range s.Comments(one.Number) {
			text += "\n" + c.Body
		}
		if one.Closed != (args[1] == "closed") || !regexp.MustCompile(args[2]).MatchString(text) {
			ts.Fatalf("issue %d, closed %v, want %s, matching %s:\n%s", one.Number, one.Closed, args[1], args[2], text)
		}
		return
	}
	ts.Fatalf("there is no issue %s", args[0])
}

func checked(ts *testscript.TestScript, s *githubtest.Server, pattern string) {
	checks := s.Checks()
	if len(checks) == 0 {
		ts.Fatalf("there is no check run")
	}
	text, err := json.Marshal(checks[len(checks)-1])
	ts.Check(err)
	if !regexp.MustCompile(pattern).Match(text) {
		ts.Fatalf("the check run does not match %s:\n%s", pattern, text)
	}
}

func output(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile("github-output")
	pattern := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(args[0]) + `<<(\w+)\n` + args[1] + `\n`)
	if pattern.MatchString(text) == neg {
		ts.Fatalf("outputs, looking for %v:\n%s", pattern, text)
	}
}
