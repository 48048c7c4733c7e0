package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Acceptance records that a person accepted a change.
type Acceptance struct {
	By    string // login of the person who added the label
	At    time.Time
	Label string
	Pull  int
	Title string // of the pull request
}

// labeled is the name of an issue event, and of a webhook's action.
const labeled = "labeled"

// Accepted finds the label on the run's pull request and checks that it counts for the run's
// commit. It returns nil when the label is not there. It asks GitHub anew at each call.
//
// The label counts only if it was added while this commit was the head. That is certain in two
// cases: adding the label started this run; or a run of this pull request for this commit was
// created before the label was added, and the head was not replaced since. Otherwise the error
// wraps ErrNotBound: a label accepts neither later pushes nor a base branch that was changed
// later. If the pull request has another head by now, the error wraps ErrMovedOn.
func (a *API) Accepted(ctx context.Context, label string) (acceptance *Acceptance, err error) {
	doing := a.onPull(fmt.Sprintf("look for the label %q on", label))
	if a.Run.PullRequest <= 0 || a.Run.HeadSHA == "" || label == "" {
		return nil, errors.New("look for the label that accepts a change: this workflow does not run for a pull request, or the label has no name")
	}
	err = a.call(ctx, doing, "pull-requests: read", func(ctx context.Context, s *session) (err error) {
		pull, err := s.pullAt(ctx, a.Run.HeadSHA)
		if err != nil {
			return err
		}
		acceptance, err = s.accepted(ctx, pull, label, s.bound)
		return err
	})
	return acceptance, err
}

// AcceptedQueued is Accepted for the queued pull request that this run's merge group ends with.
// GitHub removes a pull request from the queue when somebody pushes to it.
func (a *API) AcceptedQueued(ctx context.Context, label string) (acceptance *Acceptance, err error) {
	doing := fmt.Sprintf("look for the label %q on pull request %d of %s, which is queued", label, a.Run.Queued, a.Run.Repository)
	if a.Run.Queued <= 0 || label == "" {
		return nil, errors.New("look for the label that accepts a change: this workflow does not run for a merge queue, or the label has no name")
	}
	err = a.call(ctx, doing, "pull-requests: read", func(ctx context.Context, s *session) error {
		p, _, err := s.PullRequests.Get(ctx, s.owner, s.name, a.Run.Queued)
		if err != nil {
			return err
		}
		acceptance, err = s.accepted(ctx, pullOf(p), label, func(ctx context.Context, pull pullRequest, put placed) error {
			return s.boundByRuns(ctx, pull, put, creationLag, 0) // a rebased head may be queued; the person who queued it has seen it
		})
		return err
	})
	return acceptance, err
}

// accepted finds the label on a pull request and checks that it counts.
func (s *session) accepted(ctx context.Context, pull pullRequest, label string, bound func(context.Context, pullRequest, placed) error) (*Acceptance, error) {
	if !slices.ContainsFunc(pull.labels, func(one string) bool { return strings.EqualFold(one, label) }) {
		return nil, nil
	}
	past, err := s.history(ctx, pull.number)
	if err != nil {
		return nil, err
	}
	put := past.label(label)
	if put.event == nil {
		return nil, fmt.Errorf("%w: GitHub does not say who put it: take it off and put it on again", ErrNotBound)
	}
	if err := put.broken(); err != nil {
		return nil, err
	}
	if err := bound(ctx, pull, put); err != nil {
		return nil, err
	}
	return accept(put.event, pull), nil
}

// AcceptedMerge finds the label on the pull request that was merged as this commit, and checks
// that it counted for the merged head. It returns nil when there is no such pull request, or no
// such label on it. The error wraps ErrNotBound when the label may be older than the last push.
func (a *API) AcceptedMerge(ctx context.Context, sha, label string) (acceptance *Acceptance, err error) {
	doing := fmt.Sprintf("look for the label %q on the pull request that was merged as %s of %s", label, short(sha), a.Run.Repository)
	if sha == "" || label == "" {
		return nil, fmt.Errorf("%s: that takes a commit and a label", doing)
	}
	err = a.call(ctx, doing, "pull-requests: read", func(ctx context.Context, s *session) error {
		acceptance = nil
		pull, err := s.pullOfCommit(ctx, sha)
		if errors.Is(err, ErrNoPull) {
			return nil
		} else if err != nil {
			return err
		}
		past, err := s.history(ctx, pull.number)
		if err != nil {
			return err
		}
		put := past.label(label)
		if put.event == nil {
			return nil
		}
		if err := put.broken(); err != nil {
			return err
		}
		// No margin for runs that are created late: the person who merged it has seen it.
		if err := s.boundByRuns(ctx, pull, put, 0, 0); err != nil {
			return err
		}
		acceptance = accept(put.event, pull)
		return nil
	})
	return acceptance, err
}

func accept(put *github.IssueEvent, pull pullRequest) *Acceptance {
	by := cmp.Or(put.GetActor().GetLogin(), "ghost") // GitHub's name for a deleted account
	return &Acceptance{By: by, At: put.GetCreatedAt().Time, Label: put.GetLabel().GetName(), Pull: pull.number, Title: pull.title}
}

// history lists the events of a pull request until its merge, in order.
type history []*github.IssueEvent

func (s *session) history(ctx context.Context, pull int) (past history, err error) {
	read := func(o *github.ListOptions) ([]*github.IssueEvent, *github.Response, error) {
		return s.Issues.ListIssueEvents(ctx, s.owner, s.name, pull, o)
	}
	if err := pages(read, func(e *github.IssueEvent) bool { past = append(past, e); return true }); err != nil {
		return nil, err
	}
	slices.SortStableFunc(past, func(a, b *github.IssueEvent) int {
		return cmp.Or(a.GetCreatedAt().Compare(b.GetCreatedAt().Time), cmp.Compare(a.GetID(), b.GetID()))
	})
	if i := slices.IndexFunc(past, func(e *github.IssueEvent) bool { return e.GetEvent() == "merged" }); i >= 0 {
		past = past[:i]
	}
	return past, nil
}
