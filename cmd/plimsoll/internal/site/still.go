package site

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
)

// Charts that need no script: SVG with its colours as attributes, so they work without the style sheet too.

// palette has the colours of environments, from Okabe and Ito, "Color Universal Design", 2008. All further environments
// share the last one.
var palette = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#808080"}

// colour is the index of an environment's colour.
func colour(environment int) int { return min(environment, len(palette)-1) }

// The size of a chart and of its plot, and of a sparkline.
const (
	stillWidth, stillHeight = 720, 170
	plotLeft, plotRight     = 74, 712
	plotTop, plotBottom     = 10, 146
	columns                 = 100 // of points in a chart
	sparkWidth, sparkHeight = 150, 30
	sparkPoints             = 50
)

// spark draws the newest values of a line.
func spark(l Line, label string) template.HTML {
	values := thin(present(l.Values), sparkPoints)
	if len(values) == 0 {
		return absent
	}
	low, high := bounds(values)
	x := func(i int) float64 { return 3 + float64(sparkWidth-6)*float64(i)/float64(max(len(values)-1, 1)) }
	y := func(v float64) float64 { return 3 + (sparkHeight-6)*(high-v)/(high-low) }
	var path strings.Builder
	for i, v := range values {
		fmt.Fprintf(&path, "%c%.0f %.1f", "ML"[min(i, 1)], x(i), y(v))
	}
	last := len(values) - 1
	return template.HTML(fmt.Sprintf(`<svg class="spark" role="img" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d"><title>%[3]s</title>`+
		`<path d="%[4]s" fill="none" stroke="currentColor" stroke-width="1.5"/><circle cx="%.0[5]f" cy="%.1[6]f" r="2.5" fill="%[7]s"/></svg>`,
		sparkWidth, sparkHeight, template.HTMLEscapeString(label), path.String(), x(last), y(values[last]), palette[0])) //nolint:gosec // numbers, and an escaped text
}

// present returns the values that are not missing, at most those of the newest few years.
func present(values []float64) []float64 {
	var there []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			there = append(there, v)
		}
	}
	return there
}

// thin replaces neighbours by their median until at most n values are left.
func thin(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	thinned := make([]float64, n)
	for i := range n {
		thinned[i] = stats.Median(values[i*len(values)/n : (i+1)*len(values)/n])
	}
	return thinned
}

// bounds returns the ends of an axis for values: from zero, unless they all lie far above it.
func bounds(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if margin := (high - low) / 10; margin > 0 {
		low, high = max(low-margin, 0), high+margin
	} else {
		low, high = low*0.9, max(high*1.1, low*0.9+1e-9)
	}
	if low < high/3 {
		low = 0
	}
	return low, high
}

// cell sums up the runs of one environment in one column of a chart.
type cell struct{ values, lower, upper, excluded []float64 }

// still draws a line with the bands of its rounds and its steps.
func (g *Group) still(l Line, steps []Step, label string) template.HTML {
	cells, all := g.cells(l)
	if len(all) == 0 {
		return ""
	}
	low, high := bounds(all)
	y := func(v float64) float64 {
		return plotTop + (plotBottom-plotTop)*(high-min(max(v, low), high))/(high-low)
	}
	x := func(column int) float64 {
		return plotLeft + (plotRight-plotLeft)*(float64(column)+0.5)/columns
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="still" role="img" viewBox="0 0 %d %d"><title>%s</title>`, stillWidth, stillHeight, template.HTMLEscapeString(label))
	b.WriteString(g.axes(l.Metric, low, high, y))
	for environment, row := range cells {
		var points, bands, excluded strokes
		for column := range row {
			c := &row[column]
			if len(c.values) > 0 {
				points.to(x(column), y(stats.Median(c.values)))
				points.WriteString("h0")
			}
			if len(c.lower) > 0 {
				upper := y(stats.Median(c.upper))
				bands.to(x(column), upper)
				bands.down(y(stats.Median(c.lower)) - upper)
			}
			if len(c.excluded) > 0 {
				excluded.to(x(column), y(stats.Median(c.excluded)))
				excluded.WriteString("m-2-2l4 4m-4 0l4-4m-2 2")
			}
		}
		fmt.Fprintf(&b, `<g class="e%d" stroke="%s" fill="none">`, environment, palette[environment])
		for _, one := range []struct{ path, look string }{
			{bands.String(), `stroke-width="3" stroke-opacity="0.3"`}, {points.String(), `stroke-width="4" stroke-linecap="round"`}, {excluded.String(), `stroke-width="1"`},
		} {
			if one.path != "" {
				fmt.Fprintf(&b, `<path d="%s" %s/>`, one.path, one.look)
			}
		}
		b.WriteString("</g>")
	}
	for _, s := range steps {
		at := x(g.column(s.Run))
		fmt.Fprintf(&b, `<path class="step" d="M%.0f %dV%d" stroke="%s" stroke-dasharray="4 3"/>`, at, plotTop, plotBottom, map[bool]string{true: "#c0392b", false: "#2e7d32"}[s.Worse])
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // numbers, and an escaped text
}

// strokes is the text of a path of SVG, in whole units, with steps from point to point: a site has thousands of points.
type strokes struct {
	strings.Builder
	x, y int
}

// to goes to a point.
func (p *strokes) to(x, y float64) {
	atX, atY := int(math.Round(x)), int(math.Round(y))
	fmt.Fprintf(p, "m%d", atX-p.x)
	if atY-p.y >= 0 {
		p.WriteByte(' ')
	}
	fmt.Fprintf(p, "%d", atY-p.y)
	p.x, p.y = atX, atY
}

// down draws a line down.
func (p *strokes) down(by float64) {
	n := max(int(math.Round(by)), 0)
	fmt.Fprintf(p, "v%d", n)
	p.y += n
}

// column is the place of a run on the axis of time.
func (g *Group) column(run int) int {
	first, last := g.Records[0].Started, g.newest().Started
	span := last.Sub(first)
	if span <= 0 {
		return columns / 2
	}
	return min(int(columns*float64(g.Records[run].Started.Sub(first))/float64(span)), columns-1)
}

// cells sorts the values of a line into columns, and returns the values that the axis has to hold.
func (g *Group) cells(l Line) (cells [][]cell, all []float64) {
	for i, v := range l.Values {
		if math.IsNaN(v) {
			continue
		}
		environment := colour(g.environment[i])
		for len(cells) <= environment {
			cells = append(cells, make([]cell, columns))
		}
		c := &cells[environment][g.column(i)]
		if g.Records[i].Excluded != nil {
			c.excluded = append(c.excluded, v)
			continue
		}
		c.values = append(c.values, v)
		if !math.IsNaN(l.Lower[i]) {
			c.lower, c.upper = append(c.lower, l.Lower[i]), append(c.upper, l.Upper[i])
		}
	}
	for _, row := range cells {
		for _, c := range row {
			for _, values := range [][]float64{c.values, c.lower, c.upper, c.excluded} {
				if len(values) > 0 {
					all = append(all, stats.Median(values))
				}
			}
		}
	}
	return cells, all
}

// axes draws the lines and the texts around a plot.
func (g *Group) axes(m Metric, low, high float64, y func(float64) float64) string {
	var b strings.Builder
	b.WriteString(`<g fill="currentColor" font-size="12" font-family="sans-serif">`)
	step := chart.RoundStep((high - low) / 4)
	if m.Unit == "bytes" {
		step = math.Exp2(math.Ceil(math.Log2((high - low) / 4)))
	}
	for n := math.Ceil(low / step); n*step <= high; n++ {
		v := n * step
		fmt.Fprintf(&b, `<path d="M%d %.1fH%d" stroke="currentColor" stroke-opacity="0.15"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, y(v), plotRight, plotLeft-6, y(v)+4, template.HTMLEscapeString(m.text(v)))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text></g>`,
		plotLeft, stillHeight-6, day(g.Records[0].Started), plotRight, stillHeight-6, day(g.newest().Started))
	return b.String()
}
