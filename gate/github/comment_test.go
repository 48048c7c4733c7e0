package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

const repository = "example/shop"

// comments is a job of the workflow run with this number, which waits without waiting.
func comments(s *githubtest.Server, run int64) *github.Comments {
	return &github.Comments{
		Run: github.Run{
			InActions: true, Repository: repository, PullRequest: 7, HeadSHA: strings.Repeat("ab", 20),
			ID: run, Attempt: 1, APIURL: s.URL,
		},
		Token: githubtest.Token, Series: "shop",
		Wait: func(context.Context, time.Duration) error { return nil },
	}
}

// bodies are those of pull request 7, without their markers.
func bodies(s *githubtest.Server) []string {
	var texts []string
	for _, c := range s.Comments(7) {
		_, text, _ := strings.Cut(c.Body, "\n")
		texts = append(texts, text)
	}
	return texts
}

func upsert(t *testing.T, c *github.Comments, markdown string) string {
	t.Helper()
	address, err := c.Upsert(t.Context(), markdown)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestOneCommentIsKeptUpToDate(t *testing.T) {
	s := githubtest.New(t, repository)
	for i := range 250 { // three pages of other people's
		s.Put(githubtest.Comment{Issue: 7, Author: "somebody", Body: fmt.Sprintf("number %d", i)})
	}
	s.Put(githubtest.Comment{Issue: 8, Author: "github-actions[bot]", Body: "<!-- plimsoll series=shop run=1 attempt=1 head=a -->\nanother pull request's"})
	s.Put(githubtest.Comment{Issue: 7, Author: "mallory", Body: "<!-- plimsoll series=shop run=99 attempt=1 head=a -->\nnot ours"})
	s.Put(githubtest.Comment{Issue: 7, Author: "github-actions[bot]", Body: "> <!-- plimsoll series=shop run=99 attempt=1 head=a -->\na quotation"})
	first := upsert(t, comments(s, 10), "first")
	other := comments(s, 10)
	other.Series = "shop-arm"
	upsert(t, other, "of another series")
	second := upsert(t, comments(s, 11), "second")
	if first == "" || first != second {
		t.Errorf("two addresses: %s and %s", first, second)
	}
	got := bodies(s)[250:]
	if want := []string{"not ours", "a quotation", "second", "of another series"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnOlderRunLeavesANewerOnesComment(t *testing.T) {
	s := githubtest.New(t, repository)
	upsert(t, comments(s, 11), "newer")
	upsert(t, comments(s, 10), "older")
	if got := bodies(s); !slices.Equal(got, []string{"newer"}) {
		t.Errorf("got %q", got)
	}
	again := comments(s, 11)
	again.Run.Attempt = 2
	upsert(t, again, "the newer one's second attempt")
	if got := bodies(s); !slices.Equal(got, []string{"the newer one's second attempt"}) {
		t.Errorf("got %q", got)
	}
}

func TestTwinsAreHealed(t *testing.T) {
	s := githubtest.New(t, repository)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := comments(s, 10).Upsert(t.Context(), "the same"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	upsert(t, comments(s, 11), "after")
	if got := bodies(s); !slices.Equal(got, []string{"after"}) {
		t.Errorf("got %q", got)
	}
}

func TestAPersonsTokenKnowsItsOwn(t *testing.T) {
	s := githubtest.New(t, repository)
	s.As("release-manager")
	s.Put(githubtest.Comment{Issue: 7, Author: "mallory", Body: "<!-- plimsoll series=shop run=99 attempt=1 head=a -->\nnot ours"})
	upsert(t, comments(s, 10), "first")
	upsert(t, comments(s, 11), "second")
	if got := bodies(s); !slices.Equal(got, []string{"not ours", "second"}) {
		t.Errorf("got %q", got)
	}
}

func TestADeletedCommentIsWrittenAgain(t *testing.T) {
	s := githubtest.New(t, repository)
	upsert(t, comments(s, 10), "first")
	s.Delete(7)
	upsert(t, comments(s, 11), "second")
	if got := bodies(s); !slices.Equal(got, []string{"second"}) {
		t.Errorf("got %q", got)
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, faults := range map[string][]githubtest.Fault{
		"server error":             {{Status: 500}, {Status: 502}},
		"created, answer lost":     {{Method: "POST", Drop: true, After: true}},
		"created, answered 502":    {{Method: "POST", Status: 502, After: true}},
		"connection cut":           {{Drop: true}, {Drop: true}},
		"too many requests":        {{Status: 429, Header: header("Retry-After", "3")}},
		"secondary limit as a 403": {{Status: 403, Header: header("Retry-After", "3"), Secondary: true}},
		"error in the second look": {{Method: "POST", Status: 503}},
	} {
		t.Run(name, func(t *testing.T) {
			s := githubtest.New(t, repository)
			s.Fail(faults...)
			upsert(t, comments(s, 10), "the verdict")
			if got := bodies(s); !slices.Equal(got, []string{"the verdict"}) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestWhatDoesNotPassIsSaid(t *testing.T) {
	many := slices.Repeat([]githubtest.Fault{{Status: 500}}, 10)
	for name, test := range map[string]struct {
		prepare func(*githubtest.Server, *github.Comments)
		want    string
	}{
		"no token":        {func(_ *githubtest.Server, c *github.Comments) { c.Token = "" }, "there is no token"},
		"wrong token":     {func(_ *githubtest.Server, c *github.Comments) { c.Token = "wrong" }, "GitHub refuses the token (401)"},
		"read only":       {func(s *githubtest.Server, _ *github.Comments) { s.ReadOnly() }, "the job needs permissions: pull-requests: write"},
		"fork":            {func(s *githubtest.Server, c *github.Comments) { s.ReadOnly(); c.Run.FromFork = true }, "for a fork it can only read"},
		"no pull request": {func(_ *githubtest.Server, c *github.Comments) { c.Run.PullRequest = 0 }, "does not run for a pull request"},
		"elsewhere":       {func(_ *githubtest.Server, c *github.Comments) { c.Run.Repository = "example/other" }, "GitHub does not find it (404)"},
		"down":            {func(s *githubtest.Server, _ *github.Comments) { s.Fail(many...) }, "tried 4 times"},
		"wait too long": {func(s *githubtest.Server, _ *github.Comments) {
			s.Fail(githubtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"3600"}}})
		}, "tried 1 times"},
		"refused": {func(s *githubtest.Server, _ *github.Comments) { s.Fail(githubtest.Fault{Method: "POST", Status: 422}) }, "GitHub refuses it (422)"},
		"nobody":  {func(_ *githubtest.Server, c *github.Comments) { c.Run.APIURL = "http://127.0.0.1:1" }, "connection refused"},
	} {
		s := githubtest.New(t, repository)
		c := comments(s, 10)
		test.prepare(s, c)
		_, err := c.Upsert(t.Context(), "the verdict")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), githubtest.Token) {
			t.Errorf("%s: the error shows the token: %v", name, err)
		}
	}
}

func TestLength(t *testing.T) {
	s := githubtest.New(t, repository)
	c := comments(s, 10)
	upsert(t, c, strings.Repeat("ä", github.MaxComment-200))
	if _, err := c.Upsert(t.Context(), strings.Repeat("ä", github.MaxComment)); !errors.Is(err, github.ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
	for _, r := range s.Requests() {
		if r.Status == http.StatusUnprocessableEntity {
			t.Error("a comment was sent that GitHub refuses")
		}
	}
}
