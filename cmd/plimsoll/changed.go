package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/git"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/job"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// loadedOtherwise lists what a change loads otherwise than the commit that it is compared with would: a route that
// is taken out of service and profile is in no comparison. The flags of the load count for both. Empty when git
// does not have the commit.
func (c *gateCmd) loadedOtherwise(ctx context.Context, a *console.Console, j *job.Job, commit string) []gate.Difference {
	repository := a.Git(j.Dir)
	if _, err := repository.Resolve(ctx, commit); commit == "" || err != nil {
		return nil
	}
	before, err := j.At(ctx, repository, commit)
	if errors.Is(err, git.ErrNoCommit) {
		return []gate.Difference{{What: "profile", Now: j.File}}
	}
	if err == nil {
		err = before.Apply(c.change())
	}
	if err != nil {
		a.Warn(fmt.Sprintf("the profile of %.12s cannot be read here, so nobody can tell what is loaded otherwise: %v", commit, err))
		return nil
	}
	var changes []gate.Difference
	for _, d := range profile.Differences(before, j.Profile) {
		changes = append(changes, gate.Difference(d))
	}
	return changes
}
