package exit_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/profile/strict"
)

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, exit.OK},
		{exit.Verdict{Outcome: gate.Fail}, exit.Fail},
		{exit.Verdict{Outcome: gate.Inconclusive}, exit.Inconclusive},
		{exit.Verdict{}, exit.Trouble}, // nothing was judged
		{errors.Join(errors.New("close the store"), exit.Verdict{Outcome: gate.Fail}), exit.Fail},
		{exit.BadInput("--db: %w", errors.New("x")), exit.Input},
		{fmt.Errorf("gate: %w", exit.AsInput(errors.New("x"))), exit.Input},
		{strict.Problems{{}}, exit.Input},
		{&runner.Refusal{}, exit.Input},
		{errors.New("the store cannot be reached"), exit.Trouble},
		{exit.AsInput(nil), exit.OK},
	} {
		if got := exit.Status(c.err); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
}
