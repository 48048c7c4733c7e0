package main

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// publish tells GitHub of a verdict. What GitHub does not take is a warning: the verdict
// stands.
func (c *gateCmd) publish(a *app, workflow github.Run, rep report.Report, status int) {
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
	a.output("result", absolute(c.file()))
	comment, err := markdown(rep)
	if err != nil {
		a.warn(err.Error())
	}
	var summary strings.Builder
	_ = report.Summary(&summary, rep) // a Builder takes everything
	c.tell(a, workflow, told{rep.Verdict.Outcome.String(), status, rep.Subject.Series, comment, summary.String()})
}

// publishError tells GitHub that there is no verdict, so that no older one is left standing.
// Without a profile it is not known whose comment that would be: series is empty.
func (c *gateCmd) publishError(a *app, workflow github.Run, series string, err error) {
	if !workflow.InActions {
		return
	}
	var b strings.Builder
	if err := report.Trouble(&b, err, report.Links{}, maxComment); err != nil {
		a.warn(err.Error())
	}
	c.tell(a, workflow, told{"error", exitStatus(err), series, b.String(), b.String()})
}

// told is what GitHub is told.
type told struct {
	verdict          string
	status           int
	series           string
	comment, summary string // markdown
}

// tell sets the outputs, and writes the summary and the comment.
func (c *gateCmd) tell(a *app, workflow github.Run, t told) {
	a.output("verdict", t.verdict)
	a.output("exit-code", strconv.Itoa(t.status))
	if c.Report != "" {
		a.output("report", absolute(c.Report))
	}
	a.summarize(t.summary)
	if !c.Comment || workflow.PullRequest == 0 || t.series == "" {
		return
	}
	comments := github.Comments{Run: workflow, Token: a.token, Series: t.series}
	address, err := comments.Upsert(a.ctx, t.comment)
	if err != nil {
		a.warn(err.Error() + "; the report is in the job's summary")
		return
	}
	a.output("comment-url", address)
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

// maxComment is how long a report may be as a comment, in bytes: GitHub takes 65,536 characters,
// and a marker goes in front.
const maxComment = 60_000

func markdown(rep report.Report) (string, error) {
	var b strings.Builder
	err := report.Markdown(&b, rep, maxComment)
	return b.String(), err
}

// absolute is a path that the workflow's later steps understand, wherever they run.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
