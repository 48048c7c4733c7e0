package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
)

func label(v float64) string { return fmt.Sprintf("%g", v) }

// drawings has one of each kind, with awkward values.
func drawings() map[string]chart.SVG {
	nan := math.NaN()
	long := chart.Line{}
	for i := range 100_000 {
		long.X, long.Y = append(long.X, float64(i)), append(long.Y, math.Sin(float64(i)/500))
	}
	heat := chart.Heat{Title: "heat", Height: 100, X: chart.Time(0, 5000), Y: chart.Log(1, 1e6, 5, label)}
	for i := range 5000 {
		c := chart.Column{From: float64(i), To: float64(i + 1)}
		c.Counts[i%chart.Rows], c.Counts[(i+3)%chart.Rows] = 1, 100
		heat.Columns = append(heat.Columns, c)
	}
	plot := func(lines ...chart.Line) chart.SVG {
		return chart.Plot{Title: "a < b & \"c\"", Desc: "it <rises>", Height: 100, X: chart.Linear(0, 10, 5, label), Y: chart.Linear(-1, 1, 5, label), Lines: lines,
			Marks: []chart.Mark{{X: 3, Y: 0.5, Label: "<here>"}, {X: 4, Y: 0.5, Shape: chart.Cross}, {X: 5, Y: nan, Shape: chart.Ring}, {X: 6, Y: -1, Shape: chart.Ring, Colour: chart.Grey}}, Rules: []chart.Rule{{At: 0.2, Label: "<limit>"}}, Shades: []chart.Shade{{From: 0, To: 2, Label: "<warm-up>"}}}.SVG()
	}
	return map[string]chart.SVG{
		"empty":    plot(),
		"no point": plot(chart.Line{}),
		"gaps":     plot(chart.Line{X: []float64{0, 1, 2, 3, 4}, Y: []float64{nan, 1, nan, 0.5, 0.2}, Low: []float64{nan, 0, nan, 0.4, 0.1}, High: []float64{nan, 1, nan, 0.6, 0.3}}),
		"beyond":   plot(chart.Line{X: []float64{-5, 50}, Y: []float64{math.Inf(1), -9}, Dots: true, Filled: true, Dashed: true}),
		"long":     chart.Plot{Title: "long", Height: 50, X: chart.Time(0, 1e5), Y: chart.Linear(-1, 1, 3, label), Lines: []chart.Line{long}}.SVG(),
		"heat":     heat.SVG(),
		"no heat":  chart.Heat{Title: "none", Height: 10, X: chart.Time(0, 1), Y: chart.Log(0, 0, 3, label)}.SVG(),
		"span":     chart.Span{Change: 9, Low: -9, High: 99, Limit: 0.2}.SVG(),
		"key":      chart.Key(chart.Red, true),
		"dot":      chart.MarkKey(chart.Red, chart.Dot),
		"cross":    chart.MarkKey(chart.Red, chart.Cross),
		"ring":     chart.MarkKey(chart.Grey, chart.Ring),
	}
}

// Drawings are well formed, have colours of their own, and a title that screen readers tell unless they are hidden.
func TestSound(t *testing.T) {
	for name, svg := range drawings() {
		hidden, title := strings.Contains(string(svg), `aria-hidden="true"`), strings.Contains(string(svg), `role="img"><title>`)
		if hidden == title {
			t.Errorf("%s: hidden %v, with a title %v", name, hidden, title)
		}
		if strings.Contains(string(svg), "style=") || strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Errorf("%s: %.300s", name, svg)
		}
		dec := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v in %s", name, err, svg)
			}
			start, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if start.Name.Local == "path" && attr(start, "fill")+attr(start, "stroke") == "" {
				t.Errorf("%s: a path without a colour: %v", name, start.Attr)
			}
		}
		if again := drawings()[name]; again != svg {
			t.Errorf("%s: drawn twice it differs", name)
		}
	}
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// What is drawn is bounded.
func TestBounds(t *testing.T) {
	all := drawings()
	if n := len(all["long"]); n > 12*chart.MostPoints {
		t.Errorf("a line of 100,000 points takes %d bytes", n)
	}
	if n := strings.Count(string(all["heat"]), "h"); n > chart.MostColumns*chart.Rows+100 {
		t.Errorf("a map of 5,000 columns has about %d cells", n)
	}
}

// Thinning a long line keeps its peaks.
func TestThin(t *testing.T) {
	var x, y []float64
	for i := range 10_000 {
		x, y = append(x, float64(i)), append(y, 1)
	}
	y[1234], y[7001], y[9999] = 50, -3, math.NaN()
	for i := 3000; i < 3500; i++ {
		y[i] = math.NaN()
	}
	thinX, thinY := chart.Thin(x, y, 600)
	high, low, gap := false, false, false
	for i, v := range thinY {
		high = high || v == 50 && thinX[i] == 1234
		low = low || v == -3 && thinX[i] == 7001
		gap = gap || math.IsNaN(v) && thinX[i] > 3000 && thinX[i] < 3500
		if i > 0 && thinX[i] <= thinX[i-1] {
			t.Fatalf("it goes back from %g to %g", thinX[i-1], thinX[i])
		}
	}
	if !high || !low || !gap || len(thinX) > 600 || len(thinX) != len(thinY) {
		t.Errorf("%d points; peak %v, trough %v, gap %v", len(thinX), high, low, gap)
	}
	if sameX, _ := chart.Thin(x[:600], y[:600], 600); len(sameX) != 600 {
		t.Errorf("a short line is thinned to %d points", len(sameX))
	}
}

// Axes have enough ticks and not too many, hold their values, and no label twice in a row.
func TestAxes(t *testing.T) {
	for _, c := range []struct {
		name        string
		axis        chart.Axis
		low, high   float64
		least, most int
	}{
		{"narrow log", chart.Log(28, 61, 6, label), 28, 61, 4, 12},
		{"very narrow log", chart.Log(40, 41, 6, label), 40, 41, 4, 12},
		{"one decade", chart.Log(3, 40, 6, label), 3, 40, 4, 8},
		{"wide log", chart.Log(1e3, 9e9, 6, label), 1e3, 9e9, 4, 8},
		{"a point", chart.Log(7, 7, 6, label), 7, 7, 4, 12},
		{"linear", chart.Linear(0, 348, 5, label), 0, 348, 4, 8},
		{"small", chart.Linear(0, 0.0007, 5, label), 0, 0.0007, 4, 8},
		{"nothing", chart.Linear(0, 0, 5, label), 0, 0, 2, 8},
		{"below zero", chart.Linear(-0.31, 0.72, 5, label), -0.31, 0.72, 4, 8},
		{"memory", chart.LinearIn(1<<30, 0, 6.3*(1<<30), 3, label), 0, 6.3 * (1 << 30), 3, 6},
		{"seconds", chart.Time(0, 310), 0, 310, 4, 8},
		{"a second", chart.Time(0, 0.5), 0, 0.5, 2, 8},
		{"a day", chart.Time(0, 90_000), 0, 90_000, 4, 8},
		{"a year", chart.Time(0, 3.1e7), 0, 3.1e7, 4, 16},
		{"tail", chart.Tail(0, 0.9999), 1, 1e4, 5, 9},
		{"short tail", chart.Tail(0, 0.6), 1, 2.5, 1, 9},
	} {
		n, last := 0, ""
		for _, tick := range c.axis.Ticks {
			if tick.At < c.axis.From*(1-1e-9)-1e-9 || tick.At > c.axis.To*(1+1e-9) {
				t.Errorf("%s: a tick at %g, beyond %g to %g", c.name, tick.At, c.axis.From, c.axis.To)
			}
			if tick.Label != "" && tick.Label == last {
				t.Errorf("%s: %q twice", c.name, last)
			}
			last = tick.Label
			n++
		}
		if n < c.least || n > c.most || c.axis.From > c.low || c.axis.To < c.high {
			t.Errorf("%s: %d ticks from %g to %g: %v", c.name, n, c.axis.From, c.axis.To, c.axis.Ticks)
		}
	}
}

// The labels at the ends of an axis stay within the drawing.
func TestLabelsStayInside(t *testing.T) {
	svg := string(chart.Plot{Title: "x", Height: 80, X: chart.Time(0, 600), Y: chart.Linear(0, 1, 3, label)}.SVG())
	for _, m := range regexp.MustCompile(`<text x="([0-9.]+)%" y="([0-9.-]+)" text-anchor="(\w+)"`).FindAllStringSubmatch(svg, -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		if x == 0 && m[3] != "start" || x == 100 && m[3] != "end" {
			t.Errorf("a label at %s %% begins at its %s", m[1], m[3])
		}
		if y, err := strconv.ParseFloat(m[2], 64); err != nil || y < 10 {
			t.Errorf("a label at y %s is cut", m[2])
		}
	}
	if !strings.Contains(svg, ">10 min<") {
		t.Error("the last label is missing")
	}
}

// Every colour can be seen on white and on black, and those of dark pages on black: 3 to 1, as WCAG 2.2 asks of graphics
// (1.4.11).
func TestContrast(t *testing.T) {
	usual := regexp.MustCompile(`stroke="(#[0-9a-f]{6})"`)
	for c := chart.Blue; c <= chart.Grey; c++ {
		tone := usual.FindStringSubmatch(string(chart.Key(c, false)))[1]
		if contrast(t, tone, "#ffffff") < 3 || contrast(t, tone, "#121212") < 3 {
			t.Errorf("%s has a contrast of %.2f on white and %.2f on black", tone, contrast(t, tone, "#ffffff"), contrast(t, tone, "#121212"))
		}
	}
	dark := regexp.MustCompile(`stroke:(#[0-9a-f]{6})`).FindAllStringSubmatch(chart.Style(), -1)
	if len(dark) != int(chart.Grey)+1 {
		t.Fatalf("%d tones for dark pages", len(dark))
	}
	for _, m := range dark {
		if got := contrast(t, m[1], "#121212"); got < 5 {
			t.Errorf("%s has a contrast of %.2f on black", m[1], got)
		}
	}
}

// contrast is the contrast ratio of two colours by WCAG 2.2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		v, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		linear := func(n uint64) float64 {
			c := float64(n&0xff) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
