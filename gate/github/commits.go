package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
)

// MergeBase asks GitHub for the merge base of two commits. A shallow checkout may not know it.
func (a *API) MergeBase(ctx context.Context, base, head string) (sha string, err error) {
	doing := fmt.Sprintf("find the merge base of %s and %s of %s", short(base), short(head), a.Run.Repository)
	if base == "" || head == "" {
		return "", fmt.Errorf("%s: that takes two commits", doing)
	}
	err = a.call(ctx, doing, "contents: read", func(ctx context.Context, s *session) error {
		// The commits in between come in pages, and are not used.
		comparison, _, err := s.Repositories.CompareCommits(ctx, s.owner, s.name, base, head, &github.ListOptions{PerPage: 1})
		sha = comparison.GetMergeBaseCommit().GetSHA()
		return err
	})
	return sha, err
}

func (s *session) isAncestor(ctx context.Context, ancestor, head string) (bool, error) {
	comparison, _, err := s.Repositories.CompareCommits(ctx, s.owner, s.name, ancestor, head, &github.ListOptions{PerPage: 1})
	if isStatus(err, http.StatusNotFound) && strings.Contains(said(err), "No common ancestor") {
		return false, nil
	}
	status := comparison.GetStatus() // of head, relative to ancestor
	return status == "ahead" || status == "identical", err
}

// Ancestors lists a commit and its ancestors, the nearest first, at least one and at most a given number.
func (a *API) Ancestors(ctx context.Context, sha string, most int) (list []string, err error) {
	doing := fmt.Sprintf("list the commits before %s of %s", short(sha), a.Run.Repository)
	if sha == "" || most <= 0 { // without a commit GitHub lists those of the default branch
		return nil, fmt.Errorf("%s: that takes a commit and how many", doing)
	}
	err = a.call(ctx, doing, "contents: read", func(ctx context.Context, s *session) error {
		list = nil
		read := func(o *github.ListOptions) ([]*github.RepositoryCommit, *github.Response, error) {
			return s.Repositories.ListCommits(ctx, s.owner, s.name, &github.CommitsListOptions{SHA: sha, ListOptions: *o})
		}
		err := pages(read, func(c *github.RepositoryCommit) (more bool) {
			list = append(list, c.GetSHA())
			return len(list) < most
		})
		if err == nil && len(list) == 0 {
			err = errors.New("GitHub lists no commits, not even the one that was asked for: run the job again later")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
