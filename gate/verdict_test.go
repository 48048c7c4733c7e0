package gate_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// What is written of a verdict can be read, and nothing else.
func TestOutcomeAndStatusAsText(t *testing.T) {
	for _, o := range []gate.Outcome{gate.Unjudged, gate.Pass, gate.Fail, gate.Inconclusive} {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		got := gate.Outcome(99)
		if err := json.Unmarshal(text, &got); err != nil || got != o {
			t.Errorf("%s: read as %d, %v", text, got, err)
		}
	}
	for _, s := range []gate.Status{gate.Within, gate.Worse, gate.NotJudged, gate.Suspect, gate.Unclear, gate.Follows} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got gate.Status
		if err := json.Unmarshal(text, &got); err != nil || got != s {
			t.Errorf("%s: read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "PASS", "pass ", "worse", "passed"} {
		if err := new(gate.Outcome).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as an outcome", text)
		}
	}
	for _, text := range []string{"", "Worse", "pass", "not-judged"} {
		if err := new(gate.Status).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as a status", text)
		}
	}
}

func TestAccept(t *testing.T) {
	word := gate.Acceptance{By: "ana", Why: "the new index is worth it", At: time.Unix(1_700_000_000, 0).UTC()}
	failed := gate.Verdict{Outcome: gate.Fail, Compared: 1, Total: 1, Reasons: []gate.Reason{{Kind: gate.Slower, Route: "GET /a"}}, Comparisons: []gate.Comparison{{Route: "GET /a", Status: gate.Worse}}}
	got := failed.Accept(word)
	if got.Outcome != gate.Pass || got.Accepted == nil || *got.Accepted != word || len(got.Reasons) != 1 || len(got.Of(gate.Worse)) != 1 {
		t.Errorf("an accepted fail is %+v", got)
	}
	if failed.Outcome != gate.Fail || failed.Accepted != nil {
		t.Errorf("the verdict itself was changed: %+v", failed)
	}
	blind := failed
	blind.Compared = 0
	for name, v := range map[string]gate.Verdict{
		"a pass": {Outcome: gate.Pass, Compared: 1}, "doubt": {Outcome: gate.Inconclusive, Compared: 1}, "nothing judged": {}, "nothing compared": blind,
	} {
		if got := v.Accept(word); got.Outcome != v.Outcome || got.Accepted != nil {
			t.Errorf("%s was accepted: %+v", name, got)
		}
	}
	doubtful := failed
	doubtful.Reasons = append(slices.Clip(failed.Reasons), gate.Reason{Kind: gate.RouteMissing, Route: "GET /gone", Of: gate.OfHead})
	if got := doubtful.Accept(word); got.Outcome != gate.Inconclusive || got.Accepted == nil || len(got.Reasons) != 1 || got.Reasons[0].Kind != gate.RouteMissing {
		t.Errorf("a failure beside a doubt: %+v", got)
	}
	near := failed
	near.Comparisons = append(slices.Clip(failed.Comparisons), gate.Comparison{Route: "GET /a", Metric: gate.P99, Status: gate.Unclear}, gate.Comparison{Route: tally.All, Metric: gate.P99, Status: gate.Unclear})
	near.Reasons = append(slices.Clip(failed.Reasons), gate.Reason{Kind: gate.TooNoisy, Route: "GET /a", Metric: gate.P99}, gate.Reason{Kind: gate.LostSight, Route: "GET /a", Metrics: []gate.Metric{gate.P95}})
	if got := near.Accept(word); got.Outcome != gate.Pass {
		t.Errorf("a failure with a doubt about the same route: %+v", got)
	}
	far := near
	far.Comparisons = append(slices.Clip(near.Comparisons), gate.Comparison{Route: "GET /b", Metric: gate.P99, Status: gate.Unclear})
	if got := far.Accept(word); got.Outcome != gate.Inconclusive || got.Reasons[0].Kind != gate.TooNoisy {
		t.Errorf("a failure with a doubt about another route: %+v", got)
	}
	for _, bad := range []gate.Acceptance{{By: "ana"}, {At: word.At}} {
		if got := failed.Accept(bad); got.Outcome != gate.Fail || got.Accepted != nil {
			t.Errorf("accepted by %+v", bad)
		}
	}
}
