package main

import (
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
)

// checkCmd is plimsoll check.
type checkCmd struct {
	envFlag
	loadFlags
	File string `arg:"" file:"" optional:"" default:"plimsoll.yaml" help:"The profile."`
}

// Run says in words what the profile would do.
func (c *checkCmd) Run(a *console.Console) error {
	j, err := job.Read(c.File, a.Env)
	if err != nil {
		return err
	}
	if err := j.Change(c.change()); err != nil {
		return err
	}
	pl, err := j.Plan()
	if err != nil {
		return err
	}
	return pl.Words(a.Stdout)
}
