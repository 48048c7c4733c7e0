package main

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/testdata/shop"
)

// shopCmd is the sample service, which the demo starts.
type shopCmd struct {
	Args []string `arg:"" optional:""`
}

// Run serves until it is interrupted.
func (c *shopCmd) Run(a *app) error {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	go func() { // ends with the service, at the latest
		select {
		case <-a.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return shop.Main(ctx, c.Args, a.getenv, a.stdout, a.stderr)
}
