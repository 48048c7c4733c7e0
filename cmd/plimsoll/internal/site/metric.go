package site

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/result"
)

// Metric is one kind of figure that the pages show.
type Metric struct {
	Key    string // in chunks and addresses: p95
	Name   string
	Unit   string // how its values are written: ns, rate, share, bytes or count
	Higher bool   // more is better
	System bool   // about the whole system: the same on every route's page

	of func(s *result.Summary, route string) (value, lower, upper float64) // NaN where a run has none
}

// metrics lists all metrics, in the order of a page.
func metrics() []Metric {
	latency := func(key string, of func(result.Figures) time.Duration, spread func(result.Spread) result.Quartiles) Metric {
		return Metric{Key: key, Name: key, Unit: "ns", of: func(s *result.Summary, route string) (float64, float64, float64) {
			f, ok := s.Figures[route]
			if !ok || f.Requests == 0 {
				return none()
			}
			return banded(float64(of(f)), spread(s.Spread[route]))
		}}
	}
	cost := func(key, name, unit string, of func(*result.Summary) float64) Metric {
		return Metric{Key: key, Name: name, Unit: unit, System: true, of: func(s *result.Summary, _ string) (float64, float64, float64) {
			if v := of(s); v > 0 {
				return banded(v, result.Quartiles{})
			}
			return none()
		}}
	}
	return []Metric{
		latency("p50", func(f result.Figures) time.Duration { return f.P50 }, func(s result.Spread) result.Quartiles { return s.P50 }),
		latency("p95", func(f result.Figures) time.Duration { return f.P95 }, func(s result.Spread) result.Quartiles { return s.P95 }),
		latency("p99", func(f result.Figures) time.Duration { return f.P99 }, func(s result.Spread) result.Quartiles { return s.P99 }),
		{Key: "throughput", Name: "throughput", Unit: "rate", Higher: true, of: func(s *result.Summary, route string) (float64, float64, float64) {
			f, ok := s.Figures[route]
			if !ok || f.Requests == 0 {
				return none()
			}
			return banded(f.Throughput, s.Spread[route].Throughput)
		}},
		{Key: "failures", Name: "failures", Unit: "share", of: func(s *result.Summary, route string) (float64, float64, float64) {
			f, ok := s.Figures[route]
			if !ok || f.Requests == 0 {
				return none()
			}
			return banded(float64(f.Failures)/float64(f.Requests), result.Quartiles{})
		}},
		cost("cpu", "CPU time for a request", "ns", func(s *result.Summary) float64 { return float64(s.Cost.CPU) }),
		cost("instructions", "instructions for a request", "count", func(s *result.Summary) float64 { return float64(s.Cost.Instructions) }),
		cost("memory", "memory of the system", "bytes", (*result.Summary).Memory),
	}
}

func none() (value, lower, upper float64) { return math.NaN(), math.NaN(), math.NaN() }

func banded(value float64, q result.Quartiles) (float64, float64, float64) {
	if q == (result.Quartiles{}) {
		return value, math.NaN(), math.NaN()
	}
	lower, upper := q.Of(value)
	return value, lower, upper
}

// Line is one metric of one route, run by run; NaN where a run has none.
type Line struct {
	Metric
	Values, Lower, Upper []float64
}

// line collects one metric of a route.
func (g *Group) line(route string, m Metric) Line { return g.part(route, m, 0, len(g.Records)) }

// part is line for some of the runs.
func (g *Group) part(route string, m Metric, from, to int) Line {
	n := to - from
	all := make([]float64, 3*n)
	l := Line{m, all[:n], all[n : 2*n], all[2*n:]}
	for i := range n {
		l.Values[i], l.Lower[i], l.Upper[i] = m.of(&g.Records[from+i].Summary, route)
	}
	return l
}

// empty reports whether no run has a value.
func (l Line) empty() bool {
	for _, v := range l.Values {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}

// absent is shown where a run has no value: a missing figure is never 0.
const absent = "–"

// sizes are the units in which values are written, by the unit of the metric, the largest first. A value too small for all of
// them has the last one.
var sizes = map[string][]struct {
	size float64
	name string
}{
	"ns":    {{1e9, " s"}, {1e6, " ms"}, {1e3, " µs"}},
	"bytes": {{1 << 30, " GiB"}, {1 << 20, " MiB"}, {1 << 10, " KiB"}},
	"rate":  {{1, " /s"}},
	"share": {{0.01, " %"}},
	"count": {{1, ""}},
}

// text is a value with its unit, to three significant digits. files/history.js has the same: a test compares them.
func (m Metric) text(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
		return absent
	}
	all := sizes[m.Unit]
	for _, unit := range all {
		if v >= unit.size*0.9995 {
			return digits(v/unit.size) + unit.name
		}
	}
	last := all[len(all)-1]
	return digits(v/last.size) + last.name
}

// digits formats a number with three significant digits, no exponent, and its thousands apart.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	if v >= 1000 {
		text := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
		for at := len(text) - 3; at > 0; at -= 3 {
			text = text[:at] + "," + text[at:]
		}
		return text
	}
	decimals := min(max(2-int(math.Floor(math.Log10(v))), 0), 6)
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "0.") == "" {
		return "< 0.000001"
	}
	return text
}

// change is a relative change with its sign.
func change(before, after float64) string {
	percent := 100 * (after/before - 1)
	if percent < 0 {
		return fmt.Sprintf("−%.1f %%", -percent)
	}
	return fmt.Sprintf("+%.1f %%", percent)
}

// day and minute are instants as the pages write them.
func day(t time.Time) string    { return t.UTC().Format("2006-01-02") }
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
