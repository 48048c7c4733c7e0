package issues_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/baseline/storetest"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/issues"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/github/githubtest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

func TestAStepIsToldOnce(t *testing.T) {
	b := stepped(t)
	b.env = []string{"PLIMSOLL_HISTORY_URL=https://acme.github.io/shop/"}
	for range 3 {
		b.tell()
	}
	one := b.want("open")[0]
	first := b.runs[20]
	for _, want := range []string{
		"<!-- plimsoll issue=shop-main-", fmt.Sprintf(" since=%d run=%s closed=no falls=", first.Started.UnixMicro(), first.ID),
		"3 figures of `shop` got worse on `main` and stayed so, since run `" + first.ID[:12] + "` of commit [`000000000000`](https://github.com/example/shop/commit/" + first.Commit + ") on 2026-03-21.",
		"[what changed](https://github.com/example/shop/compare/" + b.runs[19].Commit + "..." + first.Commit + ")",
		"| `GET /items` | p95    |", "[History](https://acme.github.io/shop/history/shop-main-", "`plimsoll baseline accept " + first.ID[:12] + " --why REASON`",
	} {
		if !strings.Contains(one.Body, want) {
			t.Errorf("the issue lacks %q:\n%s", want, one.Body)
		}
	}
	if !regexp.MustCompile(`^shop: p(50|95|99) of GET /items went from [0-9.]+ ms to [0-9.]+ ms, and 2 more figures got worse$`).MatchString(one.Title) {
		t.Errorf("the title is %q", one.Title)
	}
	writes := 0
	for _, r := range b.hub.Requests() {
		if r.Method != "GET" {
			writes++
		}
	}
	if writes != 1 || b.stdout.String() != "" {
		t.Errorf("%d requests wrote something; at last it said %q", writes, b.stdout.String())
	}
}

// Runs of another series have issues of their own, and those of another repository none here.
func TestOtherGroupsAreTheirOwn(t *testing.T) {
	for name, change := range map[string]storetest.Change{
		"series":     func(r *result.Result) { r.Series = "shop-arm" },
		"branch":     func(r *result.Result) { r.Branch = "stable" },
		"repository": func(r *result.Result) { r.Repository = "example/other" },
	} {
		b := stepped(t)
		b.tell()
		b.want("open")
		b.add(20, 1, "", change)
		b.tell()
		b.want("open")
		b.add(12, 1.4, items, change)
		b.tell()
		if name == "repository" {
			b.want("open")
			if !strings.Contains(b.stdout.String(), `this run is of the repository "example/other". The issues of example/shop are left as they are.`) {
				t.Errorf("it says %q", b.stdout.String())
			}
			continue
		}
		all := b.want("open", "open")
		if name == "series" && !strings.HasPrefix(all[1].Title, "shop-arm: ") || name == "branch" && !strings.Contains(all[1].Body, "got worse on `stable`") {
			t.Errorf("the issue of another %s is %+v", name, all[1])
		}
	}
}

func TestClosedWhenAccepted(t *testing.T) {
	b := stepped(t)
	b.tell()
	number := b.want("open")[0].Number
	if err := b.store.Accept(t.Context(), b.runs[21].ID, baseline.Mark{By: "ana", Why: "<img src=x> taxes @octocat", At: time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.add(1, 1.4, items)
		b.tell()
		b.want("closed completed")
	}
	if want := "Closed: `ana` accepted run `" + b.runs[21].ID[:12] + "` on 2026-04-02: `<img src=x> taxes @octocat`."; !strings.HasPrefix(b.closing(number), want) {
		t.Errorf("the comment is %q, want %q", b.closing(number), want)
	}
	b.add(12, 1.9, items)
	b.tell()
	b.want("closed completed", "open")
}

func TestClosedWhenExcluded(t *testing.T) {
	b := stepped(t)
	b.tell()
	number := b.want("open")[0].Number
	for _, run := range b.runs[20:] {
		if err := b.store.Exclude(t.Context(), run.ID, baseline.Mark{By: "ana", Why: "the disk was full", At: run.Started}); err != nil {
			t.Fatal(err)
		}
	}
	b.add(1, 1, "")
	b.tell()
	b.want("closed not_planned")
	if got := b.closing(number); !strings.Contains(got, "`ana` excluded run `"+b.runs[20].ID[:12]+"`") || !strings.Contains(got, "`the disk was full`") {
		t.Errorf("the comment is %q", got)
	}
}

func TestClosedWhenRemoved(t *testing.T) {
	b := stepped(t)
	b.tell()
	number := b.want("open")[0].Number
	for _, run := range b.runs[20:] {
		if err := b.store.Remove(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.add(1, 1, "")
	b.tell()
	b.want("closed not_planned")
	if got := b.closing(number); !strings.Contains(got, "was removed from the store") {
		t.Errorf("the comment is %q", got)
	}
}

// The level may come back before anybody can find a step of it, and after the runs before it are gone.
func TestClosedWhenTheLevelIsBack(t *testing.T) {
	for name, test := range map[string]struct {
		after int // runs on the slow level, past the twelve
		fast  float64
		prune int
		open  int // runs on the fast level after which it is still open
		gone  int // and is closed
	}{
		"soon":           {0, 1, 0, 3, 12},
		"late":           {30, 1, 0, 4, 14},
		"faster even":    {0, 0.7, 0, 3, 14},
		"after a prune":  {30, 1, 20, 4, 24},
		"by half, never": {0, 1.2, 0, 30, 0},
	} {
		b := stepped(t)
		b.tell()
		number := b.want("open")[0].Number
		b.add(test.after, 1.4, items)
		b.tell()
		for _, run := range b.runs[:test.prune] {
			if err := b.store.Remove(t.Context(), run.ID); err != nil {
				t.Fatal(err)
			}
		}
		closed := 0
		for i := range max(test.open, test.gone) {
			b.add(1, test.fast, items)
			b.tell()
			if closed == 0 && b.hub.Issues()[0].Closed {
				closed = i + 1
			}
		}
		if closed > 0 && closed <= test.open || (closed > 0) != (test.gone > 0) {
			t.Errorf("%s: closed after %d runs, want more than %d and at most %d", name, closed, test.open, test.gone)
		}
		if closed == 0 {
			continue
		}
		b.want("closed completed")
		if got := b.closing(number); !strings.HasPrefix(got, "Closed: the level came back.") || !strings.Contains(got, "- p95 of `GET /items`: ") {
			t.Errorf("%s: the comment is %q", name, got)
		}
	}
}

// What a person does with an issue stays.
func TestPeopleDecide(t *testing.T) {
	b := stepped(t)
	b.tell()
	number := b.want("open")[0].Number
	b.hub.ChangeIssue(number, func(i *githubtest.Issue) { i.Closed, i.Reason = true, "not_planned" })
	b.add(5, 1.4, items)
	b.tell()
	b.add(12, 1, "")
	b.tell()
	b.want("closed not_planned")
	if n := len(b.hub.Comments(number)); n > 0 {
		t.Errorf("there are %d comments on what a person closed", n)
	}
	// Opened again by a person, it is as before, and the level is back.
	b.hub.ChangeIssue(number, func(i *githubtest.Issue) { i.Closed, i.Reason = false, "reopened" })
	b.tell()
	b.want("closed completed")
	// Plimsoll has closed it now. Opened again, it is that person's.
	b.hub.ChangeIssue(number, func(i *githubtest.Issue) { i.Closed, i.Reason = false, "reopened" })
	b.add(1, 1, "")
	b.tell()
	b.want("open")
	b.closing(number)
}

// Figures that show the same step later are added to the issue, and it is closed when all are back.
func TestFiguresThatFollow(t *testing.T) {
	b := stepped(t)
	b.tell()
	before := b.want("open")[0]
	b.hub.ChangeIssue(before.Number, func(i *githubtest.Issue) { // as if p95 alone had been seen then
		note := regexp.MustCompile(`falls=([0-9a-f]{16}:\S+?),\S+ -->`)
		i.Body = note.ReplaceAllString(i.Body, "falls=$1 -->")
		i.Body = i.Body[:strings.Index(i.Body, "\n")+1] + "one figure\n"
	})
	b.tell()
	after := b.want("open")[0]
	if after.Body != before.Body || after.Title != before.Title {
		t.Errorf("it is\n%s\nwant\n%s", after.Body, before.Body)
	}
}

// Jobs that run at once tell a step once.
func TestTwoJobsAtOnce(t *testing.T) {
	b := stepped(t)
	b.hub.Before("POST", "/issues", func() { // the other job is quicker, after this one has looked
		other := &branch{T: t, hub: b.hub, store: b.store, runs: b.runs}
		other.tell()
	})
	b.tell()
	all := b.want("open", "closed not_planned")
	if got, want := b.closing(all[1].Number), fmt.Sprintf("Closed: #%d is about the same change.\n", all[0].Number); got != want {
		t.Errorf("the comment is %q, want %q", got, want)
	}
	b.add(2, 1.4, items)
	b.tell()
	b.want("open", "closed not_planned")
	if !strings.Contains(b.hub.Issues()[0].Body, "closed=no") {
		t.Error("the one that stays was touched")
	}
}

// A job that ends before it has closed its twin leaves that to the next one.
func TestATwinThatWasLeft(t *testing.T) {
	b := stepped(t)
	b.tell()
	one := b.want("open")[0]
	b.hub.PutIssue(one)
	b.add(1, 1.4, items)
	b.tell()
	b.want("open", "closed not_planned")
}

func TestManySetbacks(t *testing.T) {
	b := newBranch(t)
	times := 1.0
	for range 14 {
		b.add(14, times, items)
		times *= 1.3
	}
	b.tell()
	if n := len(b.hub.Issues()); n != 10 {
		t.Fatalf("%d issues are opened at once", n)
	}
	b.tell()
	if n := len(b.hub.Issues()); n != 13 {
		t.Errorf("%d issues are opened in two runs", n)
	}
}

// A route's name is a stranger's. It changes nothing but its own place.
func TestHostileNames(t *testing.T) {
	name := "GET /`x`|<img src=x>--> <!-- @octocat [a](http://evil.example) \u202e#1"
	rename := func(r *result.Result) {
		for i := range r.Rounds {
			r.Rounds[i].Figures[name] = r.Rounds[i].Figures[items]
			delete(r.Rounds[i].Figures, items)
		}
		r.Tally.Routes[name] = r.Tally.Routes[items]
		delete(r.Tally.Routes, items)
	}
	b := newBranch(t)
	b.add(20, 1, "", rename)
	b.add(12, 1.4, items, rename)
	dir := t.TempDir()
	summary := filepath.Join(dir, "summary")
	b.env = []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary}
	b.tell()
	b.tell()
	one := b.want("open")[0]
	cell := "``GET /`x`\\|<img src=x>--> <!-- @octocat [a](http://evil.example) #1``"
	if strings.Count(one.Body, cell) != 3 || strings.Count(one.Body, "octocat") != 3 {
		t.Errorf("the issue is\n%s", one.Body)
	}
	if text, err := os.ReadFile(summary); err != nil || string(text) != "Opened issue https://github.com/example/shop/issues/1\n\n" {
		t.Errorf("the job's summary is %q, %v", text, err)
	}
}

func TestTheAuthorIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	git := func(args ...string) string {
		command := exec.Command("git", args...)
		command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=Grace `Hopper`", "GIT_AUTHOR_EMAIL=g@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, output)
		}
		return strings.TrimSpace(string(output))
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "slower")
	head := git("rev-parse", "HEAD")
	b := newBranch(t)
	b.env = os.Environ()
	b.add(20, 1, "")
	b.add(1, 1.4, items, func(r *result.Result) { r.Commit = head })
	b.add(11, 1.4, items)
	b.tell()
	if one := b.want("open")[0]; !strings.Contains(one.Body, "by ``Grace `Hopper` `` on 2026-03-21") && !strings.Contains(one.Body, "by `` Grace `Hopper` `` on 2026-03-21") {
		t.Errorf("the issue is\n%s", one.Body)
	}
}

// Whatever GitHub refuses is one warning, and what was told before stays known.
func TestWhatGitHubRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*githubtest.Server)
		want    string
	}{
		"no right to write": {(*githubtest.Server).ReadOnly, "history.issues: open an issue in example/shop: the token may not do that (403): the job needs permissions: issues: write"},
		"no right at all":   {func(s *githubtest.Server) { s.Deny("/issues") }, "history.issues: read the issues of example/shop: the token may not do that (403): the job needs permissions: issues: write"},
		"no issues":         {(*githubtest.Server).NoIssues, "are issues switched on in the repository's settings?"},
		"down": {func(s *githubtest.Server) {
			s.Fail(slices.Repeat([]githubtest.Fault{{Status: 500}}, 4)...)
		}, "GitHub is in trouble (500): run the job again later"},
		"no label": {(*githubtest.Server).Unlabelled, `GitHub has left out the label "plimsoll" of issue 1`},
	} {
		b := stepped(t)
		test.prepare(b.hub)
		b.tell()
		if got := b.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, test.want) {
			t.Errorf("%s: it warns %q, want %q", name, got, test.want)
		}
	}
}

func TestOutsideOfAWorkflow(t *testing.T) {
	b := stepped(t)
	b.tellAs(func(teller *issues.Teller) { teller.Workflow = github.Run{} })
	b.want()
	if got := b.stdout.String(); got != "history.issues: steps become issues only in a workflow on GitHub. None was opened or closed.\n" || b.stderr.Len() > 0 {
		t.Errorf("it says %q and %q", got, b.stderr.String())
	}
}

func TestTheMainBranch(t *testing.T) {
	for want, run := range map[string]github.Run{"main": {}, "trunk": {DefaultBranch: "trunk"}} {
		if got := (issues.Teller{Workflow: run}).Main(""); got != want {
			t.Errorf("the main branch is %q, want %q", got, want)
		}
	}
	if got := (issues.Teller{Workflow: github.Run{DefaultBranch: "trunk"}}).Main("stable"); got != "stable" {
		t.Errorf("the profile's main branch is %q", got)
	}
}
