package github

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// IssueLabel is the label of every issue that OpenIssue opens. ListIssues finds them by it.
const IssueLabel = "plimsoll"

// MaxTitle is how many characters GitHub takes in the title of an issue.
const MaxTitle = 256

// maxIssues is how many issues with the label are read, the newest first.
const maxIssues = 3_000

// Issue is an issue of ours. Its body begins with a hidden marker that holds Topic and Note.
type Issue struct {
	Topic string // what it is about: letters, digits and . _ - /
	Note  string // what its writer remembers of it: printable ASCII in one line, without --
	Title string // plain text
	Text  string // markdown, less than MaxComment characters

	Number  int
	Address string
	Author  string
	Open    bool
}

// Reason says in which state GitHub shows a closed issue.
type Reason string

// Completed is for what was settled, NotPlanned for what needs nothing.
const (
	Completed  Reason = "completed"
	NotPlanned Reason = "not_planned"
)

var (
	noteWords   = regexp.MustCompile(`^[!-~]+( [!-~]+)*$`)
	issueMarker = regexp.MustCompile(`^<!-- plimsoll issue=(\S+) ([ -~]+?) -->\r?\n`) // a person who edits it in a browser sends \r\n
)

// ListIssues lists our issues about a topic, the open and the closed ones, the oldest first. Each has our label and our
// marker, and its author is API.Login: people can give a foreign issue one of these, but not all. If another bot wrote
// one, and this token may be that bot's, the error wraps ErrLogin.
func (a *API) ListIssues(ctx context.Context, topic string) (ours []Issue, err error) {
	doing := "read the issues of " + a.Run.Repository
	if !seriesWord.MatchString(topic) {
		return nil, fmt.Errorf("%s: the topic %q may have letters, digits and . _ - / only", doing, topic)
	}
	// A job that may read issues and not write them would fail at the next request.
	err = a.call(ctx, doing, "issues: write", func(ctx context.Context, s *session) (err error) {
		ours, err = s.issues(ctx, topic)
		return err
	})
	return ours, err
}

// OpenIssue opens an issue, unless one of ours with the same topic and note is there, in any state: then it returns
// that one. If GitHub leaves out the label, the issue is there and the error says so.
func (a *API) OpenIssue(ctx context.Context, one Issue) (opened Issue, err error) {
	doing := fmt.Sprintf("open an issue in %s", a.Run.Repository)
	if err := one.check(); err != nil {
		return one, fmt.Errorf("%s: %w", doing, err)
	}
	var told error
	err = a.call(ctx, doing, "issues: write", func(ctx context.Context, s *session) error {
		ours, err := s.issues(ctx, one.Topic)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(ours, func(o Issue) bool { return o.Note == one.Note }); i >= 0 {
			opened = ours[i]
			return nil
		}
		body := one.body()
		there, _, err := s.Issues.Create(ctx, s.owner, s.name, &github.IssueRequest{Title: &one.Title, Body: &body, Labels: &[]string{IssueLabel}})
		if err != nil {
			return err
		}
		opened, told = issueOf(one, there), nil
		var us account
		if us.learn("issue "+fmt.Sprint(opened.Number)+" is opened", opened.Author, s.Login); us.misnamed != nil {
			told = us.misnamed
		} else if !slices.ContainsFunc(there.Labels, isOurLabel) {
			told = fmt.Errorf("GitHub has left out the label %q of issue %d: put it on, since the issue is found by it again", IssueLabel, opened.Number)
		}
		return nil
	})
	if err == nil && told != nil {
		err = fmt.Errorf("%s: %w", doing, told)
	}
	return opened, err
}

// EditIssue writes the text and the note of an issue anew.
func (a *API) EditIssue(ctx context.Context, one Issue) error {
	doing := fmt.Sprintf("edit issue %d of %s", one.Number, a.Run.Repository)
	if err := one.check(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return a.call(ctx, doing, "issues: write", func(ctx context.Context, s *session) error {
		body := one.body()
		_, _, err := s.Issues.Edit(ctx, s.owner, s.name, one.Number, &github.IssueRequest{Body: &body})
		return err
	})
}

// CloseIssue comments on an issue why it is closed, and closes it with its text and note as they are given. It does not
// comment twice with the same words.
func (a *API) CloseIssue(ctx context.Context, one Issue, why string, reason Reason) error {
	doing := fmt.Sprintf("close issue %d of %s", one.Number, a.Run.Repository)
	err := one.check()
	if strings.TrimSpace(why) == "" {
		err = errors.Join(err, errors.New("there is no comment that says why"))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return a.call(ctx, doing, "issues: write", func(ctx context.Context, s *session) error {
		said, err := s.said(ctx, one.Number, why)
		if err != nil {
			return err
		}
		if !said {
			if _, _, err := s.Issues.CreateComment(ctx, s.owner, s.name, one.Number, &github.IssueComment{Body: &why}); err != nil {
				return err
			}
		}
		body, state := one.body(), "closed"
		_, _, err = s.Issues.Edit(ctx, s.owner, s.name, one.Number, &github.IssueRequest{Body: &body, State: &state, StateReason: (*string)(&reason)})
		return err
	})
}

// issues lists our issues about a topic, the oldest first.
func (s *session) issues(ctx context.Context, topic string) (ours []Issue, err error) {
	var all []*github.Issue
	read := func(o *github.ListOptions) ([]*github.Issue, *github.Response, error) {
		return s.Issues.ListByRepo(ctx, s.owner, s.name, &github.IssueListByRepoOptions{State: "all", Labels: []string{IssueLabel}, ListOptions: *o})
	}
	err = pages(read, func(i *github.Issue) (more bool) { all = append(all, i); return len(all) < maxIssues })
	if err != nil {
		return nil, err
	}
	us := account{wrote: "opened an issue of the same kind"}
	for _, i := range all {
		match := issueMarker.FindStringSubmatch(i.GetBody())
		if match == nil || match[1] != topic || i.IsPullRequest() || !slices.ContainsFunc(i.Labels, isOurLabel) {
			continue
		}
		if err := us.whoami(ctx, s); err != nil {
			return nil, err
		}
		if us.is(i.GetUser()) {
			ours = append(ours, issueOf(Issue{Topic: topic, Note: match[2], Title: i.GetTitle(), Text: i.GetBody()[len(match[0]):]}, i))
		}
	}
	slices.SortFunc(ours, func(a, b Issue) int { return a.Number - b.Number })
	return ours, us.maybeOurs()
}

// said reports whether an issue has a comment with exactly this text.
func (s *session) said(ctx context.Context, number int, text string) (found bool, err error) {
	read := func(o *github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return s.Issues.ListComments(ctx, s.owner, s.name, number, &github.IssueListCommentsOptions{ListOptions: *o})
	}
	err = pages(read, func(c *github.IssueComment) (more bool) {
		found = strings.ReplaceAll(c.GetBody(), "\r\n", "\n") == text
		return !found
	})
	return found, err
}

func issueOf(written Issue, there *github.Issue) Issue {
	written.Number, written.Address, written.Author = there.GetNumber(), there.GetHTMLURL(), there.GetUser().GetLogin()
	written.Open = there.GetState() == "open"
	return written
}

func isOurLabel(l *github.Label) bool { return strings.EqualFold(l.GetName(), IssueLabel) }

// body is the marker and the text.
func (i Issue) body() string {
	return fmt.Sprintf("<!-- plimsoll issue=%s %s -->\n%s", i.Topic, i.Note, i.Text)
}

// check returns an error if GitHub would refuse the issue, or ListIssues would not find it again.
func (i Issue) check() error {
	switch {
	case !seriesWord.MatchString(i.Topic):
		return fmt.Errorf("its topic %q may have letters, digits and . _ - / only", i.Topic)
	case !noteWords.MatchString(i.Note) || strings.Contains(i.Note, "--"):
		return fmt.Errorf("its note %.80q may have words of printable ASCII only, and no --", i.Note)
	case strings.TrimSpace(i.Title) == "" || len([]rune(i.Title)) > MaxTitle:
		return fmt.Errorf("its title has %d characters, GitHub takes 1 to %d", len([]rune(i.Title)), MaxTitle)
	case len([]rune(i.body())) > MaxComment:
		return fmt.Errorf("%w: it has %d characters, GitHub takes %d", ErrTooLong, len([]rune(i.body())), MaxComment)
	}
	return nil
}
