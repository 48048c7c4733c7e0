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

// The bounds of patience with GitHub.
const (
	requestTimeout = 30 * time.Second
	tries          = 4
	firstPause     = time.Second     // doubled for each further try
	patience       = 2 * time.Minute // with all tries of a method and the pauses between them
)

// API speaks to GitHub's REST API for one workflow run. Each method tries again what may pass,
// for at most two minutes, and its errors are sentences that say what to do; the token stands in
// none of them. Its methods are safe for concurrent use.
type API struct {
	Run   Run
	Token string
	// Login is who writes what this token writes, a GitHub App's such as my-app[bot]. Empty, the
	// token is asked; one that may not be, as a bot's, is taken for that of GitHub Actions, whose
	// comments are by github-actions[bot].
	Login string
	// Timeout is how long one request may take; 0 for 30 s.
	Timeout time.Duration
	// Wait waits between two tries; nil for time itself.
	Wait func(context.Context, time.Duration) error
}

// session is what one method of API does.
type session struct {
	*API
	*github.Client
	owner, name string
	doing       string // what is done and to what, for errors
	needs       string // the permission that it takes
}

// call does one thing in sessions of its own until it is done, or until what is wrong does not
// pass. A try that comes again must find out by itself what an earlier one has done, whose
// answer may be lost.
func (a *API) call(ctx context.Context, doing, needs string, try func(context.Context, *session) error) error {
	s := &session{API: a, doing: doing, needs: needs}
	owner, name, ok := strings.Cut(a.Run.Repository, "/")
	switch {
	case !ok || owner == "" || name == "" || strings.Contains(name, "/"):
		return fmt.Errorf("%s: the repository %q is not OWNER/NAME", doing, a.Run.Repository)
	case a.Token == "":
		return fmt.Errorf("%s: there is no token: hand the action github-token, or set GITHUB_TOKEN", doing)
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
				return fmt.Errorf("%s: it was stopped before it was done: %w", doing, cause)
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

// client is a new one for each try: an old one refuses by itself what GitHub has once put off.
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

// stay keeps the token, which goes along with each redirected request, on its host.
func stay(next *http.Request, before []*http.Request) error {
	const most = 10 // as net/http has it
	if first := before[0].URL; next.URL.Host != first.Host || next.URL.Scheme != first.Scheme || len(before) >= most {
		return errRedirect
	}
	return nil
}

// pages reads all pages of a list, or as many as take says.
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

// onPull is what is done to the run's pull request.
func (a *API) onPull(doing string) string {
	return fmt.Sprintf("%s pull request %d of %s", doing, a.Run.PullRequest, a.Run.Repository)
}

// short is a commit as people write it.
func short(sha string) string { return fmt.Sprintf("%.12s", sha) }
