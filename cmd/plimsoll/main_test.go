package main

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// TestProblemsOfOneSystem: the error of one of two systems says which of them it is about.
func TestProblemsOfOneSystem(t *testing.T) {
	problems := strict.Problems{strict.Place{File: "p.yaml", Line: 7, Column: 3, Key: "users"}.Problem("there is no such service")}
	check := func(err error, want string) {
		t.Helper()
		var stderr bytes.Buffer
		complain(&console.Console{Stdout: &stderr, Stderr: &stderr}, err)
		if got := stderr.String(); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	check(problems, "p.yaml:7:3: users: there is no such service\nplimsoll: 1 problem; nothing was started\n")
	check(&runner.SideError{Name: "base", Err: fmt.Errorf("base: %w", problems)}, "plimsoll: base: p.yaml:7:3: users: there is no such service\n")
	check(&runner.SideError{Name: "head", Err: &runner.Failure{What: "head: it died", Output: "why"}}, "plimsoll: head: it died; its output:\n  why\n")
}
