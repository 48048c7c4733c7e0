package main

import (
	"context"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/reference"
)

// controlCmd is the reference server, which gate.control starts.
type controlCmd struct {
	Addr string `required:""`
}

// Run serves until it is interrupted.
func (c *controlCmd) Run(ctx context.Context, a *console.Console) error {
	return reference.Serve(ctx, a.Stop, c.Addr)
}
