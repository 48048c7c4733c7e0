package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// MaxComment is how many characters GitHub takes in a comment: what it answers to one more is
// "Body is too long (maximum is 65536 characters)".
const MaxComment = 65_536

// bodySizes are those that a comment's body is asked for, in bytes, until one is taken.
var bodySizes = []int{60_000, 30_000, 8_000, 1_500}

// When says when a comment is written where there is none yet.
type When int

// Auto writes a first comment only when the outcome is not a pass, Always writes one in any
// case. What is there already is kept up to date by both.
const (
	Auto When = iota
	Always
)

// The outcomes that a comment knows; all others are words to it.
const (
	pass = "pass"
	fail = "fail"
)

// Comment is what stands on a pull request for one series.
type Comment struct {
	Series  string // one comment for each: letters, digits and . _ - /
	Outcome string // pass, fail, or another word in small letters
	When    When
	// Body gives the markdown in at most so many bytes. It is called again for fewer when GitHub
	// finds it too long, and must then give less.
	Body func(bytes int) string
}

// Comment writes the comment of a series on the run's pull request, or puts it in the place of
// the one that is there, and gives its address; none when When leaves it unwritten.
//
// Ours begin with a hidden marker of the series and were written by us, that is by API.Login. One
// that a newer run has written is left as it is: its address is given with an error that wraps
// ErrNewer. When a pass turns to a fail, a new one is written and the old one taken away, since
// GitHub notifies nobody of an edit. Twins, which two jobs at once can make, are taken away. A run
// whose commit is no longer the pull request's head writes no new comment: the error wraps
// ErrMovedOn.
func (a *API) Comment(ctx context.Context, c Comment) (address string, err error) {
	doing := a.onPull("comment on")
	switch {
	case a.Run.PullRequest <= 0: // number 0 would list the comments of the whole repository
		return "", errors.New("comment: this workflow does not run for a pull request")
	case !seriesWord.MatchString(c.Series):
		return "", fmt.Errorf("%s: the series %q may have letters, digits and . _ - / only", doing, c.Series)
	case !outcomeWord.MatchString(c.Outcome):
		return "", fmt.Errorf("%s: the outcome %q is not a word in small letters", doing, c.Outcome)
	}
	p := &post{Comment: c, run: a.Run}
	if err := p.fit(); err != nil {
		return "", fmt.Errorf("%s: %w", doing, err)
	}
	err = a.call(ctx, doing, "pull-requests: write", func(ctx context.Context, s *session) (err error) {
		address, err = p.settle(ctx, s)
		return err
	})
	if err == nil && p.misnamed != nil {
		err = fmt.Errorf("%s: %w", doing, p.misnamed)
	}
	return address, err
}

var (
	seriesWord  = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,200}$`)
	outcomeWord = regexp.MustCompile(`^[a-z][a-z-]{0,39}$`)
	marker      = regexp.MustCompile(`^<!-- plimsoll series=(\S+) run=(\d+) attempt=(\d+) head=\S* outcome=([a-z-]+) -->`)
)

// post is a comment on its way.
type post struct {
	Comment
	run      Run
	rung     int    // of bodySizes
	text     string // marker and body at that size
	login    string // ours; empty until it is asked for
	assumed  bool   // that login is ours, since the token cannot be asked
	stranger string // another bot that has written a comment with our marker
	misnamed error  // the login that was named is not the token's
}

// fit finds the first size from the present one on that GitHub can take.
func (p *post) fit() error {
	source := p.run.measured()
	mark := fmt.Sprintf("<!-- plimsoll series=%s run=%d attempt=%d head=%s outcome=%s -->\n",
		p.Series, source.ID, source.Attempt, short(p.run.HeadSHA), p.Outcome)
	for ; p.rung < len(bodySizes); p.rung++ {
		p.text = mark + p.Body(bodySizes[p.rung])
		if len([]rune(p.text)) <= MaxComment {
			return nil
		}
	}
	return fmt.Errorf("%w: at its shortest it has %d characters, GitHub takes %d", ErrTooLong, len([]rune(p.text)), MaxComment)
}

// own is a comment of ours.
type own struct {
	id           int64
	run, attempt int64
	outcome      string
	body         string
	address      string
	login        string // of who wrote it
}

// rounds bounds how often a try looks again because others write at the same time.
const rounds = 12

// settle is one try. It looks before it writes, so that nothing is written twice when the answer
// to the first writing was lost, and looks again after it, until there is one comment of ours.
func (p *post) settle(ctx context.Context, s *session) (string, error) {
	var created *own // by this try
	seen, wrote, edited := false, false, false
	for range rounds {
		ours, err := p.list(ctx, s)
		if err != nil {
			return "", err
		}
		if created != nil && !slices.ContainsFunc(ours, func(o own) bool { return o.id == created.id }) {
			if len(ours) == 0 && !seen { // not shown yet, or taken away by a person, whom nobody fights
				return created.address, nil
			}
			created = nil
		}
		seen = created != nil
		if len(ours) == 0 && p.When == Auto && p.Outcome == pass {
			return "", p.maybeOurs()
		}
		slices.SortFunc(ours, precedence)
		if len(ours) == 0 || !wrote && p.turns(ours[0]) {
			if created, err = p.create(ctx, s); err == nil {
				wrote = true
				p.learn(created.login, s.Login)
			} else if err = p.shrink(err); err != nil {
				return "", err
			}
			continue
		}
		keep := ours[0]
		if len(ours) > 1 { // and then look again: another job may take away what this one keeps
			if err := takeAway(ctx, s, ours[1:]); err != nil {
				return "", err
			}
			continue
		}
		if p.olderThan(keep) {
			return keep.address, fmt.Errorf("%w: that of run %d, attempt %d, stands at %s and is left as it is", ErrNewer, keep.run, keep.attempt, keep.address)
		}
		if created != nil || keep.body == p.text || edited && p.isOf(keep) {
			return keep.address, nil
		}
		// Then it looks again: an older run, which has looked before this, may write after it.
		err = p.edit(ctx, s, keep.id)
		edited = err == nil
		if isStatus(err, http.StatusNotFound) { // taken away between look and edit
			continue
		}
		if err = p.shrink(err); err != nil {
			return "", err
		}
	}
	return "", errors.New("others write and take away comments of this series all the time: two jobs must not share a series")
}

// precedence puts first what stays when there are several: the newest run's, and of those the
// newest, so that a turn for the worse stays even within one run. All jobs go by it, and nothing
// in it changes by an edit of the same run: else each could take away what the other keeps.
func precedence(a, b own) int {
	return cmp.Or(cmp.Compare(b.run, a.run), cmp.Compare(b.attempt, a.attempt), cmp.Compare(b.id, a.id))
}

// olderThan reports whether a comment was written by a newer run than this one.
func (p *post) olderThan(o own) bool {
	source := p.run.measured()
	return cmp.Or(cmp.Compare(source.ID, o.run), cmp.Compare(source.Attempt, o.attempt)) < 0
}

// isOf reports whether a comment was written by this run.
func (p *post) isOf(o own) bool {
	source := p.run.measured()
	return source.ID == o.run && source.Attempt == o.attempt
}

// turns reports whether people must hear of a change from the comment that stands there.
func (p *post) turns(o own) bool {
	return !p.olderThan(o) && o.outcome == pass && p.Outcome == fail
}

// shrink makes the text shorter when GitHub has refused it for its length; any other error, or
// that there is no shorter one, is given back.
func (p *post) shrink(err error) error {
	if !isStatus(err, http.StatusUnprocessableEntity) || !strings.Contains(said(err), "too long") {
		return err
	}
	p.rung++
	return p.fit()
}

func (p *post) create(ctx context.Context, s *session) (*own, error) {
	if head := p.run.HeadSHA; head != "" {
		if _, err := s.pullAt(ctx, head); err != nil {
			return nil, err
		}
	}
	c, _, err := s.Issues.CreateComment(ctx, s.owner, s.name, p.run.PullRequest, &github.IssueComment{Body: &p.text})
	if err != nil {
		return nil, err
	}
	source := p.run.measured()
	return &own{c.GetID(), source.ID, source.Attempt, p.Outcome, c.GetBody(), c.GetHTMLURL(), c.GetUser().GetLogin()}, nil
}

func (p *post) edit(ctx context.Context, s *session, id int64) error {
	_, _, err := s.Issues.EditComment(ctx, s.owner, s.name, id, &github.IssueComment{Body: &p.text})
	return err
}

func takeAway(ctx context.Context, s *session, twins []own) error {
	for _, twin := range twins {
		if _, err := s.Issues.DeleteComment(ctx, s.owner, s.name, twin.id); err != nil && !isStatus(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}

// list gives our comments of the series.
func (p *post) list(ctx context.Context, s *session) (ours []own, err error) {
	var all []*github.IssueComment
	read := func(o *github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return s.Issues.ListComments(ctx, s.owner, s.name, p.run.PullRequest, &github.IssueListCommentsOptions{ListOptions: *o})
	}
	err = pages(read, func(c *github.IssueComment) bool { all = append(all, c); return true })
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		match := marker.FindStringSubmatch(c.GetBody())
		if match == nil || match[1] != p.Series {
			continue // whoever wrote it
		}
		if err := p.whoami(ctx, s); err != nil {
			return nil, err
		}
		login := c.GetUser().GetLogin()
		if !strings.EqualFold(login, p.login) { // anybody can write our marker, and have a bot repeat it
			if c.GetUser().GetType() == "Bot" {
				p.stranger = login
			}
			continue
		}
		run, err := strconv.ParseInt(match[2], 10, 64)
		attempt, err2 := strconv.ParseInt(match[3], 10, 64)
		if err != nil || err2 != nil {
			continue // too great to be a run's
		}
		ours = append(ours, own{c.GetID(), run, attempt, match[4], c.GetBody(), c.GetHTMLURL(), login})
	}
	return ours, nil
}

// actionsLogin is who writes what the token of a workflow writes.
const actionsLogin = "github-actions[bot]"

// whoami finds out who we are: as we were told, else as the token's owner says. A bot's token
// cannot ask, and without being told it is taken for that of GitHub Actions.
func (p *post) whoami(ctx context.Context, s *session) error {
	if p.login = cmp.Or(p.login, s.Login); p.login != "" {
		return nil
	}
	user, _, err := s.Users.Get(ctx, "")
	if isStatus(err, http.StatusForbidden) {
		p.login, p.assumed = actionsLogin, true
		return nil
	}
	p.login = user.GetLogin()
	return err
}

// learn takes from a comment that was just written who we are, so that earlier ones are found.
func (p *post) learn(wrote, told string) {
	if told != "" && !strings.EqualFold(wrote, told) {
		p.misnamed = fmt.Errorf("%w: it is written, by %s, and the login that was named for this token is %s: name %s", ErrLogin, wrote, told, wrote)
	}
	p.login, p.assumed = wrote, false
}

// maybeOurs is an error when none of the comments can be known for ours, and one may be.
func (p *post) maybeOurs() error {
	if !p.assumed || p.stranger == "" {
		return nil
	}
	return fmt.Errorf("%w: %s has written a comment of this series, which is left as it is, since this token is taken for that of %s: name the one whose token it is", ErrLogin, p.stranger, actionsLogin)
}
