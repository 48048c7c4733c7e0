package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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

// creationLag is how much later than its push a workflow run may be created, at the worst. GitHub
// does not promise anything; some seconds are usual.
const creationLag = 10 * time.Minute

// Accepted tells whether the run's pull request bears a label that counts for the run's commit:
// nil when it does not bear it. All of it is read from GitHub at the time of the call.
//
// A label must have been put while this very commit was the head. That is known when putting it
// has started this run, or when a run for this commit was created before it was put and the head
// was not replaced since. Otherwise the error wraps ErrNotBound: a label that was put on a commit
// says nothing of what is pushed after it. When the pull request has another head by now, the
// error wraps ErrMovedOn.
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
		pull := pullOf(p)
		acceptance, err = s.accepted(ctx, pull, label, func(ctx context.Context, put *github.IssueEvent, moves []time.Time) error {
			return s.boundByRuns(ctx, pull, put, moves, creationLag)
		})
		return err
	})
	return acceptance, err
}

// accepted finds the label on a pull request, and whether it counts.
func (s *session) accepted(ctx context.Context, pull Pull, label string, bound func(context.Context, *github.IssueEvent, []time.Time) error) (*Acceptance, error) {
	if !slices.ContainsFunc(pull.Labels, func(one string) bool { return strings.EqualFold(one, label) }) {
		return nil, nil
	}
	past, err := s.history(ctx, pull.Number)
	if err != nil {
		return nil, err
	}
	put, moves := past.label(label)
	if put == nil {
		return nil, fmt.Errorf("%w: GitHub does not say who put it: take it off and put it on again", ErrNotBound)
	}
	if err := bound(ctx, put, moves); err != nil {
		return nil, err
	}
	return accept(put, pull), nil
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
		past, err := s.history(ctx, pull.Number)
		if err != nil {
			return err
		}
		put, moves := past.label(label)
		if put == nil {
			return nil
		}
		// No margin for runs that come late: who merges has seen what was merged.
		if err := s.boundByRuns(ctx, pull, put, moves, 0); err != nil {
			return err
		}
		acceptance = accept(put, pull)
		return nil
	})
	return acceptance, err
}

func accept(put *github.IssueEvent, pull Pull) *Acceptance {
	by := cmp.Or(put.GetActor().GetLogin(), "ghost") // as GitHub calls who has left
	return &Acceptance{By: by, At: put.GetCreatedAt().Time, Label: put.GetLabel().GetName(), Pull: pull.Number, Title: pull.Title}
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

// label is the event that put a label which was not taken off again, nil for none, and the
// instants at which the head may have become one that does not follow the one before it. A head
// that is pushed on leaves no event.
func (past history) label(name string) (put *github.IssueEvent, moves []time.Time) {
	for _, e := range past {
		same := strings.EqualFold(e.GetLabel().GetName(), name)
		switch e.GetEvent() {
		case labeled:
			if same {
				put = e
			}
		case "unlabeled":
			if same {
				put = nil
			}
		case "head_ref_force_pushed", "head_ref_deleted", "head_ref_restored", "reopened":
			moves = append(moves, e.GetCreatedAt().Time)
		}
	}
	return put, moves
}

// bound finds out whether a label was put while the run's commit was the head, which it is now.
func (s *session) bound(ctx context.Context, put *github.IssueEvent, moves []time.Time) error {
	at := put.GetCreatedAt().Time
	if anyFrom(moves, at) {
		return fmt.Errorf("%w: the commit was replaced, or the pull request opened again, after the label was put: take it off and put it on again", ErrNotBound)
	}
	if s.Run.Action == labeled && strings.EqualFold(s.Run.Label, put.GetLabel().GetName()) {
		return nil // the event that started this run tells head and label in one
	}
	run, _, err := s.Actions.GetWorkflowRunByID(ctx, s.owner, s.name, s.Run.measured().ID)
	if err != nil {
		return untold(err)
	}
	// A run is created after its push, and keeps the instant when it is run again.
	if created := run.GetCreatedAt().Time; created.Before(at) && !anyFrom(moves, created) {
		return nil
	}
	pull := Pull{HeadSHA: s.Run.HeadSHA, Branch: s.Run.Branch, HeadRepository: s.Run.HeadRepository}
	return s.boundByRuns(ctx, pull, put, moves, creationLag)
}

// boundByRuns finds out the same by the workflow runs of the head: one that was created before the
// label was put shows that the commit was pushed by then. Since commits only follow each other
// where nobody replaces the head, it has then been the head ever since, if nothing was replaced
// from a margin before that run on.
func (s *session) boundByRuns(ctx context.Context, pull Pull, put *github.IssueEvent, moves []time.Time, margin time.Duration) error {
	bound := false
	read := func(o *github.ListOptions) ([]*github.WorkflowRun, *github.Response, error) {
		list, response, err := s.Actions.ListRepositoryWorkflowRuns(ctx, s.owner, s.name, &github.ListWorkflowRunsOptions{
			HeadSHA: pull.HeadSHA, ListOptions: *o,
		})
		if err != nil {
			return nil, response, err
		}
		return list.WorkflowRuns, response, nil
	}
	err := pages(read, func(r *github.WorkflowRun) (more bool) {
		ofPull := r.GetEvent() == "pull_request" || r.GetEvent() == "pull_request_target"
		same := r.GetHeadSHA() == pull.HeadSHA && r.GetHeadBranch() == pull.Branch && r.GetHeadRepository().GetFullName() == pull.HeadRepository
		created := r.GetCreatedAt().Time
		bound = bound || ofPull && same && created.Before(put.GetCreatedAt().Time) && !anyFrom(moves, created.Add(-margin))
		return !bound
	})
	switch {
	case err != nil:
		return untold(err)
	case !bound:
		return fmt.Errorf("%w: it was put before this commit was pushed, as far as GitHub tells: take it off and put it on again, and if that does not start a run, run this workflow again", ErrNotBound)
	}
	return nil
}

// untold is an error of GitHub's about workflow runs, which take a right of their own.
func untold(err error) error {
	if isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("%w: whether it was put after this commit was pushed cannot be told: the job needs permissions: actions: read", ErrNotBound)
	}
	return err
}

func anyFrom(instants []time.Time, from time.Time) bool {
	return slices.ContainsFunc(instants, func(t time.Time) bool { return !t.Before(from) })
}
