package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

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
	id.Commit = git(a.ctx, dir, "rev-parse", "HEAD")
	if id.Commit == "" {
		return id
	}
	id.Branch = git(a.ctx, dir, "branch", "--show-current")
	id.Repository = repositoryOf(git(a.ctx, dir, "remote", "get-url", "origin"))
	id.Dirty = git(a.ctx, dir, "status", "--porcelain", "--untracked-files=no") != ""
	return id
}

// git gives the output of a git command, empty when it fails: outside of a repository, or
// without git, a run has no commit.
func git(ctx context.Context, dir string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir = dir
	output, err := command.Output()
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(output))
}

var remote = regexp.MustCompile(`[:/]([^/:]+/[^/:]+?)(\.git)?/?$`)

// repositoryOf is owner/name of a remote such as git@github.com:owner/name.git.
func repositoryOf(url string) string {
	if match := remote.FindStringSubmatch(strings.TrimSpace(url)); match != nil {
		return match[1]
	}
	return ""
}
