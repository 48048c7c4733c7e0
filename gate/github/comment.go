package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// MaxComment is how many characters GitHub takes in a comment: what it answers to one more is
// "Body is too long (maximum is 65536 characters)".
const MaxComment = 65_536

// ErrTooLong is wrapped when a comment is longer than MaxComment.
var ErrTooLong = errors.New("the comment is too long")

// The bounds of patience with GitHub.
const (
	requestTimeout = 30 * time.Second
	tries          = 4
	firstPause     = time.Second      // doubled for each further try
	longestPause   = 30 * time.Second // asked to wait longer, we give up
)

// Comments keeps one comment of each series on a pull request.
type Comments struct {
	Run    Run
	Token  string
	Series string // one comment for each: [a-z0-9._-]
	// Wait waits between two tries; nil for time itself.
	Wait func(context.Context, time.Duration) error
}

// Upsert writes the comment, or puts markdown in the place of the one that is there, and
// gives its address. Ours begins with a hidden marker of the series and was written by us;
// twins, which two jobs at once can make, are taken away; a comment of a newer run is left
// as it is. Errors are sentences that say what to do.
func (c *Comments) Upsert(ctx context.Context, markdown string) (address string, err error) {
	switch {
	case c.Run.PullRequest <= 0: // number 0 would list the comments of the whole repository
		return "", errors.New("comment: this workflow does not run for a pull request")
	case c.Token == "":
		return "", errors.New("comment: there is no token: hand the action github-token, or set GITHUB_TOKEN")
	}
	body := c.marker() + "\n" + markdown
	if n := len([]rune(body)); n > MaxComment {
		return "", fmt.Errorf("comment: %w: %d characters, GitHub takes %d", ErrTooLong, n, MaxComment)
	}
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		address, err = c.upsert(ctx, body)
		asked, passes := passing(err)
		pause = max(pause, asked)
		if !passes || try == tries || pause > longestPause || c.wait(ctx, pause) != nil {
			return address, c.explain(err, try)
		}
	}
}

func (c *Comments) wait(ctx context.Context, d time.Duration) error {
	if c.Wait != nil {
		return c.Wait(ctx, d)
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// marker is the first line of the comment; nothing of it is seen.
func (c *Comments) marker() string {
	return fmt.Sprintf("<!-- plimsoll series=%s run=%d attempt=%d head=%.12s -->", c.Series, c.Run.ID, c.Run.Attempt, c.Run.HeadSHA)
}

var marker = regexp.MustCompile(`^<!-- plimsoll series=(\S+) run=(\d+) attempt=(\d+) head=`)

// upsert is one try. It always looks first, so that a comment is not written twice when the
// answer to the first writing was lost.
func (c *Comments) upsert(ctx context.Context, body string) (string, error) {
	client, err := c.client()
	if err != nil {
		return "", err
	}
	owner, name, _ := strings.Cut(c.Run.Repository, "/")
	ours, err := c.list(ctx, client)
	if err != nil {
		return "", err
	}
	if len(ours) == 0 {
		created, _, err := client.Issues.CreateComment(ctx, owner, name, c.Run.PullRequest, &github.IssueComment{Body: &body})
		if err != nil {
			return "", err
		}
		if ours, err = c.list(ctx, client); err != nil || len(ours) == 0 {
			return created.GetHTMLURL(), err
		}
	}
	if slices.ContainsFunc(ours, func(o *github.IssueComment) bool { return c.isNewer(o.GetBody()) }) {
		return ours[0].GetHTMLURL(), nil
	}
	for _, twin := range ours[1:] {
		if _, err := client.Issues.DeleteComment(ctx, owner, name, twin.GetID()); err != nil && !isStatus(err, http.StatusNotFound) {
			return "", err
		}
	}
	if ours[0].GetBody() == body {
		return ours[0].GetHTMLURL(), nil
	}
	edited, _, err := client.Issues.EditComment(ctx, owner, name, ours[0].GetID(), &github.IssueComment{Body: &body})
	return edited.GetHTMLURL(), err
}

func (c *Comments) client() (*github.Client, error) {
	base, err := url.Parse(strings.TrimSuffix(c.Run.APIURL, "/") + "/")
	if err != nil {
		return nil, err
	}
	client := github.NewClient(&http.Client{Timeout: requestTimeout}).WithAuthToken(c.Token)
	client.BaseURL = base
	client.UserAgent = "plimsoll"
	return client, nil
}

// list gives our comments, the oldest first.
func (c *Comments) list(ctx context.Context, client *github.Client) ([]*github.IssueComment, error) {
	owner, name, _ := strings.Cut(c.Run.Repository, "/")
	var ours []*github.IssueComment
	login := "" // ours, asked for when it matters
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		page, response, err := client.Issues.ListComments(ctx, owner, name, c.Run.PullRequest, options)
		if err != nil {
			return nil, err
		}
		for _, comment := range page {
			match := marker.FindStringSubmatch(comment.GetBody())
			if match == nil || match[1] != c.Series {
				continue
			}
			// A workflow's token is a bot's, which cannot ask who it is; a personal one can.
			if comment.GetUser().GetType() != "Bot" {
				if login == "" {
					login = whoami(ctx, client)
				}
				if comment.GetUser().GetLogin() != login {
					continue
				}
			}
			ours = append(ours, comment)
		}
		if response.NextPage == 0 {
			break
		}
		options.Page = response.NextPage
	}
	slices.SortFunc(ours, func(a, b *github.IssueComment) int { return int(a.GetID() - b.GetID()) })
	return ours, nil
}

// whoami is the login of the token's owner, "-" for a bot.
func whoami(ctx context.Context, client *github.Client) string {
	user, _, err := client.Users.Get(ctx, "")
	if err != nil {
		return "-" // which is nobody's login
	}
	return user.GetLogin()
}

// isNewer reports whether a comment was written by a later run than this one.
func (c *Comments) isNewer(body string) bool {
	match := marker.FindStringSubmatch(body)
	if match == nil {
		return false
	}
	run, err := strconv.ParseInt(match[2], 10, 64)
	attempt, err2 := strconv.ParseInt(match[3], 10, 64)
	if err != nil || err2 != nil {
		return false
	}
	return run > c.Run.ID || run == c.Run.ID && attempt > c.Run.Attempt
}

// passing reports whether an error may be gone at the next try, and after what time GitHub
// wants to be asked again.
func passing(err error) (after time.Duration, passes bool) {
	var answer *github.ErrorResponse
	var secondary *github.AbuseRateLimitError
	var primary *github.RateLimitError
	var transport *url.Error
	switch {
	case errors.As(err, &secondary):
		return secondary.GetRetryAfter(), true
	case errors.As(err, &primary):
		return time.Until(primary.Rate.Reset.Time), true
	case errors.As(err, &answer):
		if seconds, err := strconv.Atoi(answer.Response.Header.Get("Retry-After")); err == nil {
			after = time.Duration(seconds) * time.Second
		}
		return after, answer.Response.StatusCode == http.StatusTooManyRequests || answer.Response.StatusCode >= 500
	default:
		return 0, errors.As(err, &transport)
	}
}

func isStatus(err error, status int) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response.StatusCode == status
}

// explain says in a sentence what is wrong and what to do.
func (c *Comments) explain(err error, tried int) error {
	if err == nil {
		return nil
	}
	where := fmt.Sprintf("comment on pull request %d of %s", c.Run.PullRequest, c.Run.Repository)
	_, passes := passing(err)
	var answer *github.ErrorResponse
	switch {
	case passes:
		return fmt.Errorf("%s: tried %d times: %w", where, tried, err)
	case isStatus(err, http.StatusUnauthorized):
		return fmt.Errorf("%s: GitHub refuses the token (401): is it whole, and not expired?", where)
	case isStatus(err, http.StatusForbidden) && c.Run.FromFork:
		return fmt.Errorf("%s: the token may not comment (403): in a workflow that runs for a fork it can only read", where)
	case isStatus(err, http.StatusForbidden):
		return fmt.Errorf("%s: the token may not comment (403): the job needs permissions: pull-requests: write", where)
	case isStatus(err, http.StatusNotFound):
		return fmt.Errorf("%s: GitHub does not find it (404), or the token may not see it", where)
	case errors.As(err, &answer):
		return fmt.Errorf("%s: GitHub refuses it (%d): %s", where, answer.Response.StatusCode, answer.Message)
	}
	return fmt.Errorf("%s: %w", where, err)
}
