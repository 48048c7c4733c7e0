package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// Rows go in, such as "GET /a p50 worse"; "follows from GET /b" or the same status comes out.
func TestAttribute(t *testing.T) {
	at := func(route string, metric Metric, status Status) row {
		return row{Comparison: Comparison{Route: route, Metric: metric, Status: status, Change: 0.5, Limit: 0.2}}
	}
	noise := func(route string, metric Metric) row {
		r := at(route, metric, Unclear)
		r.Change = 0.004
		return r
	}
	for _, c := range []struct {
		name string
		rows []row
		want string
	}{
		{"a slower route slows others", []row{at("a", P50, Worse), at("b", P95, Worse), at("c", Throughput, Unclear), at(tally.All, P50, Worse)}, "worse, from a, from a, from a"},
		{"a proven change never follows from an unproven one", []row{at("a", P50, Unclear), at("b", P95, Worse), at("c", P95, Unclear), at(tally.All, P50, Worse)}, "unclear, worse, unclear, worse"},
		{"noise within the limit needs no cause", []row{at("a", P50, Worse), noise("b", P95), noise(tally.All, P95)}, "worse, unclear, unclear"},
		{"a cause is proven", []row{at("a", P50, Unclear), at("b", P95, Unclear)}, "unclear, unclear"},
		{"slower routes are sources themselves", []row{at("a", P50, Worse), at("a", P95, Worse), at("b", P50, Suspect), at("b", P95, Suspect)}, "worse, worse, suspect, suspect"},
		{"tails alone", []row{at("a", P50, Within), at("a", P95, Worse), at("b", Throughput, Worse)}, "within, worse, from a"},
		{"only the whole follows from lower throughput", []row{at("a", Throughput, Worse), at("b", P95, Within), at(tally.All, Throughput, Worse)}, "worse, within, from a"},
		{"failures have no other cause", []row{at("a", P50, Worse), at("b", FailureRate, Worse), at(tally.All, FailureRate, Worse)}, "worse, worse, from b"},
		{"a row within its limit follows nothing", []row{at("a", P50, Worse), at("b", P95, Within), at("c", P95, NotJudged)}, "worse, within, not judged"},
		{"three are named", []row{at("d", P50, Worse), at("c", P50, Worse), at("b", P50, Worse), at("a", P50, Worse), at(tally.All, P50, Worse)}, "worse, worse, worse, worse, from a b c +1"},
	} {
		var got []string
		for _, r := range attribute(&sides{}, c.rows) {
			text := r.Status.String()
			if r.Status == Follows {
				text = "from " + strings.Join(r.Why.Routes, " ")
				if r.Why.More > 0 {
					text += fmt.Sprintf(" +%d", r.Why.More)
				}
			}
			got = append(got, text)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}

// Rows follow from a route that changes the load of one side.
func TestAttributeAcrossTheLoad(t *testing.T) {
	of := func(requests, failures int64, mean float64) counts {
		return counts{requests: requests, failures: failures, mean: mean}
	}
	type routes map[string]counts
	at := func(metric Metric, status Status) row {
		return row{Comparison: Comparison{Route: "x", Metric: metric, Status: status}}
	}
	usual, slower := of(1000, 0, 10), of(600, 0, 60)
	for _, c := range []struct {
		name        string
		before, now routes
		users       int
		row         row
		want        string
	}{
		{"base failed another route", routes{"x": usual, "s": of(1000, 1000, 1)}, routes{"x": of(400, 0, 10), "s": of(400, 0, 40)}, 6, at(Throughput, Worse), "fails-on-base s"},
		{"and in the open model", routes{"x": usual, "s": of(1000, 1000, 1)}, routes{"x": of(400, 0, 10), "s": of(400, 0, 40)}, 0, at(Throughput, Worse), "fails-on-base s"},
		{"it failed too rarely to matter", routes{"x": usual, "s": of(1000, 20, 40)}, routes{"x": of(400, 0, 10), "s": of(400, 0, 40)}, 6, at(Throughput, Worse), "worse"},
		{"a tail beside a repaired route", routes{"x": usual, "s": of(1000, 1000, 1)}, routes{"x": usual, "s": usual}, 6, at(P95, Worse), "fails-on-base s"},
		{"a tail beside a repaired route that is ignored", routes{"x": usual, "ignored": of(1000, 1000, 1)}, routes{"x": usual, "ignored": usual}, 6, at(P95, Worse), "worse"},
		{"slower in general", routes{"x": usual, "s": of(1000, 1000, 1)}, routes{"x": usual, "s": usual}, 6, at(P50, Worse), "worse"},
		{"a new route that hardly anybody asks for", routes{"x": usual}, routes{"x": of(400, 0, 10), "s": of(3, 0, 40)}, 6, at(Throughput, Worse), "worse"},
		{"a new route", routes{"x": usual}, routes{"x": of(400, 0, 10), "s": usual}, 6, at(Throughput, Worse), "new s"},
		{"a route that is gone", routes{"x": usual, "s": usual}, routes{"x": of(400, 0, 10), "s": {}}, 6, at(Throughput, Worse), "gone s"},
		{"an ignored route is slower", routes{"x": usual, "ignored": usual}, routes{"x": of(600, 0, 10), "ignored": slower}, 6, at(Throughput, Worse), "slower ignored"},
		{"nobody waits in the open model", routes{"x": usual, "ignored": usual}, routes{"x": of(600, 0, 10), "ignored": slower}, 0, at(Throughput, Worse), "worse"},
		{"the route itself is slower than that", routes{"x": usual, "ignored": usual}, routes{"x": of(600, 0, 90), "ignored": slower}, 6, at(Throughput, Worse), "worse"},
		{"too little to explain it", routes{"x": usual, "ignored": usual}, routes{"x": of(400, 0, 10), "ignored": of(400, 0, 12)}, 6, at(Throughput, Worse), "worse"},
		{"a rare route", routes{"x": usual, "rare": of(5, 0, 1000)}, routes{"x": of(300, 0, 10), "rare": of(2, 0, 9000)}, 6, at(Throughput, Unclear), "slower rare"},
		{"within its limit", routes{"x": usual, "s": of(1000, 1000, 1)}, routes{"x": usual, "s": usual}, 6, at(Throughput, Within), "within"},
	} {
		p := DefaultPolicy()
		p.Routes = map[string]RoutePolicy{"ignored": {FailureRate: 0.01, Ignore: true}}
		s := &sides{p: p, users: c.users, before: side{rounds: 1, routes: c.before}, now: side{rounds: 1, routes: c.now}}
		r := attribute(s, []row{c.row})[0]
		got := r.Status.String()
		if r.Status == Follows {
			got = string(r.Why.By) + " " + strings.Join(r.Why.Routes, " ")
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// A route whose own p50 is worse follows only from one that has become slower by far more, in time.
func TestAttributeByTime(t *testing.T) {
	type is struct {
		route      string
		metric     Metric
		status     Status
		base, head float64 // µs
	}
	for _, c := range []struct {
		name string
		rows []is
		want string
	}{
		{"by far more", []is{{"a", P50, Worse, 5000, 9000}, {"b", P50, Worse, 237, 365}, {"b", P95, Worse, 400, 2400}}, "worse, may a, from a"},
		{"not by far", []is{{"a", P50, Worse, 5000, 9000}, {"b", P50, Worse, 2000, 3100}}, "worse, worse"},
		{"of the same metric", []is{{"a", P50, Within, 5000, 5100}, {"a", P95, Worse, 9000, 30000}, {"b", P95, Worse, 3000, 6000}}, "within, worse, may a"},
		{"a row in doubt", []is{{"a", P50, Worse, 5000, 9000}, {"b", P50, Unclear, 237, 365}}, "worse, may a"},
		{"of a cause in doubt", []is{{"a", P50, Unclear, 5000, 9000}, {"b", P50, Worse, 237, 365}}, "unclear, worse"},
		{"a cause within a larger limit of its own", []is{{"a", P50, Within, 5000, 9000}, {"b", P50, Worse, 237, 365}}, "within, worse"},
		{"a cause that is ignored", []is{{"b", P50, Worse, 237, 365}}, "worse"},
		{"a cause that is rare", []is{{"rare", P50, Worse, 5000, 9000}, {"b", P50, Worse, 237, 365}}, "worse, worse"},
		{"a cause that has a cause", []is{{"c", P50, Worse, 50_000, 90_000}, {"a", P50, Worse, 5000, 9000}, {"b", P50, Worse, 237, 365}}, "worse, may c, may c"},
		{"the whole", []is{{"a", P50, Worse, 5000, 9000}, {"b", P50, Worse, 237, 365}, {tally.All, P50, Worse, 400, 600}}, "worse, may a, from a"},
	} {
		routes := map[string]counts{"rare": {requests: 1, mean: 1}}
		var rows []row
		for _, x := range c.rows {
			if x.route != "rare" && x.route != tally.All {
				routes[x.route] = counts{requests: 1000, mean: x.base}
			}
			rows = append(rows, row{Comparison: Comparison{Route: x.route, Metric: x.metric, Status: x.status, Baseline: 1000 * x.base, Change: x.head/x.base - 1, Limit: 0.2}})
		}
		s := &sides{p: DefaultPolicy(), users: 4, before: side{rounds: 1, routes: routes}, now: side{rounds: 1, routes: routes}}
		var got []string
		for _, r := range attribute(s, rows) {
			text := r.Status.String()
			if r.Status == Follows {
				text = map[Cause]string{ByFarSlower: "may ", BySlower: "from "}[r.Why.By] + strings.Join(r.Why.Routes, " ")
			}
			got = append(got, text)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: got %q, want %q", c.name, text, c.want)
		}
	}
}

// For any rows, a worse row never follows from one that is not worse: a report with a worse row stays red.
func TestAttributeKeepsRed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		routes := map[string]counts{}
		var rows []row
		worse := false
		for k := range 1 + random.IntN(5) {
			name := fmt.Sprint("r", k)
			routes[name] = counts{requests: 1 + random.Int64N(1000), mean: math.Exp(20 * random.Float64())}
			for _, m := range []Metric{P50, P95, P99, Throughput} {
				r := row{Comparison: Comparison{Route: name, Metric: m, Limit: 0.2, Baseline: math.Exp(20 * random.Float64()), Change: 0.21 + random.Float64()}}
				r.Status = []Status{Within, Within, NotJudged, Unclear, Worse}[random.IntN(5)]
				worse = worse || r.Status == Worse
				rows = append(rows, r)
			}
		}
		s := &sides{p: DefaultPolicy(), users: 4, before: side{rounds: 1, routes: routes}, now: side{rounds: 1, routes: routes}}
		rows = attribute(s, rows)
		if worse && !slices.ContainsFunc(rows, func(r row) bool { return r.Status == Worse }) {
			t.Fatalf("nothing stayed worse: %+v", rows)
		}
	}
}
