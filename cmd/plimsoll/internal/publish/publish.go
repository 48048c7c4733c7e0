// Package publish tells GitHub of a verdict, or of there being none.
//
// A report goes in; what comes of it are the step's outputs and annotations, the job's summary, one comment
// on the pull request that is kept up to date, and a check run. Accept asks GitHub whether people have
// accepted the change. What GitHub does not take is a warning: the verdict stands, and so does the exit
// status. Outside of a workflow nothing happens. The package knows what is told and when; how GitHub takes
// it, gate/github knows.
package publish

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// docsURL is where a report sends a reader who wants to know more.
const docsURL = "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"

// Options say what to publish, and how people can answer.
type Options struct {
	Comment     string // auto, always or never
	Login       string // of the account that comments; empty for the usual bot
	AcceptLabel string // the label that accepts a change; empty for none
	Check       bool   // a check run is written too
}

// Publisher tells of the verdicts of one workflow run.
type Publisher struct {
	Console  *console.Console
	Workflow github.Run // zero outside of one
	Options
}

// Verdict tells of a verdict of a job. status is what the process exits with.
func (p Publisher) Verdict(ctx context.Context, j *job.Job, rep report.Report, files Files, status int) {
	if !p.Workflow.InActions {
		return
	}
	switch rep.Verdict.Outcome {
	case gate.Fail:
		p.Console.Error(report.Line(rep.Verdict))
	case gate.Inconclusive:
		p.Console.Warn(report.Line(rep.Verdict))
	}
	files.output(p.Console)
	p.Console.Output("compared", strconv.Itoa(rep.Verdict.Compared))
	p.Console.Output("total", strconv.Itoa(rep.Verdict.Total))
	p.Console.Output("worst-change", worstChange(rep.Verdict))
	m := messageOf(rep, status)
	m.annotations = p.annotations(ctx, j, rep.Verdict)
	p.tell(ctx, m)
}

// Error tells that there is no verdict, so that no older one is left standing, and writes that into the
// report and into the verdict file for the job that may comment. Without a profile nobody knows whose comment
// that would be: series is empty. The last lines of a system that failed are in the job's summary alone:
// GitHub masks secrets there as it does in the log.
func (p Publisher) Error(ctx context.Context, series string, mode gate.Mode, files Files, err error) {
	rep := report.Unjudged(storage.Public(err), mode, report.Subject{
		Series: series, Repository: p.Workflow.Repository, Commit: p.Workflow.HeadSHA, Tool: p.Console.Version,
		Environment: result.Environment{Runner: p.Console.Env.Get(environ.RunnerImage)},
	})
	p.Dress(&rep)
	if series == "" {
		files.Verdict = ""
	}
	files.Result = "" // there may be none
	if err := files.Write(rep); err != nil {
		p.Console.Warn(err.Error())
	} else {
		files.output(p.Console)
	}
	m := messageOf(rep, exit.Status(err))
	var failure *runner.Failure
	if errors.As(err, &failure) {
		m.summary += text(func(b *strings.Builder) error { return report.Output(b, failure.Output) })
	}
	p.tell(ctx, m)
}

// Dress adds to a report what this workflow run has to say in it.
func (p Publisher) Dress(rep *report.Report) {
	if p.Workflow.InActions {
		rep.Links = report.Links{Run: p.Workflow.RunURL(), Docs: docsURL}
	}
	if p.Workflow.PullRequest != 0 {
		rep.Accept = p.AcceptLabel
	}
}

// Follow tells of a report in a workflow that follows the one which measured: outputs, summary and comment.
// Unlike Verdict it returns GitHub's errors, since commenting is its only purpose.
func (p Publisher) Follow(ctx context.Context, rep report.Report) (outcome string, err error) {
	measured := p
	measured.Workflow.ID, measured.Workflow.Attempt = p.Workflow.Source.ID, p.Workflow.Source.Attempt // the run whose log is worth reading
	measured.Dress(&rep)
	m := messageOf(rep, exit.OK)
	p.Console.Output("verdict", m.outcome)
	p.Console.Summarize(m.summary)
	return m.outcome, p.comment(ctx, m)
}

// message is what to publish about a verdict, or about an error instead of one.
type message struct {
	outcome     string // pass, fail, inconclusive or error
	status      int    // that the process exits with
	headline    string // one line
	series      string // of the comment; empty when nobody knows whose that would be
	telling     bool   // a comment is worth writing though it is a pass: the load has changed
	summary     string // markdown
	body        func(bytes int) string
	annotations []github.Annotation
}

func messageOf(rep report.Report, status int) message {
	outcome := rep.Verdict.Outcome.String()
	if rep.Verdict.Outcome == gate.Unjudged {
		outcome = "error"
	}
	return message{
		outcome: outcome, status: status, headline: report.Line(rep.Verdict), series: commentSeries(rep), telling: len(rep.Verdict.Changed) > 0,
		summary: text(func(b *strings.Builder) error { return report.Summary(b, rep) }),
		body: func(bytes int) string {
			return text(func(b *strings.Builder) error { return report.Markdown(b, rep, bytes) })
		},
	}
}

// commentSeries tells the comments on one pull request apart: those of a matrix's jobs, of the two modes,
// and of what differs in its --series.
func commentSeries(rep report.Report) string {
	series := rep.Subject.Series
	if series == "" {
		return ""
	}
	if runner := rep.Subject.Environment.Runner; runner != "" {
		series += "/" + runner
	}
	if rep.Verdict.Mode == gate.Paired {
		series += "/" + string(gate.Paired)
	}
	return series
}

// tell writes the step's outputs and summary, the comment and the check run.
func (p Publisher) tell(ctx context.Context, m message) {
	if !p.Workflow.InActions {
		return
	}
	p.Console.Output("verdict", m.outcome)
	p.Console.Output("exit-code", strconv.Itoa(m.status))
	p.Console.Summarize(m.summary)
	if err := p.comment(ctx, m); err != nil {
		p.Console.Warn(err.Error() + "; the report is in the job's summary")
	}
	if err := p.check(ctx, m); err != nil {
		p.Console.Warn(err.Error())
	}
}

func (p Publisher) comment(ctx context.Context, m message) error {
	if p.Comment == "never" || p.Workflow.PullRequest == 0 || m.series == "" {
		return nil
	}
	comment := github.Comment{Series: m.series, Outcome: m.outcome, Body: m.body}
	if p.Comment == "always" || m.telling {
		comment.When = github.Always
	}
	api := p.Console.API(p.Workflow)
	api.Login = p.Login
	address, err := api.Comment(ctx, comment)
	if address != "" {
		p.Console.Output("comment-url", address)
	}
	return err
}

func (p Publisher) check(ctx context.Context, m message) error {
	if !p.Check || m.series == "" {
		return nil
	}
	conclusion := "success"
	switch {
	case m.status != exit.OK:
		conclusion = "failure"
	case m.outcome != gate.Pass.String():
		conclusion = "neutral" // the job goes on, and it is not a pass
	}
	address, err := p.Console.API(p.Workflow).Check(ctx, github.Check{
		Name: "Plimsoll: " + m.series, Conclusion: conclusion, DetailsURL: p.Workflow.RunURL(), Title: m.headline, Summary: m.body(maxMarkdown), Annotations: m.annotations,
	})
	if address != "" {
		p.Console.Output("check-url", address)
	}
	return err
}

// annotations are remarks at the routes that are worse, where the profile speaks of them.
func (p Publisher) annotations(ctx context.Context, j *job.Job, v gate.Verdict) (all []github.Annotation) {
	path := filepath.Base(j.File)
	if below, err := p.Console.Git(j.Dir).Run(ctx, "rev-parse", "--show-prefix"); err == nil {
		path = below + path
	}
	level := "failure"
	if v.Accepted != nil {
		level = "notice"
	}
	for _, one := range v.Of(gate.Worse) {
		reason, _ := v.Reason(one) // what is worse always is one
		all = append(all, github.Annotation{
			Path: path, Line: max(j.Line(one.Route), 1), Level: level, Title: "Plimsoll: " + report.RouteName(one.Route), Message: report.Sentence(reason),
		})
	}
	return all
}

// text is what write writes. What does not fit at all is empty, and nobody publishes that.
func text(write func(*strings.Builder) error) string {
	var b strings.Builder
	if err := write(&b); err != nil {
		return ""
	}
	return b.String()
}
