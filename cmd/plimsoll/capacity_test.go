package main

import (
	"errors"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/exit"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
)

// A search succeeds only if a load was confirmed, and each limit was judged at it.
func TestOutcomeOfSearch(t *testing.T) {
	judged := func(all ...gate.Status) *capacity.Outcome {
		o := &capacity.Outcome{Status: capacity.Held}
		for _, s := range all {
			o.Judged = append(o.Judged, gate.Threshold{Status: s})
		}
		return o
	}
	cut := errors.New("it ended")
	for name, c := range map[string]struct {
		err   error
		claim capacity.Claim
		want  error
	}{
		"confirmed":        {nil, capacity.Claim{Confirmed: true, Holds: judged(gate.Within, gate.Within)}, nil},
		"a limit not seen": {nil, capacity.Claim{Confirmed: true, Holds: judged(gate.Within, gate.NotJudged)}, exit.Verdict{Outcome: gate.Inconclusive}},
		"not confirmed":    {nil, capacity.Claim{Holds: judged(gate.Within)}, exit.Verdict{Outcome: gate.Inconclusive}},
		"nothing holds":    {nil, capacity.Claim{Stopped: capacity.Nothing, Breaks: &capacity.Outcome{Status: capacity.Broken}}, exit.Verdict{Outcome: gate.Fail}},
		"nothing was seen": {nil, capacity.Claim{Stopped: capacity.Nothing, Breaks: &capacity.Outcome{Status: capacity.Hindered}}, exit.Verdict{Outcome: gate.Inconclusive}},
		"cut short":        {cut, capacity.Claim{Confirmed: true, Holds: judged(gate.Within)}, cut},
	} {
		if got := outcomeOf(c.err, c.claim); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
