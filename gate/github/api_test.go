package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

// method is one of API's, called so that it succeeds in front of a server made by serveAll.
type method struct {
	name string
	call func(context.Context, *github.API) error
}

var methods = []method{
	{"Comment", func(ctx context.Context, a *github.API) error {
		_, err := a.Comment(ctx, told("fail", "the verdict"))
		return err
	}},
	{"Check", func(ctx context.Context, a *github.API) error {
		_, err := a.Check(ctx, check(120))
		return err
	}},
	{"MergeBase", func(ctx context.Context, a *github.API) error {
		got, err := a.MergeBase(ctx, sha("d"), sha("a"))
		return differs(err, got, sha("c"))
	}},
	{"Ancestors", func(ctx context.Context, a *github.API) error {
		got, err := a.Ancestors(ctx, sha("d"), 10)
		return differs(err, fmt.Sprint(got), fmt.Sprint([]string{sha("d"), sha("c")}))
	}},
	{"FindPull", func(ctx context.Context, a *github.API) error {
		got, err := a.FindPull(ctx, repository, "care", sha("a"))
		return differs(err, got, 7)
	}},
	{"Accepted", func(ctx context.Context, a *github.API) error {
		got, err := a.Accepted(ctx, accepted)
		return differs(err, got != nil && got.By == "ada", true)
	}},
	{"AcceptedQueued", func(ctx context.Context, a *github.API) error {
		a.Run.Event, a.Run.Queued, a.Run.PullRequest, a.Run.HeadSHA = "merge_group", a.Run.PullRequest, 0, ""
		got, err := a.AcceptedQueued(ctx, accepted)
		return differs(err, got != nil && got.By == "ada", true)
	}},
	{"AcceptedMerge", func(ctx context.Context, a *github.API) error {
		got, err := a.AcceptedMerge(ctx, sha("e"), accepted)
		return differs(err, got != nil && got.By == "ada", true)
	}},
	{"ListIssues", func(ctx context.Context, a *github.API) error {
		got, err := a.ListIssues(ctx, "shop")
		return differs(err, len(got), 1)
	}},
	{"OpenIssue", func(ctx context.Context, a *github.API) error {
		got, err := a.OpenIssue(ctx, about("since=2"))
		return differs(err, got.Open && got.Number != 0, true)
	}},
	{"EditIssue", func(ctx context.Context, a *github.API) error {
		one := about("since=1")
		one.Number = 8
		return a.EditIssue(ctx, one)
	}},
	{"CloseIssue", func(ctx context.Context, a *github.API) error {
		one := about("since=1 closed")
		one.Number = 8
		return a.CloseIssue(ctx, one, "Closed.", github.Completed)
	}},
}

// differs is an error, or what is wrong with an answer.
func differs[T comparable](err error, got, want T) error {
	if err == nil && got != want {
		return fmt.Errorf("got %v, want %v", got, want)
	}
	return err
}

// serveAll starts a server in front of which each method succeeds.
func serveAll(t *testing.T) *githubtest.Server {
	s := serve(t)
	s.Commit(sha("c"))
	s.Commit(sha("d"), sha("c"))
	s.Commit(sha("a"), sha("c"))
	s.Run(githubtest.Run{ID: 10, Event: "pull_request", HeadSHA: sha("a"), HeadBranch: "care"})
	s.Label(7, accepted, "ada")
	s.Pull(githubtest.Pull{Number: 6, Head: "older", HeadSHA: sha("b")})
	s.Run(githubtest.Run{ID: 5, Event: "pull_request", HeadSHA: sha("b"), HeadBranch: "older"})
	s.Label(6, accepted, "ada")
	s.Merge(6, sha("e"))
	s.PutIssue(githubtest.Issue{Title: "shop: slower", Author: "github-actions[bot]", Labels: []string{github.IssueLabel}, Body: "<!-- plimsoll issue=shop since=1 -->\nIt is slower.\n"})
	return s
}

func header(name, value string) http.Header { return http.Header{name: {value}} }

// TestPassingErrorsAreTriedAgain makes the last request of each method fail in each temporary way, and every
// request that GitHub carries out all the same: the method succeeds, and does nothing twice.
func TestPassingErrorsAreTriedAgain(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"500":                         {Status: 500},
		"502 with a page":             {Status: 502, Body: "<html>Bad Gateway</html>"},
		"503":                         {Status: 503},
		"done and answered 502":       {Status: 502, After: true},
		"connection cut":              {Drop: true},
		"done and answer lost":        {Drop: true, After: true},
		"no answer":                   {Stall: true},
		"done and no answer":          {Stall: true, After: true},
		"429":                         {Status: 429, Header: header("Retry-After", "3")},
		"429 without a time":          {Status: 429},
		"secondary limit as a 403":    {Status: 403, Header: header("Retry-After", "3"), Secondary: true},
		"secondary limit, no time":    {Status: 403, Secondary: true},
		"primary limit as a 403":      {Status: 403, Header: soon()},
		"primary limit as a 429":      {Status: 429, Header: soon()},
		"answer that ends in between": {Status: 200, Header: header("Content-Length", "500"), Body: `[{"id":`},
	} {
		for _, m := range methods {
			t.Run(name+" "+m.name, func(t *testing.T) {
				t.Parallel()
				s := serveAll(t)
				if err := m.call(t.Context(), job(s, 10)); err != nil {
					t.Fatal(err)
				}
				n := len(s.Requests()) - 1
				wantSameAfter(t, m, fault, n)
				for fault.After && !fault.Stall && n > 0 { // a request that was carried out matters each time
					n--
					wantSameAfter(t, m, fault, n)
				}
			})
		}
	}
}

// soon is an hour's limit that ends at once.
func soon() http.Header {
	return http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(time.Now().Unix())}}
}

// wantSameAfter has the nth request of a method fail.
func wantSameAfter(t *testing.T, m method, fault githubtest.Fault, n int) {
	t.Helper()
	s := serveAll(t)
	fault.Skip = n
	s.Fail(fault)
	a := job(s, 10)
	var waited []time.Duration
	a.Wait = func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }
	if fault.Stall {
		a.Timeout = 500 * time.Millisecond
	}
	if err := m.call(t.Context(), a); err != nil {
		t.Errorf("request %d: %v", n, err)
	}
	if m.name == "Comment" && !slices.Equal(bodies(s), []string{"the verdict"}) {
		t.Errorf("request %d: comments %q", n, bodies(s))
	}
	if checks := s.Checks(); m.name == "Check" && (len(checks) != 1 || len(checks[0].Annotations) != 120) {
		t.Errorf("request %d: %d check runs, %d annotations", n, len(checks), len(checks[0].Annotations))
	}
	if got := s.Issues(); m.name == "OpenIssue" && len(got) != 2 || m.name == "CloseIssue" && (!got[0].Closed || len(s.Comments(8)) != 1) {
		t.Errorf("request %d: issues %+v, comments %+v", n, got, s.Comments(8))
	}
	switch wait := fault.Header.Get("Retry-After"); {
	case len(waited) == 0 && !fault.Drop || len(waited) > 1 && !fault.Stall: // net/http itself tries a cut GET again
		t.Errorf("request %d: waited %v, want once", n, waited)
	case wait == "3" && waited[0] != 3*time.Second:
		t.Errorf("request %d: waited %v, GitHub asked for 3 s", n, waited)
	case (fault.Status == 429 || fault.Secondary) && fault.Header == nil && waited[0] != time.Minute:
		t.Errorf("request %d: waited %v, GitHub's docs ask for a minute", n, waited)
	}
}

// TestLastingErrorsAreExplained checks the error of each method, which never contains the token.
func TestLastingErrorsAreExplained(t *testing.T) {
	always := func(f githubtest.Fault) func(*githubtest.Server, *github.API) {
		return func(s *githubtest.Server, _ *github.API) { s.Fail(slices.Repeat([]githubtest.Fault{f}, 10)...) }
	}
	api := func(change func(*github.API)) func(*githubtest.Server, *github.API) {
		return func(_ *githubtest.Server, a *github.API) { change(a) }
	}
	for name, test := range map[string]struct {
		prepare func(*githubtest.Server, *github.API)
		want    string
	}{
		"no token":          {api(func(a *github.API) { a.Token = "" }), "there is no token: give the action github-token"},
		"token with a line": {api(func(a *github.API) { a.Token += "\n" }), "the token has spaces, line ends"},
		"wrong token":       {api(func(a *github.API) { a.Token = githubtest.Token + "x" }), "GitHub refuses the token (401)"},
		"no repository":     {api(func(a *github.API) { a.Run.Repository = "shop" }), `the repository "shop" is not OWNER/NAME`},
		"another one":       {api(func(a *github.API) { a.Run.Repository = "example/other" }), "GitHub does not find it (404), or the token may not see it"},
		"no address":        {api(func(a *github.API) { a.Run.APIURL = "" }), "is GITHUB_API_URL set?"},
		"nobody there":      {api(func(a *github.API) { a.Run.APIURL = "http://127.0.0.1:1" }), "connection refused: can this machine reach it?"},
		"no right":          {func(s *githubtest.Server, _ *github.API) { s.Deny("/") }, "the job needs permissions: "},
		"locked":            {always(githubtest.Fault{Status: 403, Body: `{"message":"Unable to create comment because issue is locked."}`}), `GitHub refuses it (403): "Unable to create comment because issue is locked."`},
		"gone":              {always(githubtest.Fault{Status: 410}), "GitHub refuses it (410)"},
		"refused":           {always(githubtest.Fault{Status: 422}), `GitHub refuses it (422): "a fault that the test asked for"`},
		"down":              {always(githubtest.Fault{Status: 500}), "tried 4 times: GitHub is in trouble (500): run the job again later"},
		"cut":               {always(githubtest.Fault{Drop: true}), "tried 4 times: the connection to GitHub fails: "},
		"wait an hour": {always(githubtest.Fault{Status: 429, Header: header("Retry-After", "3600")}),
			"tried 1 times: too many requests with this token (429): GitHub asks to wait 1h0m0s more"},
		"secondary limit": {always(githubtest.Fault{Status: 403, Header: header("Retry-After", "100"), Secondary: true}),
			"tried 2 times: too many requests at once with this token (403): GitHub asks to wait 1m40s more"},
		"used up": {always(githubtest.Fault{Status: 403, Header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}}}),
			"tried 1 times: the hour's requests of this token are used up (403): GitHub asks to wait "},
		"a proxy's page": {always(githubtest.Fault{Status: 200, Body: "<html>Please log in</html>"}), "the answer is not from GitHub's API"},
		"elsewhere":      {always(githubtest.Fault{Status: 302, Header: header("Location", "http://elsewhere.example/")}), "it redirects to another host, where the token does not belong"},
	} {
		for _, m := range methods {
			s := serveAll(t)
			a := job(s, 10)
			test.prepare(s, a)
			err := m.call(t.Context(), a)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s, %s:\n got %v\nwant %q in it", name, m.name, err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), githubtest.Token) {
				t.Errorf("%s, %s: the error shows the token: %v", name, m.name, err)
			}
		}
	}
}

func TestRightsAreNamed(t *testing.T) {
	want := map[string]string{
		"Comment": "pull-requests: write", "Check": "checks: write", "MergeBase": "contents: read", "Ancestors": "contents: read",
		"FindPull": "pull-requests: read", "AcceptedQueued": "pull-requests: read", "Accepted": "pull-requests: read", "AcceptedMerge": "pull-requests: read",
		"ListIssues": "issues: write", "OpenIssue": "issues: write", "EditIssue": "issues: write", "CloseIssue": "issues: write",
	}
	for _, m := range methods {
		s := serveAll(t)
		s.Deny("/")
		if err := m.call(t.Context(), job(s, 10)); err == nil || !strings.HasSuffix(err.Error(), "the job needs permissions: "+want[m.name]) {
			t.Errorf("%s: %v", m.name, err)
		}
		s = serveAll(t)
		s.ReadOnly()
		fork := job(s, 10)
		fork.Run.FromFork = true
		err := m.call(t.Context(), fork)
		// Whoever lists issues wants to write some: the first error is to name all that the job needs.
		if reads := strings.HasSuffix(want[m.name], "read") || m.name == "ListIssues"; reads != (err == nil) {
			t.Errorf("%s of a fork: %v", m.name, err)
		} else if !reads && !strings.HasSuffix(err.Error(), "in a workflow that runs for a fork it can only read") {
			t.Errorf("%s of a fork: %v", m.name, err)
		}
	}
}

func TestNoPullRequestIsNotTheWholeRepository(t *testing.T) {
	s := serveAll(t)
	for _, number := range []int{0, -1} {
		a := job(s, 10)
		a.Run.PullRequest = number
		for _, m := range methods {
			if m.name != "Comment" && m.name != "Accepted" {
				continue
			}
			if err := m.call(t.Context(), a); err == nil || !strings.Contains(err.Error(), "does not run for a pull request") {
				t.Errorf("%s with number %d: %v", m.name, number, err)
			}
		}
	}
	if len(s.Requests()) > 0 {
		t.Errorf("GitHub was asked: %v", s.Requests())
	}
}

func TestEnterprise(t *testing.T) {
	for _, address := range []string{"/api/v3", "/api/v3/"} {
		for _, m := range methods {
			s := serveAll(t)
			a := job(s, 10)
			a.Run.APIURL += address
			if err := m.call(t.Context(), a); err != nil {
				t.Errorf("%s at %s: %v", m.name, address, err)
			}
		}
	}
}

func TestTheCallersContextEndsIt(t *testing.T) {
	for _, m := range methods {
		s := serveAll(t)
		ctx, cancel := context.WithCancel(t.Context())
		a := job(s, 10)
		a.Wait = nil // the time itself
		s.Fail(githubtest.Fault{Status: 429, Header: header("Retry-After", "100")})
		s.Before("", "", func() { time.AfterFunc(10*time.Millisecond, cancel) })
		err := m.call(ctx, a)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped before it was done") {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// TestTheTokenStaysOnItsHost follows a redirect on the host, and none to another.
func TestTheTokenStaysOnItsHost(t *testing.T) {
	s := serveAll(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host is sent %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	s.Fail(githubtest.Fault{Status: 301, Header: header("Location", elsewhere.URL+"/x")})
	if _, err := job(s, 10).MergeBase(t.Context(), sha("d"), sha("a")); err == nil {
		t.Error("it is found elsewhere")
	}
	s.Fail(githubtest.Fault{Status: 301, Header: header("Location", s.URL+"/repos/example/shop/compare/"+sha("d")+"..."+sha("a"))})
	if got, err := job(s, 10).MergeBase(t.Context(), sha("d"), sha("a")); err != nil || got != sha("c") {
		t.Errorf("renamed on the same host: %s, %v", got, err)
	}
}
