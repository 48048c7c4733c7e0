package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
)

// shopAPI has four operations: one compared, one that fails, one with too little, one without a step.
var shopAPI = &gate.API{LeftOut: 1, Others: []string{"GET /other"}, Operations: []gate.Operation{
	{Name: "GET /a", Routes: []string{"nothing", "GET /a"}}, {Name: "GET /b", Routes: []string{"GET /b"}}, {Name: "GET /c", Routes: []string{"GET /c"}}, {Name: "GET /d"},
}}

// judged is a verdict on the routes of shopAPI.
func judged(outcome gate.Outcome) gate.Verdict {
	line := func(route string, m gate.Metric, s gate.Status, why *gate.Why) gate.Comparison {
		return gate.Comparison{Route: route, Metric: m, Status: s, Why: why, Limit: 0.2}
	}
	v := gate.Verdict{Outcome: outcome, Mode: gate.Stored, Compared: 2, Total: 4, Reasons: []gate.Reason{}, Comparisons: []gate.Comparison{
		line("GET /a", gate.P99, gate.NotJudged, &gate.Why{Kind: gate.FewRequests, Has: 20, Needs: 500}), line("GET /a", gate.P50, gate.Within, nil),
		line("GET /b", gate.P50, gate.NotJudged, &gate.Why{Kind: gate.ManyFailures}),
		{Route: "GET /b", Metric: gate.FailureRate, Status: gate.Within, Head: 0.5, Requests: 40, Limit: 1, Failures: []gate.Failure{{Class: "status", Count: 20}}},
		line("GET /c", gate.P99, gate.NotJudged, &gate.Why{Kind: gate.FewRequests, Has: 12, Needs: 500}), line("GET /c", gate.P50, gate.NotJudged, &gate.Why{Kind: gate.FewRequests, Has: 12, Needs: 20}),
		line("GET /other", gate.P50, gate.Within, nil),
	}}
	switch outcome {
	case gate.Fail:
		v.Comparisons[1].Status, v.Comparisons[1].Change = gate.Worse, 0.5
		v.Reasons = []gate.Reason{{Kind: gate.Slower, Route: "GET /a", Metric: gate.P50, Change: 0.5, Limit: 0.2}, {Kind: gate.NotRequested, Route: "GET /x"}}
	case gate.Inconclusive:
		v.Reasons = []gate.Reason{{Kind: gate.NotRequested, Route: "GET /x"}}
	}
	return v
}

func TestCover(t *testing.T) {
	v := judged(gate.Pass).Cover(gate.Policy{}, shopAPI)
	want := []gate.Covered{
		{Operation: "GET /a", Route: "GET /a", Status: gate.CoverCompared},
		{Operation: "GET /b", Route: "GET /b", Status: gate.CoverFailing, Requests: 40, Share: 0.5},
		{Operation: "GET /c", Route: "GET /c", Status: gate.CoverFewRequests, Metric: gate.P50, Requests: 12, Needs: 20},
		{Operation: "GET /d", Status: gate.CoverNoStep},
		{Route: "GET /other", Status: gate.CoverCompared},
	}
	c := v.Coverage
	if v.Outcome != gate.Pass || c.Compared != 1 || c.Total != 4 || c.LeftOut != 1 || len(c.Operations) != len(want) {
		t.Fatalf("%v: %+v", v, c)
	}
	for i, one := range want {
		got := c.Operations[i]
		if one.Status == gate.CoverFailing && len(got.Failures) != 1 {
			t.Errorf("no failures in %+v", got)
		}
		got.Failures = nil
		if got.Operation != one.Operation || got.Route != one.Route || got.Status != one.Status || got.Metric != one.Metric || got.Requests != one.Requests || got.Needs != one.Needs || got.Share != one.Share {
			t.Errorf("%+v, want %+v", got, one)
		}
	}
	if v := judged(gate.Pass).Cover(gate.Policy{}, nil); v.Coverage != nil {
		t.Error("coverage of nothing")
	}
}

// Too little coverage fails a change. A doubt stays one unless the steps themselves are too few.
func TestCoverNeeds(t *testing.T) {
	for _, c := range []struct {
		outcome gate.Outcome
		needs   float64
		want    string
	}{
		{gate.Pass, 0.25, "pass"},
		{gate.Pass, 0.26, "fail; low-coverage"},
		{gate.Fail, 0.26, "fail; slower GET /a p50; low-coverage; not-requested GET /x"},
		{gate.Inconclusive, 0.75, "inconclusive; not-requested GET /x"},
		{gate.Inconclusive, 0.76, "fail; low-coverage; not-requested GET /x"},
	} {
		v := judged(c.outcome).Cover(gate.Policy{Coverage: c.needs}, shopAPI)
		if v.String() != c.want {
			t.Errorf("%v with %g: %v, want %s", c.outcome, c.needs, v, c.want)
		}
		if err := v.Validate(); err != nil {
			t.Errorf("%v: %v", v, err)
		}
		if v.Outcome != gate.Fail {
			continue
		}
		accepted := v.Accept(gate.Acceptance{By: "ana", At: time.Unix(1, 0)})
		if err := accepted.Validate(); accepted.Accepted == nil || err != nil {
			t.Errorf("accepted: %v, %v", accepted, err)
		}
		if back := accepted.Revoke(); back.Outcome != gate.Fail || !strings.Contains(back.String(), "low-coverage") {
			t.Errorf("revoked: %v", back)
		}
	}
}

// Coverage that no gate can have written is refused. A long list is cut where it matters least.
func TestCoverageIsBounded(t *testing.T) {
	api := &gate.API{}
	for range 6_000 {
		api.Operations = append(api.Operations, gate.Operation{Name: strings.Repeat("a", 400), Routes: []string{"GET /a"}})
	}
	api.Operations[5_999].Routes = nil
	v, _ := judged(gate.Pass).Cover(gate.Policy{}, api).Bound()
	if err := v.Validate(); err != nil || len(v.Coverage.Operations) != 5_000 || v.Coverage.More != 1_000 || v.Coverage.Operations[0].Status != gate.CoverNoStep {
		t.Errorf("%v: %d operations, %d more, first %+v", err, len(v.Coverage.Operations), v.Coverage.More, v.Coverage.Operations[0])
	}
	for name, change := range map[string]func(*gate.Coverage){
		"a status":      func(c *gate.Coverage) { c.Operations[0].Status = "fine" },
		"no name":       func(c *gate.Coverage) { c.Operations[0].Operation, c.Operations[0].Route = "", "" },
		"more than all": func(c *gate.Coverage) { c.Compared = 5 },
		"below all":     func(c *gate.Coverage) { c.Total = 3 },
		"a lie":         func(c *gate.Coverage) { c.Low = true },
		"a share":       func(c *gate.Coverage) { c.Operations[1].Share = 2 },
		"a count":       func(c *gate.Coverage) { c.Operations[1].Requests = -1 },
		"a metric":      func(c *gate.Coverage) { c.Operations[2].Metric = "p42" },
		"needs":         func(c *gate.Coverage) { c.Needs = 2 },
	} {
		v := judged(gate.Pass).Cover(gate.Policy{}, shopAPI)
		change(v.Coverage)
		if v.Validate() == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
