// Package publish publishes a verdict, or the lack of one, on GitHub.
//
// A report goes in. The step's outputs and annotations, the job's summary, one comment on the pull request, and a
// check run come out. Accept asks GitHub whether people have accepted the change. If GitHub refuses something, that is
// a warning: the verdict and the exit status stay. Outside of a workflow nothing happens. This package decides what to
// publish and when; gate/github knows the API.
package publish

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/environ"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/site"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/storage"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// docsURL is the page that a report links to.
const docsURL = "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"

// Options say what to publish, and how people can answer.
type Options struct {
	Comment     string // auto, always or never
	Login       string // of the account that comments; empty for the usual bot
	AcceptLabel string // the label that accepts a change; empty for none
	Check       bool   // a check run is written too
}

// Publisher publishes the verdicts of one workflow run.
type Publisher struct {
	Console  *console.Console
	Workflow github.Run // zero outside of one
	Options
}

// Verdict publishes the verdict of a job. status is the exit status of the process.
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

// Error publishes that there is no verdict, in place of an older one. It also writes the report, and the verdict file
// for the job that may comment. series is empty without a profile: then it is not known which comment to edit. Only the
// job's summary has the output of a system that failed, since GitHub masks secrets there as in the log. It returns the
// report.
func (p Publisher) Error(ctx context.Context, series string, mode gate.Mode, files Files, err error) report.Report {
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
	return rep
}

// Dress adds this workflow run's details to a report.
func (p Publisher) Dress(rep *report.Report) {
	if p.Workflow.InActions {
		rep.Links = report.Links{Run: p.Workflow.RunURL(), History: p.history(rep), Docs: docsURL}
	}
	if p.Workflow.PullRequest != 0 {
		rep.Accept = p.AcceptLabel
	}
}

// history returns the address of the history of the first route that got worse, or else of all routes, on the target
// branch of the change. It is empty unless PLIMSOLL_HISTORY_URL says where histories are published.
func (p Publisher) history(rep *report.Report) string {
	at := strings.TrimRight(p.Console.Env.Get(environ.HistoryURL), "/")
	if at == "" || rep.Subject.Series == "" {
		return ""
	}
	route, metric := tally.All, ""
	if worse := rep.Verdict.Of(gate.Worse); len(worse) > 0 {
		route, metric = worse[0].Route, "#"+strings.ReplaceAll(string(worse[0].Metric), " ", "-") // an anchor that the page lacks does no harm
	}
	branch := cmp.Or(rep.Verdict.Baseline.Branch, p.Workflow.BaseBranch, p.Workflow.DefaultBranch)
	return at + "/" + site.RoutePath(rep.Subject.Series, rep.Subject.Repository, branch, route) + metric
}

// Follow publishes a report from a workflow that follows the one that measured: outputs, summary and comment.
// Unlike Verdict it returns GitHub's errors, since commenting is its only purpose.
func (p Publisher) Follow(ctx context.Context, rep report.Report) (outcome string, err error) {
	measured := p
	measured.Workflow.ID, measured.Workflow.Attempt = p.Workflow.Source.ID, p.Workflow.Source.Attempt // link to the log of the measuring run
	measured.Dress(&rep)
	m := messageOf(rep, exit.OK)
	p.Console.Output("verdict", m.outcome)
	p.Console.Summarize(m.summary)
	return m.outcome, p.comment(ctx, m)
}

// message is a verdict, or an error instead of one, as it is published.
type message struct {
	outcome     string // pass, fail, inconclusive or error
	status      int    // that the process exits with
	headline    string // one line
	series      string // of the comment; empty if it is not known which comment to edit
	telling     bool   // a pass needs a comment too: the load has changed
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

// commentSeries identifies one of the comments on a pull request: each job of a matrix, each mode and each --series
// has its own.
func commentSeries(rep report.Report) string {
	series := rep.Subject.Series
	if series == "" {
		return ""
	}
	if runner := rep.Subject.Environment.Runner; runner != "" {
		series += "/" + runner
	}
	if mode := rep.Verdict.Mode; mode != gate.Stored {
		series += "/" + string(mode)
	}
	return series
}

// tell publishes the step's outputs and summary, the comment and the check run.
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
		conclusion = "neutral" // the job goes on, but this is not a pass
	}
	address, err := p.Console.API(p.Workflow).Check(ctx, github.Check{
		Name: "Plimsoll: " + m.series, Conclusion: conclusion, DetailsURL: p.Workflow.RunURL(), Title: m.headline, Summary: m.body(MaxMarkdown), Annotations: m.annotations,
	})
	if address != "" {
		p.Console.Output("check-url", address)
	}
	return err
}

// annotations are remarks about the worse routes, at their lines in the profile.
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
		reason, _ := v.Reason(one) // a worse line always is a reason
		all = append(all, github.Annotation{
			Path: path, Line: max(j.Line(one.Route), 1), Level: level, Title: "Plimsoll: " + report.RouteName(one.Route), Message: report.Sentence(reason),
		})
	}
	return all
}

// text returns what write writes; empty, and then not published, if it does not fit at all.
func text(write func(*strings.Builder) error) string {
	var b strings.Builder
	if err := write(&b); err != nil {
		return ""
	}
	return b.String()
}
