package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
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
	ctx, cancel := context.WithTimeout(a.ctx, 10*time.Second)
	defer cancel()
	ask := func(args ...string) string { // outside of a repository, or without git, a run has no commit
		answer, err := git.Run(ctx, dir, args...)
		if err != nil {
			return ""
		}
		return answer
	}
	head := ask("rev-parse", "HEAD")
	if workflow, err := github.FromEnv(a.getenv); err == nil && workflow.InActions {
		id.Repository, id.Branch, id.Commit = workflow.Repository, workflow.Branch, workflow.SHA
		switch {
		case workflow.PullRequest != 0 && (head == "" || isPull(ctx, dir, head, workflow)):
			id.Commit = workflow.HeadSHA
		case head != "" && !madeHere(ctx, dir, head, workflow.SHA):
			id.Commit = head // whatever the job has checked out
		}
		id.CIRun = fmt.Sprintf("%d/%d", workflow.ID, workflow.Attempt)
		return id
	}
	if id.Commit = head; head == "" {
		return id
	}
	id.Branch = ask("branch", "--show-current")
	id.Repository = repositoryOf(ask("remote", "get-url", "origin"))
	id.Dirty = ask("status", "--porcelain", "--untracked-files=no") != ""
	return id
}

// isPull reports whether what is checked out is the head of the pull request, or the merge of it.
func isPull(ctx context.Context, dir, head string, workflow github.Run) bool {
	if head == workflow.HeadSHA {
		return true
	}
	parents, err := git.Parents(ctx, dir, head)
	return err == nil && len(parents) == 2 && slices.Contains(parents, workflow.HeadSHA)
}

// madeHere reports whether a commit was made in the job, on top of the one that the workflow runs
// for: nobody else has it, and no lineage would ever hold it.
func madeHere(ctx context.Context, dir, head, sha string) bool {
	base, err := git.MergeBase(ctx, dir, sha, head)
	if err != nil || base != sha || head == sha {
		return false
	}
	refs, err := git.Run(ctx, dir, "for-each-ref", "--count=1", "--contains", head, "refs/remotes", "refs/tags")
	return err == nil && refs == ""
}

var remote = regexp.MustCompile(`[:/]([^/:]+/[^/:]+?)(\.git)?/?$`)

// repositoryOf is owner/name of a remote such as git@github.com:owner/name.git.
func repositoryOf(url string) string {
	if match := remote.FindStringSubmatch(strings.TrimSpace(url)); match != nil {
		return match[1]
	}
	return ""
}
