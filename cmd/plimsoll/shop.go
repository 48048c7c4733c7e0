package main

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/testdata/shop"
)

// shopCmd is the sample service, which the demo starts.
type shopCmd struct {
	Args []string `arg:"" optional:""`
}

// Run serves until it is interrupted.
func (c *shopCmd) Run(ctx context.Context, a *console.Console) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the service, or earlier
		select {
		case <-a.Stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return shop.Main(ctx, c.Args, a.Env.Get, a.Stdout, a.Stderr)
}
