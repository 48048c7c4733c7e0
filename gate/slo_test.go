package gate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

func TestParseSLO(t *testing.T) {
	routes := []string{"GET /items/:id", "GET /"}
	for text, want := range map[string]string{
		"p(95)<50":                   "p(95)<50",
		" p(99.9) <= 250 ":           "p(99.9) <= 250",
		"avg<20":                     "avg<20",
		"GET /: max<1000":            "GET /: max<1000",
		"GET /items/:id: p(95)<50":   "GET /items/:id: p(95)<50",
		"*: med<5":                   "med<5",
		"p95<50":                     `"p95<50" is not a threshold: write one such as p(95)<50, avg<=20 or max<1000 (in ms)`,
		"":                           "is not a threshold",
		"p(95)<50,p(99)<80":          "is not a threshold",
		"nonsense: what":             "is not a threshold",
		"p(101)<50":                  "a percentile lies between 0 and 100",
		"p(95)>50":                   "says nothing that a search for the highest load could hold",
		"rate>=50":                   "says nothing that a search",
		"count<10":                   "says nothing that a search",
		"avg==5":                     "says nothing that a search",
		"p(95)<0":                    "no answer takes less than that",
		"GET /nowhere: p(95)<50":     `no request is counted under "GET /nowhere"; the routes are GET /items/:id, GET /`,
		"GET /items/:id: p(95)< ten": "is not a threshold",
	} {
		s, err := gate.ParseSLO([]string{text}, gate.DefaultPolicy(), routes)
		got := strings.Join(s.Texts(), ", ")
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != want || !strings.Contains(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Without a text the upper limits of response times in the profile's thresholds are the SLO.
func TestSLOOfThresholds(t *testing.T) {
	s, err := gate.ParseSLO(nil, policyOf(t, "thresholds: {'*': ['p(95)<50', 'rate>=50'], a: ['avg<=70']}"), []string{"a"})
	if got := s.Texts(); err != nil || !slices.Equal(got, []string{"p(95)<50", "a: avg<=70"}) || s.Longest() != 70*time.Millisecond {
		t.Errorf("%v, %v, %v", got, err, s.Longest())
	}
	if _, err := gate.ParseSLO(nil, policyOf(t, "thresholds: {'*': ['rate>=50']}"), nil); err == nil || !strings.Contains(err.Error(), "there is no SLO") {
		t.Errorf("got %v", err)
	}
}

// policyOf is the policy of a gate: section.
func policyOf(t *testing.T, text string, routes ...string) gate.Policy {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(text), &n); err != nil {
		t.Fatal(err)
	}
	p, problems := gate.ParsePolicy("p.yaml", n.Content[0], append(routes, "a"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return p
}

// samplesOf makes counts: so many requests of each time, the last failed of them failing.
func samplesOf(route string, failed int, ms ...int) *tally.Tally {
	all := &tally.Tally{}
	for i, m := range ms {
		sample := tally.Sample{Route: route, Ended: time.Duration(m) * time.Millisecond, Class: tally.OK}
		if i >= len(ms)-failed {
			sample.Class, sample.Error = tally.Status, "status 500"
		}
		all.Add(sample)
	}
	return all
}

func times(n, ms int) (all []int) {
	for range n {
		all = append(all, ms)
	}
	return all
}

func TestSLOJudges(t *testing.T) {
	s, err := gate.ParseSLO([]string{"p(95)<50", "b: avg<100"}, policyOf(t, "failure_rate: 1%\nroutes: {lax: {failure_rate: 50%}, off: {ignore: true}}", "lax", "off"), []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	cut := samplesOf("a", 0, times(90, 10)...)
	for range 10 {
		cut.Add(tally.Sample{Route: "a", Ended: 20 * time.Millisecond, Unfinished: true})
	}
	for _, c := range []struct {
		name string
		t    *tally.Tally
		want string
	}{
		{"kept", samplesOf("a", 0, times(100, 10)...), "* p(95)<50 within, b avg<100 not judged"},
		{"late", samplesOf("a", 0, append(times(90, 10), times(10, 80)...)...), "* p(95)<50 worse, b avg<100 not judged"},
		{"one route is late", samplesOf("b", 0, append(times(99, 10), 20_000)...), "* p(95)<50 within, b avg<100 worse"},
		{"no request", &tally.Tally{}, "* p(95)<50 worse, b avg<100 worse"},
		{"cut off", cut, "* p(95)<50 worse, b avg<100 not judged"},
		{"failures", samplesOf("a", 20, times(100, 10)...), "* p(95)<50 within, b avg<100 not judged, a failures<=1% worse"},
		{"one failure of many", samplesOf("a", 1, times(60, 10)...), "* p(95)<50 within, b avg<100 not judged"},
		{"a route that may fail", samplesOf("lax", 40, times(100, 10)...), "* p(95)<50 within, b avg<100 not judged"},
		{"a route that is not judged", samplesOf("off", 40, times(100, 10)...), "* p(95)<50 within, b avg<100 not judged"},
	} {
		var got []string
		for _, one := range s.Judge(c.t, time.Second) {
			got = append(got, fmt.Sprintf("%s %s %s", one.Route, one.Rule, one.Status))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %s, want %s", c.name, strings.Join(got, ", "), c.want)
		}
	}
	late := s.Judge(samplesOf("a", 0, times(100, 60)...), time.Second)
	if s.ExplainedBy(5*time.Millisecond, late) || !s.ExplainedBy(20*time.Millisecond, late) || s.ExplainedBy(time.Second, s.Judge(&tally.Tally{}, time.Second)) {
		t.Error("60 ms are 50 ms if the generator was 20 ms late, and not if it was 5 ms late")
	}
}

func TestSLOHopeless(t *testing.T) {
	s, _ := gate.ParseSLO([]string{"b: p(95)<50"}, gate.DefaultPolicy(), []string{"a", "b"})
	for _, c := range []struct {
		name, want string
		t          *tally.Tally
	}{
		{"in time", "", samplesOf("b", 0, times(20, 10)...)},
		{"ten times the limit", "p(95) was 600 ms in a second, more than 10 times what p(95)<50 allows", samplesOf("b", 0, times(20, 600)...)},
		{"another route", "", samplesOf("a", 0, times(20, 600)...)},
		{"failures", "15 of 20 requests failed in a second", samplesOf("a", 15, times(20, 10)...)},
		{"a few failures", "", samplesOf("a", 5, times(5, 10)...)},
		{"nothing", "", &tally.Tally{}},
	} {
		if got := s.Hopeless(c.t); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	slow := slices.Concat(times(17, 5), times(3, 1200)) // p95 is 1.2 s
	for limit, want := range map[string]string{
		"p(50)<100": "", "med<100": "", "min<100": "", "avg<100": "", "p(90)<100": "p(90) was 1200 ms in a second, more than 10 times what p(90)<100 allows",
		"avg<15": "avg was 184.3 ms in a second, more than 10 times what avg<15 allows", "p(99)<100": "p(99) was 1200 ms in a second, more than 10 times what p(99)<100 allows",
	} {
		s, _ := gate.ParseSLO([]string{limit}, gate.DefaultPolicy(), nil)
		if got := s.Hopeless(samplesOf("b", 0, slow...)); got != want {
			t.Errorf("%s: %q, want %q", limit, got, want)
		}
		s, _ = gate.ParseSLO([]string{"max<100"}, gate.DefaultPolicy(), nil)
		if got := s.Hopeless(samplesOf("b", 0, append(times(99, 5), 1200)...)); got != "" {
			t.Errorf("one slow answer: %q", got)
		}
	}
}
