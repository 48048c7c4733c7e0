package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate/github"
)

// commentCmd is plimsoll comment.
type commentCmd struct {
	commentFlags
	From string `required:"" placeholder:"FILE" file:"" help:"The verdict file that plimsoll gate --verdict-file wrote in the other workflow. It is read as untrusted input."`
}

// Run comments from a workflow that follows another workflow. The file is only data. GitHub names its pull request: the
// pull request is the open one whose head is the commit that the other run was for.
func (c *commentCmd) Run(ctx context.Context, a *console.Console) error {
	workflow, err := a.Workflow()
	if err != nil {
		return err
	}
	if workflow.Source.ID == 0 {
		return exit.BadInput("plimsoll comment works only in a workflow that runs on workflow_run; in any other workflow `plimsoll gate` comments itself")
	}
	rep, err := publish.Read(c.From)
	if err != nil {
		return err
	}
	if rep.Subject.Commit != workflow.HeadSHA || rep.Subject.Repository != workflow.Repository {
		return exit.BadInput("%s is about commit %.12q of %.80q, but the run that wrote it was for %.12s of %s: it is not shown",
			c.From, rep.Subject.Commit, rep.Subject.Repository, workflow.HeadSHA, workflow.Repository)
	}
	workflow.PullRequest, err = a.API(workflow).FindPull(ctx, workflow.HeadRepository, workflow.Branch, workflow.HeadSHA)
	if errors.Is(err, github.ErrNoPull) {
		fmt.Fprintf(a.Stdout, "Nothing to comment on: %v.\n", err)
		return nil
	}
	if err != nil {
		return err
	}
	publisher := publish.Publisher{Console: a, Workflow: workflow, Options: c.options()}
	publisher.Verify(ctx, &rep, c.From)
	outcome, err := publisher.Follow(ctx, rep)
	switch {
	case errors.Is(err, github.ErrNewer):
		fmt.Fprintf(a.Stdout, "No comment was written: %v.\n", err)
		return nil
	case errors.Is(err, github.ErrLogin):
		a.Warn(err.Error())
		return nil
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(a.Stdout, "Pull request %d was told of the verdict: %s.\n", workflow.PullRequest, outcome)
	return err
}
