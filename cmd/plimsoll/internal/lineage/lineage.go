// Package lineage finds the base of a change and the commits before it.
//
// A Change goes in: a directory, the branch that the change goes into and the workflow that measured it. Its base and
// the commits before that come out, the newest first. A baseline must be a run of one of them, so it is never newer
// than the base. git is asked first. A shallow clone knows too little; then GitHub's API is asked.
package lineage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// How many commits before the base may have the baseline: as listed by git, and by GitHub's API, which lists a hundred
// in each answer.
const (
	mostAncestors = 2000
	mostFetched   = 300
)

// Remote is GitHub's API. It knows the history that a shallow clone lacks.
type Remote interface {
	MergeBase(ctx context.Context, base, head string) (string, error)
	Ancestors(ctx context.Context, sha string, most int) ([]string, error)
}

// Change is the checkout in a directory, seen as a change to a branch.
type Change struct {
	Git      git.Dir    // of the profile
	Branch   string     // that the change goes into
	Workflow github.Run // zero outside of one
	Remote   Remote     // nil for none
}

// Of makes the Change of a directory.
func Of(c *console.Console, dir, branch string, workflow github.Run) Change {
	change := Change{Git: c.Git(dir), Branch: branch, Workflow: workflow}
	if workflow.InActions && c.Token() != "" {
		change.Remote = c.API(workflow)
	}
	return change
}

// Commits lists the base and the commits before it, the newest first. The error is a sentence: why they are not known.
func (c Change) Commits(ctx context.Context) ([]string, error) {
	base, err := c.Base(ctx)
	if err != nil {
		return nil, err
	}
	commits, whole, err := c.Git.Ancestors(ctx, base, mostAncestors)
	switch {
	case err == nil && whole:
		return commits, nil
	case c.Remote != nil:
		fetched, fetchErr := c.Remote.Ancestors(ctx, base, mostFetched)
		if fetchErr == nil {
			return fetched, nil
		}
		err = errors.Join(err, fetchErr)
	case err == nil:
		err = fmt.Errorf("this clone has %d of the commits before %.12s; fetch its history, with `fetch-depth: 0` in actions/checkout", len(commits), base)
	}
	return nil, err
}

// Base is the commit that the change is made to.
func (c Change) Base(ctx context.Context) (string, error) {
	w := c.Workflow
	if w.Event == "merge_group" && w.BaseSHA != "" {
		return w.BaseSHA, nil
	}
	head, err := c.Git.Resolve(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	if w.Event == "push" && w.Branch == c.Branch && w.BaseSHA != "" {
		// The previous head, or the merge base after a force push.
		base, err := c.Git.MergeBase(ctx, w.BaseSHA, "HEAD")
		return c.orRemote(ctx, base, err, w.BaseSHA, head)
	}
	if w.PullRequest != 0 {
		// A merge of the pull request into its base is usually checked out. That base may be newer
		// than the one in the event.
		if parents, err := c.Git.Parents(ctx, head); err == nil && head != w.HeadSHA && c.Git.IsOrMerges(ctx, head, w.HeadSHA) {
			return parents[1-slices.Index(parents, w.HeadSHA)], nil
		}
	} else if c.IsBranch(ctx) {
		return head, nil
	}
	base, err := Parted(ctx, c.Git, c.Branch)
	return c.orRemote(ctx, base, err, c.Branch, head)
}

// orRemote returns base if git found it, else GitHub's merge base.
func (c Change) orRemote(ctx context.Context, base string, err error, from, head string) (string, error) {
	if err == nil || c.Remote == nil {
		return base, err
	}
	base, remoteErr := c.Remote.MergeBase(ctx, from, head)
	if remoteErr != nil {
		return "", errors.Join(err, remoteErr)
	}
	return base, nil
}

// IsBranch reports whether the branch itself is checked out.
func (c Change) IsBranch(ctx context.Context) bool {
	if c.Workflow.InActions {
		return c.Workflow.Branch == c.Branch
	}
	branch, err := c.Git.Run(ctx, "branch", "--show-current")
	return err == nil && branch == c.Branch
}

// Parted is the commit at which the checkout left a branch: the remote's branch if it is known here, else the local
// one.
func Parted(ctx context.Context, dir git.Dir, branch string) (string, error) {
	base, err := dir.MergeBase(ctx, "HEAD", "origin/"+branch)
	if err == nil {
		return base, nil
	}
	if base, local := dir.MergeBase(ctx, "HEAD", branch); local == nil {
		return base, nil
	}
	return "", fmt.Errorf("where this change leaves %s: %w", branch, err) // the error of the remote branch says more
}

// DefaultBranch is the branch that pull requests go into, as far as this clone knows.
func DefaultBranch(ctx context.Context, dir git.Dir) string {
	if ref, err := dir.Run(ctx, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"); err == nil {
		return strings.TrimPrefix(ref, "origin/")
	}
	for _, usual := range []string{"main", "master"} {
		for _, ref := range []string{"refs/heads/", "refs/remotes/origin/"} {
			if _, err := dir.Run(ctx, "rev-parse", "--verify", "--quiet", ref+usual); err == nil {
				return usual
			}
		}
	}
	branch, err := dir.Run(ctx, "branch", "--show-current")
	others, listErr := dir.Run(ctx, "for-each-ref", "--count=2", "refs/heads", "refs/remotes")
	if err != nil || listErr != nil || strings.Contains(others, "\n") { // there are several
		return "main"
	}
	return cmp.Or(branch, "main")
}

// Stand is the commits that a change is based on, or why they are not known.
type Stand struct {
	Commits []string      // the base and those before it; nil when they are not known
	Notices []gate.Reason // why they are not known; empty outside of a repository
}

// Stand finds the commits that a baseline may belong to.
func (c Change) Stand(ctx context.Context) Stand {
	commits, err := c.Commits(ctx)
	if err == nil {
		return Stand{Commits: commits}
	}
	if _, outside := c.Git.Run(ctx, "rev-parse", "--git-dir"); outside != nil && !c.Workflow.InActions {
		return Stand{}
	}
	return Stand{Notices: []gate.Reason{{Kind: gate.UnknownBase, Branch: c.Branch, Text: err.Error()}}}
}
