package identity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/identity"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// TestIdentity records the measured commit, in every kind of workflow.
func TestIdentity(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "checkout", "-q", "--detach", commits[1])
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "a feature")
	feature := gittest.Run(t, dir, "rev-parse", "HEAD")
	gittest.Run(t, dir, "checkout", "-q", "--detach", commits[2])
	gittest.Run(t, dir, "merge", "-q", "--no-ff", "-m", "merge", feature)
	merge := gittest.Run(t, dir, "rev-parse", "HEAD")
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "made in the job")
	made := gittest.Run(t, dir, "rev-parse", "HEAD")
	for name, c := range map[string]struct {
		checkedOut, sha, event, want string
	}{
		"the merge of a pull request":    {merge, merge, "pull_request", feature},
		"its head":                       {feature, merge, "pull_request", feature},
		"a pull_request_target's base":   {commits[2], commits[2], "pull_request_target", commits[2]},
		"a push":                         {commits[2], commits[2], "push", commits[2]},
		"a commit that the job has made": {made, merge, "push", merge},
		"an old commit, for a lost run":  {commits[0], commits[2], "workflow_dispatch", commits[0]},
	} {
		gittest.Run(t, dir, "checkout", "-q", "--detach", c.checkedOut)
		file := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(file, []byte(event(c.event, feature)), 0o644); err != nil {
			t.Fatal(err)
		}
		a := &console.Console{Env: environ.Of(append(os.Environ(),
			"GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=example/shop", "GITHUB_RUN_ID=100", "GITHUB_RUN_ATTEMPT=1", "GITHUB_SHA="+c.sha,
			"GITHUB_EVENT_NAME="+c.event, "GITHUB_EVENT_PATH="+file,
		)), Version: "v1"}
		if got := identity.Of(t.Context(), a, dir); got.Commit != c.want || got.Tool != "v1" || got.CIRun != "100/1" {
			t.Errorf("%s: %+v, want commit %s", name, got, c.want)
		}
	}
}

// event is the payload of a workflow's event. Pull request events are about pull request 7.
func event(name, head string) string {
	if !strings.HasPrefix(name, "pull_request") {
		return "{}"
	}
	return fmt.Sprintf(`{"pull_request": {"number": 7, "base": {"ref": "main"}, "head": {"sha": %q, "ref": "feature", "repo": {"full_name": "example/shop"}}}}`, head)
}

// Outside of a workflow only git knows the commit. Outside of a repository there is none.
func TestIdentityOutsideOfWorkflows(t *testing.T) {
	dir, commits := gittest.Repository(t)
	gittest.Run(t, dir, "remote", "add", "origin", "git@github.com:example/shop.git")
	a := &console.Console{Env: environ.Of(os.Environ()).Without(func(name string) bool { return name == "GITHUB_ACTIONS" }), Version: "v1"}
	want := result.Identity{Tool: "v1", Commit: commits[2], Branch: "main", Repository: "example/shop"}
	if got := identity.Of(t.Context(), a, dir); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	gittest.Write(t, filepath.Join(dir, "app", "v"), "changed")
	want.Dirty = true
	if got := identity.Of(t.Context(), a, dir); got != want {
		t.Errorf("with a change: %+v, want %+v", got, want)
	}
	if got := identity.Of(t.Context(), a, t.TempDir()); got != (result.Identity{Tool: "v1"}) {
		t.Errorf("in no repository: %+v", got)
	}
}
