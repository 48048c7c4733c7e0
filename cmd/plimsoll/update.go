package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/issues"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/publish"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// baselineUpdateCmd is plimsoll baseline update.
type baselineUpdateCmd struct {
	runFlags
	storeFlag
	Result       string `placeholder:"FILE" file:"" help:"Record this result instead of measuring."`
	Branch       string `help:"The branch that the run belongs to (default: the one checked out)."`
	AcceptLabel  string `default:"plimsoll-accepted" empty:"" help:"The label that accepted a merged pull request; empty for none."`
	CommentLogin string `placeholder:"LOGIN" help:"With history.issues: the login that opens issues, such as my-app[bot], if the token belongs to your own GitHub App."`
}

// Run measures and records.
func (c *baselineUpdateCmd) Run(ctx context.Context, a *console.Console) (err error) {
	measure, of, err := c.prepare(ctx, a)
	if err != nil {
		return err
	}
	// The store is opened before the load: a run that cannot be recorded need not be measured.
	store, err := c.open(ctx, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := measure()
	if err != nil {
		return err
	}
	r.Branch = cmp.Or(c.Branch, r.Branch, "main")
	if err := c.refuse(of.policy, r); err != nil {
		return err
	}
	record, err := c.record(ctx, a, store, r)
	if err != nil {
		return err
	}
	if r.Dirty {
		a.Warn(fmt.Sprintf("the working tree has changes, but the run is recorded for commit %.12s: `plimsoll baseline rm` removes it again", r.Commit))
	}
	if err := c.keepAcceptance(ctx, a, store, record); err != nil {
		return err
	}
	if err := c.trend(ctx, a, store, of.policy, r); err != nil {
		return err
	}
	return c.issues(ctx, a, store, of, record)
}

// said is what a profile says of recorded runs.
type said struct {
	policy gate.Policy
	issues bool // history.issues
}

// prepare reads the result file or the profile. It returns a function that reads or measures the result, and what the
// profile says of it.
func (c *baselineUpdateCmd) prepare(ctx context.Context, a *console.Console) (measure func() (*result.Result, error), of said, err error) {
	if c.Result != "" {
		r, err := readResult(c.Result)
		of := said{policy: gate.DefaultPolicy()}
		if j, err := job.Read(c.Profile, a.Env); err == nil && r != nil && cmp.Or(c.Series, j.Name) == r.Series { // the profile need not be here
			of = said{j.Policy, j.History.Issues}
		}
		return func() (*result.Result, error) { return r, nil }, of, err
	}
	j, err := c.job(a)
	if err != nil {
		return nil, of, err
	}
	bench, err := c.bench(a, j)
	return func() (*result.Result, error) { return bench.Steady(ctx) }, said{j.Policy, j.History.Issues}, err
}

// refuse returns an error if a run must not become a baseline because a route failed too often or was never
// requested: later changes would be compared with failures, or with nothing. gate.failure_rate is the limit. The
// result is kept.
func (c *baselineUpdateCmd) refuse(policy gate.Policy, r *result.Result) error {
	if !r.Whole() {
		return nil // the store refuses it, with the reason
	}
	reasons := report.Once(gate.NotABaseline(policy, r))
	if len(reasons) == 0 {
		return nil
	}
	var why strings.Builder
	for _, one := range reasons[:min(len(reasons), maxRefusals)] {
		why.WriteString("\n  " + report.Sentence(one))
	}
	if more := len(reasons) - maxRefusals; more > 0 {
		fmt.Fprintf(&why, "\n  and %s more", counted(more, "route"))
	}
	return fmt.Errorf("record the run: %w; the result is kept in %s:%s", baseline.ErrNotWhole, cmp.Or(c.Result, c.Out), why.String())
}

// maxRefusals is how many reasons are printed.
const maxRefusals = 5

// record puts the result into the store and says so.
func (c *baselineUpdateCmd) record(ctx context.Context, a *console.Console, store baseline.Store, r *result.Result) (baseline.Info, error) {
	file := cmp.Or(c.Result, c.Out)
	record, created, err := store.Put(ctx, r)
	if errors.Is(err, baseline.ErrNotWhole) {
		return record, fmt.Errorf("record the run: %w; the result is kept in %s", err, file)
	}
	if err != nil {
		return record, fmt.Errorf("record the run: %w; the result is kept in %s: record it later with `plimsoll baseline update --result %[2]s --branch %[3]s`", err, file, r.Branch)
	}
	done := fmt.Sprintf("Recorded run %s of %s as a baseline on %s.", short(record.ID), r.Series, r.Branch)
	if !created {
		done = fmt.Sprintf("Run %s of %s is recorded already, on %s.", short(record.ID), r.Series, record.Branch)
	}
	a.Summarize(done + "\n")
	_, err = fmt.Fprintln(a.Stdout, done)
	return record, err
}

// keepAcceptance marks the run as the first of a new level if its pull request was accepted and merged.
func (c *baselineUpdateCmd) keepAcceptance(ctx context.Context, a *console.Console, store baseline.Store, record baseline.Info) error {
	workflow, err := a.Workflow()
	if err != nil || record.Accepted != nil || record.Commit != workflow.SHA {
		return nil // the event is broken, and the gate warns of it
	}
	mark := publish.Publisher{Console: a, Workflow: workflow, Options: publish.Options{AcceptLabel: c.AcceptLabel}}.AcceptedMerge(ctx)
	if mark == nil {
		return nil
	}
	if err := store.Accept(ctx, record.ID, *mark); err != nil {
		return fmt.Errorf("mark the recorded run as accepted: %w", err)
	}
	a.Summarize("It is the first of a new, accepted level; older runs stop counting.\n")
	_, err = fmt.Fprintf(a.Stdout, "It is the first of a new level, accepted by %s: %s. Older runs stop counting.\n", mark.By, mark.Why)
	return err
}

// trend reports the course of the branch, the new run included.
func (c *baselineUpdateCmd) trend(ctx context.Context, a *console.Console, store baseline.Store, policy gate.Policy, r *result.Result) error {
	policy.Baseline.Branch = r.Branch
	runs, err := baseline.Choose(ctx, store, []*result.Result{r}, past(policy, nil))
	if err != nil {
		return fmt.Errorf("read the branch of the recorded run: %w", err)
	}
	notices := gate.Trend(policy, append(runs, r.Summary()))
	if err := report.Notices(a.Stdout, notices); err != nil || len(notices) == 0 {
		return err
	}
	var b strings.Builder
	_ = report.MarkdownNotices(&b, notices) // a Builder takes everything
	a.Summarize(b.String())
	return nil
}

// issues tells what got worse on the main branch as issues, if the profile wants that.
func (c *baselineUpdateCmd) issues(ctx context.Context, a *console.Console, store baseline.Store, of said, record baseline.Info) error {
	if !of.issues {
		return nil
	}
	workflow, err := a.Workflow()
	if err != nil {
		a.Warn("history.issues: " + err.Error())
		return nil
	}
	teller := issues.Teller{Console: a, Workflow: workflow, Login: c.CommentLogin}
	if record.Branch != teller.Main(of.policy.Baseline.Branch) || workflow.PullRequest != 0 {
		return nil
	}
	return teller.Tell(ctx, store, record)
}
