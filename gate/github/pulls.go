package github

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Pull is a pull request.
type Pull struct {
	Number         int
	Title          string
	HeadSHA        string
	Branch         string // of its head
	HeadRepository string // owner/name of its head; empty when that was deleted
	BaseBranch     string
	Labels         []string  // that it bears now
	MergedAt       time.Time // zero when it is not
}

// FindPull is the number of the open pull request whose head is this very commit on this branch
// of this repository, which may be a fork; the error wraps ErrNoPull when there is none, because
// it has moved on or was closed. When there are several, to several branches, none is meant.
func (a *API) FindPull(ctx context.Context, headRepository, branch, sha string) (number int, err error) {
	doing := fmt.Sprintf("find the pull request for commit %s of %s in %s", short(sha), headRepository, a.Run.Repository)
	owner, _, ok := strings.Cut(headRepository, "/")
	if !ok || owner == "" || branch == "" || sha == "" { // with less, all pull requests would come
		return 0, fmt.Errorf("%s: that takes OWNER/NAME, a branch and a commit", doing)
	}
	err = a.call(ctx, doing, "pull-requests: read", func(ctx context.Context, s *session) error {
		var found []int
		read := func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
			return s.PullRequests.List(ctx, s.owner, s.name, &github.PullRequestListOptions{
				State: "open", Head: owner + ":" + branch, ListOptions: *o,
			})
		}
		err := pages(read, func(p *github.PullRequest) (more bool) {
			if one := pullOf(p); one.HeadSHA == sha && one.HeadRepository == headRepository {
				found = append(found, one.Number)
			}
			return true
		})
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return fmt.Errorf("%w: it has moved on, or was closed", ErrNoPull)
		case len(found) > 1:
			return fmt.Errorf("it is the head of several, %v, and which one is meant cannot be told", found)
		}
		number = found[0]
		return nil
	})
	return number, err
}

// pullOfCommit is the pull request that made this commit by being merged; the error wraps
// ErrNoPull when there is none.
func (s *session) pullOfCommit(ctx context.Context, sha string) (found Pull, err error) {
	read := func(o *github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return s.PullRequests.ListPullRequestsWithCommit(ctx, s.owner, s.name, sha, o)
	}
	err = pages(read, func(p *github.PullRequest) (more bool) {
		if p.GetMergeCommitSHA() == sha && !p.GetMergedAt().IsZero() {
			found = pullOf(p)
		}
		return found.Number == 0
	})
	if err == nil && found.Number == 0 {
		err = fmt.Errorf("%w: the commit was pushed, or is in the middle of what was merged", ErrNoPull)
	}
	return found, err
}

// pullAt is the run's pull request, as long as its head is this commit.
func (s *session) pullAt(ctx context.Context, head string) (Pull, error) {
	p, _, err := s.PullRequests.Get(ctx, s.owner, s.name, s.Run.PullRequest)
	if err != nil {
		return Pull{}, err
	}
	pull := pullOf(p)
	if pull.HeadSHA != head {
		return pull, fmt.Errorf("%w: this run is for %s, and its head is %s now, for which another run tells", ErrMovedOn, short(head), short(pull.HeadSHA))
	}
	return pull, nil
}

func pullOf(p *github.PullRequest) Pull {
	pull := Pull{
		Number: p.GetNumber(), Title: p.GetTitle(), HeadSHA: p.GetHead().GetSHA(), Branch: p.GetHead().GetRef(),
		HeadRepository: p.GetHead().GetRepo().GetFullName(), BaseBranch: p.GetBase().GetRef(), MergedAt: p.GetMergedAt().Time,
	}
	for _, label := range p.Labels {
		pull.Labels = append(pull.Labels, label.GetName())
	}
	return pull
}
