package main

import (
	"encoding/json"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/profile"
)

// schemaCmd is plimsoll schema.
type schemaCmd struct{}

// Run prints the JSON Schema of a profile.
func (c *schemaCmd) Run(a *console.Console) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(profile.Schema(gate.PolicySchema()))
}
