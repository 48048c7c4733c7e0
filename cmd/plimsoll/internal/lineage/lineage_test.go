package lineage_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git/gittest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/lineage"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

// TestLineage finds the base of a change and the commits before it, in each kind of workflow.
func TestLineage(t *testing.T) {
	dir, commits := gittest.Repository(t) // main: 0, 1, 2
	gittest.Run(t, dir, "checkout", "-qb", "feature", commits[1])
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "a feature")
	feature := gittest.Run(t, dir, "rev-parse", "HEAD")
	gittest.Run(t, dir, "checkout", "-q", "--detach", "main")
	gittest.Run(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "feature")
	merge := gittest.Run(t, dir, "rev-parse", "HEAD")
	gittest.Run(t, dir, "branch", "merged")
	gittest.Run(t, dir, "checkout", "-q", "main")
	of := func(ref string) string { // a clone as actions/checkout makes it: one commit, and no branch
		clone := filepath.Join(t.TempDir(), "clone")
		gittest.Run(t, dir, "clone", "-q", "--depth=1", "--branch", ref, "file://"+dir, clone)
		gittest.Run(t, clone, "checkout", "-q", "--detach")
		return clone
	}
	at := func(ref string) string { // a whole clone
		clone := filepath.Join(t.TempDir(), "clone")
		gittest.Run(t, dir, "clone", "-q", "--branch", ref, "file://"+dir, clone)
		return clone
	}

	hub := githubtest.New(t, "example/shop")
	hub.Commit(commits[0])
	hub.Commit(commits[1], commits[0])
	hub.Commit(commits[2], commits[1])
	hub.Commit(feature, commits[1])
	hub.Branch("main", commits[2])
	remote := func(w github.Run) lineage.Remote {
		w.Repository, w.APIURL = "example/shop", hub.URL
		return &github.API{Run: w, Token: githubtest.Token, Wait: func(context.Context, time.Duration) error { return nil }}
	}
	pull := github.Run{InActions: true, Event: "pull_request", PullRequest: 7, SHA: merge, HeadSHA: feature, Branch: "feature", BaseBranch: "main"}

	since2, since1 := []string{commits[2], commits[1], commits[0]}, []string{commits[1], commits[0]}
	for name, c := range map[string]struct {
		dir      string
		workflow github.Run
		offline  bool // GitHub is not asked
		want     []string
		err      string
	}{
		"main here":                     {dir: dir, want: since2},
		"a branch here":                 {dir: at("feature"), want: since1},
		"a pull request":                {dir: at("merged"), workflow: pull, want: since2},
		"a pull request, shallow clone": {dir: of("merged"), workflow: pull, want: since2},
		"its head checked out":          {dir: of("feature"), workflow: pull, want: since1},
		"its head, without GitHub":      {dir: of("feature"), workflow: pull, offline: true, err: "where this change leaves main"},
		"a merge group":                 {dir: of("merged"), workflow: github.Run{InActions: true, Event: "merge_group", BaseSHA: commits[1], Branch: "gh-readonly-queue/main/pr-7-1"}, want: since1},
		"a push to main":                {dir: of("main"), workflow: github.Run{InActions: true, Event: "push", BaseSHA: commits[1], Branch: "main"}, want: since1},
		"a push to a branch":            {dir: of("feature"), workflow: github.Run{InActions: true, Event: "push", BaseSHA: commits[1], Branch: "feature"}, want: since1},
		"a schedule":                    {dir: of("main"), workflow: github.Run{InActions: true, Event: "schedule", Branch: "main"}, want: since2},
		"a schedule without GitHub":     {dir: of("main"), workflow: github.Run{InActions: true, Event: "schedule", Branch: "main"}, offline: true, err: "this clone has 1 of the commits before"},
		"a forced push":                 {dir: at("feature"), workflow: github.Run{InActions: true, Event: "push", BaseSHA: commits[2], Branch: "main"}, want: since1},
		"a forced push, shallow clone":  {dir: of("feature"), workflow: github.Run{InActions: true, Event: "push", BaseSHA: commits[2], Branch: "main"}, want: since1},
		"a commit that GitHub dropped":  {dir: of("feature"), workflow: github.Run{InActions: true, Event: "push", BaseSHA: strings.Repeat("0a", 20), Branch: "main"}, err: "404"},
		"no repository":                 {dir: t.TempDir(), err: "is not in a git repository"},
	} {
		l := lineage.Change{Git: git.In(c.dir, os.Environ()), Branch: "main", Workflow: c.workflow}
		if c.workflow.InActions && !c.offline {
			l.Remote = remote(c.workflow)
		}
		got, err := l.Commits(t.Context())
		if c.err == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, %v, want %q", name, got, err, c.err)
		}
	}
}
