package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/selftest"
)

// selftestCmd is plimsoll selftest.
type selftestCmd struct {
	runFlags
	Budget time.Duration `default:"10m" help:"How long to go on. The last comparison is finished even if it takes longer."`
	Route  string        `help:"The route to slow down (default: the one with the longest p50)."`
}

// Run tries the paired gate on the user's own system and machine.
func (c *selftestCmd) Run(ctx context.Context, a *console.Console) error {
	j, err := c.job(a)
	if err != nil {
		return err
	}
	if c.Route != "" && !slices.Contains(j.Routes(), c.Route) {
		return exit.BadInput("no request is counted under %q; the routes are %s", c.Route, strings.Join(j.Routes(), ", "))
	}
	bench, err := c.bench(a, j)
	if err != nil {
		return err
	}
	s := selftest.New(bench, c.Route)
	err = s.Run(ctx, c.Budget)
	return errors.Join(err, s.Print(a.Stdout))
}
