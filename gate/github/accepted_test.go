package github_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

const accepted = "plimsoll-accepted"

// runs starts workflow run n for a commit of pull request 7.
func runs(s *githubtest.Server, n int64, sha string) {
	s.Run(githubtest.Run{ID: n, Event: "pull_request", HeadSHA: sha, HeadBranch: "care"})
}

// labelRun is the job of run 11 that putting a label on pull request 7 with this head has started.
func labelRun(s *githubtest.Server, head, label string) *github.API {
	runs(s, 11, head)
	a := job(s, 11)
	a.Run.HeadSHA, a.Run.Action, a.Run.Label = head, "labeled", label
	return a
}

// of is a job of a run for a commit.
func of(s *githubtest.Server, n int64, head string) *github.API {
	a := job(s, n)
	a.Run.HeadSHA, a.Run.Action = head, "synchronize"
	return a
}

// TestAccepted covers the uses of a label, and the tricks that somebody could try.
func TestAccepted(t *testing.T) {
	x, y := sha("a"), sha("b")
	for name, test := range map[string]struct {
		happens func(*githubtest.Server) *github.API // who asks in the end
		want    error                                // nil for accepted
	}{
		"the label starts the run": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			return labelRun(s, x, accepted)
		}, nil},
		"in other letters": {func(s *githubtest.Server) *github.API {
			s.Label(7, "Plimsoll-Accepted", "ada")
			return labelRun(s, x, "Plimsoll-Accepted")
		}, nil},
		"run again after the label": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			return of(s, 10, x)
		}, nil},
		"another run of the commit after the label": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			runs(s, 11, x) // as for ready_for_review
			return of(s, 11, x)
		}, nil},
		"taken off and put on again": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			runs(s, 11, y)
			s.Unlabel(7, accepted, "ada")
			s.Label(7, accepted, "ada")
			return of(s, 11, y)
		}, nil},
		"a fork's run, followed": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			runs(s, 11, x) // which the label has started
			follower := of(s, 500, x)
			follower.Run.Event, follower.Run.Source = "workflow_run", github.Source{ID: 11, Attempt: 1, Event: "pull_request"}
			return follower
		}, nil},

		"pushed after the label": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			runs(s, 11, y)
			return of(s, 11, y)
		}, github.ErrNotBound},
		"pushed while the label's run asks": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			a := labelRun(s, x, accepted)
			s.Push(7, y)
			return a
		}, github.ErrMovedOn},
		"another label starts the run": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			s.Label(7, "needs-docs", "mallory")
			return labelRun(s, y, "needs-docs")
		}, github.ErrNotBound},
		"replaced after the label": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			s.ForcePush(7, y)
			runs(s, 11, y)
			return of(s, 11, y)
		}, github.ErrNotBound},
		"bad, good, label, bad again by force": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Push(7, y)
			runs(s, 11, y)
			s.Label(7, accepted, "ada")
			s.ForcePush(7, x)
			return of(s, 10, x) // the first run, run again
		}, github.ErrNotBound},
		"bad, back by force, label, bad again by a plain push": {func(s *githubtest.Server) *github.API {
			s.Push(7, y) // which follows x
			runs(s, 10, y)
			s.ForcePush(7, x)
			runs(s, 11, x)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			return of(s, 10, y) // the first run, run again
		}, github.ErrNotBound},
		"the same, so quick that the bad one's run came after it": {func(s *githubtest.Server) *github.API {
			s.Push(7, y)
			s.ForcePush(7, x)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			runs(s, 12, y)
			return of(s, 12, y)
		}, github.ErrNotBound},
		"label on a closed one that is opened with more": {func(s *githubtest.Server) *github.API {
			runs(s, 10, y) // of another pull request of the same branch
			s.Close(7)
			s.Label(7, accepted, "ada")
			s.Reopen(7, y)
			runs(s, 11, y)
			return of(s, 11, y)
		}, github.ErrNotBound},
		"the commit ran on another branch": {func(s *githubtest.Server) *github.API {
			s.Run(githubtest.Run{ID: 9, Event: "pull_request", HeadSHA: y, HeadBranch: "elsewhere"})
			s.Run(githubtest.Run{ID: 10, Event: "pull_request", HeadSHA: y, HeadBranch: "care", HeadRepository: "mallory/shop"})
			s.Run(githubtest.Run{ID: 11, Event: "push", HeadSHA: y, HeadBranch: "care"})
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			runs(s, 12, y)
			return of(s, 12, y)
		}, github.ErrNotBound},
		"no right to read runs": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Deny("/actions/")
			return of(s, 10, x)
		}, github.ErrNotBound},
		"a run that is not there": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			return of(s, 10, x)
		}, github.ErrNotBound},
	} {
		s := serve(t)
		wantAccepted(t, name, test.happens(s), test.want)
	}
}

// wantAccepted asks whether the label that ada has put on pull request 7 counts, and wants an
// error that wraps want when that is not nil.
func wantAccepted(t *testing.T, name string, a *github.API, want error) {
	t.Helper()
	got, err := a.Accepted(t.Context(), accepted)
	switch {
	case !errors.Is(err, want) || (err == nil) != (want == nil):
		t.Errorf("%s: got %+v, %v", name, got, err)
	case err != nil && got != nil:
		t.Errorf("%s: an error and %+v", name, got)
	case err == nil && (got == nil || got.By != "ada" || got.At.IsZero() || got.Pull != 7 || got.Title != "Greet with more care" || !strings.EqualFold(got.Label, accepted)):
		t.Errorf("%s: got %+v", name, got)
	}
}

func TestWithoutALabelNothingIsAccepted(t *testing.T) {
	s := serve(t)
	s.Label(7, "needs-docs", "ada")
	s.Label(7, accepted, "ada")
	s.Unlabel(7, accepted, "ada")
	// The event that started the run says labeled, which it is no longer.
	if got, err := labelRun(s, sha("a"), accepted).Accepted(t.Context(), accepted); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := job(s, 10).Accepted(t.Context(), ""); err == nil {
		t.Error("a label without a name")
	}
}

func TestTheLastToPutTheLabelIsNamed(t *testing.T) {
	s := serve(t)
	runs(s, 10, sha("a"))
	s.Label(7, accepted, "eve")
	s.Unlabel(7, accepted, "ada")
	for range 120 { // more than a page of events
		s.Label(7, "noise", "somebody")
		s.Unlabel(7, "noise", "somebody")
	}
	at := s.Label(7, accepted, "ada")
	s.Label(7, "noise", "somebody")
	if got, err := of(s, 10, sha("a")).Accepted(t.Context(), accepted); err != nil || got.By != "ada" || !got.At.Equal(at) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAcceptedQueued(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*githubtest.Server)
		want    string // who
		err     error
	}{
		"rebased, label, queued": {func(s *githubtest.Server) {
			s.ForcePush(7, sha("a"))
			runs(s, 10, sha("a"))
			s.Label(7, accepted, "ada")
		}, "ada", nil},
		"label, then queued": {func(s *githubtest.Server) { runs(s, 10, sha("a")); s.Label(7, accepted, "ada") }, "ada", nil},
		"no label":           {func(s *githubtest.Server) { runs(s, 10, sha("a")) }, "", nil},
		"pushed after it": {func(s *githubtest.Server) {
			runs(s, 10, sha("a"))
			s.Label(7, accepted, "ada")
			s.Push(7, sha("b"))
			runs(s, 11, sha("b"))
		}, "", github.ErrNotBound},
	} {
		s := serve(t)
		test.happens(s)
		a := job(s, 20)
		a.Run.Event, a.Run.Queued, a.Run.PullRequest, a.Run.HeadSHA = "merge_group", 7, 0, ""
		got, err := a.AcceptedQueued(t.Context(), accepted)
		by := ""
		if got != nil {
			by = got.By
		}
		if by != test.want || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := job(serve(t), 20).AcceptedQueued(t.Context(), accepted); err == nil {
		t.Error("a run that is for no queue finds an acceptance")
	}
}

func TestAcceptedMerge(t *testing.T) {
	x, y, merged := sha("a"), sha("b"), sha("e")
	for name, test := range map[string]struct {
		happens func(*githubtest.Server)
		by      string // empty for not accepted
		err     error
	}{
		"label, then merged": {func(s *githubtest.Server) {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			runs(s, 11, x)
			s.Merge(7, merged)
		}, "ada", nil},
		"rebased, label, merged": {func(s *githubtest.Server) {
			s.ForcePush(7, x)
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Merge(7, merged)
		}, "ada", nil},
		"taken off after it was merged": {func(s *githubtest.Server) {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Merge(7, merged)
			s.Unlabel(7, accepted, "eve")
		}, "ada", nil},
		"no label":        {func(s *githubtest.Server) { s.Merge(7, merged) }, "", nil},
		"no pull request": {func(*githubtest.Server) {}, "", nil},
		"label after it":  {func(s *githubtest.Server) { runs(s, 10, x); s.Merge(7, merged); s.Label(7, accepted, "ada") }, "", nil},
		"label taken off": {func(s *githubtest.Server) {
			s.Label(7, accepted, "ada")
			s.Unlabel(7, accepted, "ada")
			s.Merge(7, merged)
		}, "", nil},
		"merged otherwise": {func(s *githubtest.Server) { runs(s, 10, x); s.Label(7, accepted, "ada"); s.Merge(7, sha("9")) }, "", nil},
		"pushed after it": {func(s *githubtest.Server) {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			runs(s, 11, y)
			s.Merge(7, merged)
		}, "", github.ErrNotBound},
		"replaced after it": {func(s *githubtest.Server) {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.ForcePush(7, y)
			s.ForcePush(7, x)
			s.Merge(7, merged)
		}, "", github.ErrNotBound},
		"no right to read runs": {func(s *githubtest.Server) {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Merge(7, merged)
			s.Deny("/actions/")
		}, "", github.ErrNotBound},
	} {
		s := serve(t)
		test.happens(s)
		push := job(s, 20)
		push.Run.Event, push.Run.PullRequest, push.Run.HeadSHA, push.Run.SHA = "push", 0, "", merged
		got, err := push.AcceptedMerge(t.Context(), merged, accepted)
		by := ""
		if got != nil {
			by = got.By
		}
		if by != test.by || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}
