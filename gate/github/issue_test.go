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

// about is an issue of the topic shop with a note.
func about(note string) github.Issue {
	return github.Issue{Topic: "shop", Note: note, Title: "shop: slower", Text: "It is slower.\n"}
}

func opened(t *testing.T, a *github.API, one github.Issue) github.Issue {
	t.Helper()
	there, err := a.OpenIssue(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	return there
}

func list(t *testing.T, a *github.API) []github.Issue {
	t.Helper()
	ours, err := a.ListIssues(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return ours
}

func TestAnIssueIsOpenedOnceAndClosed(t *testing.T) {
	s := serve(t)
	a := job(s, 10)
	if ours := list(t, a); len(ours) != 0 {
		t.Errorf("there are issues already: %+v", ours)
	}
	one := opened(t, a, about("since=1 run=a"))
	if one.Number != 8 || one.Address != "https://github.com/example/shop/issues/8" || !one.Open || one.Author != "github-actions[bot]" {
		t.Errorf("opened %+v", one)
	}
	if again := opened(t, job(s, 11), about("since=1 run=a")); again != one {
		t.Errorf("opened again: %+v, want %+v", again, one)
	}
	other := opened(t, a, about("since=2 run=b"))
	elsewhere := about("since=1 run=a")
	elsewhere.Topic = "shop-2"
	if opened(t, a, elsewhere).Number == one.Number {
		t.Error("another topic's issue is taken for this one's")
	}
	got := s.Issues()
	if len(got) != 3 || got[0].Body != "<!-- plimsoll issue=shop since=1 run=a -->\nIt is slower.\n" || !slices.Equal(got[0].Labels, []string{"plimsoll"}) {
		t.Errorf("GitHub has %+v", got)
	}

	one.Note, one.Text = "since=1 run=a closed=back", "It was slower.\n"
	for range 2 {
		if err := a.CloseIssue(t.Context(), one, "Closed: it is fast again.\n", github.Completed); err != nil {
			t.Fatal(err)
		}
	}
	comments := s.Comments(one.Number)
	if got := s.Issues()[0]; !got.Closed || got.Reason != "completed" || len(comments) != 1 || comments[0].Body != "Closed: it is fast again.\n" || got.Title != one.Title {
		t.Errorf("closed: %+v, with the comments %+v", got, comments)
	}
	other.Text = "It is slower still.\n"
	if err := a.EditIssue(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	one.Open = false
	if ours := list(t, a); !slices.Equal(ours, []github.Issue{one, other}) {
		t.Errorf("listed %+v", ours)
	}
}

// Anybody can write our marker, and those who may triage can put our label on anything.
func TestForeignIssuesAreLeftAlone(t *testing.T) {
	for name, token := range map[string]struct{ is, named string }{
		"of Actions": {"github-actions[bot]", ""}, "of a person": {"release-manager", ""}, "of an app": {app, app},
	} {
		s := serve(t)
		s.As(token.is)
		label, body := []string{"plimsoll"}, "<!-- plimsoll issue=shop since=1 run=a -->\nIt is slower.\n"
		for _, one := range []githubtest.Issue{
			{Author: "mallory", Body: body, Labels: label},
			{Author: token.is, Body: body},
			{Author: token.is, Body: "> " + body, Labels: label},
			{Author: token.is, Body: body, Labels: label, Pull: true},
			{Author: token.is, Body: "<!-- plimsoll issue=shop since=1 run=a", Labels: label},
			{Author: token.is, Labels: label},
		} {
			one.Title = "foreign"
			s.PutIssue(one)
		}
		if ours := list(t, by(job(s, 10), token.named)); len(ours) > 0 {
			t.Errorf("%s: %+v is taken for ours", name, ours)
		}
		ours := s.PutIssue(githubtest.Issue{Title: "ours", Author: token.is, Labels: []string{"speed", "Plimsoll"}, Body: strings.ReplaceAll(body, "\n", "\r\n"), Closed: true})
		if got := opened(t, by(job(s, 10), token.named), about("since=1 run=a")); got.Number != ours || got.Open {
			t.Errorf("%s: %+v is opened beside number %d", name, got, ours)
		}
	}
}

// A token that may not ask for its owner opens no issue if a bot that may be its owner has already opened one.
func TestIssuesOfAnAppThatIsNotNamed(t *testing.T) {
	s := serve(t)
	s.As(app)
	opened(t, job(s, 10), about("since=1"))
	for range 2 {
		if _, err := job(s, 11).OpenIssue(t.Context(), about("since=1")); !errors.Is(err, github.ErrLogin) || !strings.Contains(err.Error(), app+" opened an issue of the same kind") {
			t.Errorf("the next run: %v", err)
		}
	}
	if got := opened(t, by(job(s, 12), app), about("since=1")); got.Number != 8 || len(s.Issues()) != 1 {
		t.Errorf("named, it opened %+v of %d", got, len(s.Issues()))
	}
	got, err := by(job(s, 13), "my-app").OpenIssue(t.Context(), about("since=2"))
	if got.Author != app || err == nil || !strings.HasSuffix(err.Error(), "the login named for this token was my-app: name "+app) {
		t.Errorf("misnamed: %+v, %v", got, err)
	}
}

func TestALabelThatGitHubLeavesOut(t *testing.T) {
	s := serve(t)
	s.Unlabelled()
	got, err := job(s, 10).OpenIssue(t.Context(), about("since=1"))
	if got.Number != 8 || err == nil || !strings.Contains(err.Error(), `GitHub has left out the label "plimsoll" of issue 8: put it on`) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestIssuesAreSwitchedOff(t *testing.T) {
	s := serve(t)
	s.NoIssues()
	_, err := job(s, 10).ListIssues(t.Context(), "shop")
	want := `read the issues of example/shop: GitHub refuses it (410): "Issues has been disabled in this repository.": are issues switched on in the repository's settings?`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// The newest issues with the label are read, page by page, up to a bound.
func TestManyIssues(t *testing.T) {
	s := serve(t)
	for i := range 3_200 {
		s.PutIssue(githubtest.Issue{Title: "t", Author: "github-actions[bot]", Labels: []string{"plimsoll"}, Body: fmt.Sprintf("<!-- plimsoll issue=shop since=%d -->\n", i)})
	}
	ours := list(t, job(s, 10))
	if len(ours) != 3_000 || ours[0].Note != "since=200" || ours[2999].Note != "since=3199" {
		t.Errorf("%d issues are read, from %+v", len(ours), ours[0])
	}
	if n := len(s.Requests()); n != 31 { // 30 pages, and whose the token is
		t.Errorf("%d requests", n)
	}
}

func TestIssuesThatGitHubWouldRefuse(t *testing.T) {
	for name, change := range map[string]func(*github.Issue){
		"topic":  func(i *github.Issue) { i.Topic = "a b" },
		"note":   func(i *github.Issue) { i.Note = "a\nb" },
		"end":    func(i *github.Issue) { i.Note = "a --> b" },
		"spaces": func(i *github.Issue) { i.Note = " a" },
		"title":  func(i *github.Issue) { i.Title = strings.Repeat("ü", 257) },
		"none":   func(i *github.Issue) { i.Title = " " },
		"text":   func(i *github.Issue) { i.Text = strings.Repeat("ü", github.MaxComment) },
	} {
		s := serve(t)
		one := about("since=1")
		change(&one)
		one.Number = 8
		_, refused := job(s, 10).OpenIssue(t.Context(), one)
		for what, err := range map[string]error{"open": refused, "edit": job(s, 10).EditIssue(t.Context(), one), "close": job(s, 10).CloseIssue(t.Context(), one, "why", github.Completed)} {
			if err == nil || len(s.Requests()) > 0 {
				t.Errorf("%s, %s: %v, after %d requests", name, what, err, len(s.Requests()))
			}
		}
	}
	s := serve(t)
	if err := job(s, 10).CloseIssue(t.Context(), about("since=1"), " ", github.Completed); err == nil || len(s.Requests()) > 0 {
		t.Errorf("closed without a word: %v", err)
	}
}
