package gate

import (
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Thresholds of latencies that are not known, or not yet.
func TestThresholdsInTheDark(t *testing.T) {
	run := func(class tally.Class, unfinished int) *result.Result {
		r := &result.Result{Rounds: []result.Round{{Length: time.Second}}}
		for range 1000 {
			r.Tally.Add(tally.Sample{Route: "GET /a", Class: class, Ended: 20 * time.Millisecond})
		}
		for range unfinished {
			r.Tally.Add(tally.Sample{Route: "GET /a", Unfinished: true, Ended: 30 * time.Millisecond})
		}
		return r
	}
	for _, c := range []struct {
		name string
		rule string
		run  *result.Result
		want Status
	}{
		{"nothing was sent", "p(95)<500", run(tally.Dropped, 0), NotJudged},
		{"nothing was sent", "max<500", run(tally.Generator, 0), NotJudged},
		{"nothing was sent", "count>=1000", run(tally.Dropped, 0), Within},
		{"failures have latencies", "p(95)<500", run(tally.Timeout, 0), Within},
		{"one was cut off", "max<500", run(tally.OK, 1), NotJudged},
		{"one was cut off", "p(99)<500", run(tally.OK, 1), Within},
		{"one was cut off, past the limit by then", "max<25", run(tally.OK, 1), Worse},
		{"many were cut off", "p(99)<500", run(tally.OK, 20), NotJudged},
		{"many were cut off", "med<500", run(tally.OK, 20), Within},
		{"many were cut off", "min<500", run(tally.OK, 20), Within},
		{"many were cut off", "p(99)>25", run(tally.OK, 20), Within},
	} {
		parsed, err := parseRule(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		p := DefaultPolicy()
		p.Thresholds = []RouteThresholds{{Route: "GET /a", rules: []rule{parsed}}}
		judged, doubts := judgeThresholds(p, c.run, extent{})
		if judged[0].Status != c.want || (len(doubts) > 0) != (c.want == NotJudged) {
			t.Errorf("%s, %s: got %s and %v, want %s", c.name, c.rule, judged[0].Status, doubts, c.want)
		}
	}
}
