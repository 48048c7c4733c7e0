package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/result/whole"
)

// docsURL is where the report sends who wants to know more.
const docsURL = "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"

// commentFlags say when GitHub is told of a verdict, and how people can answer.
type commentFlags struct {
	Comment      string `enum:"auto,always,never" default:"auto" help:"When to comment on the pull request, in a workflow that runs for one: auto (when the verdict is not a pass, or a comment is there already), always or never."`
	CommentLogin string `placeholder:"LOGIN" help:"Who comments, such as my-app[bot], when the token is that of a GitHub App of yours."`
	AcceptLabel  string `default:"plimsoll-accepted" help:"The label that accepts a change for the worse on a pull request; empty for none."`
}

// publishFlags say what GitHub is told.
type publishFlags struct {
	commentFlags
	Check bool `help:"Write a check run with annotations too, in a workflow."`
}

// told is what GitHub is told of a verdict, or of there being none.
type told struct {
	outcome     string // pass, fail, inconclusive or error
	status      int    // that the process ends with
	headline    string // one line
	series      string // of the comment; empty when it is not known whose that would be
	summary     string
	comment     func(bytes int) string
	annotations []github.Annotation
}

// tell writes the step's outputs and summary, the comment and the check run. What GitHub does
// not take is a warning: the verdict stands.
func (f publishFlags) tell(a *app, workflow github.Run, t told) {
	if !workflow.InActions {
		return
	}
	a.verdict = t.outcome
	a.output("verdict", t.outcome)
	a.output("exit-code", strconv.Itoa(t.status))
	a.summarize(t.summary)
	if err := f.writeComment(a, workflow, t); err != nil {
		a.warn(err.Error() + "; the report is in the job's summary")
	}
	if err := f.writeCheck(a, workflow, t); err != nil {
		a.warn(err.Error())
	}
}

func (f commentFlags) writeComment(a *app, workflow github.Run, t told) error {
	if f.Comment == "never" || workflow.PullRequest == 0 || t.series == "" {
		return nil
	}
	comment := github.Comment{Series: t.series, Outcome: t.outcome, Body: t.comment}
	if f.Comment == "always" {
		comment.When = github.Always
	}
	api := a.api(workflow)
	api.Login = f.CommentLogin
	address, err := api.Comment(a.ctx, comment)
	if address != "" {
		a.output("comment-url", address)
	}
	return err
}

func (f publishFlags) writeCheck(a *app, workflow github.Run, t told) error {
	if !f.Check || t.series == "" {
		return nil
	}
	conclusion := "success"
	switch {
	case t.status != exitOK:
		conclusion = "failure"
	case t.outcome != gate.Pass.String():
		conclusion = "neutral" // let through, and not a pass
	}
	address, err := a.api(workflow).Check(a.ctx, github.Check{
		Name: "Plimsoll: " + t.series, Conclusion: conclusion, DetailsURL: workflow.RunURL(), Title: t.headline, Summary: t.comment(maxMarkdown), Annotations: t.annotations,
	})
	if address != "" {
		a.output("check-url", address)
	}
	return err
}

// dress adds to a report what this workflow run has to say in it.
func (f commentFlags) dress(rep *report.Report, workflow github.Run) {
	if workflow.InActions {
		rep.Links = report.Links{Run: workflow.RunURL(), Docs: docsURL}
	}
	if workflow.PullRequest != 0 {
		rep.Accept = f.AcceptLabel
	}
}

// api speaks to GitHub for a workflow run.
func (a *app) api(workflow github.Run) *github.API {
	if a.reach != nil {
		return a.reach(workflow)
	}
	return &github.API{Run: workflow, Token: a.token}
}

// commentSeries tells the comments on one pull request apart: of the jobs of a matrix, of the
// two modes, and of what differs in its --series.
func commentSeries(series, runner string, mode gate.Mode) string {
	if series == "" {
		return "" // it is not known whose comment that would be
	}
	if runner != "" {
		series += "/" + runner
	}
	if mode == gate.Paired {
		series += "/" + string(mode)
	}
	return series
}

// tellOf is what there is to tell of a report.
func tellOf(rep report.Report, status int) told {
	outcome := rep.Verdict.Outcome.String()
	if rep.Verdict.Outcome == gate.Unjudged {
		outcome = "error"
	}
	return told{
		outcome: outcome, status: status, headline: rep.Verdict.String(),
		series:  commentSeries(rep.Subject.Series, rep.Subject.Environment.Runner, rep.Verdict.Mode),
		summary: text(func(b *strings.Builder) error { return report.Summary(b, rep) }),
		comment: func(bytes int) string { return markdown(rep, bytes) },
	}
}

// publish tells GitHub of a verdict.
func (c *gateCmd) publish(a *app, asked *asked, workflow github.Run, rep report.Report, status int) {
	if !workflow.InActions {
		return
	}
	actions := github.NewActions(a.getenv, a.stderr)
	switch rep.Verdict.Outcome {
	case gate.Fail:
		actions.Error(rep.Verdict.String())
	case gate.Inconclusive:
		actions.Warning(rep.Verdict.String())
	}
	for name, path := range map[string]string{"report": c.Report, "verdict-file": c.VerdictFile} {
		if path != "" {
			a.output(name, absolute(path))
		}
	}
	a.output("result", absolute(c.file()))
	a.output("compared", strconv.Itoa(rep.Verdict.Compared))
	a.output("total", strconv.Itoa(rep.Verdict.Total))
	a.output("worst-change", worstChange(rep.Verdict))
	t := tellOf(rep, status)
	t.annotations = c.annotations(a, asked, rep.Verdict)
	c.tell(a, workflow, t)
}

// publishError tells GitHub that there is no verdict, so that no older one is left standing, and
// writes that into the verdict file for the job that may comment. Without a profile it is not known
// whose comment that would be: series is empty.
func (c *gateCmd) publishError(a *app, workflow github.Run, series string, err error) {
	mode := gate.Stored
	if c.paired() {
		mode = gate.Paired
	}
	shown := err
	if errors.As(err, &storeError{}) {
		shown = errors.New("the store of the baselines cannot be used: the job's log says why")
	}
	rep := report.Unjudged(shown, mode, report.Subject{
		Series: series, Repository: workflow.Repository, Commit: workflow.HeadSHA, Tool: version, Environment: result.Environment{Runner: a.getenv(runnerVariable)},
	})
	c.dress(&rep, workflow)
	if c.VerdictFile != "" && series != "" {
		write := func(w io.Writer) error { return report.Encode(w, rep) }
		if err := whole.Write(c.VerdictFile, write); err != nil {
			a.warn(err.Error())
		} else {
			a.output("verdict-file", absolute(c.VerdictFile))
		}
	}
	c.tell(a, workflow, tellOf(rep, exitStatus(err)))
}

// annotations are remarks at the routes that are worse, where the profile speaks of them.
func (c *gateCmd) annotations(a *app, asked *asked, v gate.Verdict) (all []github.Annotation) {
	path := filepath.Base(c.Profile)
	if below, err := git.Run(a.ctx, asked.dir, "rev-parse", "--show-prefix"); err == nil {
		path = below + path
	}
	for _, one := range v.Of(gate.Worse) {
		level := "failure"
		if v.Accepted != nil {
			level = "notice"
		}
		all = append(all, github.Annotation{
			Path: path, Line: max(asked.Line(one.Route), 1), Level: level,
			Title: "Plimsoll: " + gate.RouteName(one.Route), Message: one.Sentence(),
		})
	}
	return all
}

// worstChange is by how many percent the worst metric is worse; empty when none was compared.
func worstChange(v gate.Verdict) string {
	worst := math.Inf(-1)
	for _, c := range v.Comparisons {
		switch {
		case c.Status == gate.NotJudged || c.Metric == gate.FailureRate:
		case c.Metric == gate.Throughput:
			worst = max(worst, -c.Change)
		default:
			worst = max(worst, c.Change)
		}
	}
	if math.IsInf(worst, -1) {
		return ""
	}
	return fmt.Sprintf("%.1f", 100*worst)
}

// output sets one of the step's outputs, in a workflow.
func (a *app) output(name, value string) {
	if !a.inActions() {
		return
	}
	if err := github.NewActions(a.getenv, a.stderr).SetOutput(name, value); err != nil {
		a.warn(err.Error())
	}
}

// summarize adds to the job's summary, in a workflow.
func (a *app) summarize(markdown string) {
	if !a.inActions() {
		return
	}
	if err := github.NewActions(a.getenv, a.stderr).AddSummary(markdown); err != nil {
		a.warn(err.Error())
	}
}

// maxMarkdown is how long a report is at most, in bytes: GitHub takes 65,536 characters in a
// comment, and a marker stands before it.
const maxMarkdown = 60_000

func markdown(rep report.Report, bytes int) string {
	return text(func(b *strings.Builder) error { return report.Markdown(b, rep, bytes) })
}

// text is what write writes. What does not fit at all is empty, which nobody takes.
func text(write func(*strings.Builder) error) string {
	var b strings.Builder
	if err := write(&b); err != nil {
		return ""
	}
	return b.String()
}

// absolute is a path that the workflow's later steps understand, wherever they run.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
