package main

import (
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// The exit statuses, the same for every command.
const (
	exitOK           = 0 // pass, or done
	exitFail         = 1 // the gate says no
	exitInput        = 2 // flags, profile, a file that is not what it should be
	exitTrouble      = 3 // could not measure or remember
	exitInconclusive = 4 // the gate could not tell
)

// inputError is a mistake in what the user gave.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

func badInput(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// verdictError is a verdict that is not a pass. What it says has been printed already.
type verdictError struct{ outcome gate.Outcome }

func (e verdictError) Error() string { return "the verdict is " + e.outcome.String() }

// exitStatus is what the process ends with after an error, or after none.
func exitStatus(err error) int {
	var verdict verdictError
	var input inputError
	var problems strict.Problems
	var refusal *runner.Refusal
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &verdict):
		return map[gate.Outcome]int{gate.Fail: exitFail, gate.Inconclusive: exitInconclusive, gate.Unjudged: exitTrouble}[verdict.outcome]
	case errors.As(err, &input), errors.As(err, &problems), errors.As(err, &refusal):
		return exitInput
	default:
		return exitTrouble
	}
}
