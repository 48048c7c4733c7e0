// Package issues opens an issue on GitHub when figures of the main branch get worse, and closes it when that is over.
//
// Package site finds the steps in the runs of a store. Steps to the worse that begin at about the same run share one issue.
// It is closed when the run is accepted or excluded, or when the old level is back. The first line of each issue holds a
// note, so no step gets a second issue, whichever job or machine runs this. If GitHub refuses something, the user gets a
// warning. Outside a workflow no issue is opened, and a sentence says so.
package issues

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// newestRuns is how many runs of the branch are looked at. The more there are, the more runs a new level needs to show.
const newestRuns = 300

// mostNew is how many issues one run opens, the newest first. The next run opens the others.
const mostNew = 10

// Teller opens and closes the issues of one branch.
type Teller struct {
	Console  *console.Console
	Workflow github.Run // zero outside of one
	Login    string     // of the account that opens issues; empty for the usual ones
}

// Main is the name of the main branch. named is what the profile calls it; empty for nothing.
func (t Teller) Main(named string) string { return cmp.Or(named, t.Workflow.DefaultBranch, "main") }

// Tell opens and closes the issues of the group that a stored run belongs to. Only errors of the store are errors.
func (t Teller) Tell(ctx context.Context, store baseline.Store, run baseline.Info) error {
	switch {
	case !t.Workflow.InActions:
		_, err := fmt.Fprintln(t.Console.Stdout, "history.issues: steps become issues only in a workflow on GitHub. None was opened or closed.")
		return err
	case t.Workflow.Repository != run.Repository:
		_, err := fmt.Fprintf(t.Console.Stdout, "history.issues: this run is of the repository %.200q. The issues of %s are left as they are.\n", run.Repository, t.Workflow.Repository)
		return err
	}
	records, _, err := site.Read(ctx, store, baseline.Query{Series: run.Series, Repository: run.Repository, Branch: run.Branch, SinceAccepted: true, Limit: newestRuns})
	if err != nil {
		return fmt.Errorf("read the history for issues: %w", err)
	}
	h := site.Build(records, site.Options{})
	g := h.Group(site.Slug(run.Series, run.Repository, run.Branch))
	if g == nil {
		return nil // every run was removed in the meantime
	}
	if err := t.settle(ctx, g); err != nil {
		t.Console.Warn("history.issues: " + err.Error())
	}
	return nil
}

// settle brings the issues in line with a group. It stops at the first error of GitHub's.
func (t Teller) settle(ctx context.Context, g *site.Group) error {
	api := t.Console.API(t.Workflow)
	api.Login = t.Login
	listed, err := api.ListIssues(ctx, g.Slug)
	if err != nil {
		return err
	}
	told, setbacks := read(listed), g.Setbacks()
	for i, one := range told {
		if !one.ours() {
			continue
		}
		if err := t.renew(ctx, api, g, one, told[:i], setbacks); err != nil {
			return err
		}
	}
	var opened []github.Issue
	for _, s := range setbacks {
		s = s.Standing()
		known := slices.ContainsFunc(told, func(one issue) bool { return g.IsAt(s, one.since) })
		if len(s.Falls) == 0 || known || len(opened) == mostNew {
			continue
		}
		var one github.Issue
		if one, err = api.OpenIssue(ctx, t.issue(ctx, g, s).Issue); one.Number != 0 {
			opened = append(opened, one)
			err = errors.Join(err, t.say("Opened issue "+one.Address, ": "+one.Title))
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, t.withdraw(ctx, api, g, opened))
}

// renew closes an open issue that is over, or adds the figures that got worse since it was written.
func (t Teller) renew(ctx context.Context, api *github.API, g *site.Group, one issue, earlier []issue, setbacks []site.Setback) error {
	now := slices.IndexFunc(setbacks, func(s site.Setback) bool { return g.IsAt(s, one.since) })
	if why, over := t.over(g, one, earlier, now >= 0); over {
		return t.close(ctx, api, one, why)
	}
	if now < 0 {
		return nil
	}
	standing := g.From(setbacks[now].Standing(), one.run)
	if len(noted(standing)) <= len(one.falls) {
		return nil
	}
	written := t.issue(ctx, g, standing)
	one.falls, one.Text = written.falls, written.Text
	one.Note = one.note()
	return api.EditIssue(ctx, one.Issue)
}

// withdraw closes the issues that were just opened while another job opened one about the same: the first one stays.
func (t Teller) withdraw(ctx context.Context, api *github.API, g *site.Group, opened []github.Issue) error {
	if len(opened) == 0 {
		return nil
	}
	api.Login = opened[0].Author
	listed, err := api.ListIssues(ctx, g.Slug)
	if err != nil {
		return err
	}
	told := read(listed)
	for i, one := range told {
		if !slices.ContainsFunc(opened, func(o github.Issue) bool { return o.Number == one.Number }) || !one.ours() {
			continue
		}
		if why, is := twin(g, one, told[:i]); is {
			if err := t.close(ctx, api, one, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// ending is why an issue is closed.
type ending struct {
	word    string // for the note
	comment string
	reason  github.Reason
	told    string // for the terminal
}

// over reports whether an open issue should be closed, and why. earlier lists the issues before it. found is true if the
// history still shows the step.
func (t Teller) over(g *site.Group, one issue, earlier []issue, found bool) (why ending, over bool) {
	if mark, accepted := g.AcceptedAt(one.since); accepted {
		return ending{"accepted", settled(mark.ID, mark.Accepted).Accepted(), github.Completed, "it was accepted"}, true
	}
	if why, is := twin(g, one, earlier); is {
		return why, true
	}
	if found {
		return why, false
	}
	switch run, there := g.Run(one.run); {
	case there && run.Excluded != nil:
		return ending{"excluded", settled(run.ID, run.Excluded).Excluded(), github.NotPlanned, "its run was excluded"}, true
	case !there && !one.since.Before(g.Records[0].Started):
		return ending{"removed", report.Removed(one.run), github.NotPlanned, "its run was removed"}, true
	}
	rows, back := recovered(g, one)
	return ending{"back", report.Recovered(rows), github.Completed, "the level is back"}, back
}

// twin finds an earlier issue about the same.
func twin(g *site.Group, one issue, earlier []issue) (why ending, is bool) {
	i := slices.IndexFunc(earlier, func(e issue) bool { return e.closed != "twin" && g.Near(one.run, e.since) })
	if i < 0 {
		return why, false
	}
	return ending{"twin", report.Twin(earlier[i].Number), github.NotPlanned, fmt.Sprintf("issue %d is about the same", earlier[i].Number)}, true
}

// recovered reports whether every figure of an issue is back at its level before, and where it is now.
func recovered(g *site.Group, one issue) (rows []report.SetbackRow, back bool) {
	for _, f := range one.falls {
		now, known := g.Now(f.id, f.before, f.after, one.since)
		if !known || !now.Back {
			return nil, false
		}
		rows = append(rows, report.SetbackRow{Route: now.Route, Figure: now.Figure, Is: now.Is})
	}
	return rows, len(rows) > 0
}

func settled(run string, m *baseline.Mark) report.Settled {
	return report.Settled{Run: run, By: m.By, Why: m.Why, At: m.At}
}

// close closes an issue and says so.
func (t Teller) close(ctx context.Context, api *github.API, one issue, why ending) error {
	one.closed = why.word
	one.Note = one.note()
	if err := api.CloseIssue(ctx, one.Issue, why.comment, why.reason); err != nil {
		return err
	}
	return t.say("Closed issue "+one.Address, ": "+why.told+".")
}

// say tells the terminal, and in short the job's summary, where the names of routes would be markup.
func (t Teller) say(short, rest string) error {
	t.Console.Summarize(short + "\n")
	_, err := fmt.Fprintln(t.Console.Stdout, short+rest)
	return err
}

// issue puts a setback into words.
func (t Teller) issue(ctx context.Context, g *site.Group, s site.Setback) issue {
	commits := fmt.Sprintf("%s/%s", strings.TrimSuffix(t.Workflow.ServerURL, "/"), t.Workflow.Repository)
	r := report.Setback{
		Series: g.Series, Branch: g.Branch, Run: s.Run.ID, When: s.Run.Started, Commit: s.Run.Commit, Author: t.author(ctx, s.Run.Commit),
		Before: s.Before, Profile: s.Profile, Commits: commits + "/commit/" + s.Run.Commit, Compare: commits + "/compare/" + s.Before + "..." + s.Run.Commit,
	}
	for _, f := range s.Falls {
		r.Rows = append(r.Rows, report.SetbackRow{Route: f.Route, Figure: f.Figure, Environment: f.Environment, Was: f.Was, Is: f.Is, Change: f.Change, Commit: f.Commit})
	}
	if at := strings.TrimRight(t.Console.Env.Get(environ.HistoryURL), "/"); at != "" {
		r.History = at + "/" + s.Falls[0].Page
	}
	one := issue{Issue: github.Issue{Topic: g.Slug, Title: r.Title(), Text: r.Markdown()}, since: s.Run.Started, run: s.Run.ID, falls: noted(s)}
	one.Note = one.note()
	return one
}

// sha matches whole commit IDs, so that git takes none for a flag.
var sha = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// author returns the author of a commit; empty if git does not know it.
func (t Teller) author(ctx context.Context, commit string) string {
	if !sha.MatchString(commit) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	name, err := t.Console.Git(".").Run(ctx, "log", "-1", "--format=%aN", commit)
	if err != nil {
		return ""
	}
	return name
}
