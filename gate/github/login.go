package github

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
)

// account is who writes with the token.
type account struct {
	wrote    string // what an account does that a stranger did, for errors
	login    string // ours; empty until GitHub was asked
	assumed  bool   // login is a guess, since the token may not ask
	stranger string // another bot whose text begins as ours do
	misnamed error  // Login is not the token's
}

// actionsLogin is the author of what a workflow's own token writes.
const actionsLogin = "github-actions[bot]"

// whoami finds out who we are: API.Login, else the token's owner. A bot's token may not ask; it is taken for
// that of GitHub Actions.
func (a *account) whoami(ctx context.Context, s *session) error {
	if a.login = cmp.Or(a.login, s.Login); a.login != "" {
		return nil
	}
	user, _, err := s.Users.Get(ctx, "")
	if isStatus(err, http.StatusForbidden) {
		a.login, a.assumed = actionsLogin, true
		return nil
	}
	a.login = user.GetLogin()
	return err
}

// is reports whether the author of a text with our marker is us: anybody can write our marker, and make a bot
// repeat it.
func (a *account) is(author *github.User) bool {
	if strings.EqualFold(author.GetLogin(), a.login) {
		return true
	}
	if author.GetType() == "Bot" {
		a.stranger = author.GetLogin()
	}
	return false
}

// learn takes our login from what was just written, so that earlier texts are found. done says what that was.
func (a *account) learn(done, author, told string) {
	if told != "" && !strings.EqualFold(author, told) {
		a.misnamed = fmt.Errorf("%w: %s, by %s; the login named for this token was %s: name %s", ErrLogin, done, author, told, author)
	}
	a.login, a.assumed = author, false
}

// maybeOurs returns an error if it is unknown whether a stranger's text is ours.
func (a *account) maybeOurs() error {
	if !a.assumed || a.stranger == "" {
		return nil
	}
	return fmt.Errorf("%w: %s %s, and it is left as it is, since this token is taken for that of %s: name the login that the token belongs to", ErrLogin, a.stranger, a.wrote, actionsLogin)
}
