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

func TestMergeBase(t *testing.T) {
	s := serve(t)
	s.Commit("root")
	s.Commit("fork", "root")
	s.Commit("base", "fork")
	s.Commit("change", "fork")
	s.Commit("stranger")
	for _, test := range []struct{ base, head, want string }{
		{"base", "change", "fork"}, {"change", "base", "fork"}, {"base", "base", "base"}, {"root", "change", "root"},
	} {
		if got, err := job(s, 10).MergeBase(t.Context(), test.base, test.head); err != nil || got != test.want {
			t.Errorf("%+v: got %s, %v", test, got, err)
		}
	}
	for _, test := range []struct{ base, head, want string }{
		{"base", "stranger", `"No common ancestor between base and stranger."`}, {"base", "unknown", "404"}, {"", "base", "that takes two commits"},
	} {
		if got, err := job(s, 10).MergeBase(t.Context(), test.base, test.head); err == nil || !strings.Contains(err.Error(), test.want) || got != "" {
			t.Errorf("%+v: got %s, %v", test, got, err)
		}
	}
}

func TestAnAnswerWithoutCommits(t *testing.T) {
	s := serve(t)
	s.Fail(githubtest.Fault{Status: 200, Body: "[]"})
	got, err := job(s, 10).Ancestors(t.Context(), sha("a"), 10)
	if err == nil || got != nil || !strings.Contains(err.Error(), "GitHub lists no commits") {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAncestors(t *testing.T) {
	s := serve(t)
	var want []string
	for i := range 250 {
		one := fmt.Sprint("c", i)
		s.Commit(one, want[max(0, len(want)-1):]...)
		want = append(want, one)
	}
	slices.Reverse(want)
	for _, most := range []int{1, 99, 100, 101, 250, 1000} {
		got, err := job(s, 10).Ancestors(t.Context(), "c249", most)
		if err != nil || !slices.Equal(got, want[:min(most, 250)]) {
			t.Errorf("at most %d: %d, %v", most, len(got), err)
		}
	}
	if n := len(s.Requests()); n != 1+1+1+2+3+3 {
		t.Errorf("%d pages were read", n)
	}
	for _, test := range []struct {
		sha  string
		most int
	}{{"", 10}, {"c1", 0}, {"c1", -1}, {"unknown", 10}} {
		if got, err := job(s, 10).Ancestors(t.Context(), test.sha, test.most); err == nil || got != nil {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestFindPull(t *testing.T) {
	s := serve(t)
	const fork = "mallory/shop"
	s.Pull(githubtest.Pull{Number: 8, Head: "care", HeadSHA: sha("a"), HeadRepository: fork})
	s.Pull(githubtest.Pull{Number: 9, Head: "care", HeadSHA: sha("a"), HeadRepository: "mallory/another-shop"})
	s.Pull(githubtest.Pull{Number: 10, Head: "closed", HeadSHA: sha("c"), HeadRepository: fork})
	s.Close(10)
	s.Pull(githubtest.Pull{Number: 11, Head: "twice", HeadSHA: sha("d"), HeadRepository: fork})
	s.Pull(githubtest.Pull{Number: 12, Head: "twice", HeadSHA: sha("d"), HeadRepository: fork, Base: "release"})
	find := func(repository, branch, sha string) (int, error) {
		return job(s, 10).FindPull(t.Context(), repository, branch, sha)
	}
	if number, err := find(fork, "care", sha("a")); err != nil || number != 8 {
		t.Errorf("a fork's: %d, %v", number, err)
	}
	if number, err := find(repository, "care", sha("a")); err != nil || number != 7 {
		t.Errorf("our own: %d, %v", number, err)
	}
	s.Push(8, sha("b"))
	for name, one := range map[string][3]string{
		"moved on": {fork, "care", sha("a")}, "closed": {fork, "closed", sha("c")}, "another branch": {fork, "main", sha("b")},
		"another's": {"eve/shop", "care", sha("b")},
	} {
		if _, err := find(one[0], one[1], one[2]); !errors.Is(err, github.ErrNoPull) {
			t.Errorf("%s: got %v, want ErrNoPull", name, err)
		}
	}
	if _, err := find(fork, "twice", sha("d")); err == nil || errors.Is(err, github.ErrNoPull) || !strings.Contains(err.Error(), "several") {
		t.Errorf("two of one head: %v", err)
	}
	for _, one := range [][3]string{{"", "care", sha("a")}, {"shop", "care", sha("a")}, {fork, "", sha("a")}, {fork, "care", ""}} {
		if number, err := find(one[0], one[1], one[2]); err == nil {
			t.Errorf("%q: found %d", one, number)
		}
	}
}
