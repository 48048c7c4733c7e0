package gate_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// A written verdict can be read back; anything else is refused.
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

// A revoked acceptance fails again, with everything that is worse among its reasons.
func TestRevoke(t *testing.T) {
	slow := gate.Comparison{Route: "GET /a", Metric: gate.P50, Status: gate.Worse, Change: 0.5, Limit: 0.2}
	slower := gate.Reason{Kind: gate.Slower, Route: "GET /a", Metric: gate.P50, Change: 0.5, Limit: 0.2}
	broken := gate.Threshold{Route: "GET /a", Rule: "max<1", Status: gate.Worse, Value: 7}
	past := gate.Reason{Kind: gate.PastThreshold, Route: "GET /a", Rule: "max<1", Now: 7}
	gone := gate.Reason{Kind: gate.RouteMissing, Route: "GET /gone", Of: gate.OfHead}
	word := gate.Acceptance{By: "ana", Label: "plimsoll-accepted", Pull: 7, At: time.Unix(1_700_000_000, 0).UTC()}
	for _, reasons := range [][]gate.Reason{{slower, past}, {slower, past, gone}} {
		failed := gate.Verdict{
			Outcome: gate.Fail, Mode: gate.Stored, Compared: 1, Total: 1, Reasons: reasons, Comparisons: []gate.Comparison{slow}, Thresholds: []gate.Threshold{broken},
		}
		accepted := failed.Accept(word)
		if accepted.Accepted == nil {
			t.Fatalf("not accepted: %v", accepted)
		}
		if got := accepted.Revoke(); !reflect.DeepEqual(got, failed) {
			t.Errorf("got %+v, want %+v", got, failed)
		}
		if got := failed.Revoke(); !reflect.DeepEqual(got, failed) {
			t.Errorf("nothing was accepted, and it became %+v", got)
		}
	}
}

// Who tried to accept where there was nothing to accept is noted.
func TestAcceptNotes(t *testing.T) {
	blind := gate.Verdict{Outcome: gate.Fail}
	got := blind.Accept(gate.Acceptance{By: "ana", Label: "plimsoll-accepted", At: time.Unix(1, 0)})
	if want := (gate.Reason{Kind: gate.NotAccepted, By: "ana", Label: "plimsoll-accepted"}); len(got.Notices) != 1 || !reflect.DeepEqual(got.Notices[0], want) {
		t.Errorf("got %+v", got.Notices)
	}
}

func TestOn(t *testing.T) {
	v := gate.Verdict{Baseline: gate.Baseline{Commit: "b"}}
	if got := v.On([]string{"c", "b", "a"}).Baseline.Behind; got == nil || *got != 1 {
		t.Errorf("behind %v, want 1", got)
	}
	if got := v.On([]string{"c"}).Baseline.Behind; got != nil {
		t.Errorf("behind %v, which is not known", *got)
	}
}

// Comparisons are sorted by status, then by how much of the limit they have used up, then by route.
func TestWorstFirst(t *testing.T) {
	at := func(route string, s gate.Status, change float64) gate.Comparison {
		return gate.Comparison{Route: route, Metric: gate.P50, Status: s, Change: change, Limit: 0.2}
	}
	comparisons := []gate.Comparison{
		at("blind", gate.NotJudged, 0), at("within b", gate.Within, 0.1), at("within a", gate.Within, 0.1), at("unfelt", gate.Within, 9), at("follows", gate.Follows, 3),
		at("unclear", gate.Unclear, 0.3), at("suspect", gate.Suspect, 0.4), at("worse", gate.Worse, 0.3),
		{Route: "failing", Metric: gate.FailureRate, Status: gate.Worse, Head: 0.1}, {Route: "better", Metric: gate.Throughput, Status: gate.Within, Change: 0.5, Limit: -0.2},
	}
	var got []string
	for _, i := range gate.WorstFirst(comparisons) {
		got = append(got, comparisons[i].Route)
	}
	if want := []string{"failing", "worse", "suspect", "unclear", "follows", "unfelt", "within a", "within b", "better", "blind"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A kind that the gate learns must be known to Validate, and so to every reader of verdicts.
func TestKindsAreAll(t *testing.T) {
	tree, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []gate.ReasonKind
	ast.Inspect(tree, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "ReasonKind" {
				kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, gate.ReasonKind(kind))
			}
		}
		return true
	})
	slices.Sort(declared)
	if known := gate.Kinds(); len(declared) == 0 || !slices.Equal(known, declared) {
		t.Errorf("declared are %q, Kinds gives %q", declared, known)
	}
}

// However large a verdict is, Bound makes one that Validate takes, and leaves the verdict as it was.
func TestBound(t *testing.T) {
	long := strings.Repeat("é", 5000)
	v := gate.Verdict{Outcome: gate.Fail, Mode: gate.Stored, Compared: 1, Total: 1}
	v.Baseline.Branch = long
	for range 12_000 {
		v.Comparisons = append(v.Comparisons, gate.Comparison{Route: long, Metric: gate.P50, Status: gate.Follows, Why: &gate.Why{Kind: gate.Caused, Routes: []string{long}}})
	}
	v.Comparisons[11_999].Status = gate.Worse
	v.Comparisons[11_999].Failures = slices.Repeat([]gate.Failure{{Class: "status", Text: long, Count: 1}}, 9)
	v = v.Differs(slices.Repeat([]gate.Difference{{What: "route", Name: long, Before: long}}, 300)...)
	why := gate.Why{Kind: gate.FewRequests}
	v.Reasons = []gate.Reason{{Kind: gate.Slower, Route: long, Metric: gate.P50}}
	for range 300 {
		v.Reasons = append(v.Reasons, gate.Reason{Kind: gate.RouteNotJudged, Route: long, Why: &why, Names: slices.Repeat([]string{long}, 30), Text: long})
		v.Notices = append(v.Notices, gate.Reason{Kind: gate.LowSight, Sights: []gate.Sight{{Route: long, Metric: gate.P50}}})
	}
	if err := v.Validate(); err == nil {
		t.Error("it is valid as it is")
	}
	bounded, leftOut := v.Bound()
	if err := bounded.Validate(); err != nil {
		t.Error(err)
	}
	if leftOut != 2_000 || bounded.Comparisons[0].Status != gate.Worse {
		t.Errorf("%d are left out, the first is %v", leftOut, bounded.Comparisons[0].Status)
	}
	if len(bounded.Changed) != 100 || len(bounded.Comparisons[0].Failures) != 3 {
		t.Errorf("%d changes and %d errors are left", len(bounded.Changed), len(bounded.Comparisons[0].Failures))
	}
	if v.Comparisons[0].Why.Routes[0] != long || v.Changed[0].Name != long || v.Comparisons[11_999].Failures[0].Text != long || v.Reasons[1].Names[0] != long || v.Notices[0].Sights[0].Route != long {
		t.Error("the verdict itself was cut")
	}
}

// Errors, changes and causes that no gate writes are refused.
func TestValidateRefuses(t *testing.T) {
	valid := gate.Verdict{
		Outcome: gate.Inconclusive, Mode: gate.Paired, Reasons: []gate.Reason{{Kind: gate.NotReached, Route: "a", Names: []string{"b"}}},
		Comparisons: []gate.Comparison{{Route: "a", Metric: gate.FailureRate, Status: gate.Within, Failures: []gate.Failure{{Text: "status 404", Count: 3}}}},
		Changed:     []gate.Difference{{What: "route", Name: "c", Now: "added"}},
	}
	if err := valid.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*gate.Verdict){
		"no change":            func(v *gate.Verdict) { v.Changed = []gate.Difference{{What: "route", Before: "1", Now: "1"}} },
		"nothing that changed": func(v *gate.Verdict) { v.Changed = []gate.Difference{{Now: "1"}} },
		"no error":             func(v *gate.Verdict) { v.Comparisons[0].Failures = []gate.Failure{{Count: 1}} },
		"errors of nobody":     func(v *gate.Verdict) { v.Comparisons[0].Failures = []gate.Failure{{Text: "a"}} },
		"four errors":          func(v *gate.Verdict) { v.Comparisons[0].Failures = slices.Repeat(valid.Comparisons[0].Failures, 4) },
		"errors of a reason":   func(v *gate.Verdict) { v.Reasons[0].Failures = []gate.Failure{{Text: "a"}} },
		"a cause of its own": func(v *gate.Verdict) {
			v.Comparisons[0].Why = &gate.Why{Kind: gate.Caused, Routes: []string{"b"}, By: "magic"}
		},
		"lets all through":   func(v *gate.Verdict) { v.Comparisons[0].LetsThrough = -1 },
		"nothing was missed": func(v *gate.Verdict) { v.Reasons[0].Names = nil },
	} {
		v := valid
		v.Comparisons, v.Reasons = slices.Clone(valid.Comparisons), slices.Clone(valid.Reasons)
		spoil(&v)
		if err := v.Validate(); err == nil {
			t.Errorf("%s is valid", name)
		}
	}
}
