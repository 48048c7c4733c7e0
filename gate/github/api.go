package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// How long a method waits for GitHub.
const (
	requestTimeout = 30 * time.Second
	tries          = 4
	firstPause     = time.Second     // doubled after each try
	patience       = 2 * time.Minute // for all tries of a method and the pauses between them
)

// API speaks to GitHub's REST API for one workflow run. Each method retries temporary errors, for at
// most two minutes. Its errors are sentences that say what to do; none of them contains the token. Its
// methods are safe for concurrent use.
type API struct {
	Run   Run
	Token string
	// Login is the author of what this token writes, such as my-app[bot] for a GitHub App. If it is
	// empty, GitHub is asked whose the token is. A bot's token may not ask: it is taken for that of
	// GitHub Actions, whose comments are by github-actions[bot].
	Login string
	// Timeout is how long one request may take; 0 for 30 s.
	Timeout time.Duration
	// Wait waits between two tries; nil waits in real time.
	Wait func(context.Context, time.Duration) error
}

// session is one call of a method of API.
type session struct {
	*API
	*github.Client
	owner, name string
	doing       string // what is done to what, for errors
	needs       string // the permission that it takes
}

// call tries one thing until it succeeds or fails for good. A further try must find out by itself what
// an earlier one has done: the answer to that may have been lost.
func (a *API) call(ctx context.Context, doing, needs string, try func(context.Context, *session) error) error {
	s := &session{API: a, doing: doing, needs: needs}
	owner, name, ok := strings.Cut(a.Run.Repository, "/")
	switch {
	case !ok || owner == "" || name == "" || strings.Contains(name, "/"):
		return fmt.Errorf("%s: the repository %q is not OWNER/NAME", doing, a.Run.Repository)
	case a.Token == "":
		return fmt.Errorf("%s: there is no token: give the action github-token, or set GITHUB_TOKEN", doing)
	case strings.ContainsFunc(a.Token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%s: the token has spaces, line ends or other characters that no token has: copy it anew", doing)
	}
	s.owner, s.name = owner, name
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var waited time.Duration
	for n, pause := 1, firstPause; ; n, pause = n+1, 2*pause {
		var err error
		if s.Client, err = a.client(); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		if err = try(bounded, s); err == nil {
			return nil
		}
		asked, passes := passing(err)
		pause = max(pause, asked)
		waited += pause
		if ctx.Err() != nil || !passes || n == tries || waited > patience || a.wait(bounded, pause) != nil {
			if cause := ctx.Err(); cause != nil {
				return fmt.Errorf("%s: stopped before it was done: %w", doing, cause)
			}
			return s.explain(err, n)
		}
	}
}

func (a *API) wait(ctx context.Context, d time.Duration) error {
	if a.Wait != nil {
		return a.Wait(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// client is new for each try: an old one itself refuses requests after GitHub has limited one.
func (a *API) client() (*github.Client, error) {
	base, err := url.Parse(strings.TrimSuffix(a.Run.APIURL, "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("the address of GitHub's API, %q, is none: is GITHUB_API_URL set?", a.Run.APIURL)
	}
	timeout := a.Timeout
	if timeout == 0 {
		timeout = requestTimeout
	}
	client := github.NewClient(&http.Client{Timeout: timeout, CheckRedirect: stay}).WithAuthToken(a.Token)
	client.BaseURL = base // WithEnterpriseURLs would add a path to it
	client.UserAgent = "plimsoll"
	return client, nil
}

var errRedirect = errors.New("it redirects to another host, where the token does not belong, or in circles: is GITHUB_API_URL right?")

// stay refuses redirects to another host: the token would go along.
func stay(next *http.Request, before []*http.Request) error {
	const most = 10 // as net/http has it
	if first := before[0].URL; next.URL.Host != first.Host || next.URL.Scheme != first.Scheme || len(before) >= most {
		return errRedirect
	}
	return nil
}

// pages reads the pages of a list until take wants no more.
func pages[T any](read func(*github.ListOptions) ([]T, *github.Response, error), take func(T) (more bool)) error {
	options := &github.ListOptions{PerPage: 100}
	for {
		page, response, err := read(options)
		if err != nil {
			return err
		}
		for _, one := range page {
			if !take(one) {
				return nil
			}
		}
		if response.NextPage == 0 {
			return nil
		}
		options.Page = response.NextPage
	}
}

// onPull says what is done to the run's pull request.
func (a *API) onPull(doing string) string {
	return fmt.Sprintf("%s pull request %d of %s", doing, a.Run.PullRequest, a.Run.Repository)
}

// short abbreviates a commit.
func short(sha string) string { return fmt.Sprintf("%.12s", sha) }
