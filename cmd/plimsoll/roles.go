package main

import (
	"fmt"

	"github.com/plimsoll-ci/plimsoll/baseline/postgres"
)

// baselineRolesCmd is plimsoll baseline roles.
type baselineRolesCmd struct{}

// Run prints the SQL, for psql.
func (c *baselineRolesCmd) Run(a *app) error {
	_, err := fmt.Fprint(a.stdout, postgres.Roles)
	return err
}
