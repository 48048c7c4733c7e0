package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/forms"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// compareCmd is plimsoll compare.
type compareCmd struct {
	profileFlag
	forms.Flags
	Base string `arg:"" file:"" help:"The result before the change."`
	Head string `arg:"" file:"" help:"The result after it."`
	JSON bool   `name:"json" help:"Print JSON on stdout."`
}

// Run judges two result files, and says how much of the API they compare. The two sides of a paired gate get a full
// verdict. Two separate runs get no more than two runs can prove.
func (c *compareCmd) Run(ctx context.Context, a *console.Console) error {
	if err := c.Check(forms.Place{Flag: "an argument", Path: c.Base}, forms.Place{Flag: "an argument", Path: c.Head}); err != nil {
		return err
	}
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
	hintOrigins(a, c.Base, base, c.Head, head)
	v := gate.Compare(policy, base, head)
	if j, err := job.Read(c.Profile, a.Env); err == nil { // otherwise the policy is the default one
		hintProfile(a, j, c.Head, head)
		if !lostLeg(v) {
			v = v.Cover(policy, j.API)
		}
	}
	var verdict error
	switch {
	case lostLeg(v):
		verdict = errLostLeg
	case v.Outcome != gate.Pass && (v.Outcome != gate.Inconclusive || !policy.PassInDoubt):
		verdict = exit.Verdict{Outcome: v.Outcome}
	}
	rep := report.New(v, head)
	rep.PassInDoubt = verdict == nil && v.Outcome == gate.Inconclusive
	show := report.Terminal
	if c.JSON {
		show = report.Encode
	}
	if err := show(a.Stdout, rep); err != nil {
		return err
	}
	notes, err := c.Flags.Write(ctx, report.Material{Report: &rep, Run: head, Base: base}, forms.Options{Getenv: a.Env.Get, Warn: a.Warn})
	tell(a, notes)
	if err != nil && verdict != nil {
		a.Warn(err.Error()) // the verdict stands
	}
	return cmp.Or(verdict, err)
}

// hintOrigins says why results of different programs are not compared.
func hintOrigins(a *console.Console, baseFile string, base *result.Result, headFile string, head *result.Result) {
	if base.Origin == head.Origin {
		return
	}
	by := func(r *result.Result) string { return cmp.Or(r.Origin.Tool, "Plimsoll") }
	fmt.Fprintf(a.Stderr, "plimsoll: %s was measured by %s and %s by %s: programs begin to count the time of a request at different moments, so such runs are not compared\n",
		baseFile, by(base), headFile, by(head))
}

// hintProfile warns that a result was measured with a different profile than the one whose limits judge it.
func hintProfile(a *console.Console, j *job.Job, file string, r *result.Result) {
	if digest := j.Digest(); digest != r.ProfileDigest && !r.Origin.Imported() {
		fmt.Fprintf(a.Stderr, "plimsoll: %s was measured with another profile than %s is now (digest %.12s, now %.12s): the limits of %[2]s judge it, against runs of its own profile\n",
			file, j.File, r.ProfileDigest, digest)
	}
}
