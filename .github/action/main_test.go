// Package action_test checks the action against its rules, and runs it as users do.
//
// Tests that need act, which runs workflows locally, have the build tag real: `make test-real` builds act
// and runs them. They run the workflows that plimsoll init writes, in a small repository, in act's host mode,
// with baselines in a real PostgreSQL and a stand-in for GitHub. They take some minutes, mostly to build and
// load the small service. act models no permissions, no concurrency and no rules for forks. It sets INPUT_*
// for composite actions, which GitHub does not; the action reads none of them.
package action_test

import "flag"

var update = flag.Bool("update", false, "rewrite the repository's own workflows")
