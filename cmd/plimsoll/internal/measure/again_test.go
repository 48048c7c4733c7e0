package measure

import (
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/console"
	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Only results that a busy machine has spoiled are measured again.
func TestOnlyBusy(t *testing.T) {
	for _, c := range []struct {
		problems []result.ProblemKind
		want     bool
	}{
		{nil, false},
		{[]result.ProblemKind{result.Busy}, true},
		{[]result.ProblemKind{result.Saturated}, false},
		{[]result.ProblemKind{result.Busy, result.Faulty}, false},
		{[]result.ProblemKind{result.Interrupted}, false},
	} {
		var r result.Result
		for _, kind := range c.problems {
			r.Problems = append(r.Problems, result.Problem{Kind: kind})
		}
		if got := onlyBusy(&r); got != c.want {
			t.Errorf("problems %q: measured again: %v, want %v", c.problems, got, c.want)
		}
	}
}

func TestOnlyNoisy(t *testing.T) {
	for _, c := range []struct {
		verdict gate.Verdict
		want    bool
	}{
		{gate.Verdict{Outcome: gate.Pass}, false},
		{gate.Verdict{Outcome: gate.Inconclusive, Reasons: []gate.Reason{{Kind: gate.NoisyMachine}}}, true},
		{gate.Verdict{Outcome: gate.Inconclusive, Reasons: []gate.Reason{{Kind: gate.NoisyMachine}, {Kind: gate.RouteMissing}}}, false},
		{gate.Verdict{Outcome: gate.Inconclusive, Reasons: []gate.Reason{{Kind: gate.TooNoisy}}}, false},
		{gate.Verdict{Outcome: gate.Fail, Reasons: []gate.Reason{{Kind: gate.NoisyMachine}}}, false}, // a threshold was passed
	} {
		if got := onlyNoisy(c.verdict); got != c.want {
			t.Errorf("%v: measured again: %v, want %v", c.verdict, got, c.want)
		}
	}
}

// Measuring again is bounded, prints its reason, and ends with an interrupt.
func TestGoesAgain(t *testing.T) {
	var told strings.Builder
	stop := make(chan struct{})
	b := Bench{Console: &console.Console{Stderr: &told, Stop: stop}}
	for n, want := range map[int]bool{1: true, 2: true, 3: false} {
		if got := b.goesAgain(n, "the neighbours"); got != want {
			t.Errorf("after %d times: again %v, want %v", n, got, want)
		}
	}
	if want := "plimsoll: the neighbours; measuring again, 2 of at most 2 times\n"; !strings.Contains(told.String(), want) || strings.Count(told.String(), "\n") != 2 {
		t.Errorf("told %q", told.String())
	}
	close(stop)
	if b.goesAgain(1, "x") {
		t.Error("measured again after an interrupt")
	}
}
