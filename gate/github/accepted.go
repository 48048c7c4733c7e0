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

// Acceptance is people's word that a change may be as it is.
type Acceptance struct {
	By    string // the login of who put the label
	At    time.Time
	Label string
	Pull  int
	Title string // of the pull request
}

// labeled is the name of an event, and of a webhook's action.
const labeled = "labeled"

// Accepted tells whether the run's pull request bears a label that counts for the run's commit:
// nil when it does not bear it. All of it is read from GitHub at the time of the call.
//
// A label must have been put while this very commit was the head. That is known when putting it
// has started this run, or when a run of this pull request for this commit was created before it
// was put and the head was not replaced since. Otherwise the error wraps ErrNotBound: a label
// that was put on a commit says nothing of what is pushed after it, nor of a branch that the pull
// request was turned to since. When the pull request has another head by now, the error wraps
// ErrMovedOn.
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

// AcceptedQueued tells the same of a pull request that waits in the merge queue for which this
// run is: GitHub takes it out of the queue when something is pushed to it.
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
			return s.boundByRuns(ctx, pull, put, creationLag, 0) // a rebased head may be queued: who queues has seen it
		})
		return err
	})
	return acceptance, err
}

// accepted finds the label on a pull request, and whether it counts.
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

// AcceptedMerge tells whether the pull request that was merged as a commit bore a label that
// counted for its head when that was merged: nil when there is no such pull request or it did not
// bear the label. The error wraps ErrNotBound when it did, and it is not known to have been put
// after the last push.
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
		// No margin for runs that come late: who merges has seen what was merged.
		if err := s.boundByRuns(ctx, pull, put, 0, 0); err != nil {
			return err
		}
		acceptance = accept(put.event, pull)
		return nil
	})
	return acceptance, err
}

func accept(put *github.IssueEvent, pull pullRequest) *Acceptance {
	by := cmp.Or(put.GetActor().GetLogin(), "ghost") // as GitHub calls who has left
	return &Acceptance{By: by, At: put.GetCreatedAt().Time, Label: put.GetLabel().GetName(), Pull: pull.number, Title: pull.title}
}

// history is what happened to a pull request until it was merged, in order.
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
