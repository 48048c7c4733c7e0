package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// compareCmd is plimsoll compare.
type compareCmd struct {
	profileFlag
	Base string `arg:"" help:"The result before."`
	Head string `arg:"" help:"The result after."`
	JSON bool   `name:"json" help:"Print for machines on stdout."`
}

// Run judges two result files: the two sides of a paired gate as such, and two runs of their
// own as far as two runs can tell.
func (c *compareCmd) Run(a *app) error {
	base, err := readResult(c.Base)
	if err != nil {
		return err
	}
	head, err := readResult(c.Head)
	if err != nil {
		return err
	}
	policy, err := c.policy()
	if err != nil {
		return err
	}
	var v gate.Verdict
	if gate.AreSides(base, head) {
		v = gate.JudgePairs(policy, base, head, true)
	} else {
		v = gate.Judge(policy, []*result.Result{head}, []*result.Result{base})
	}
	for i, reason := range v.Reasons {
		if reason.Kind == gate.TooFewRuns && !gate.AreSides(base, head) {
			v.Reasons[i].Text = "one run against one proves nothing: `plimsoll gate` judges by a history, and `plimsoll gate --against` by pairs of rounds"
		}
	}
	rep := report.Report{Verdict: v, Run: head}
	show := report.Terminal
	if c.JSON {
		show = report.JSON
	}
	if err := show(a.stdout, rep); err != nil {
		return err
	}
	if v.Outcome == gate.Pass || v.Outcome == gate.Inconclusive && policy.PassInDoubt {
		return nil
	}
	return verdictError{v.Outcome}
}

// policy is that of the profile, and the default one where there is none.
func (c *compareCmd) policy() (gate.Policy, error) {
	if _, err := os.Stat(c.Profile); errors.Is(err, fs.ErrNotExist) && c.Profile == "plimsoll.yaml" {
		return gate.DefaultPolicy(), nil
	}
	asked, err := c.read()
	if err != nil {
		return gate.Policy{}, err
	}
	asked.policy.Baseline.Branch = cmp.Or(asked.policy.Baseline.Branch, "main")
	return asked.policy, nil
}
