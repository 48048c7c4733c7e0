package github_test

import (
	"errors"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

// earlier opens pull request 6 of the branch that is pull request 7's.
func earlier(s *githubtest.Server, head string) {
	s.Pull(githubtest.Pull{Number: 6, Head: "care", HeadSHA: head, Base: "release"})
}

// open opens pull request 7.
func open(s *githubtest.Server, head string) {
	s.Pull(githubtest.Pull{Number: 7, Title: "Greet with more care", Head: "care", HeadSHA: head})
}

// TestOtherPullRequestsOfTheBranch covers the ways in which a commit that nobody has seen could look as if it
// had been seen: y is that commit, which follows x, and the label is put on x.
func TestOtherPullRequestsOfTheBranch(t *testing.T) {
	x, y, z := sha("a"), sha("b"), sha("9")
	for name, test := range map[string]struct {
		before func(*githubtest.Server) // 7 is opened
		while  func(*githubtest.Server) // it is open and x its head
		head   string                   // in the end; empty for y
		want   error
	}{
		"an earlier one had it": {
			before: func(s *githubtest.Server) { earlier(s, y); runs(s, 9, y); s.ForcePush(6, x); s.Close(6) },
			want:   github.ErrNotBound,
		},
		"an earlier one has it": {
			before: func(s *githubtest.Server) { earlier(s, y); runs(s, 9, y); s.Close(6) },
			want:   github.ErrNotBound,
		},
		"an earlier one has it and is edited": {
			before: func(s *githubtest.Server) { earlier(s, y); s.Close(6) },
			while:  func(s *githubtest.Server) { runs(s, 9, y) },
			want:   github.ErrNotBound,
		},
		"an earlier one had it, and its run comes late": {
			before: func(s *githubtest.Server) { earlier(s, y); s.ForcePush(6, x); s.Close(6) },
			while:  func(s *githubtest.Server) { runs(s, 9, y) },
			want:   github.ErrNotBound,
		},
		"an open one had it, and its run comes late": {
			before: func(s *githubtest.Server) { earlier(s, y); s.ForcePush(6, x) },
			while:  func(s *githubtest.Server) { runs(s, 9, y) },
			want:   github.ErrNotBound,
		},
		"one that was opened later has it": {
			while: func(s *githubtest.Server) { earlier(s, y); runs(s, 9, y); s.Close(6) },
			want:  github.ErrNotBound,
		},
		"an earlier one is long done": {
			before: func(s *githubtest.Server) {
				earlier(s, z)
				runs(s, 8, z)
				s.Merge(6, sha("e"))
				for range 10 {
					s.Push(6, z) // time goes on
				}
			},
			head: x,
		},
		"another's branch of the same name": {
			before: func(s *githubtest.Server) {
				s.Pull(githubtest.Pull{Number: 6, Head: "care", HeadSHA: x, HeadRepository: "example/another-shop"})
			},
			head: x,
		},
	} {
		s := githubtest.New(t, repository)
		if test.before != nil {
			test.before(s)
		}
		open(s, x)
		runs(s, 10, x)
		if test.while != nil {
			test.while(s)
		}
		s.Label(7, accepted, "ada")
		head := test.head
		if head == "" {
			head = y
			s.Push(7, y)
		}
		runs(s, 11, head)
		wantAccepted(t, name, of(s, 11, head), test.want)

		follower := of(s, 500, head)
		for _, source := range []int64{9, 11} { // the old run, run again, is followed as well
			follower.Run.Event, follower.Run.Source = "workflow_run", github.Source{ID: source, Attempt: 2, Event: "pull_request"}
			wantAccepted(t, name+", followed", follower, test.want)
		}
		queue := job(s, 20)
		queue.Run.Event, queue.Run.Queued, queue.Run.PullRequest, queue.Run.HeadSHA = "merge_group", 7, 0, ""
		if got, err := queue.AcceptedQueued(t.Context(), accepted); !errors.Is(err, test.want) || (got == nil) != (test.want != nil) {
			t.Errorf("%s, queued: got %+v, %v", name, got, err)
		}
		if name == "an earlier one had it, and its run comes late" {
			continue // who merges has seen what was merged
		}
		s.Merge(7, sha("f"))
		if got, err := job(s, 21).AcceptedMerge(t.Context(), sha("f"), accepted); !errors.Is(err, test.want) || (got == nil) != (test.want != nil) {
			t.Errorf("%s, merged: got %+v, %v", name, got, err)
		}
	}
}

// TestTheSamePullRequest covers the same within one pull request.
func TestTheSamePullRequest(t *testing.T) {
	x, y, z := sha("a"), sha("b"), sha("9")
	at := func(s *githubtest.Server, n int64, head, action, before string) *github.API {
		a := of(s, n, head)
		a.Run.Action, a.Run.Before = action, before
		return a
	}
	for name, test := range map[string]struct {
		happens func(*githubtest.Server) *github.API
		want    error
	}{
		"run again after a rebase and the label": {func(s *githubtest.Server) *github.API {
			s.ForcePush(7, z)
			runs(s, 10, z)
			s.Label(7, accepted, "ada")
			return at(s, 10, z, "synchronize", y)
		}, nil},
		"run again after it was opened again and the label": {func(s *githubtest.Server) *github.API {
			s.Close(7)
			s.Reopen(7, y)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			return at(s, 10, y, "reopened", "")
		}, nil},
		"the same by another run": {func(s *githubtest.Server) *github.API {
			s.Close(7)
			s.Reopen(7, y)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			runs(s, 11, y)
			return at(s, 11, y, "ready_for_review", "")
		}, github.ErrNotBound},
		"a rebase whose commits GitHub does not know": {func(s *githubtest.Server) *github.API {
			s.ForcePush(7, z)
			runs(s, 10, z)
			s.Label(7, accepted, "ada")
			return at(s, 10, z, "synchronize", sha("8"))
		}, github.ErrNotBound},
		"pushed, back by force before its run came, and pushed again": {func(s *githubtest.Server) *github.API {
			s.Push(7, y)
			s.ForcePush(7, x)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			return at(s, 10, y, "synchronize", x) // still at work, or run again
		}, github.ErrNotBound},
		"opened with it, back by force, and pushed again": {func(s *githubtest.Server) *github.API {
			s.ForcePush(7, x)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			return at(s, 10, y, "opened", "")
		}, github.ErrNotBound},
		"replaced by it, back by force, and pushed again": {func(s *githubtest.Server) *github.API {
			s.ForcePush(7, y)
			s.ForcePush(7, x)
			runs(s, 10, y)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			return at(s, 10, y, "synchronize", z)
		}, github.ErrNotBound},
		"turned to another branch": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Label(7, accepted, "ada")
			s.Retarget(7, "release")
			return at(s, 10, x, "opened", "")
		}, github.ErrNotBound},
		"turned to another branch while the label's run asks": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "ada")
			s.Retarget(7, "release")
			return labelRun(s, x, accepted)
		}, github.ErrNotBound},
		"turned to another branch before": {func(s *githubtest.Server) *github.API {
			runs(s, 10, x)
			s.Retarget(7, "release")
			s.Label(7, accepted, "ada")
			return at(s, 10, x, "opened", "")
		}, nil},
		"the run of a label that was taken off, run again": {func(s *githubtest.Server) *github.API {
			s.Push(7, y)
			s.Label(7, accepted, "eve")
			a := labelRun(s, y, accepted)
			s.Unlabel(7, accepted, "ada")
			s.ForcePush(7, x)
			s.Label(7, accepted, "ada")
			s.Push(7, y)
			return a
		}, github.ErrNotBound},
		"the run of a label that was put on again": {func(s *githubtest.Server) *github.API {
			s.Label(7, accepted, "eve")
			s.Push(7, y)
			s.Unlabel(7, accepted, "ada")
			s.Label(7, accepted, "ada")
			return labelRun(s, y, accepted)
		}, nil},
		"created with its label": {func(s *githubtest.Server) *github.API {
			at := s.Label(7, accepted, "ada") // a run of the same second need not have come before it
			s.Run(githubtest.Run{ID: 10, Event: "pull_request", HeadSHA: x, HeadBranch: "care", CreatedAt: at})
			return of(s, 10, x)
		}, github.ErrNotBound},
	} {
		s := serve(t)
		s.Commit("root")
		s.Commit(x, "root")
		s.Commit(y, x)
		s.Commit(z, "root")
		wantAccepted(t, name, test.happens(s), test.want)
	}
}

// TestARunAsOldAsThePullRequest has the run that opening it has started.
func TestARunAsOldAsThePullRequest(t *testing.T) {
	for lag, want := range map[time.Duration]error{0: nil, time.Second: nil, -time.Second: github.ErrNotBound} {
		s := githubtest.New(t, repository)
		opened := s.Run(githubtest.Run{ID: 1, Event: "push"}).Add(time.Minute)
		open(s, sha("a"))
		s.Run(githubtest.Run{ID: 10, Event: "pull_request", HeadSHA: sha("a"), HeadBranch: "care", CreatedAt: opened.Add(lag)})
		s.Label(7, accepted, "ada")
		runs(s, 11, sha("a"))
		wantAccepted(t, lag.String(), of(s, 11, sha("a")), want)
	}
}
