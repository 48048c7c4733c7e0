package main

import (
	"errors"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// The error of a search is why it was cut short, else its verdict.
func TestOutcomeOfSearch(t *testing.T) {
	confirmed := capacity.Claim{Confirmed: true, Holds: &capacity.Outcome{Status: capacity.Held}}
	cut := errors.New("it ended")
	for name, c := range map[string]struct {
		err   error
		claim capacity.Claim
		want  error
	}{
		"confirmed":     {nil, confirmed, nil},
		"not confirmed": {nil, capacity.Claim{}, exit.Verdict{Outcome: gate.Inconclusive}},
		"cut short":     {cut, confirmed, cut},
	} {
		if got := outcomeOf(c.err, c.claim); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
