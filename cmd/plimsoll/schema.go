package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/formats"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// schemaCmd is plimsoll schema.
type schemaCmd struct {
	Of string `arg:"" optional:"" default:"profile" help:"The format: profile (for editors), result (result.json, run --json), verdict (--verdict-file, gate --json), runs (baseline list --json), capacity (capacity --json), watch (monitor --json) or backtest (each line of backtest --json)."`
}

// Run prints the JSON Schema of a profile, or of an output.
func (c *schemaCmd) Run(a *console.Console) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if c.Of == "profile" {
		return enc.Encode(profile.Schema(gate.PolicySchema()))
	}
	if !slices.Contains(formats.Names(), c.Of) {
		return exit.BadInput("there is no schema of %q, only of profile, %s", c.Of, strings.Join(formats.Names(), ", "))
	}
	return enc.Encode(formats.Schema(c.Of))
}
