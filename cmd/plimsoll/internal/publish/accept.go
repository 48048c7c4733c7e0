package publish

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// Accept lets a failing change pass if its pull request has the accepting label, put on for this very commit.
func (p Publisher) Accept(ctx context.Context, rep *report.Report) {
	if rep.Verdict.Outcome != gate.Fail || p.AcceptLabel == "" || p.Console.Token() == "" || p.Workflow.PullRequest == 0 && p.Workflow.Queued == 0 {
		return
	}
	find := p.Console.API(p.Workflow).Accepted
	if p.Workflow.Queued != 0 {
		find = p.Console.API(p.Workflow).AcceptedQueued
	}
	accepted, err := find(ctx, p.AcceptLabel)
	switch {
	case err != nil:
		p.Console.Warn(err.Error())
		rep.Verdict = rep.Verdict.Note(gate.Reason{Kind: gate.NotAccepted, Text: err.Error()})
	case accepted != nil:
		rep.Verdict = rep.Verdict.Accept(gate.Acceptance{By: accepted.By, Label: accepted.Label, Pull: accepted.Pull, At: accepted.At})
	}
}

// Verify removes an acceptance that the report claims but GitHub does not know. from names the source of the report.
func (p Publisher) Verify(ctx context.Context, rep *report.Report, from string) {
	if rep.Verdict.Accepted == nil {
		return
	}
	claimed := rep.Verdict
	rep.Verdict = rep.Verdict.Revoke()
	p.Accept(ctx, rep)
	if rep.Verdict.Accepted == nil {
		p.Console.Warn(fmt.Sprintf("%s says that %.80q accepted the change, but GitHub has no such label: the verdict is shown as a fail", from, claimed.Accepted.By))
	}
}

// AcceptedMerge is the mark of the accepted pull request whose merge started this workflow; nil if there is none.
// A failing request is only a warning.
func (p Publisher) AcceptedMerge(ctx context.Context) *baseline.Mark {
	if p.Workflow.Event != "push" || p.AcceptLabel == "" || p.Console.Token() == "" {
		return nil
	}
	accepted, err := p.Console.API(p.Workflow).AcceptedMerge(ctx, p.Workflow.SHA, p.AcceptLabel)
	if err != nil {
		p.Console.Warn(err.Error())
		return nil
	}
	if accepted == nil {
		return nil
	}
	title := strings.Join(strings.FieldsFunc(accepted.Title, unicode.IsControl), " ")
	return &baseline.Mark{By: accepted.By, Why: strings.TrimSuffix(why(accepted)+": "+title, ": "), At: accepted.At}
}

// why is the reason of an acceptance: the label and its pull request.
func why(accepted *github.Acceptance) string {
	return fmt.Sprintf("label %s on pull request %d", accepted.Label, accepted.Pull)
}
