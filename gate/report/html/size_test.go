package html_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	page "github.com/plimsoll-ci/plimsoll/gate/report/html"
	"github.com/plimsoll-ci/plimsoll/gate/report/reporttest"
	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// extreme is a run of as many rounds, readings and numbers as a file may hold, or nearly.
func extreme() *result.Result {
	r := reporttest.Run(reporttest.Shape{Routes: 2, Rounds: 3, Requests: 60})
	for len(r.Rounds) < 2_000 {
		round := r.Rounds[len(r.Rounds)%3]
		round.Start = time.Duration(len(r.Rounds)) * 10 * time.Second
		round.Readings = map[string]float64{"generator.users": []float64{-1e300, 1e300, 3}[len(r.Rounds)%3]}
		r.Rounds = append(r.Rounds, round)
	}
	for name, column := range r.Watch.Timeline {
		for i := range column {
			column[i] = []float64{-1e300, 1e300, math.NaN(), -1, 0}[(i+len(name))%5]
		}
		for k := range 90 {
			r.Watch.Timeline[fmt.Sprintf("gpu.%d.busy_share", k)] = column
			r.Watch.Timeline[fmt.Sprintf("machine.disk_busy_share.disk%d", k)] = column
		}
	}
	return r
}

// Pages stay small, however large their material is, and say what they leave out.
func TestSizes(t *testing.T) {
	for name, c := range map[string]struct {
		m     report.Material
		most  int
		drawn int
		says  []string
	}{
		"14 routes and 300 s": {reporttest.Pair(reporttest.Shape{Routes: 14, Rounds: 24, Requests: 150, Slower: 0.5, Seed: 1}), 300_000, 20, nil},
		"1,000 routes":        {reporttest.Pair(reporttest.Shape{Routes: 1000, Rounds: 8, Requests: 25, Slower: 0.5, Seed: 1}), 2_000_000, 20, []string{"more routes, which are not drawn"}},
		"hostile":             {flood(), 2_000_000, 20, []string{"more, closer to their limits"}},
		"27 hours":            {report.Material{Run: long()}, 2_000_000, 20, nil},
		"many trials":         {reporttest.Odd()["many limits"], 400_000, 0, []string{"15 more limits", "more"}},
		"extreme":             {report.Material{Run: extreme()}, 2_000_000, 20, []string{"100 columns of 2,000 rounds"}},
	} {
		text := render(t, c.m)
		if len(text) > c.most {
			t.Errorf("%s: %d bytes, at most %d", name, len(text), c.most)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("%s: a value that is none is shown", name)
		}
		if n := strings.Count(text, "<title>Response times by percentile"); n > c.drawn || n == 0 && c.drawn > 0 {
			t.Errorf("%s: %d routes are drawn", name, n)
		}
		for _, part := range c.says {
			if !strings.Contains(text, part) {
				t.Errorf("%s: it does not say %q", name, part)
			}
		}
		if again := render(t, c.m); again != text {
			t.Errorf("%s: the same material gives other bytes", name)
		}
		sound(t, text, []report.Link{{Address: "https://github.com/example/shop/actions/runs/9182736455"}, {Address: "https://example.github.io/shop/plimsoll/"}, {Address: "https://github.com/plimsoll-ci/plimsoll/blob/main/docs/verdict.md"}})
		t.Logf("%s: %d bytes", name, len(text))
	}
}

// flood is a verdict with as many long and hostile texts as possible.
func flood() report.Material {
	m := reporttest.Laced(strings.Repeat(`"<&>'`, 2_000))[0]
	v := &m.Report.Verdict
	for i := range 3_000 {
		c := v.Comparisons[0]
		c.Route = fmt.Sprintf("%d%s", i, strings.Repeat(`"`, 10_000))
		v.Comparisons = append(v.Comparisons, c)
	}
	for len(v.Reasons) < 5_000 {
		v.Reasons = append(v.Reasons, v.Reasons...)
	}
	return m
}

// long is a run of 27 hours.
func long() *result.Result {
	r := reporttest.Run(reporttest.Shape{Routes: 3, Rounds: 12, Requests: 60})
	for r.Timeline = r.Timeline[:1]; len(r.Timeline) < 97_000; {
		s := r.Timeline[0]
		s.Start = time.Duration(len(r.Timeline)) * time.Second
		s.Requests = int64(100 + len(r.Timeline)%17)
		r.AddSecond(s)
	}
	return r
}

func BenchmarkPage(b *testing.B) {
	for _, routes := range []int{14, 1000} {
		m := reporttest.Pair(reporttest.Shape{Routes: routes, Rounds: 24, Requests: max(10, 2000/routes), Slower: 0.5, Seed: 1})
		b.Run(fmt.Sprint(routes, " routes"), func(b *testing.B) {
			var out bytes.Buffer
			for b.Loop() {
				out.Reset()
				if err := page.Write(&out, m); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(out.Len()), "bytes")
		})
	}
}
