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

// loadedOtherwise lists how the load of a change differs from the load of the commit it is compared with. Without
// this list, a route that was removed from the profile would go unnoticed. The load flags apply to both. The list is
// empty if git does not have the commit.
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
		a.Warn(fmt.Sprintf("cannot tell whether the load has changed: the profile of %.12s cannot be read: %v", commit, err))
		return nil
	}
	var changes []gate.Difference
	for _, d := range profile.Differences(before, j.Profile) {
		changes = append(changes, gate.Difference(d))
	}
	return changes
}
