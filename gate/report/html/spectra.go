package html

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
	"github.com/plimsoll-ci/plimsoll/gate/stats"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// How many routes to draw: all that matter, up to maxDrawn, and some in any case.
const (
	maxDrawn   = 20
	leastDrawn = 6
)

// A percentile is drawn only with this many requests beyond it. The tail has at most this many decades.
const (
	beyond     = 10
	leastCount = 2 * beyond
	leastQ     = 0.1 // where drawings begin
	decades    = 5
	perDecade  = 12 // percentiles that are drawn
)

// spectra draws the routes that a reader looks for: the worst of a verdict, the slowest of a run.
func (p *page) spectra() {
	if p.run == nil {
		return
	}
	total := p.head.total
	if total.Requests() == 0 {
		return
	}
	if total.Response.Count() == 0 {
		p.note("This result holds no histograms, as results that were read from other tools do not: there is nothing to draw by percentile.")
		return
	}
	base, head := p.sides()
	p.note(p.howToSee())
	routes := p.drawn()
	if p.base == nil { // one drawing a route, so two routes beside each other
		p.open("div", "class", "pair")
	}
	for _, route := range routes {
		p.open("div")
		p.spectrum(route, base, head)
		p.shut("div")
	}
	if p.base == nil {
		p.shut("div")
	}
	p.more(len(p.head.Routes())-len(routes), "more routes, which are not drawn")
}

// drawn are the routes to draw.
func (p *page) drawn() (routes []string) {
	add := func(route string) {
		if !slices.Contains(routes, route) && p.head.whole(route) != nil {
			routes = append(routes, route)
		}
	}
	if p.told == nil {
		if len(p.head.Routes()) > 1 {
			add(tally.All)
		}
		slowest := p.head.Routes()
		p95 := map[string]time.Duration{}
		for _, route := range slowest {
			p95[route] = p.head.Tally.Routes[route].Response.Quantile(0.95)
		}
		slices.SortStableFunc(slowest, func(a, b string) int { return cmp.Compare(p95[b], p95[a]) })
		for _, route := range slowest[:min(len(slowest), leastDrawn-1)] {
			add(route)
		}
		return routes
	}
	for i, r := range p.told.Rows {
		if i >= p.told.Matter && len(routes) >= leastDrawn || len(routes) == maxDrawn {
			break
		}
		add(r.Comparison.Route)
	}
	if len(routes) == 0 {
		add(tally.All)
	}
	return routes
}

// spectrum draws one route: its percentiles, and how they differ from the baseline's.
func (p *page) spectrum(route, base, head string) {
	p.element("h3", report.Name(route), "class", "name")
	before, now := p.base.whole(route), p.head.whole(route)
	n := now.Response.Count()
	both := before != nil && before.Response.Count() >= leastCount
	if both {
		n = min(n, before.Response.Count())
	}
	if n < leastCount {
		p.note(fmt.Sprintf("%s had %s response times, too few to draw.", head, report.Thousands(n)))
		return
	}
	d := drawing{page: p, route: route, base: base, head: head, qs: quantiles(n)}
	var of []stats.Counted
	if both {
		of = p.base.counted(route)
	}
	d.Spectrum = stats.Spectra(of, p.head.counted(route), d.qs, seedOf(route))
	d.both = both
	p.open("div", "class", "pair")
	d.percentiles()
	if both {
		d.differences()
	}
	p.shut("div")
	if d.ShiftBand != nil {
		d.note(d.found())
	}
	d.figures()
}

// quantiles returns the quantiles that n values can show, evenly spaced over the decades of the tail.
func quantiles(n int64) (qs []float64) {
	for k := 0; k <= decades*perDecade; k++ {
		q := 1 - (1-leastQ)*math.Pow(10, -float64(k)/perDecade)
		if (1-q)*float64(n) < beyond {
			break
		}
		qs = append(qs, q)
	}
	return qs
}

// seedOf derives the seed of the resampling from the route's name.
func seedOf(route string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(route))
	return h.Sum64()
}

// drawing is one route.
type drawing struct {
	*page
	stats.Spectrum
	route, base, head string
	qs                []float64
	both              bool // sides have a distribution
}

func (d *drawing) places() []float64 {
	x := make([]float64, len(d.qs))
	for i, q := range d.qs {
		x[i] = chart.InTail(q)
	}
	return x
}

// percentiles draws the response time at each percentile.
func (d *drawing) percentiles() {
	x := d.places()
	low, high := math.Inf(1), math.Inf(-1)
	line := func(logs []float64, band []stats.Interval) chart.Line {
		l := chart.Line{X: x, Y: spans(logs)}
		for i, v := range l.Y {
			low, high = min(low, v), max(high, v)
			if band != nil {
				l.Low, l.High = append(l.Low, math.Exp(band[i].Low)), append(l.High, math.Exp(band[i].High))
				low, high = min(low, l.Low[i]), max(high, l.High[i])
			}
		}
		return l
	}
	now := line(d.Head, d.HeadBand)
	lines := []chart.Line{now}
	if d.both {
		before := line(d.Base, d.BaseBand)
		before.Colour, before.Dashed = chart.Orange, true
		lines = []chart.Line{before, now}
	}
	marks := d.marks()
	for _, m := range marks {
		low, high = min(low, m.Y), max(high, m.Y)
	}
	d.open("figure")
	d.open("figcaption")
	d.element("strong", "Response time")
	if d.both {
		d.key(chart.Key(chart.Orange, true), d.base)
	} else if len(marks) > 0 {
		d.key(chart.MarkKey(chart.Orange, chart.Dot), d.base)
	}
	d.key(chart.Key(chart.Blue, false), d.head)
	d.shut("figcaption")
	d.svg(chart.Plot{
		Title: "Response times by percentile of " + report.Name(d.route), Desc: d.inBrief(), Height: 230,
		X: chart.Tail(leastQ, d.qs[len(d.qs)-1]), Y: chart.Log(low, high, 6, nanos), Lines: lines, Marks: marks,
	}.SVG())
	d.shut("figure")
}

// marks returns the baseline's percentiles as points, for a baseline without a distribution.
func (d *drawing) marks() (marks []chart.Mark) {
	if d.both || d.m.Report == nil || d.m.Report.Verdict.Mode == gate.Soak { // a soak's baseline is of another run
		return nil
	}
	for i := range d.m.Report.Verdict.Comparisons {
		c := &d.m.Report.Verdict.Comparisons[i]
		q, ok := map[gate.Metric]float64{gate.P50: 0.5, gate.P95: 0.95, gate.P99: 0.99}[c.Metric]
		if ok && c.Route == d.route && c.Baseline > 0 && q <= d.qs[len(d.qs)-1] {
			marks = append(marks, chart.Mark{X: chart.InTail(q), Y: c.Baseline, Colour: chart.Orange, Label: fmt.Sprintf("%s of the baseline: %s", c.Metric, report.Latency(time.Duration(c.Baseline)))})
		}
	}
	return marks
}

// leastReach is how far the axis of differences may always extend for a band. Wider bands are cut at its edge.
const leastReach = 0.1

// differences draws how much slower each percentile is, in percent.
func (d *drawing) differences() {
	l := chart.Line{X: d.places(), Y: changes(d.Shift)}
	low, high := 0.0, 0.0
	for i, v := range l.Y {
		low, high = min(low, v), max(high, v)
		if d.ShiftBand != nil {
			l.Low, l.High = append(l.Low, math.Expm1(d.ShiftBand[i].Low)), append(l.High, math.Expm1(d.ShiftBand[i].High))
			low, high = min(low, l.Low[i]), max(high, l.High[i])
		}
	}
	rules := []chart.Rule{{At: 0, Colour: chart.Grey}}
	reach := leastReach // a wide band must not make the line flat: it is cut at the edge
	for _, v := range l.Y {
		reach = max(reach, 2.5*math.Abs(v))
	}
	if limit := d.limit(); limit > 0 {
		rules = append(rules, chart.Rule{At: limit, Label: "limit " + wholePercent(limit), Colour: chart.Red})
		high, reach = max(high, limit), max(reach, 3*limit)
	}
	y := chart.Linear(max(low, -reach), min(high, reach), 5, wholePercent)
	if y.From < -1 { // nothing takes less than no time
		y.From = -1
		y.Ticks = slices.DeleteFunc(y.Ticks, func(t chart.Tick) bool { return t.At < -1 })
	}
	d.open("figure")
	d.open("figcaption")
	d.element("strong", "Difference from "+lower(d.base))
	d.shut("figcaption")
	d.svg(chart.Plot{
		Title: "Differences by percentile of " + report.Name(d.route), Desc: d.found(), Height: 230,
		X: chart.Tail(leastQ, d.qs[len(d.qs)-1]), Y: y, Lines: []chart.Line{l}, Rules: rules,
	}.SVG())
	d.shut("figure")
}

// limit is how much slower the route may get; 0 if none of its latencies is judged.
func (d *drawing) limit() float64 {
	if d.m.Report == nil {
		return 0
	}
	for i := range d.m.Report.Verdict.Comparisons {
		if c := &d.m.Report.Verdict.Comparisons[i]; c.Route == d.route && c.Metric.IsLatency() && c.Limit > 0 {
			return c.Limit
		}
	}
	return 0
}

// figures folds the numbers of the drawing away.
func (d *drawing) figures() {
	d.fold("Figures")
	header := []string{"Percentile", d.head}
	columns := "lr"
	before, now := d.page.base.whole(d.route), d.page.head.whole(d.route)
	if d.both {
		header, columns = []string{"Percentile", d.base, d.head, "Difference"}, "lrrr"
	}
	g := report.Grid{Columns: columns, Header: header}
	for _, q := range []float64{0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1} {
		at := now.Response.Quantile(q)
		row := []string{percentile(q), report.Latency(at)}
		if d.both {
			was := before.Response.Quantile(q)
			change := "–"
			if was > 0 {
				change = report.Percent(float64(at)/float64(was) - 1)
			}
			row = []string{percentile(q), report.Latency(was), report.Latency(at), change}
		}
		g.Rows = append(g.Rows, row)
	}
	d.table(table{caption: "Response times of " + report.Name(d.route), Grid: g, upTo: maxPage})
	d.shut("details")
}

// key is an entry of the legend: a sample and the name.
func (p *page) key(piece chart.SVG, name string) {
	p.open("span")
	p.svg(piece)
	p.text(name)
	p.WriteString("</span> ")
}

// spans are logarithms of nanoseconds as nanoseconds.
func spans(logs []float64) []float64 { return each(logs, math.Exp) }

// changes are differences of logarithms as relative changes.
func changes(logs []float64) []float64 { return each(logs, math.Expm1) }

func each(values []float64, f func(float64) float64) []float64 {
	all := make([]float64, len(values))
	for i, v := range values {
		all[i] = f(v)
	}
	return all
}
