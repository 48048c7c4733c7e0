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

// MaxComment is how many characters GitHub takes in a comment. One more, and it answers "Body is too long
// (maximum is 65536 characters)".
const MaxComment = 65_536

// bodySizes are the sizes, in bytes, that a comment is tried with until GitHub takes one.
var bodySizes = []int{60_000, 30_000, 8_000, 1_500}

// When says when to write the first comment.
type When int

// Auto writes a first comment only when the outcome is not a pass, Always writes one in any case. Both
// keep a comment that exists up to date.
const (
	Auto When = iota
	Always
)

// The outcomes that matter here; any other is only a word.
const (
	pass = "pass"
	fail = "fail"
)

// Comment is our comment on a pull request for one series.
type Comment struct {
	Series  string // one comment for each: letters, digits and . _ - /
	Outcome string // pass, fail, or another word in small letters
	When    When
	// Body gives the markdown in at most that many bytes. If GitHub finds it too long, Body is called
	// again for fewer bytes, and must give less.
	Body func(bytes int) string
}

// Comment writes the comment of a series on the run's pull request, or edits the one that is there. It
// gives the comment's address; none if When says not to write one.
//
// A comment of ours begins with a hidden marker of the series, and its author is API.Login. If a newer run
// wrote it, it stays as it is: the error wraps ErrNewer, and the address is given too. When a pass turns
// into a fail, Comment writes a new one and deletes the old one, since GitHub notifies nobody of an edit.
// It deletes twins, which two jobs at once can make. A run whose commit is no longer the pull request's
// head writes no new comment: the error wraps ErrMovedOn.
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
	p := &post{Comment: c, run: a.Run, account: account{wrote: "wrote a comment of this series"}}
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

// post is a comment that is being written.
type post struct {
	Comment
	run  Run
	rung int    // index of bodySizes
	text string // marker and body at that size
	account
}

// fit finds the first size that GitHub accepts, from the present one on.
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

// rounds is how often a try looks again at most, because others write at the same time.
const rounds = 12

// settle is one try. It lists the comments before it writes, so that nothing is written twice after a lost
// answer, and again afterwards, until there is one comment of ours.
func (p *post) settle(ctx context.Context, s *session) (string, error) {
	var created *own // by this try
	seen, wrote, edited := false, false, false
	for range rounds {
		ours, err := p.list(ctx, s)
		if err != nil {
			return "", err
		}
		if created != nil && !slices.ContainsFunc(ours, func(o own) bool { return o.id == created.id }) {
			if len(ours) == 0 && !seen { // not listed yet, or a person deleted it: leave it at that
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
				p.learn("the comment is written", created.login, s.Login)
			} else if err = p.shrink(err); err != nil {
				return "", err
			}
			continue
		}
		keep := ours[0]
		if len(ours) > 1 { // and then look again: another job may delete what this one keeps
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
		// Then it looks again: an older run that listed the comments before this may write after it.
		err = p.edit(ctx, s, keep.id)
		edited = err == nil
		if isStatus(err, http.StatusNotFound) { // deleted since it was listed
			continue
		}
		if err = p.shrink(err); err != nil {
			return "", err
		}
	}
	return "", errors.New("others keep writing and deleting comments of this series: two jobs must not share a series")
}

// precedence puts first the comment that stays: the newest run's, and of those the newest, so that a turn
// for the worse stays even within one run. All jobs use this order, and an edit by the same run does not
// change it: else each job could delete what the other keeps.
func precedence(a, b own) int {
	return cmp.Or(cmp.Compare(b.run, a.run), cmp.Compare(b.attempt, a.attempt), cmp.Compare(b.id, a.id))
}

// olderThan reports whether a newer run than this one wrote a comment.
func (p *post) olderThan(o own) bool {
	source := p.run.measured()
	return cmp.Or(cmp.Compare(source.ID, o.run), cmp.Compare(source.Attempt, o.attempt)) < 0
}

// isOf reports whether this run wrote a comment.
func (p *post) isOf(o own) bool {
	source := p.run.measured()
	return source.ID == o.run && source.Attempt == o.attempt
}

// turns reports whether people must be notified: a pass has turned into a fail.
func (p *post) turns(o own) bool {
	return !p.olderThan(o) && o.outcome == pass && p.Outcome == fail
}

// shrink makes the text shorter when GitHub refused it for its length. It gives back any other error, and
// one when there is no shorter text.
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
			continue // not of this series
		}
		if err := p.whoami(ctx, s); err != nil {
			return nil, err
		}
		if !p.is(c.GetUser()) {
			continue
		}
		run, err := strconv.ParseInt(match[2], 10, 64)
		attempt, err2 := strconv.ParseInt(match[3], 10, 64)
		if err != nil || err2 != nil {
			continue // too large for a run's number
		}
		ours = append(ours, own{c.GetID(), run, attempt, match[4], c.GetBody(), c.GetHTMLURL(), c.GetUser().GetLogin()})
	}
	return ours, nil
}
