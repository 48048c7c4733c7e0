package main

import (
	"os"
	"slices"
	"strings"
)

// environ is the environment for a system under test: without what is for us alone, which is
// where baselines live, with a password, and what a workflow has handed over.
func (a *app) environ() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PLIMSOLL_DATABASE_URL=") || strings.HasPrefix(variable, "PLIMSOLL_INPUT_")
	})
}

// secrets are not shown of what a system under test prints. It keeps the token, which a build
// may need.
func (a *app) secrets() []string { return []string{a.token, a.getenv("GITHUB_TOKEN")} }
