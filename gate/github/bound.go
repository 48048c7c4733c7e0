package github

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// creationLag is how long after a push its workflow run may be created, at worst. GitHub promises nothing;
// some seconds are usual.
const creationLag = 10 * time.Minute

// placed is a label that was put and not removed.
type placed struct {
	event *github.IssueEvent // nil when there is none
	times int                // how often it was put, counting when it was removed later
	// moves are the instants, also before the label, at which the head may have become a commit that
	// does not follow the previous head. An ordinary push leaves no event.
	moves []time.Time
	// turned reports whether the base branch has changed since.
	turned bool
}

// label finds when a label was put, if it is still there.
func (past history) label(name string) (put placed) {
	for _, e := range past {
		same := strings.EqualFold(e.GetLabel().GetName(), name)
		switch e.GetEvent() {
		case labeled:
			if same {
				put.event, put.turned = e, false
				put.times++
			}
		case "unlabeled":
			if same {
				put.event = nil
			}
		case "base_ref_changed", "automatic_base_change_succeeded":
			put.turned = true
		case "head_ref_force_pushed", "head_ref_deleted", "head_ref_restored", "reopened":
			put.moves = append(put.moves, e.GetCreatedAt().Time)
		}
	}
	return put
}

func (p placed) at() time.Time { return p.event.GetCreatedAt().Time }

// broken returns an error if the label cannot count after what happened to the pull request.
func (p placed) broken() error {
	switch {
	case p.turned:
		return fmt.Errorf("%w: the base of the pull request was changed after the label was put: take the label off and put it on again", ErrNotBound)
	case anyFrom(p.moves, p.at()):
		return fmt.Errorf("%w: the commit was replaced, or the pull request reopened, after the label was put: take the label off and put it on again", ErrNotBound)
	}
	return nil
}

// bound returns an error unless the label was added while the run's commit, the present head, was the head.
func (s *session) bound(ctx context.Context, pull pullRequest, put placed) error {
	if s.putLabel(put) && put.times == 1 {
		return nil // the event that started this run names both head and label
	}
	if own, err := s.boundByOwnRun(ctx, put); own || err != nil {
		return err
	}
	return s.boundByRuns(ctx, pull, put, creationLag, creationLag)
}

// putLabel reports whether this run was started because somebody put the label, perhaps at another time.
func (s *session) putLabel(put placed) bool {
	return s.Run.Action == labeled && strings.EqualFold(s.Run.Label, put.event.GetLabel().GetName())
}

// boundByOwnRun reports whether this run itself shows it. Unlike with other runs, we know that its event
// was of this pull request and this head. A move around the time of its event does not count if that move
// was the event.
func (s *session) boundByOwnRun(ctx context.Context, put placed) (bool, error) {
	if s.Run.Source.ID != 0 {
		return false, nil // it follows another run, and does not have that one's event
	}
	run, _, err := s.Actions.GetWorkflowRunByID(ctx, s.owner, s.name, s.Run.ID)
	if err != nil {
		return false, untold(err)
	}
	created := run.GetCreatedAt().Time // a re-run keeps it
	moves := slices.DeleteFunc(slices.Clone(put.moves), func(t time.Time) bool { return t.Before(created.Add(-creationLag)) })
	switch {
	case !created.Before(put.at()):
		return s.putLabel(put), nil // this event put it
	case len(moves) == 0:
		return true, nil
	case len(moves) > 1 || moves[0].After(created):
		return false, nil
	}
	return s.wasMove(ctx)
}

// wasMove reports whether this run's own event was a move: after it the head need not follow the previous
// head.
func (s *session) wasMove(ctx context.Context) (bool, error) {
	switch {
	case s.Run.Action == "reopened":
		return true, nil
	case s.Run.Action != "synchronize" || s.Run.Before == "":
		return false, nil
	}
	follows, err := s.isAncestor(ctx, s.Run.Before, s.Run.HeadSHA)
	if isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusNotFound) {
		return false, nil // other runs must show it then
	}
	return !follows, err
}

// boundByRuns looks at the workflow runs of the head. A run of this pull request that was created before
// the label was put shows that the commit had been pushed by then. If nobody replaced the head since, it
// has been the head ever since. moved is a margin before that run, in which a replacement counts too; late
// is how long after its push a run of another pull request of the branch may be created.
func (s *session) boundByRuns(ctx context.Context, pull pullRequest, put placed, late, moved time.Duration) error {
	since, err := s.ownSince(ctx, pull, put.at(), late)
	if err != nil {
		return err
	}
	bound := false
	read := func(o *github.ListOptions) ([]*github.WorkflowRun, *github.Response, error) {
		list, response, err := s.Actions.ListRepositoryWorkflowRuns(ctx, s.owner, s.name, &github.ListWorkflowRunsOptions{
			HeadSHA: pull.headSHA, ListOptions: *o,
		})
		if err != nil {
			return nil, response, err
		}
		return list.WorkflowRuns, response, nil
	}
	err = pages(read, func(r *github.WorkflowRun) (more bool) {
		ofPull := r.GetEvent() == "pull_request" || r.GetEvent() == "pull_request_target"
		same := r.GetHeadSHA() == pull.headSHA && r.GetHeadBranch() == pull.branch && r.GetHeadRepository().GetFullName() == pull.headRepository
		created := r.GetCreatedAt().Time
		own := !created.Before(since) && created.Before(put.at())
		bound = bound || ofPull && same && own && !anyFrom(put.moves, created.Add(-moved))
		return !bound
	})
	switch {
	case err != nil:
		return untold(err)
	case !bound:
		return fmt.Errorf("%w: as far as GitHub says, it was put before this commit was pushed: take it off and put it on again, "+
			"and if that does not start a run, run this workflow again; if that does not help, push another commit first", ErrNotBound)
	}
	return nil
}

// ownSince is the instant from which on a run for this head on this branch must be one of this pull
// request: GitHub does not say which pull request a run is for. An earlier pull request of the branch may
// have had this head before this one was opened, which leaves no event here. A closed one that still has it
// can be edited at any time, and that starts a run.
func (s *session) ownSince(ctx context.Context, pull pullRequest, label time.Time, margin time.Duration) (since time.Time, err error) {
	owner, _, ok := strings.Cut(pull.headRepository, "/")
	if !ok {
		return since, fmt.Errorf("%w: the repository that it comes from is gone, so nobody can tell whether the label was put after this commit was pushed", ErrNotBound)
	}
	since = pull.opened
	twin := 0
	err = s.pullsFrom(ctx, owner+":"+pull.branch, "all", func(other pullRequest) (more bool) {
		elsewhere := other.headRepository != "" && other.headRepository != pull.headRepository
		switch end := other.closed.Add(margin); {
		case other.number == pull.number || elsewhere || !other.opened.Before(label):
		case other.closed.IsZero() || other.headSHA == pull.headSHA:
			twin = other.number
		case end.After(since):
			since = end
		}
		return twin == 0
	})
	if err == nil && twin != 0 {
		err = fmt.Errorf("%w: pull request %d is of the same branch, and GitHub does not say which of the two a run was for: "+
			"let the label start the workflow (types: labeled), or push another commit and put it on again once that has run", ErrNotBound, twin)
	}
	return since, err
}

// untold adds to an error about workflow runs the permission that reading them takes.
func untold(err error) error {
	if isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("%w: GitHub does not say whether it was put after this commit was pushed: the job needs permissions: actions: read", ErrNotBound)
	}
	return err
}

func anyFrom(instants []time.Time, from time.Time) bool {
	return slices.ContainsFunc(instants, func(t time.Time) bool { return !t.Before(from) })
}
