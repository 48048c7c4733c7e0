package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// identity is what is known of a run before it: from the workflow when there is one, else
// from git in the profile's directory, else nothing.
func (a *app) identity(dir string) result.Identity {
	id := result.Identity{Tool: version}
	if workflow, err := github.FromEnv(a.getenv); err == nil && workflow.InActions {
		id.Repository, id.Branch, id.Commit = workflow.Repository, workflow.Branch, workflow.SHA
		if workflow.PullRequest != 0 {
			id.Commit = workflow.HeadSHA
		}
		id.CIRun = fmt.Sprintf("%d/%d", workflow.ID, workflow.Attempt)
		return id
	}
	ctx, cancel := context.WithTimeout(a.ctx, 10*time.Second)
	defer cancel()
	ask := func(args ...string) string { // outside of a repository, or without git, a run has no commit
		answer, err := git.Run(ctx, dir, args...)
		if err != nil {
			return ""
		}
		return answer
	}
	if id.Commit = ask("rev-parse", "HEAD"); id.Commit == "" {
		return id
	}
	id.Branch = ask("branch", "--show-current")
	id.Repository = repositoryOf(ask("remote", "get-url", "origin"))
	id.Dirty = ask("status", "--porcelain", "--untracked-files=no") != ""
	return id
}

var remote = regexp.MustCompile(`[:/]([^/:]+/[^/:]+?)(\.git)?/?$`)

// repositoryOf is owner/name of a remote such as git@github.com:owner/name.git.
func repositoryOf(url string) string {
	if match := remote.FindStringSubmatch(strings.TrimSpace(url)); match != nil {
		return match[1]
	}
	return ""
}
