package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// How many commits before its base a change's baseline is looked for in: through git, and
// through GitHub's API, which tells a hundred in each answer.
const (
	mostAncestors = 2000
	mostFetched   = 300
)

// remoteHistory knows what a shallow clone does not: it is GitHub's API.
type remoteHistory interface {
	MergeBase(ctx context.Context, base, head string) (string, error)
	Ancestors(ctx context.Context, sha string, most int) ([]string, error)
}

// lineage are the commits that a change stands on: its base and those before it, the newest
// first. A baseline is of one of them, so that it is never younger than the base.
type lineage struct {
	dir      string        // of the profile
	branch   string        // that the change goes into
	workflow github.Run    // zero outside of one
	remote   remoteHistory // nil for none
}

// commits gives them; the error is a sentence that says why they cannot be told.
func (l lineage) commits(ctx context.Context) ([]string, error) {
	base, err := l.base(ctx)
	if err != nil {
		return nil, err
	}
	commits, whole, err := git.Ancestors(ctx, l.dir, base, mostAncestors)
	switch {
	case err == nil && whole:
		return commits, nil
	case l.remote != nil:
		fetched, fetchErr := l.remote.Ancestors(ctx, base, mostFetched)
		if fetchErr == nil {
			return fetched, nil
		}
		err = errors.Join(err, fetchErr)
	case err == nil:
		err = fmt.Errorf("this clone has %d of the commits before %.12s; fetch its history, with `fetch-depth: 0` in actions/checkout", len(commits), base)
	}
	return nil, err
}

// base is the commit that the change is made to.
func (l lineage) base(ctx context.Context) (string, error) {
	w := l.workflow
	if w.Event == "merge_group" && w.BaseSHA != "" {
		return w.BaseSHA, nil
	}
	head, err := git.Resolve(ctx, l.dir, "HEAD")
	if err != nil {
		return "", err
	}
	if w.Event == "push" && w.Branch == l.branch && w.BaseSHA != "" {
		// Where the branch was before, or where the two have parted when it was pushed by force.
		base, err := git.MergeBase(ctx, l.dir, w.BaseSHA, "HEAD")
		return l.orRemote(ctx, base, err, w.BaseSHA, head)
	}
	if w.PullRequest != 0 {
		// What is checked out is most often the merge of the pull request into its base, which
		// may be newer than the base that the event names.
		if parents, err := git.Parents(ctx, l.dir, head); err == nil && head != w.HeadSHA && isPull(ctx, l.dir, head, w) {
			return parents[1-slices.Index(parents, w.HeadSHA)], nil
		}
	} else if l.isBranch(ctx) {
		return head, nil
	}
	base, err := parted(ctx, l.dir, l.branch)
	return l.orRemote(ctx, base, err, l.branch, head)
}

// orRemote is what git has found, or else where GitHub says that two commits have parted.
func (l lineage) orRemote(ctx context.Context, base string, err error, from, head string) (string, error) {
	if err == nil || l.remote == nil {
		return base, err
	}
	base, remoteErr := l.remote.MergeBase(ctx, from, head)
	if remoteErr != nil {
		return "", errors.Join(err, remoteErr)
	}
	return base, nil
}

// isBranch reports whether what is checked out is the branch itself.
func (l lineage) isBranch(ctx context.Context) bool {
	if l.workflow.InActions {
		return l.workflow.Branch == l.branch
	}
	branch, err := git.Run(ctx, l.dir, "branch", "--show-current")
	return err == nil && branch == l.branch
}

// parted is the commit at which what is checked out left a branch, as the remote has it or else
// as it is here.
func parted(ctx context.Context, dir, branch string) (string, error) {
	base, err := git.MergeBase(ctx, dir, "HEAD", "origin/"+branch)
	if err == nil {
		return base, nil
	}
	if base, local := git.MergeBase(ctx, dir, "HEAD", branch); local == nil {
		return base, nil
	}
	return "", fmt.Errorf("where this change leaves %s: %w", branch, err) // that of the remote branch says more
}

// defaultBranch is the branch that pull requests go into, as far as this clone knows.
func defaultBranch(ctx context.Context, dir string) string {
	if ref, err := git.Run(ctx, dir, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"); err == nil {
		return strings.TrimPrefix(ref, "origin/")
	}
	for _, usual := range []string{"main", "master"} {
		for _, ref := range []string{"refs/heads/", "refs/remotes/origin/"} {
			if _, err := git.Run(ctx, dir, "rev-parse", "--verify", "--quiet", ref+usual); err == nil {
				return usual
			}
		}
	}
	branch, err := git.Run(ctx, dir, "branch", "--show-current")
	others, listErr := git.Run(ctx, dir, "for-each-ref", "--count=2", "refs/heads", "refs/remotes")
	if err != nil || listErr != nil || strings.Contains(others, "\n") { // which of several it is cannot be told
		return "main"
	}
	return cmp.Or(branch, "main")
}

// stands is what a change stands on, as far as it can be told.
type stands struct {
	commits []string     // nil when it cannot
	notice  *gate.Reason // that it cannot, and why
}

// standsOn finds the commits of which one must be the baseline's. Outside of a repository there
// are none to find; where they cannot be told the verdict says so.
func (c *gateCmd) standsOn(a *app, asked *asked, workflow github.Run) stands {
	l := lineage{dir: asked.dir, branch: asked.policy.Baseline.Branch, workflow: workflow}
	if workflow.InActions && a.token != "" {
		l.remote = a.api(workflow)
	}
	commits, err := l.commits(a.ctx)
	if err == nil {
		return stands{commits: commits}
	}
	if _, outside := git.Run(a.ctx, asked.dir, "rev-parse", "--git-dir"); outside != nil && !workflow.InActions {
		return stands{}
	}
	return stands{notice: &gate.Reason{Kind: gate.UnknownBase, Text: fmt.Sprintf(
		"which commits this change stands on could not be told (%v): it is compared with the newest runs of %s, which may be younger than its base", err, l.branch)}}
}

// behind is how many commits before the base a commit is; nil when that is not known.
func (s stands) behind(commit string) *int {
	if i := slices.Index(s.commits, commit); i >= 0 {
		return &i
	}
	return nil
}
