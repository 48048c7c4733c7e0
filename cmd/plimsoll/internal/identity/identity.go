// Package identity tells which code a run measures.
//
// It asks the workflow when there is one, else git in the profile's directory. Outside of a repository a run
// has no commit, and that is no error.
package identity

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// patience is how long git may take. A run without a commit is better than a job that hangs.
const patience = 10 * time.Second

// Of identifies the code that is checked out in a directory.
func Of(ctx context.Context, c *console.Console, dir string) result.Identity {
	workflow, err := c.Workflow()
	if err != nil {
		workflow = github.Run{} // publishing warns of it
	}
	id := of(ctx, c.Git(dir), workflow)
	id.Tool = c.Version
	return id
}

// of fills in what git and the workflow know; workflow is zero outside of one.
func of(ctx context.Context, dir git.Dir, workflow github.Run) result.Identity {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	head := ask(ctx, dir, "rev-parse", "HEAD")
	if workflow.InActions {
		return ofWorkflow(ctx, dir, workflow, head)
	}
	if head == "" {
		return result.Identity{}
	}
	return result.Identity{
		Commit: head, Branch: ask(ctx, dir, "branch", "--show-current"), Repository: repositoryOf(ask(ctx, dir, "remote", "get-url", "origin")),
		Dirty: ask(ctx, dir, "status", "--porcelain", "--untracked-files=no") != "",
	}
}

// ofWorkflow prefers the workflow's values, unless the job has checked out another commit.
func ofWorkflow(ctx context.Context, dir git.Dir, workflow github.Run, head string) result.Identity {
	id := result.Identity{
		Repository: workflow.Repository, Branch: workflow.Branch, Commit: workflow.SHA, CIRun: fmt.Sprintf("%d/%d", workflow.ID, workflow.Attempt),
	}
	switch {
	case workflow.PullRequest != 0 && (head == "" || dir.IsOrMerges(ctx, head, workflow.HeadSHA)):
		id.Commit = workflow.HeadSHA
	case head != "" && !madeHere(ctx, dir, head, workflow.SHA):
		id.Commit = head
	}
	return id
}

// madeHere reports whether the job made a commit on top of the one that the workflow runs for. Nobody else
// has such a commit, so no lineage would ever hold it.
func madeHere(ctx context.Context, dir git.Dir, head, sha string) bool {
	base, err := dir.MergeBase(ctx, sha, head)
	if err != nil || base != sha || head == sha {
		return false
	}
	refs, err := dir.Run(ctx, "for-each-ref", "--count=1", "--contains", head, "refs/remotes", "refs/tags")
	return err == nil && refs == ""
}

// ask is git's answer, empty when it has none.
func ask(ctx context.Context, dir git.Dir, args ...string) string {
	answer, err := dir.Run(ctx, args...)
	if err != nil {
		return ""
	}
	return answer
}

var remote = regexp.MustCompile(`[:/]([^/:]+/[^/:]+?)(\.git)?/?$`)

// repositoryOf is owner/name of a remote such as git@github.com:owner/name.git.
func repositoryOf(url string) string {
	if match := remote.FindStringSubmatch(strings.TrimSpace(url)); match != nil {
		return match[1]
	}
	return ""
}
