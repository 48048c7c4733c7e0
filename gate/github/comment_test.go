package github_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

const repository = "example/shop"

// sha is a commit's, made of one letter.
func sha(letter string) string { return strings.Repeat(letter, 40) }

// serve starts a server with pull request 7, whose head is sha("a").
func serve(t *testing.T) *githubtest.Server {
	s := githubtest.New(t, repository)
	s.Pull(githubtest.Pull{Number: 7, Title: "Greet with more care", Head: "care", HeadSHA: sha("a")})
	return s
}

// job is one of the workflow run with this number, for pull request 7, which waits without
// waiting.
func job(s *githubtest.Server, run int64) *github.API {
	return &github.API{
		Run: github.Run{
			InActions: true, Repository: repository, Event: "pull_request", PullRequest: 7, HeadSHA: sha("a"), SHA: sha("f"),
			Branch: "care", HeadRepository: repository, ID: run, Attempt: 1, APIURL: s.URL, ServerURL: "https://github.com",
		},
		Token: githubtest.Token, Wait: func(context.Context, time.Duration) error { return nil },
	}
}

// told is a comment whose body is the same at each size.
func told(outcome, body string) github.Comment {
	return github.Comment{Series: "shop", Outcome: outcome, When: github.Always, Body: func(int) string { return body }}
}

func auto(outcome, body string) github.Comment {
	c := told(outcome, body)
	c.When = github.Auto
	return c
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

func write(t *testing.T, a *github.API, c github.Comment) string {
	t.Helper()
	address, err := a.Comment(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func wantBodies(t *testing.T, s *githubtest.Server, want ...string) {
	t.Helper()
	if got := bodies(s); !slices.Equal(got, want) {
		t.Errorf("comments: got %q, want %q", got, want)
	}
}

// written counts the comments that were created and edited.
func written(s *githubtest.Server) (created, edited int) {
	for _, r := range s.Requests() {
		switch {
		case r.Status == http.StatusCreated:
			created++
		case r.Method == http.MethodPatch && r.Status == http.StatusOK:
			edited++
		}
	}
	return created, edited
}

func TestOneCommentIsKeptUpToDate(t *testing.T) {
	s := serve(t)
	s.Pull(githubtest.Pull{Number: 8})
	for i := range 300 { // three pages of other people's
		s.Put(githubtest.Comment{Issue: 7, Author: "somebody", Body: fmt.Sprintf("number %d", i)})
	}
	mark := func(run int) string {
		return fmt.Sprintf("<!-- plimsoll series=shop run=%d attempt=1 head=a outcome=fail -->\n", run)
	}
	s.Put(githubtest.Comment{Issue: 8, Author: "github-actions[bot]", Body: mark(1) + "another pull request's"})
	s.Put(githubtest.Comment{Issue: 7, Author: "mallory", Body: mark(99) + "not ours"})
	s.Put(githubtest.Comment{Issue: 7, Author: "github-actions[bot]", Body: "> " + mark(99) + "a quotation"})
	first := write(t, job(s, 10), told("fail", "first"))
	arm := told("fail", "of a matrix's other job")
	arm.Series = "shop/ubuntu-24.04-arm"
	write(t, job(s, 10), arm)
	second := write(t, job(s, 11), told("fail", "second"))
	if first == "" || first != second {
		t.Errorf("two addresses: %s and %s", first, second)
	}
	if got, want := bodies(s)[300:], []string{"not ours", "a quotation", "second", "of a matrix's other job"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	marker := regexp.MustCompile(`^<!-- plimsoll series=shop run=11 attempt=1 head=a{12} outcome=fail -->\n`)
	if body := s.Comments(7)[302].Body; !marker.MatchString(body) {
		t.Errorf("the marker of %q", body)
	}
}

func TestAutoWritesNoFirstCommentForAPass(t *testing.T) {
	s := serve(t)
	if address := write(t, job(s, 10), auto("pass", "all is well")); address != "" {
		t.Errorf("it has an address, %s", address)
	}
	wantBodies(t, s)
	write(t, job(s, 11), auto("inconclusive", "in doubt"))
	write(t, job(s, 12), auto("pass", "well again"))
	wantBodies(t, s, "well again")
	if created, edited := written(s); created != 1 || edited != 1 {
		t.Errorf("%d created and %d edited, want one of each", created, edited)
	}
}

func TestATurnForTheWorseIsANewComment(t *testing.T) {
	s := serve(t)
	before := write(t, job(s, 10), told("pass", "well"))
	after := write(t, job(s, 11), auto("fail", "slower"))
	wantBodies(t, s, "slower")
	if before == after {
		t.Error("the comment was edited, of which nobody hears")
	}
	methods := ""
	for _, r := range s.Requests() {
		methods += r.Method + " "
	}
	if !strings.Contains(methods, "POST GET DELETE") || strings.Contains(methods, "PATCH") {
		t.Errorf("the old one must be there until the new one is: %s", methods)
	}
	if same := write(t, job(s, 12), auto("fail", "slower still")); same != after {
		t.Error("a fail after a fail is no turn")
	}
	if same := write(t, job(s, 13), auto("pass", "well again")); same != after {
		t.Error("a turn for the better is no news")
	}
}

func TestAnOlderRunLeavesANewerOnesComment(t *testing.T) {
	s := serve(t)
	newer := write(t, job(s, 11), told("pass", "newer"))
	leave := func(a *github.API, c github.Comment) {
		t.Helper()
		address, err := a.Comment(t.Context(), c)
		if address != newer || !errors.Is(err, github.ErrNewer) {
			t.Errorf("the address is %s, not the newer one's, or nobody is told: %v", address, err)
		}
	}
	leave(job(s, 10), told("fail", "older"))
	wantBodies(t, s, "newer")
	again := job(s, 11)
	again.Run.Attempt = 2
	write(t, again, told("pass", "the newer one's second attempt"))
	leave(job(s, 11), told("pass", "its first attempt, late"))
	wantBodies(t, s, "the newer one's second attempt")
}

func TestAStaleRunWritesNoNewComment(t *testing.T) {
	s := serve(t)
	s.Push(7, sha("b")) // for which a run passes, and auto writes nothing
	_, err := job(s, 10).Comment(t.Context(), auto("fail", "of a commit that is gone"))
	if !errors.Is(err, github.ErrMovedOn) {
		t.Errorf("got %v, want ErrMovedOn", err)
	}
	wantBodies(t, s)
}

func TestACommentForAForksRun(t *testing.T) {
	s := serve(t)
	write(t, job(s, 10), told("fail", "of the job itself"))
	follower := job(s, 500) // a run that is much newer, for an older one
	follower.Run.Source = github.Source{ID: 9, Attempt: 1, Event: "pull_request"}
	if _, err := follower.Comment(t.Context(), told("fail", "of an older run")); !errors.Is(err, github.ErrNewer) {
		t.Errorf("an older run: got %v, want ErrNewer", err)
	}
	wantBodies(t, s, "of the job itself")
	follower.Run.Source = github.Source{ID: 11, Attempt: 3, Event: "pull_request"}
	write(t, follower, told("fail", "of a newer run"))
	wantBodies(t, s, "of a newer run")
	if body := s.Comments(7)[0].Body; !strings.Contains(body, " run=11 attempt=3 ") {
		t.Errorf("the marker of %q", body)
	}
}

// TestTwoJobsAtOnce lets many jobs of one series write at the same time: exactly one comment is left, and it is
// one of theirs.
func TestTwoJobsAtOnce(t *testing.T) {
	for name, outcomes := range map[string][]string{"pass": {"pass"}, "fail": {"fail"}, "both": {"pass", "fail"}} {
		for _, there := range []string{"nothing", "pass", "twins"} {
			t.Run(name+" where there was "+there, func(t *testing.T) {
				s := serve(t)
				if there != "nothing" {
					write(t, job(s, 9), told("pass", "before"))
				}
				if there == "twins" {
					for range 3 {
						s.Put(s.Comments(7)[0])
					}
				}
				var wg sync.WaitGroup
				for i := range 6 {
					wg.Go(func() {
						outcome := outcomes[i%len(outcomes)]
						if _, err := job(s, 10).Comment(t.Context(), told(outcome, "now")); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				wantBodies(t, s, "now")
				write(t, job(s, 11), told("fail", "after"))
				wantBodies(t, s, "after")
			})
		}
	}
}

// TestJobsAtOnceInTrouble is the same with lost answers and failed requests.
func TestJobsAtOnceInTrouble(t *testing.T) {
	for seed := range uint64(20) {
		s := serve(t)
		write(t, job(s, 9), told("pass", "before"))
		random := rand.New(rand.NewPCG(seed, 0))
		for range 8 {
			method := []string{"GET", "POST", "PATCH", "DELETE"}[random.IntN(4)]
			s.Fail([]githubtest.Fault{
				{Method: method, Skip: random.IntN(3), Status: 502}, {Method: method, Skip: random.IntN(3), Status: 502, After: true},
				{Method: method, Skip: random.IntN(3), Drop: true, After: true},
			}[random.IntN(3)])
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for { // as a person who runs the job again
					if _, err := job(s, 10).Comment(t.Context(), told("fail", "now")); err == nil {
						return
					} else if !strings.Contains(err.Error(), "tried 4 times") {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if got := bodies(s); !slices.Equal(got, []string{"now"}) {
			t.Errorf("seed %d: comments %q", seed, got)
		}
	}
}

func TestJobsOfTwoRunsAtOnce(t *testing.T) {
	s := serve(t)
	write(t, job(s, 9), told("pass", "before"))
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if _, err := job(s, 10+int64(i)).Comment(t.Context(), told("fail", fmt.Sprintf("run %d", 10+i))); err != nil && !errors.Is(err, github.ErrNewer) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// GitHub has no edit on a condition, so that an older run which has looked first may write last.
	if got := bodies(s); len(got) != 1 || !strings.HasPrefix(got[0], "run ") {
		t.Errorf("comments: %q, want one run's", got)
	}
	write(t, job(s, 16), told("fail", "after"))
	wantBodies(t, s, "after")
}

func TestAPersonsTokenKnowsItsOwn(t *testing.T) {
	s := serve(t)
	s.As("release-manager")
	s.Put(githubtest.Comment{Issue: 7, Author: "mallory", Body: "<!-- plimsoll series=shop run=99 attempt=1 head=a outcome=fail -->\nnot ours"})
	s.Fail(githubtest.Fault{Path: "/user", Status: 502}) // which must not make ours a stranger's
	write(t, job(s, 10), told("fail", "first"))
	s.Fail(githubtest.Fault{Path: "/user", Status: 502})
	write(t, job(s, 11), told("fail", "second"))
	wantBodies(t, s, "not ours", "second")
}

func TestADeletedCommentIsWrittenOnceMore(t *testing.T) {
	s := serve(t)
	write(t, job(s, 10), told("fail", "first"))
	s.Delete(7)
	write(t, job(s, 11), told("fail", "second"))
	wantBodies(t, s, "second")
	s.Before("PATCH", "/comments/", func() { s.Delete(7) })
	write(t, job(s, 12), told("fail", "third"))
	wantBodies(t, s, "third")
	s.Before("PATCH", "/comments/", func() { s.Delete(7) })
	if address := write(t, job(s, 13), auto("pass", "fourth")); address != "" {
		t.Errorf("a pass is written where none is there: %s", address)
	}
	wantBodies(t, s)
	s.Before("GET", "/comments", func() {}) // the first look
	s.Before("GET", "/comments", func() { s.Delete(7) })
	if address := write(t, job(s, 14), told("fail", "fifth")); address == "" {
		t.Error("a comment that was taken away at once has no address")
	}
	if created, _ := written(s); created != 4 {
		t.Errorf("%d comments were created, want 4: nobody's deletion is fought", created)
	}
}

func TestLength(t *testing.T) {
	s := serve(t)
	var asked []int
	grow := func(factor int) github.Comment {
		asked = nil
		c := told("fail", "")
		c.Body = func(bytes int) string {
			asked = append(asked, bytes)
			return strings.Repeat("ä", bytes*factor/2)
		}
		return c
	}
	write(t, job(s, 10), grow(2))
	if !slices.Equal(asked, []int{60_000}) {
		t.Errorf("what fits is asked for at %v", asked)
	}
	write(t, job(s, 11), grow(5)) // at 60,000 and 30,000 it is too long for our own bound, and is not sent
	if !slices.Equal(asked, []int{60_000, 30_000, 8_000}) {
		t.Errorf("what is too long is asked for at %v", asked)
	}
	if created, edited := written(s); created != 1 || edited != 1 {
		t.Errorf("%d created and %d edited, want one of each", created, edited)
	}
	tooLong := githubtest.Fault{Method: "PATCH", Status: 422, Body: `{"message":"Validation Failed","errors":[{"message":"Body is too long (maximum is 65536 characters)"}]}`}
	s.Fail(tooLong, tooLong, tooLong)
	write(t, job(s, 12), grow(1))
	if !slices.Equal(asked, []int{60_000, 30_000, 8_000, 1_500}) {
		t.Errorf("what GitHub finds too long is asked for at %v", asked)
	}
	if _, err := job(s, 13).Comment(t.Context(), grow(100)); !errors.Is(err, github.ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
	s.Fail(tooLong, tooLong, tooLong, tooLong)
	if _, err := job(s, 14).Comment(t.Context(), grow(1)); !errors.Is(err, github.ErrTooLong) {
		t.Errorf("got %v, want ErrTooLong", err)
	}
}

func TestWhatACommentMayBeCalled(t *testing.T) {
	s := serve(t)
	for _, series := range []string{"", "a b", "a-->", "a\nb", strings.Repeat("a", 201)} {
		c := told("fail", "x")
		c.Series = series
		if _, err := job(s, 10).Comment(t.Context(), c); err == nil || !strings.Contains(err.Error(), "the series") {
			t.Errorf("series %q: %v", series, err)
		}
	}
	for _, outcome := range []string{"", "fail -->", "Fail", "a=b"} {
		if _, err := job(s, 10).Comment(t.Context(), told(outcome, "x")); err == nil || !strings.Contains(err.Error(), "the outcome") {
			t.Errorf("outcome %q: %v", outcome, err)
		}
	}
	if len(s.Requests()) > 0 {
		t.Errorf("GitHub was asked: %v", s.Requests())
	}
}
