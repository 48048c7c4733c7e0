package main

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
)

// baselineRolesCmd is plimsoll baseline roles.
type baselineRolesCmd struct{}

// Run prints the SQL, for psql.
func (c *baselineRolesCmd) Run(a *console.Console) error {
	_, err := fmt.Fprint(a.Stdout, postgres.Roles)
	return err
}
