// Package exit defines the exit statuses and maps errors to them.
//
// Errors go in, a status comes out. BadInput and AsInput make the errors of mistakes in the input; Verdict is the
// error of a gate that did not pass. All other errors are trouble: the program could not measure or remember.
package exit

import (
	"errors"
	"fmt"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

// The exit statuses, the same for every command.
const (
	OK           = 0 // pass, or done
	Fail         = 1 // the gate says no
	Input        = 2 // a mistake in the flags, the profile or another file
	Trouble      = 3 // could not measure or remember
	Inconclusive = 4 // the gate could not tell
)

// inputError is a mistake in the user's input.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

// BadInput is an error about the user's input.
func BadInput(format string, args ...any) error { return inputError{fmt.Errorf(format, args...)} }

// AsInput is err as an error about the user's input; nil stays nil.
func AsInput(err error) error {
	if err == nil {
		return nil
	}
	return inputError{err}
}

// Verdict is the error of a gate that did not pass. Print the verdict before you return it.
type Verdict struct{ Outcome gate.Outcome }

func (e Verdict) Error() string { return "the verdict is " + e.Outcome.String() }

// Status is the exit status after an error, or after none.
func Status(err error) int {
	var verdict Verdict
	var input inputError
	var problems strict.Problems
	var refusal *runner.Refusal
	switch {
	case err == nil:
		return OK
	case errors.As(err, &verdict):
		return map[gate.Outcome]int{gate.Fail: Fail, gate.Inconclusive: Inconclusive, gate.Unjudged: Trouble}[verdict.Outcome]
	case errors.As(err, &input), errors.As(err, &problems), errors.As(err, &refusal):
		return Input
	default:
		return Trouble
	}
}
