package main

import (
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
)

// compareCmd is plimsoll compare.
type compareCmd struct {
	profileFlag
	Base string `arg:"" file:"" help:"The result before the change."`
	Head string `arg:"" file:"" help:"The result after it."`
	JSON bool   `name:"json" help:"Print JSON on stdout."`
}

// Run judges two result files: the two sides of a paired gate as such, and two runs of their
// own as far as two runs can tell.
func (c *compareCmd) Run(a *console.Console) error {
	base, err := readResult(c.Base)
	if err != nil {
		return err
	}
	head, err := readResult(c.Head)
	if err != nil {
		return err
	}
	policy, err := job.Policy(c.Profile, a.Env)
	if err != nil {
		return err
	}
	v := gate.Compare(policy, base, head)
	rep := report.New(v, head)
	show := report.Terminal
	if c.JSON {
		show = report.Encode
	}
	if err := show(a.Stdout, rep); err != nil {
		return err
	}
	if v.Outcome == gate.Pass || v.Outcome == gate.Inconclusive && policy.PassInDoubt {
		return nil
	}
	return exit.Verdict{Outcome: v.Outcome}
}
