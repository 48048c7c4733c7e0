package github_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// check is a failed check run with a number of annotations.
func check(annotations int) github.Check {
	c := github.Check{Name: "Plimsoll / shop", Conclusion: "failure", Title: "1 route is slower", Summary: "### fail\n"}
	for i := range annotations {
		c.Annotations = append(c.Annotations, github.Annotation{
			Path: "plimsoll.yaml", Line: i, Level: "failure", Title: "slower", Message: fmt.Sprintf("route %d is slower", i),
		})
	}
	return c
}

func TestCheck(t *testing.T) {
	for _, annotations := range []int{0, 1, 50, 51, 100, 230} {
		s := serve(t)
		address, err := job(s, 10).Check(t.Context(), check(annotations))
		if err != nil || address == "" {
			t.Fatalf("%s, %v", address, err)
		}
		got := s.Checks()
		if len(got) != 1 || len(got[0].Annotations) != annotations {
			t.Fatalf("%d annotations: %d check runs, %+v", annotations, len(got), got)
		}
		one := got[0]
		if one.HeadSHA != sha("a") || one.Status != "completed" || one.Conclusion != "failure" || one.Title != "1 route is slower" ||
			one.DetailsURL != "https://github.com/example/shop/actions/runs/10/attempts/1" {
			t.Errorf("got %+v", one)
		}
		for i, a := range one.Annotations {
			if want := fmt.Sprintf("route %d is slower", i); a.Message != want || a.Line < 1 {
				t.Fatalf("annotation %d: %+v", i, a)
			}
		}
		if want := 2 + max(0, (annotations-1)/50); len(s.Requests()) != want {
			t.Errorf("%d annotations: %d requests, want %d", annotations, len(s.Requests()), want)
		}
	}
}

func TestACheckIsOneForEachAttempt(t *testing.T) {
	s := serve(t)
	write := func(attempt int64, c github.Check) {
		t.Helper()
		a := job(s, 10)
		a.Run.Attempt = attempt
		if _, err := a.Check(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	write(1, check(3))
	better := check(3)
	better.Conclusion, better.Summary = "success", "better"
	write(1, better)
	if got := s.Checks(); len(got) != 1 || got[0].Conclusion != "success" || got[0].Summary != "better" || len(got[0].Annotations) != 3 {
		t.Errorf("again in the same attempt: %+v", got)
	}
	write(2, check(0))
	other := check(0)
	other.Name = "Plimsoll / other"
	write(2, other)
	if got := s.Checks(); len(got) != 3 {
		t.Errorf("another attempt and another name: %+v", got)
	}
}

func TestWhatIsTooLongIsCutAtALine(t *testing.T) {
	s := serve(t)
	long := check(1)
	long.Summary = "first line\n" + strings.Repeat("| ä | 1 |\n", 10_000)
	long.Annotations[0].Message, long.Annotations[0].Title = strings.Repeat("ü", 70_000), strings.Repeat("ö", 300)
	if _, err := job(s, 10).Check(t.Context(), long); err != nil {
		t.Fatal(err)
	}
	got := s.Checks()[0]
	if n := len(got.Summary); n > 65_535 || n < 65_000 || !strings.HasSuffix(got.Summary, "| ä | 1 |\n… cut here: GitHub takes no more.\n") {
		t.Errorf("the summary has %d bytes and ends in %q", n, got.Summary[n-60:])
	}
	if message := got.Annotations[0].Message; len(message) > 64_000 || strings.ContainsRune(message, '\uFFFD') {
		t.Errorf("the message has %d bytes", len(message))
	}
}

func TestACheckForAPush(t *testing.T) {
	s := serve(t)
	a := job(s, 10)
	a.Run.PullRequest, a.Run.HeadSHA = 0, ""
	if _, err := a.Check(t.Context(), check(0)); err != nil || s.Checks()[0].HeadSHA != sha("f") {
		t.Errorf("%v, %+v", err, s.Checks())
	}
	a.Run.SHA = ""
	if _, err := a.Check(t.Context(), check(0)); err == nil {
		t.Error("a check run on no commit")
	}
	s.As("ada")
	if _, err := job(s, 10).Check(t.Context(), check(0)); err == nil || !strings.Contains(err.Error(), "authenticate via a GitHub App") {
		t.Errorf("a person's token: %v", err)
	}
}
