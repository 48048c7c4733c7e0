package main

import (
	"math"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	if got := median(nil); got != nil {
		t.Errorf("median of nothing: got %v, want none", *got)
	}
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.values); *got != c.want {
			t.Errorf("median of %v: got %v, want %v", c.values, *got, c.want)
		}
	}
}

// TestRatioWithinRounds: the machine halves its speed from round to round, which ratios within
// a round do not see and a ratio of medians would.
func TestRatioWithinRounds(t *testing.T) {
	own, wrk := key{"plimsoll", getRate}, key{"wrk", getRate}
	rounds := []round{
		{values: map[key]float64{own: 90, wrk: 100}},
		{values: map[key]float64{own: 40, wrk: 50}},
		{values: map[key]float64{own: 25, wrk: 25}},
		{values: map[key]float64{own: 1000}}, // wrk was not measured
		{values: map[key]float64{wrk: 1000}},
	}
	if got := ratio(rounds, own, wrk); math.Abs(*got-0.9) > 1e-9 {
		t.Errorf("ratio: got %v, want 0.9", *got)
	}
	if got := ratio(rounds, own, key{"k6", getRate}); got != nil {
		t.Errorf("ratio to what was not measured: got %v, want none", *got)
	}
	entries := []entry{{tool: "plimsoll", whats: []string{getRate}}, {tool: "k6", whats: []string{getRate}}}
	all := figures(rounds, entries, &wrk)
	if len(all) != 1 || len(all[0].Rounds) != 4 || all[0].Median != 65 || all[0].Low != 25 || all[0].High != 1000 {
		t.Errorf("figures: got %+v, want plimsoll alone, with median 65 of 4 rounds, 25 to 1000", all)
	}
}

func TestGoal(t *testing.T) {
	value := func(f float64) *float64 { return &f }
	for _, c := range []struct {
		goal goal
		want string
	}{
		{goal{Limit: 0.95}, "not measured"},
		{goal{Limit: 0.95, Got: value(0.95)}, "reached"},
		{goal{Limit: 0.95, Got: value(0.94)}, "missed"},
		{goal{Limit: 12, AtMost: true}, "not measured"},
		{goal{Limit: 12, AtMost: true, Got: value(12)}, "reached"},
		{goal{Limit: 0, AtMost: true, Got: value(1)}, "missed"},
	} {
		if got := c.goal.verdict(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.goal, got, c.want)
		}
	}
}

// TestFrozenQuantile compares the formula with a count over all arrivals of one period.
func TestFrozenQuantile(t *testing.T) {
	for _, c := range []struct{ q, want float64 }{{0.95, 100}, {0.99, 180}, {0.90, 0}, {0.5, 0}} {
		if got := frozenQuantile(c.q); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("q %v: got %v ms, want %v", c.q, got, c.want)
		}
		const arrivals = 100_000
		longer := 0
		for i := range arrivals {
			phase := ms(freezeEvery) * float64(i) / arrivals
			if ms(freezeFor)-phase > c.want {
				longer++
			}
		}
		if share := float64(longer) / arrivals; share > 1-c.q+1e-3 {
			t.Errorf("q %v: a share of %v waits longer than %v ms", c.q, share, c.want)
		}
	}
}

func TestRender(t *testing.T) {
	value := func(f float64) *float64 { return &f }
	r := report{
		Scenario: "get", About: "an example",
		Figures: []figure{
			{Tool: "wrk", What: getRate, Median: 81234.5, Low: 79000, High: 1234567, Ratio: value(1), CoreBusy: value(0.995), ServerBusy: value(0.8)},
			{Tool: "truth", What: "p95, ms", Median: 100, Low: 0.0123, High: 0},
		},
		Goals: []goal{{Text: "plimsoll / wrk", Limit: 0.95}, {Text: "lateness", Limit: 1, AtMost: true, Got: value(0.25)}},
	}
	const want = `
get: an example

tool   figure          median  lowest  highest    of wrk  core busy  server busy
wrk    GET requests/s  81,234  79,000  1,234,567  1.00    100%       80%
truth  p95, ms         100     0.0123  0          -       -          -

plimsoll / wrk: -, must be at least 0.950: not measured
lateness: 0.250, must be at most 1.00: reached
`
	var got strings.Builder
	if err := r.render(&got); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value float64
		want  string
	}{
		{0, "0"}, {1, "1.00"}, {0.9996, "1.00"}, {99.9999, "100"}, {-12.345, "-12.3"}, {999.6, "1,000"}, {1234567.8, "1,234,568"}, {0.00012, "0.000120"},
	} {
		if got := number(c.value); got != c.want {
			t.Errorf("number(%v): got %s, want %s", c.value, got, c.want)
		}
	}
}

func TestParseCores(t *testing.T) {
	got, err := parseCores("0-2,7")
	if want := []int{0, 1, 2, 7}; err != nil || len(got) != 4 || got[2] != want[2] || got[3] != want[3] {
		t.Errorf("got %v, error %v; want %v", got, err, want)
	}
	if _, err := parseCores(""); err == nil {
		t.Error("an empty list is taken for cores")
	}
}

func TestFlags(t *testing.T) {
	check := func(want string, args ...string) {
		t.Helper()
		_, err := parseFlags(args, &strings.Builder{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", args, err, want)
		}
	}
	check("", "-only", "plimsoll,locust", "-scenario", "get,post")
	check(`no tool "jmeter"`, "-only", "jmeter")
	check(`no scenario "fast"`, "-scenario", "fast")
	check("at least 1", "-rounds", "-1")
	check("flags only", "get")
	check("", "-against", "v1", "-within", "3%", "-scenario", "memory,open")
	check("is not a percentage", "-against", "v1", "-within", "3")
	check("is not a percentage", "-against", "v1", "-within", "0%")
	check("-against needs a commit", "-against", "")
	check("-against needs a commit", "-against", "-json")
	check("-within is for -against", "-within", "3%")
	check("-only chooses peers", "-against", "v1", "-only", "wrk")
	check(`no scenario "freeze"`, "-against", "v1", "-scenario", "freeze")
}
