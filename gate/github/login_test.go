package github_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
)

const app = "my-app[bot]"

// marked is a comment with our marker, of a run and somebody's.
func marked(author string, run int, outcome, body string) githubtest.Comment {
	return githubtest.Comment{Issue: 7, Author: author, Body: fmt.Sprintf("<!-- plimsoll series=shop run=%d attempt=1 head=a outcome=%s -->\n%s", run, outcome, body)}
}

// by gives an API that names the login.
func by(a *github.API, login string) *github.API {
	a.Login = login
	return a
}

// TestAnotherBotsCommentIsNotOurs has a bot repeat what people write, be it our marker.
func TestAnotherBotsCommentIsNotOurs(t *testing.T) {
	for name, token := range map[string]struct{ is, named string }{
		"of Actions": {"github-actions[bot]", ""}, "of a person": {"release-manager", ""}, "of an app": {app, app}, "of an app, in other letters": {app, "My-App[bot]"},
	} {
		s := serve(t)
		s.As(token.is)
		s.Put(marked("echo[bot]", 999_999_999, "fail", "of a run to come"))
		s.Put(marked("echo[bot]", 1, "pass", "of an old run"))
		s.Put(marked("mallory", 999_999_999, "fail", "a person's"))
		s.Put(marked("my-app", 999_999_999, "fail", "of a person called like the app"))
		strangers := bodies(s)
		for i, outcome := range []string{"fail", "fail", "pass", "fail"} {
			write(t, by(job(s, 10+int64(i)), token.named), told(outcome, outcome))
			if got, want := bodies(s), append(slices.Clone(strangers), outcome); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if created, edited := written(s); created != 2 || edited != 2 { // the last is a turn for the worse
			t.Errorf("%s: %d created and %d edited, want two of each", name, created, edited)
		}
	}
}

// TestAnAppThatIsNotNamed cannot be asked for its login, and shows it in what it writes.
func TestAnAppThatIsNotNamed(t *testing.T) {
	s := serve(t)
	s.As(app)
	for run := range int64(3) {
		write(t, job(s, 10+run), told("fail", fmt.Sprint("of run ", 10+run)))
	}
	wantBodies(t, s, "of run 12")
	address, err := job(s, 13).Comment(t.Context(), auto("pass", "well"))
	if address != "" || err == nil || !strings.Contains(err.Error(), app+" wrote a comment of this series") {
		t.Errorf("a fail stays there, and nobody is told: %q, %v", address, err)
	}
	wantBodies(t, s, "of run 12")
	write(t, by(job(s, 14), app), auto("pass", "well"))
	wantBodies(t, s, "well")
}

func TestALoginThatIsNotTheTokens(t *testing.T) {
	s := serve(t)
	s.As(app)
	address, err := by(job(s, 10), "my-app").Comment(t.Context(), told("fail", "now"))
	if address == "" || err == nil || !strings.Contains(err.Error(), "the login named for this token was my-app") || !strings.HasSuffix(err.Error(), "name "+app) {
		t.Errorf("got %q, %v", address, err)
	}
	wantBodies(t, s, "now")
	// The next run takes it away, and does not pile up comments.
	if _, err := by(job(s, 11), "my-app").Comment(t.Context(), told("fail", "then")); !errors.Is(err, github.ErrLogin) {
		t.Errorf("the next run: %v", err)
	}
	wantBodies(t, s, "then")
}
