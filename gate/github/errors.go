package github

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

var (
	// ErrTooLong is wrapped when even the shortest form of a text is longer than MaxComment.
	ErrTooLong = errors.New("the text is too long")
	// ErrNoPull is wrapped when no pull request matches.
	ErrNoPull = errors.New("there is no such pull request")
	// ErrMovedOn is wrapped when the pull request's head is no longer the run's commit.
	ErrMovedOn = errors.New("the pull request has moved on")
	// ErrNewer is wrapped when a newer run wrote the comment that is there.
	ErrNewer = errors.New("a newer run has commented")
	// ErrLogin is wrapped when nobody knows, or Login says wrongly, who comments with the token.
	ErrLogin = errors.New("who comments with this token")
	// ErrNotBound is wrapped when there is a label, but nothing shows that it was meant for this
	// very commit.
	ErrNotBound = errors.New("the label does not count for this commit")
)

// atLeastAMinute is how long to wait when GitHub sets a limit and does not say for how long: see "Rate
// limits for the REST API" in its docs.
const atLeastAMinute = time.Minute

// passing reports whether another try may succeed, and how long GitHub wants us to wait before it.
func passing(err error) (after time.Duration, passes bool) {
	var answer *github.ErrorResponse
	var secondary *github.AbuseRateLimitError
	var primary *github.RateLimitError
	var transport net.Error
	switch {
	case errors.Is(err, errRedirect):
		return 0, false
	case errors.As(err, &secondary):
		return limited(secondary.Response), true
	case errors.As(err, &primary):
		return limited(primary.Response), true
	case errors.As(err, &answer):
		// The library takes only a 403 for a limit.
		if answer.Response.StatusCode == http.StatusTooManyRequests {
			return limited(answer.Response), true
		}
		after, _ = retryAfter(answer.Response)
		return after, answer.Response.StatusCode >= 500
	}
	return 0, errors.As(err, &transport) || errors.Is(err, io.ErrUnexpectedEOF)
}

// limited is how long a limit of GitHub's lasts.
func limited(response *http.Response) time.Duration {
	if after, ok := retryAfter(response); ok {
		return after
	}
	if response.Header.Get("X-RateLimit-Remaining") == "0" {
		if reset, err := strconv.ParseInt(response.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return time.Until(time.Unix(reset, 0)) + time.Second // GitHub counts whole seconds
		}
	}
	return atLeastAMinute
}

func retryAfter(response *http.Response) (time.Duration, bool) {
	seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, err == nil && seconds >= 0
}

func isStatus(err error, status int) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response.StatusCode == status
}

// explain says in a sentence what is wrong and what to do.
func (s *session) explain(err error, tried int) error {
	if _, passes := passing(err); passes {
		return fmt.Errorf("%s: tried %d times: %w", s.doing, tried, s.explainPassing(err))
	}
	var answer *github.ErrorResponse
	var notJSON *json.SyntaxError
	switch {
	case isStatus(err, http.StatusUnauthorized):
		return fmt.Errorf("%s: GitHub refuses the token (401): is it complete, and not expired?", s.doing)
	case isStatus(err, http.StatusForbidden):
		return fmt.Errorf("%s: %s", s.doing, s.forbidden(err))
	case isStatus(err, http.StatusNotFound):
		return fmt.Errorf("%s: GitHub does not find it (404), or the token may not see it: %s", s.doing, said(err))
	case isStatus(err, http.StatusGone): // so it answers where issues are switched off
		return fmt.Errorf("%s: GitHub refuses it (410): %s: are issues switched on in the repository's settings?", s.doing, said(err))
	case errors.As(err, &answer):
		return fmt.Errorf("%s: GitHub refuses it (%d): %s", s.doing, answer.Response.StatusCode, said(err))
	case errors.Is(err, errRedirect):
		return fmt.Errorf("%s: %w", s.doing, errRedirect)
	case errors.As(err, &notJSON):
		return fmt.Errorf("%s: the answer is not from GitHub's API: is GITHUB_API_URL right, and is there a proxy in between?", s.doing)
	}
	return fmt.Errorf("%s: %w", s.doing, err)
}

// forbidden tells the reasons for a 403 apart.
func (s *session) forbidden(err error) string {
	message := said(err)
	switch {
	case s.Run.FromFork && strings.HasSuffix(s.needs, "write"):
		return "the token may not do that (403): in a workflow that runs for a fork it can only read"
	case strings.Contains(message, "not accessible") || message == `""`:
		return "the token may not do that (403): the job needs permissions: " + s.needs
	}
	return fmt.Sprintf("GitHub refuses it (403): %s; if that is about rights, the job needs permissions: %s", message, s.needs)
}

// explainPassing explains an error that was temporary and lasted too long.
func (s *session) explainPassing(err error) error {
	var answer *github.ErrorResponse
	var secondary *github.AbuseRateLimitError
	var primary *github.RateLimitError
	var transport *url.Error
	wait := func(response *http.Response) string {
		return fmt.Sprintf("GitHub asks to wait %s more: run the job again then", limited(response).Round(time.Second))
	}
	switch {
	case errors.As(err, &secondary):
		return fmt.Errorf("too many requests at once with this token (403): %s", wait(secondary.Response))
	case errors.As(err, &primary):
		return fmt.Errorf("the hour's requests of this token are used up (403): %s", wait(primary.Response))
	case isStatus(err, http.StatusTooManyRequests) && errors.As(err, &answer):
		return fmt.Errorf("too many requests with this token (429): %s", wait(answer.Response))
	case errors.As(err, &answer):
		return fmt.Errorf("GitHub is in trouble (%d): run the job again later", answer.Response.StatusCode)
	case errors.As(err, &transport) && transport.Timeout() || errors.Is(err, context.DeadlineExceeded):
		return errors.New("GitHub does not answer in time: run the job again later")
	case errors.As(err, &transport): // without the address: doing says it better
		return fmt.Errorf("the connection to GitHub fails: %w: can this machine reach it?", transport.Err)
	}
	return fmt.Errorf("the connection to GitHub fails: %w", err)
}

// said is GitHub's own message, quoted, so that nobody takes it for ours.
func said(err error) string {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) {
		return `""`
	}
	message := answer.Message
	for _, one := range answer.Errors {
		if one.Message != "" {
			message += ": " + one.Message
		}
	}
	return strconv.Quote(string([]rune(message)[:min(len([]rune(message)), 300)]))
}
