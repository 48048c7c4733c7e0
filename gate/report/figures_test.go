package report_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// The figures of a row agree with its change, in sign and size, whatever the medians of both sides say.
func TestFiguresAgreeWithTheirChange(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var all []gate.Comparison
	for range 500 {
		c := gate.Comparison{Route: "GET /a", Metric: gate.P50, Status: gate.Within, Limit: 0.2, N: 24}
		if random.IntN(2) == 0 {
			c.Metric = gate.Throughput
		}
		c.Baseline = math.Exp(random.Float64()*14 + 7) // 1 µs to 1 s; or requests a second
		c.Head = c.Baseline * math.Exp(random.NormFloat64()/4)
		c.Change = math.Expm1(random.NormFloat64() / 4)
		all = append(all, c)
	}
	for _, c := range all {
		checkRow(t, c)
	}
}

// Pairs of real rounds that are noisy: the medians of the sides often differ from the pairs' estimate.
func TestFiguresOfNoisyPairsAgree(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	astray := 0
	for range 20 {
		v := gate.JudgePairs(gate.DefaultPolicy(), noisySide(random, false), noisySide(random, true), true)
		for _, c := range v.Comparisons {
			if c.Metric == gate.FailureRate || c.Status == gate.NotJudged {
				continue
			}
			if (c.Head-c.Baseline)*c.Change < 0 {
				astray++
			}
			checkRow(t, c)
		}
	}
	if astray == 0 {
		t.Error("no median contradicts its estimate, so this test shows nothing")
	}
}

// noisySide is a side of 24 rounds whose latencies jump.
func noisySide(random *rand.Rand, head bool) *result.Result {
	r := &result.Result{Schema: result.Schema, PlannedRounds: 24, PairSeed: "1"}
	r.ProfileDigest, r.Series = "d", "s"
	for i := range r.PlannedRounds {
		counted := &tally.Tally{}
		level := time.Duration(float64(440*time.Microsecond) * math.Exp(random.NormFloat64()/3))
		for k := range 400 {
			counted.Add(tally.Sample{Route: "GET /a", Class: tally.OK, Ended: level + time.Duration(k)*time.Microsecond})
		}
		round := result.NewRound(time.Duration(i)*time.Second, time.Second, counted)
		round.Second = head == (i%2 == 0)
		r.Rounds = append(r.Rounds, round)
		r.Tally.Merge(counted)
	}
	return r
}

// checkRow fails the test when the figures of a comparison, as they are shown, contradict its change.
func checkRow(t *testing.T, c gate.Comparison) {
	t.Helper()
	v := gate.Verdict{Outcome: gate.Pass, Mode: gate.Paired, Compared: 1, Total: 1, Comparisons: []gate.Comparison{c}}
	row, _, _ := strings.Cut(strings.SplitN(render(t, report.Terminal, report.New(v, shopRun())), "\n", 3)[2], "\n")
	cells := strings.Split(row, "|")
	before, now := number(t, cells[2]), number(t, cells[3])
	shown := now/before - 1
	if math.Abs(shown-c.Change) > 0.011*(1+math.Abs(c.Change)) || math.Abs(c.Change) > 0.01 && (now > before) != (c.Change > 0) {
		t.Errorf("%s: %s to %s is %+.1f %%, and shown is %s", c.Metric, cells[2], cells[3], 100*shown, cells[4])
	}
}

// number is a figure as it is shown, in seconds if it is a time.
func number(t *testing.T, cell string) float64 {
	t.Helper()
	text, unit, _ := strings.Cut(strings.TrimSpace(cell), " ")
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v * map[string]float64{"µs": 1e-6, "ms": 1e-3, "s": 1, "/s": 1}[unit]
}

// Unjudged figures take a line for each route, with the reason and what would help; the table has only rows
// with figures.
func TestNotJudgedIsFolded(t *testing.T) {
	not := func(route string, metric gate.Metric, why gate.Why) gate.Comparison {
		return gate.Comparison{Route: route, Metric: metric, Status: gate.NotJudged, Limit: 0.2, Why: &why}
	}
	few := func(needs float64) gate.Why {
		return gate.Why{Kind: gate.FewRequests, Has: 90, Needs: needs, RunTime: time.Duration(needs) * time.Second}
	}
	v := gate.Verdict{
		Outcome: gate.Inconclusive, Mode: gate.Stored, Compared: 1, Total: 3,
		Reasons: []gate.Reason{{Kind: gate.RouteNotJudged, Route: "GET /said", Why: &gate.Why{Kind: gate.FewRounds}}},
		Comparisons: []gate.Comparison{
			comparison("GET /a", gate.P50, gate.Within), not("GET /a", gate.P95, few(200)), not("GET /a", gate.P99, few(1000)), not("GET /a", gate.Throughput, few(100)),
			not("GET /b", gate.P50, gate.Why{Kind: gate.NotInBaseline}), not("GET /b", gate.P95, gate.Why{Kind: gate.NotInBaseline}),
			not("GET /said", gate.P50, gate.Why{Kind: gate.FewRounds}),
			not("POST /login", gate.P50, gate.Why{Kind: gate.FewRequests, Has: 2, Needs: 20, OnStart: true}),
		},
	}
	want := `
not judged:
  GET /a: 90 requests in a round, and p95 needs 200, p99 needs 1000 and throughput needs 100: a run_time of 16m40s would be enough for all
  GET /b: p50 and p95: the baseline does not have this route
  POST /login: 2 requests in a round, and p50 needs 20; only on_start sends it: to judge it, send it in a task, or let its users renew more often

- GET /said`
	text := render(t, report.Terminal, report.New(v, shopRun()))
	if !strings.Contains(text, want) || strings.Count(text, " | p") != 1 {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	for _, write := range []func(*testing.T) string{
		func(t *testing.T) string { return render(t, comment, report.New(v, shopRun())) },
		func(t *testing.T) string { return render(t, report.Summary, report.New(v, shopRun())) },
	} {
		if text := write(t); !strings.Contains(text, "Not judged:\n\n```text\nGET /a: 90 requests") || strings.Count(text, "| p50") != 1 {
			t.Errorf("got\n%s", text)
		}
	}
	v.Comparisons = append(v.Comparisons, not("GET /c", gate.P99, few(1000)))
	v.Comparisons = append(v.Comparisons, not("GET /d", gate.P95, few(200)), not("GET /d", gate.P99, few(1000)))
	open := comparison("GET /e", gate.P95, gate.NotJudged) // it has figures, which say nothing
	open.Why = &gate.Why{Kind: gate.Undecided, RunTime: time.Minute}
	both := open // beside a figure that needs a longer run_time
	both.Route = "GET /f"
	v.Comparisons = append(v.Comparisons, comparison("GET /e", gate.P50, gate.Within), open, both, not("GET /f", gate.P99, few(1000)))
	text = render(t, report.Terminal, report.New(v, shopRun()))
	for _, want := range []string{
		"\n  GET /e: p95: too few requests to tell, and a run_time of 1m would be enough\n",
		"\n  GET /f: p95: too few requests to tell, and a run_time of 16m40s would be enough; 90 requests in a round, and p99 needs 1000: a run_time of 16m40s would be enough\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant\n%s", text, want)
		}
	}
	brief := "Not judged:\n\n```text\ntoo few requests: p95 of 4 routes, p99 of 4 routes, throughput of GET /a; a run_time of 16m40s would be enough for all\n" +
		"GET /b: p50 and p95: the baseline does not have this route\nPOST /login: 2 requests"
	if text := render(t, comment, report.New(v, shopRun())); !strings.Contains(text, brief) {
		t.Errorf("got\n%s\nwant\n%s", text, brief)
	}
	for i := range 1000 {
		v.Comparisons = append(v.Comparisons, not("GET /more/"+strconv.Itoa(i), gate.P99, few(1000)))
	}
	if text := render(t, report.Terminal, report.New(v, shopRun())); strings.Count(text, "\n") > 40 || !strings.Contains(text, "\n  and figures of 987 more routes\n") {
		t.Errorf("got\n%s", text)
	}
}
