// Package action_test holds the action to its rules, and runs it as users do.
//
// What needs act, the program that runs workflows here, has the build tag real: `make test-real` builds act
// and runs it. It runs the workflows that plimsoll init writes, in a small repository, in act's host mode,
// with baselines in a real PostgreSQL and a stand-in for GitHub. It takes some minutes, most of them for
// building and loading the small service. act models no permissions, no concurrency and no rules for forks,
// and sets INPUT_* for composite actions, which GitHub does not; the action reads none of them.
package action_test

import "flag"

var update = flag.Bool("update", false, "rewrite the repository's own workflows")
