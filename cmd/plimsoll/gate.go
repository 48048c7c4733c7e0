package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/plimsoll-ci/plimsoll/baseline"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/github"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// gateCmd is plimsoll gate.
type gateCmd struct {
	runFlags
	storeFlag
	Result   string `placeholder:"FILE" help:"Judge this result instead of running."`
	Report   string `placeholder:"FILE" help:"Write the report as markdown."`
	FirstRun string `enum:"fail,pass" default:"fail" help:"What a gate without any baseline does to the exit status: fail or pass."`
	Comment  bool   `negatable:"" default:"true" help:"Comment on the pull request, in a workflow that runs for one."`
}

// Run judges a run; its error is the verdict, when that is not a pass.
func (c *gateCmd) Run(a *app) error {
	workflow, err := github.FromEnv(a.getenv)
	if err != nil {
		a.warn(err.Error())
	}
	asked, err := c.read()
	if err != nil {
		c.publishError(a, workflow, "", err)
		return err
	}
	asked.policy.Baseline.Branch = cmp.Or(asked.policy.Baseline.Branch, workflow.BaseBranch, "main")
	rep, err := c.judge(a, asked)
	if err != nil {
		c.publishError(a, workflow, asked.Name, err)
		return err
	}
	if err := c.print(a, rep); err != nil {
		return err
	}
	err = c.exit(a, asked.policy, rep.Verdict)
	c.publish(a, workflow, rep, exitStatus(err))
	return err
}

// judge measures, or reads, and judges.
func (c *gateCmd) judge(a *app, asked *asked) (rep report.Report, err error) {
	store, err := c.open(a)
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	head, err := c.head(a, asked)
	if err != nil {
		return rep, err
	}
	base, err := window(a, store, asked.policy, head)
	if err != nil {
		return rep, fmt.Errorf("read the baseline: %w; the result is kept in %s: judge it later with `plimsoll gate --result %[2]s`", err, cmp.Or(c.Result, c.Out))
	}
	return report.Report{Verdict: gate.Judge(asked.policy, head, base), Run: head}, nil
}

// head is the run to be judged.
func (c *gateCmd) head(a *app, asked *asked) (*result.Result, error) {
	if c.Result == "" {
		return c.measure(a, asked)
	}
	r, err := readResult(c.Result)
	if err == nil && r.Series != asked.Name {
		err = badInput("%s is a run of %s, the profile %s is of %s", c.Result, r.Series, c.Profile, asked.Name)
	}
	return r, err
}

// window is the baseline of a run: the newest that fit it, or else the newest there are, so
// that the verdict can say what they differ in.
func window(a *app, store baseline.Store, p gate.Policy, head *result.Result) ([]*result.Result, error) {
	fitting := baseline.Query{
		Series: head.Series, Repository: head.Repository, Branch: p.Baseline.Branch, Limit: p.Baseline.Window,
		ProfileDigest: head.ProfileDigest, Environment: head.Environment.Class(),
	}
	any := baseline.Query{Series: head.Series, Repository: head.Repository, Branch: p.Baseline.Branch, Limit: 1}
	for _, query := range []baseline.Query{fitting, any} {
		records, err := store.Window(a.ctx, query)
		if err != nil {
			return nil, err
		}
		var runs []*result.Result
		for _, record := range records {
			if record.ID != head.ID() { // a run is no witness for itself
				runs = append(runs, record.Result)
			}
		}
		if len(runs) > 0 {
			return runs, nil
		}
	}
	return nil, nil
}

// print writes the report where it was asked for.
func (c *gateCmd) print(a *app, rep report.Report) error {
	if c.Report != "" {
		if err := os.WriteFile(c.Report, []byte(markdown(rep)), 0o644); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	if c.JSON {
		return report.JSON(a.stdout, rep)
	}
	return report.Terminal(a.stdout, rep)
}

// exit is the verdict as an error, nil when the job may go on.
func (c *gateCmd) exit(a *app, p gate.Policy, v gate.Verdict) error {
	noBaseline := len(v.Reasons) > 0 && v.Reasons[0].Kind == gate.NoBaseline
	switch {
	case v.Outcome == gate.Pass:
		return nil
	case v.Outcome == gate.Inconclusive && p.PassInDoubt:
		fmt.Fprintln(a.stderr, "plimsoll: inconclusive, and gate.inconclusive lets the job go on")
		return nil
	case v.Outcome == gate.Inconclusive && noBaseline && c.FirstRun == "pass":
		fmt.Fprintln(a.stderr, "plimsoll: no baseline yet, and --first-run pass lets the job go on")
		return nil
	}
	return verdictError{v.Outcome}
}
