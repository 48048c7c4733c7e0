package github

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// pullRequest is a pull request, as GitHub describes it.
type pullRequest struct {
	number         int
	title          string
	headSHA        string
	branch         string   // of the head
	headRepository string   // owner/name; empty when it was deleted
	labels         []string // at present
	opened         time.Time
	closed         time.Time // zero while it is open
}

// FindPull finds the open pull request whose head is exactly this commit on this branch of this
// repository, which may be a fork. The error wraps ErrNoPull when there is none: the pull request
// has another head by now, or was closed. Several, into several branches, are an error too.
func (a *API) FindPull(ctx context.Context, headRepository, branch, sha string) (number int, err error) {
	doing := fmt.Sprintf("find the pull request for commit %s of %s in %s", short(sha), headRepository, a.Run.Repository)
	owner, _, ok := strings.Cut(headRepository, "/")
	if !ok || owner == "" || branch == "" || sha == "" { // otherwise GitHub lists all pull requests
		return 0, fmt.Errorf("%s: that takes OWNER/NAME, a branch and a commit", doing)
	}
	err = a.call(ctx, doing, "pull-requests: read", func(ctx context.Context, s *session) error {
		var found []int
		err := s.pullsFrom(ctx, owner+":"+branch, "open", func(one pullRequest) (more bool) {
			if one.headSHA == sha && one.headRepository == headRepository {
				found = append(found, one.number)
			}
			return true
		})
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return fmt.Errorf("%w: it has moved on, or was closed", ErrNoPull)
		case len(found) > 1:
			return fmt.Errorf("it is the head of several, %v, and GitHub does not say which of them this run is for", found)
		}
		number = found[0]
		return nil
	})
	return number, err
}

// pullsFrom lists the pull requests of a branch, OWNER:BRANCH, in a state: open, closed or all.
func (s *session) pullsFrom(ctx context.Context, head, state string, take func(pullRequest) (more bool)) error {
	read := func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return s.PullRequests.List(ctx, s.owner, s.name, &github.PullRequestListOptions{State: state, Head: head, ListOptions: *o})
	}
	return pages(read, func(p *github.PullRequest) bool { return take(pullOf(p)) })
}

// pullOfCommit finds the pull request whose merge made this commit. The error wraps ErrNoPull when
// there is none.
func (s *session) pullOfCommit(ctx context.Context, sha string) (found pullRequest, err error) {
	read := func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return s.PullRequests.ListPullRequestsWithCommit(ctx, s.owner, s.name, sha, o)
	}
	err = pages(read, func(p *github.PullRequest) (more bool) {
		if p.GetMergeCommitSHA() == sha && !p.GetMergedAt().IsZero() {
			found = pullOf(p)
		}
		return found.number == 0
	})
	if err == nil && found.number == 0 {
		err = fmt.Errorf("%w: the commit was pushed, or is in the middle of what was merged", ErrNoPull)
	}
	return found, err
}

// pullAt reads the run's pull request. The error wraps ErrMovedOn when its head is another commit.
func (s *session) pullAt(ctx context.Context, head string) (pullRequest, error) {
	p, _, err := s.PullRequests.Get(ctx, s.owner, s.name, s.Run.PullRequest)
	if err != nil {
		return pullRequest{}, err
	}
	one := pullOf(p)
	if one.headSHA != head {
		return one, fmt.Errorf("%w: this run is for %s, but its head is %s now, and another run reports on that", ErrMovedOn, short(head), short(one.headSHA))
	}
	return one, nil
}

func pullOf(p *github.PullRequest) pullRequest {
	one := pullRequest{
		number: p.GetNumber(), title: p.GetTitle(), headSHA: p.GetHead().GetSHA(), branch: p.GetHead().GetRef(),
		headRepository: p.GetHead().GetRepo().GetFullName(), opened: p.GetCreatedAt().Time, closed: p.GetClosedAt().Time,
	}
	for _, label := range p.Labels {
		one.labels = append(one.labels, label.GetName())
	}
	return one
}
