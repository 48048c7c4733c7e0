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
	c.tell(a, workflow, rep.Verdict.Outcome.String(), status, rep.Run.Series, markdown(rep))
}

// publishError tells GitHub that there is no verdict, so that no older one is left standing.
// Without a profile it is not known whose comment that would be: series is empty.
func (c *gateCmd) publishError(a *app, workflow github.Run, series string, err error) {
	if !workflow.InActions {
		return
	}
	var b strings.Builder
	_ = report.Trouble(&b, err) // a Builder takes everything
	c.tell(a, workflow, "error", exitStatus(err), series, b.String())
}

// tell sets the outputs, and writes the summary and the comment.
func (c *gateCmd) tell(a *app, workflow github.Run, verdict string, status int, series, markdown string) {
	a.output("verdict", verdict)
	a.output("exit-code", strconv.Itoa(status))
	if c.Report != "" {
		a.output("report", absolute(c.Report))
	}
	a.summarize(markdown)
	if !c.Comment || workflow.PullRequest == 0 || series == "" {
		return
	}
	api := github.API{Run: workflow, Token: a.token}
	address, err := api.Comment(a.ctx, github.Comment{
		Series: series, Outcome: verdict, When: github.Always, Body: func(int) string { return markdown },
	})
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

func markdown(rep report.Report) string {
	var b strings.Builder
	_ = report.Markdown(&b, rep) // a Builder takes everything
	return b.String()
}

// absolute is a path that the workflow's later steps understand, wherever they run.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
