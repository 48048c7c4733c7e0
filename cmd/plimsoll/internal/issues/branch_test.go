package issues_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/sqlite"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/issues"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// branch is the main branch of a repository with its store.
type branch struct {
	*testing.T
	hub    *githubtest.Server
	store  baseline.Store
	runs   []baseline.Info
	stdout bytes.Buffer
	stderr bytes.Buffer
	env    []string
}

func newBranch(t *testing.T) *branch {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &branch{T: t, hub: githubtest.New(t, "example/shop"), store: store}
}

// add records daily runs in which the latencies of a route, or of all for an empty one, are some times as long.
func (b *branch) add(n int, times float64, route string, changes ...storetest.Change) {
	b.Helper()
	for range n {
		day := len(b.runs)
		longer := func(f result.Figures) result.Figures {
			by := times * (1 + float64(day%3)/200)
			f.P50, f.P95, f.P99 = time.Duration(by*float64(f.P50)), time.Duration(by*float64(f.P95)), time.Duration(by*float64(f.P99))
			return f
		}
		r := storetest.NewResult(1, append([]storetest.Change{func(r *result.Result) {
			r.Commit = fmt.Sprintf("%040x", day)
			r.Started, r.Finished = r.Started.AddDate(0, 0, day), r.Finished.AddDate(0, 0, day)
			for i := range r.Rounds {
				figures := map[string]result.Figures{}
				for name, f := range r.Rounds[i].Figures {
					if figures[name] = f; route == "" || name == route {
						figures[name] = longer(f)
					}
				}
				r.Rounds[i].Figures = figures
			}
		}}, changes...)...)
		info, _, err := b.store.Put(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		b.runs = append(b.runs, info)
	}
}

// tell runs the Teller for the newest run, as the job of a push does.
func (b *branch) tell() {
	b.Helper()
	b.tellAs(func(*issues.Teller) {})
}

func (b *branch) tellAs(change func(*issues.Teller)) {
	b.Helper()
	b.stdout.Reset()
	b.stderr.Reset()
	teller := issues.Teller{
		Console: &console.Console{Stdout: &b.stdout, Stderr: &b.stderr, Env: environ.Of(b.env)},
		Workflow: github.Run{
			InActions: true, Repository: b.hub.Repository, Event: "push", Branch: "main", DefaultBranch: "main", ID: 100, Attempt: 1, APIURL: b.hub.URL, ServerURL: "https://github.com",
		},
	}
	teller.Console.Reach = func(run github.Run) *github.API {
		return &github.API{Run: run, Token: githubtest.Token, Wait: func(context.Context, time.Duration) error { return nil }}
	}
	change(&teller)
	if err := teller.Tell(b.Context(), b.store, b.runs[len(b.runs)-1]); err != nil {
		b.Fatal(err)
	}
}

// want compares the issues, as open or the reason for which each is closed.
func (b *branch) want(states ...string) []githubtest.Issue {
	b.Helper()
	var got []string
	for _, i := range b.hub.Issues() {
		state := "open"
		if i.Closed {
			state = "closed " + i.Reason
		}
		got = append(got, state)
	}
	if !slices.Equal(got, states) {
		b.Fatalf("issues: got %q, want %q; said\n%s%s", got, states, b.stdout.String(), b.stderr.String())
	}
	return b.hub.Issues()
}

// closing is the only comment on an issue.
func (b *branch) closing(number int) string {
	b.Helper()
	comments := b.hub.Comments(number)
	if len(comments) != 1 {
		b.Fatalf("issue %d has the comments %+v, want one", number, comments)
	}
	return comments[0].Body
}

const items = "GET /items"

// stepped is a branch on which the items are slower from the 21st run on.
func stepped(t *testing.T) *branch {
	b := newBranch(t)
	b.add(20, 1, "")
	b.tell()
	b.want()
	b.add(12, 1.4, items)
	return b
}
