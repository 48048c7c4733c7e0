package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// commentCmd is plimsoll comment.
type commentCmd struct {
	commentFlags
	From string `required:"" placeholder:"FILE" help:"The verdict file that plimsoll gate --verdict-file wrote in a job that may not write to GitHub. It is read as what a stranger wrote."`
}

// Run comments in a workflow that follows another one. The verdict is data; whose it is, GitHub
// says: the pull request is the open one whose head is the commit that the other run was for.
func (c *commentCmd) Run(a *app) error {
	workflow, err := github.FromEnv(a.getenv)
	if err != nil {
		return err
	}
	if workflow.Source.ID == 0 {
		return badInput("plimsoll comment belongs into a workflow that runs on workflow_run; in any other `plimsoll gate` comments itself")
	}
	rep, err := readVerdict(c.From)
	if err != nil {
		return err
	}
	if rep.Subject.Commit != workflow.HeadSHA || rep.Subject.Repository != workflow.Repository {
		return badInput("%s is about commit %.12q of %.80q, and the run that left it was for %.12s of %s: it is not shown",
			c.From, rep.Subject.Commit, rep.Subject.Repository, workflow.HeadSHA, workflow.Repository)
	}
	workflow.PullRequest, err = a.api(workflow).FindPull(a.ctx, workflow.HeadRepository, workflow.Branch, workflow.HeadSHA)
	if errors.Is(err, github.ErrNoPull) {
		fmt.Fprintf(a.stdout, "Nothing to comment on: %v.\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	c.verify(a, workflow, &rep)
	c.dress(&rep, followed(workflow))
	t := tellOf(rep, exitOK)
	a.verdict = t.outcome
	a.output("verdict", t.outcome)
	a.summarize(t.summary)
	err = c.writeComment(a, workflow, t)
	switch {
	case errors.Is(err, github.ErrNewer):
		fmt.Fprintf(a.stdout, "Nothing is written: %v.\n", err)
		return nil
	case errors.Is(err, github.ErrLogin):
		a.warn(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "Pull request %d was told of the verdict: %s.\n", workflow.PullRequest, t.outcome)
	return err
}

// followed is the run that this one follows, whose log is worth reading.
func followed(workflow github.Run) github.Run {
	workflow.ID, workflow.Attempt = workflow.Source.ID, workflow.Source.Attempt
	return workflow
}

// verify takes back an acceptance that GitHub does not know of.
func (c *commentCmd) verify(a *app, workflow github.Run, rep *report.Report) {
	if rep.Verdict.Accepted == nil {
		return
	}
	claimed := rep.Verdict
	rep.Verdict.Outcome, rep.Verdict.Accepted = gate.Fail, nil
	c.accept(a, workflow, rep)
	if rep.Verdict.Accepted == nil {
		a.warn(fmt.Sprintf("%s says that %.80q has accepted the change, which GitHub does not know of: it is shown as a fail", c.From, claimed.Accepted.By))
	}
}

// readVerdict reads a verdict file that a stranger may have written: a plain file, and no link
// to one of ours.
func readVerdict(path string) (report.Report, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return report.Report{}, badInput("read the verdict: %w", err)
	}
	if !info.Mode().IsRegular() {
		return report.Report{}, badInput("read the verdict: %s is no plain file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return report.Report{}, badInput("read the verdict: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	rep, err := report.Decode(f)
	if err != nil {
		return report.Report{}, badInput("read the verdict %s: %w", path, err)
	}
	return rep, nil
}
