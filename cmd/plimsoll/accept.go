package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// accept lets a failing change pass when the pull request bears the label that accepts it, put
// on this very commit.
func (f commentFlags) accept(a *app, workflow github.Run, rep *report.Report) {
	find := a.api(workflow).Accepted
	if workflow.Queued != 0 {
		find = a.api(workflow).AcceptedQueued
	}
	if rep.Verdict.Outcome != gate.Fail || f.AcceptLabel == "" || a.token == "" || workflow.PullRequest == 0 && workflow.Queued == 0 {
		return
	}
	accepted, err := find(a.ctx, f.AcceptLabel)
	switch {
	case err != nil:
		a.warn(err.Error())
		rep.Verdict.Notices = append(rep.Verdict.Notices, gate.Reason{Kind: gate.NotAccepted, Text: err.Error()})
	case accepted != nil:
		rep.Verdict = rep.Verdict.Accept(gate.Acceptance{By: accepted.By, Why: why(accepted), At: accepted.At})
		if rep.Verdict.Accepted == nil {
			rep.Verdict.Notices = append(rep.Verdict.Notices, gate.Reason{Kind: gate.NotAccepted, Text: fmt.Sprintf(
				"%s has put the label %s, and nothing was compared that it could accept", accepted.By, accepted.Label)})
		}
	}
}

// why is the reason of an acceptance, which is what the label stands on.
func why(accepted *github.Acceptance) string {
	return fmt.Sprintf("label %s on pull request %d", accepted.Label, accepted.Pull)
}

// keepAcceptance marks the run of a merged pull request that was accepted, so that the level
// which comes with it is the new one. What GitHub does not tell is a warning.
func (c *baselineUpdateCmd) keepAcceptance(a *app, store baseline.Store, record baseline.Record) error {
	workflow, err := github.FromEnv(a.getenv)
	if err != nil || workflow.Event != "push" || c.AcceptLabel == "" || a.token == "" || record.Accepted != nil || record.Commit != workflow.SHA {
		return nil // a broken event has been told of by then
	}
	accepted, err := a.api(workflow).AcceptedMerge(a.ctx, workflow.SHA, c.AcceptLabel)
	if err != nil {
		a.warn(err.Error())
		return nil
	}
	if accepted == nil {
		return nil
	}
	title := strings.Join(strings.FieldsFunc(accepted.Title, unicode.IsControl), " ")
	mark := baseline.Mark{By: accepted.By, Why: strings.TrimSuffix(why(accepted)+": "+title, ": "), At: accepted.At}
	if err := store.Accept(a.ctx, record.ID, mark); err != nil {
		return fmt.Errorf("the run is recorded; mark it as accepted: %w", err)
	}
	a.summarize("It is the first of a new level, as was accepted; older runs stop counting.\n")
	_, err = fmt.Fprintf(a.stdout, "It is the first of a new level, accepted by %s: %s. Older runs stop counting.\n", mark.By, mark.Why)
	return err
}
