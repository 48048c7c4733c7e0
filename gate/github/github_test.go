package github_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// environment is a getenv over a map, with the event in a file.
func environment(t *testing.T, event string, values map[string]string) func(string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(event), 0o644); err != nil {
		t.Fatal(err)
	}
	return func(name string) string {
		if name == "GITHUB_EVENT_PATH" {
			return path
		}
		return values[name]
	}
}

func TestFromEnv(t *testing.T) {
	common := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": repository, "GITHUB_SHA": "5ba", "GITHUB_RUN_ID": "12",
		"GITHUB_RUN_ATTEMPT": "2", "GITHUB_API_URL": "https://ghes.example/api/v3", "GITHUB_SERVER_URL": "https://ghes.example",
	}
	for name, test := range map[string]struct {
		event string
		more  map[string]string
		want  github.Run
	}{
		"push": {
			`{"ref":"refs/heads/main","before":"be4","after":"5ba","repository":{"default_branch":"trunk"},"sender":{"login":"ada"}}`,
			map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_REF_TYPE": "branch"},
			github.Run{Event: "push", Branch: "main", BaseSHA: "be4", DefaultBranch: "trunk"},
		},
		"new branch": {
			`{"ref":"refs/heads/new","before":"0000000000000000000000000000000000000000"}`,
			map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/new", "GITHUB_REF_TYPE": "branch"},
			github.Run{Event: "push", Branch: "new"},
		},
		"tag": {
			`{}`, map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/tags/v1", "GITHUB_REF_TYPE": "tag"},
			github.Run{Event: "push"},
		},
		"pull request": {
			`{"action":"synchronize","before":"be4","after":"4ead","label":{"name":"of no interest"},
			"pull_request":{"number":7,"head":{"sha":"4ead","ref":"feature/x","repo":{"full_name":"example/shop"}},"base":{"ref":"main","sha":"ba5e"}}}`,
			map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "feature/x", "GITHUB_BASE_REF": "main"},
			github.Run{
				Event: "pull_request", Action: "synchronize", Before: "be4", Branch: "feature/x", BaseBranch: "main", BaseSHA: "ba5e",
				PullRequest: 7, HeadSHA: "4ead", HeadRepository: repository,
			},
		},
		"label on a fork": {
			`{"action":"labeled","label":{"name":"plimsoll-accepted"},"sender":{"login":"ada"},
			"pull_request":{"number":7,"head":{"sha":"4ead","ref":"main","repo":{"full_name":"mallory/shop"}},"base":{"ref":"main"}}}`,
			map[string]string{"GITHUB_EVENT_NAME": "pull_request"},
			github.Run{
				Event: "pull_request", Action: "labeled", Label: "plimsoll-accepted", Branch: "main", BaseBranch: "main",
				PullRequest: 7, HeadSHA: "4ead", HeadRepository: "mallory/shop", FromFork: true,
			},
		},
		"fork that was deleted": {
			`{"pull_request":{"number":7,"head":{"sha":"4ead","ref":"main","repo":null},"base":{"ref":"main"}}}`,
			map[string]string{"GITHUB_EVENT_NAME": "pull_request"},
			github.Run{Event: "pull_request", Branch: "main", BaseBranch: "main", PullRequest: 7, HeadSHA: "4ead", FromFork: true},
		},
		"merge group": {
			`{"action":"checks_requested","merge_group":{"base_ref":"refs/heads/main","base_sha":"1"}}`,
			map[string]string{"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-7-1", "GITHUB_REF_TYPE": "branch"},
			github.Run{Event: "merge_group", Action: "checks_requested", Branch: "gh-readonly-queue/main/pr-7-1", BaseBranch: "main", BaseSHA: "1", Queued: 7},
		},
		"workflow run": {
			`{"action":"completed","workflow_run":{"id":9182736455123,"run_attempt":3,"event":"pull_request","head_sha":"4ead","head_branch":"feature/x",
			"head_repository":{"full_name":"mallory/shop"},"pull_requests":[]}}`,
			map[string]string{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main", "GITHUB_REF_TYPE": "branch"},
			github.Run{
				Event: "workflow_run", Action: "completed", Branch: "feature/x", HeadSHA: "4ead", HeadRepository: "mallory/shop",
				Source: github.Source{ID: 9182736455123, Attempt: 3, Event: "pull_request"},
			},
		},
	} {
		values := map[string]string{}
		for _, m := range []map[string]string{common, test.more} {
			for k, v := range m {
				values[k] = v
			}
		}
		want := test.want
		want.InActions, want.Repository, want.SHA, want.ID, want.Attempt, want.APIURL = true, repository, "5ba", 12, 2, "https://ghes.example/api/v3"
		want.ServerURL = "https://ghes.example"
		got, err := github.FromEnv(environment(t, test.event, values))
		if err != nil || got != want {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, want)
		}
	}
	if got, err := github.FromEnv(environment(t, "{}", nil)); err != nil || got != (github.Run{}) {
		t.Errorf("outside of Actions: %+v, %v", got, err)
	}
	if got, err := github.FromEnv(environment(t, `{"pull_request":`, common)); err == nil || !got.InActions || !strings.Contains(err.Error(), "event") {
		t.Errorf("a broken event: %+v, %v", got, err)
	}
}

func TestRunURL(t *testing.T) {
	run := github.Run{ServerURL: "https://ghes.example/", Repository: repository, ID: 12, Attempt: 2}
	if got, want := run.RunURL(), "https://ghes.example/example/shop/actions/runs/12/attempts/2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestActions(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	var log bytes.Buffer
	actions := github.NewActions(func(name string) string { return files[name] }, &log)
	hostile := "line\n_GitHubActionsFileCommandDelimeter_\nverdict=pass\n::error::x"
	for _, err := range []error{actions.SetOutput("report", hostile), actions.SetOutput("verdict", "fail"), actions.AddSummary("### a\n")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	actions.Warning("50 % of\nit")
	actions.Error("bad")
	if want := "::warning title=Plimsoll::50 %25 of%0Ait\n::error title=Plimsoll::bad\n"; log.String() != want {
		t.Errorf("annotations: got %q, want %q", log.String(), want)
	}
	summary, err := os.ReadFile(files["GITHUB_STEP_SUMMARY"])
	if err != nil || !strings.HasPrefix(string(summary), "### a\n") {
		t.Errorf("summary %q, %v", summary, err)
	}
	outputs := readOutputs(t, files["GITHUB_OUTPUT"])
	if outputs["report"] != hostile || outputs["verdict"] != "fail" || len(outputs) != 2 {
		t.Errorf("outputs: %q", outputs)
	}
	nowhere := github.NewActions(func(string) string { return "" }, &log)
	if err := nowhere.SetOutput("a", "b"); err == nil || !strings.HasPrefix(err.Error(), "write the step's output: ") {
		t.Errorf("no file for outputs: %v", err)
	}
}

// readOutputs reads the file as GitHub's runner does: NAME<<FENCE, lines, FENCE.
func readOutputs(t *testing.T, path string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	for rest := strings.TrimSpace(string(text)); rest != ""; {
		head, tail, _ := strings.Cut(rest, "\n")
		name, fence, ok := strings.Cut(head, "<<")
		if !ok || fence == "" {
			t.Fatalf("%q is not NAME<<FENCE", head)
		}
		value, after, ok := strings.Cut("\n"+tail+"\n", "\n"+fence+"\n")
		if !ok {
			t.Fatalf("the value of %s does not end", name)
		}
		outputs[name] = strings.TrimPrefix(value, "\n")
		rest = strings.TrimSpace(after)
	}
	return outputs
}
