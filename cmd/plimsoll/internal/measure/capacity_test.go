package measure

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/runner"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A trial holds only if requests were judged and kept the limits.
func TestOutcome(t *testing.T) {
	slo, err := gate.ParseSLO([]string{"p(95)<50"}, gate.DefaultPolicy(), nil)
	if err != nil {
		t.Fatal(err)
	}
	round := func(n int, took time.Duration, class tally.Class) *result.Round {
		counted := &tally.Tally{}
		for range n {
			counted.Add(tally.Sample{Route: "GET /", Class: class, Ended: took})
		}
		r := result.NewRound(0, time.Second, counted)
		return &r
	}
	busy := &result.Problem{Kind: result.Busy, Text: "others"}
	for name, c := range map[string]struct {
		attempt runner.Attempt
		want    capacity.Status
	}{
		"kept":                {runner.Attempt{Round: round(100, time.Millisecond, tally.OK)}, capacity.Held},
		"late":                {runner.Attempt{Round: round(100, time.Second, tally.OK)}, capacity.Broken},
		"failing":             {runner.Attempt{Round: round(100, time.Millisecond, tally.Status)}, capacity.Broken},
		"no request":          {runner.Attempt{Round: round(0, 0, tally.OK)}, capacity.Broken},
		"no round":            {runner.Attempt{}, capacity.Broken},
		"cut before it":       {runner.Attempt{Cut: "hopeless"}, capacity.Broken},
		"not allowed":         {runner.Attempt{Cut: "too fast", Limited: true}, capacity.Refused},
		"late, others worked": {runner.Attempt{Round: round(100, time.Second, tally.OK), Hindered: busy}, capacity.Hindered},
		"kept, others worked": {runner.Attempt{Round: round(100, time.Millisecond, tally.OK), Hindered: busy}, capacity.Held},
		"could not send":      {runner.Attempt{Round: round(100, time.Millisecond, tally.Generator)}, capacity.Hindered},
	} {
		if got := outcome(capacity.Trial{}, &c.attempt, slo); got.Status != c.want {
			t.Errorf("%s: %s, want %s: %+v", name, got.Status, c.want, got)
		}
	}
}
