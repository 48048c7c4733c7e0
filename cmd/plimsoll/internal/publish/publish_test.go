package publish_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
)

// inPull is a publisher in a workflow for pull request 7, and the file of its summary.
func inPull(t *testing.T, hub *githubtest.Server) (p publish.Publisher, summary string) {
	t.Helper()
	dir := t.TempDir()
	summary = filepath.Join(dir, "summary")
	hub.Pull(githubtest.Pull{Number: 7, Head: "feature", HeadSHA: strings.Repeat("d", 40)})
	event := fmt.Sprintf(`{"pull_request": {"number": 7, "base": {"ref": "main"}, "head": {"sha": %q, "ref": "feature", "repo": {"full_name": %q}}}}`, strings.Repeat("d", 40), hub.Repository)
	if err := os.WriteFile(filepath.Join(dir, "event"), []byte(event), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &console.Console{Stdout: io.Discard, Stderr: t.Output(), Env: environ.Of([]string{
		"GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=" + hub.Repository, "GITHUB_API_URL=" + hub.URL, "GITHUB_SERVER_URL=https://github.com",
		"GITHUB_RUN_ID=100", "GITHUB_RUN_ATTEMPT=1", "GITHUB_SHA=" + strings.Repeat("c", 40), "GITHUB_EVENT_NAME=pull_request", "GITHUB_TOKEN=" + githubtest.Token,
		"GITHUB_REF=refs/pull/7/merge", "GITHUB_EVENT_PATH=" + filepath.Join(dir, "event"), "GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY=" + summary,
	})}
	workflow, err := c.Workflow()
	if err != nil {
		t.Fatal(err)
	}
	return publish.Publisher{Console: c, Workflow: workflow, Options: publish.Options{Comment: "auto"}}, summary
}

// A pass needs no comment, unless its load differs from its base's: then the comment says so first.
func TestChangedLoadIsCommentedOn(t *testing.T) {
	for _, changed := range [][]gate.Difference{nil, {{What: "route", Name: "GET /old", Before: "requested"}}} {
		hub := githubtest.New(t, "example/shop")
		p, _ := inPull(t, hub)
		v := gate.Verdict{Outcome: gate.Pass, Mode: gate.Paired, Compared: 1, Total: 1, Changed: changed}
		p.Verdict(t.Context(), &job.Job{File: "plimsoll.yaml", Dir: t.TempDir()}, report.Report{Verdict: v, Subject: report.Subject{Series: "shop"}}, publish.Files{}, exit.OK)
		comments := hub.Comments(7)
		if len(comments) != len(changed) {
			t.Fatalf("%d comments on a pass with %d changes of its load", len(comments), len(changed))
		}
		if len(changed) > 0 && !strings.Contains(comments[0].Body, "1 route within limits\n\n**The load has changed**: `GET /old` is no longer requested\n") {
			t.Errorf("the comment is\n%s", comments[0].Body)
		}
	}
}

// The summary has the first and last lines that a failing system printed. The comment and the files do not: GitHub
// masks secrets only in a summary.
func TestOutputOfAFailureIsInTheSummaryAlone(t *testing.T) {
	hub := githubtest.New(t, "example/shop")
	p, summary := inPull(t, hub)
	var output strings.Builder
	for i := range 200 {
		fmt.Fprintf(&output, "line %d of `the` log\x1b[31m @everyone\n", i)
	}
	files := publish.Files{Markdown: filepath.Join(t.TempDir(), "report.md"), Verdict: filepath.Join(t.TempDir(), "verdict.json")}
	err := errors.Join(errors.New("base"), &runner.Failure{What: "build the system: it ended with exit status 1", Output: output.String()})
	p.Error(t.Context(), "shop", gate.Paired, files, err)
	text := read(t, summary)
	for _, want := range []string{"build the system: it ended", "\nline 0 of `the` log[31m @everyone\n", "\n… and 160 more lines, in the job's log\n", "\nline 199 of"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary lacks %q:\n%s", want, text)
		}
	}
	for name, text := range map[string]string{"comment": hub.Comments(7)[0].Body, "report": read(t, files.Markdown), "verdict file": read(t, files.Verdict)} {
		if strings.Contains(text, "line 0 of") || !strings.Contains(text, "build the system: it ended") {
			t.Errorf("the %s is\n%s", name, text)
		}
	}
}

// If the report cannot be written, there is one error, and the other file is written.
func TestFilesFit(t *testing.T) {
	dir := t.TempDir()
	files, err := publish.Files{Markdown: filepath.Join(dir, "nowhere", "r.md"), Verdict: filepath.Join(dir, "v.json")}.Fit()
	if files.Markdown != "" || files.Verdict == "" || exit.Status(err) != exit.Input || strings.Count(err.Error(), "there is no directory") != 1 {
		t.Errorf("%+v, %v", files, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
