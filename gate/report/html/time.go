package html

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
	"github.com/plimsoll-ci/plimsoll/runner/hist"
	"github.com/plimsoll-ci/plimsoll/runner/result"
	"github.com/plimsoll-ci/plimsoll/runner/tally"
)

// lane is one drawing over time. All lanes have the same axis.
type lane struct {
	title  string
	lines  []laneLine
	words  func(float64) string // a value in words
	bytes  bool                 // values are bytes of memory, whose round numbers are powers of two
	log    bool
	heat   *chart.Heat
	beside string // a sentence in place of a drawing, or below it
}

// laneLine is a line of a lane.
type laneLine struct {
	name   string
	x, y   []float64
	colour chart.Colour
	dashed bool
	filled bool
}

// The heights of an ordinary lane and of a tall one.
const (
	laneHeight = 62
	tallHeight = 150
	labelEvery = 4 // lanes: the time axis is always in sight
)

// overTime draws all readings over time, one lane below the other.
func (p *page) overTime() {
	if p.run == nil || p.head.n() == 0 && len(p.head.Timeline) == 0 {
		return
	}
	end := p.end()
	if end == 0 {
		return
	}
	x := chart.Time(0, end)
	p.howToRead()
	var lanes []lane
	lanes = append(lanes, p.loadLanes()...)
	lanes = append(lanes, p.heat(x))
	lanes = append(lanes, p.latencyLane())
	lanes = append(lanes, p.systemLanes()...)
	lanes = slices.DeleteFunc(lanes, func(l lane) bool { return len(l.lines) == 0 && l.heat == nil && l.beside == "" })
	p.open("div", "class", "lanes")
	for i, l := range lanes {
		p.lane(l, x, p.shades(i == 0), i%labelEvery != 0 && i != len(lanes)-1)
	}
	p.shut("div")
	p.roundFigures()
}

// howToRead says how to read the lanes, and what they lack.
func (p *page) howToRead() {
	var parts []string
	if len(p.head.Timeline) == 0 {
		parts = append(parts, "This result has no timeline by the second: its load is drawn by rounds.")
	}
	if base, _ := p.sides(); p.base != nil {
		parts = append(parts, base+" is dashed"+p.howLoaded())
	}
	if w := p.head.Watch; w == nil || len(w.Timeline) == 0 {
		parts = append(parts, "The system was not read over time.")
	}
	if len(parts) > 0 {
		p.note(strings.Join(parts, " "))
	}
}

// howLoaded says how the times of both sides relate. Only the sides of a pair share a seed.
func (p *page) howLoaded() string {
	if seed := p.head.PairSeed; seed != "" && seed == p.base.PairSeed {
		return "; both sides were loaded in turn."
	}
	return "; it is a run of its own, and both are drawn from their beginnings."
}

// end is when the last thing was measured, in seconds since the load began.
func (p *page) end() (end float64) {
	for _, side := range []*rounds{p.base, p.head} {
		if side == nil {
			continue
		}
		for _, s := range side.Timeline {
			end = max(end, (s.Start + s.Length).Seconds())
		}
		for _, r := range side.Rounds {
			end = max(end, (r.Start + r.Length).Seconds())
		}
	}
	return end
}

// shades marks the warm-up of a run; only the first lane labels it. A pair has no shade: it starts many times.
func (p *page) shades(first bool) []chart.Shade {
	if p.head.n() == 0 || p.head.Starts > 0 || p.head.Rounds[0].Start <= 0 {
		return nil
	}
	warmUp := p.head.Rounds[0].Start.Seconds()
	s := chart.Shade{To: warmUp}
	if first && warmUp > 0.12*p.end() {
		s.Label = "warm-up"
	}
	return []chart.Shade{s}
}

// lane writes one drawing with its title and the names of its lines.
func (p *page) lane(l lane, x chart.Axis, shades []chart.Shade, bare bool) {
	p.open("figure")
	p.open("figcaption")
	p.element("strong", l.title)
	if len(l.lines) > 1 || len(l.lines) == 1 && l.lines[0].name != "" {
		for _, one := range l.lines {
			p.key(chart.Key(one.colour, one.dashed), one.name)
		}
	}
	if len(l.lines) == 1 {
		l.beside = strings.TrimPrefix(course("", l.lines[0].y, l.words), ": ")
	}
	if l.beside != "" {
		p.element("span", l.beside)
	}
	p.shut("figcaption")
	switch {
	case l.heat != nil:
		l.heat.X, l.heat.Bare = x, bare
		p.svg(l.heat.SVG())
	case len(l.lines) > 0:
		p.svg(l.plot(x, shades, bare).SVG())
	}
	p.shut("figure")
}

// plot is the drawing of a lane.
func (l lane) plot(x chart.Axis, shades []chart.Shade, bare bool) chart.Plot {
	plot := chart.Plot{Title: l.title + " over time", X: x, Height: laneHeight, Shades: shades, Bare: bare}
	low, high := math.Inf(1), 0.0
	var told []string
	for _, one := range l.lines {
		for _, v := range one.y {
			if v > 0 { // not NaN
				low, high = min(low, v), max(high, v)
			}
		}
		if text := course(one.name, one.y, l.words); text != "" {
			told = append(told, strings.TrimPrefix(text, ": "))
		}
		plot.Lines = append(plot.Lines, chart.Line{X: one.x, Y: one.y, Colour: one.colour, Dashed: one.dashed, Filled: one.filled})
	}
	plot.Desc = strings.Join(told, "; ")
	if l.log {
		plot.Height = tallHeight
		plot.Y = chart.Log(low, high, 6, l.words)
	} else {
		plot.Y = chart.LinearIn(l.unit(high), 0, high, 2, orZero(l.words))
	}
	return plot
}

// orZero formats zero as 0, without a unit.
func orZero(words func(float64) string) func(float64) string {
	return func(v float64) string {
		if v == 0 {
			return "0"
		}
		return words(v)
	}
}

// unit is what the ticks of an axis up to high are round numbers of.
func (l lane) unit(high float64) float64 {
	switch {
	case !l.bytes:
		return 1
	case high >= 1<<30:
		return 1 << 30
	case high >= 1<<20:
		return 1 << 20
	default:
		return 1 << 10
	}
}

// column is values over time.
type column struct {
	x, y []float64
	end  time.Duration // of the last one
	last time.Duration // how long the last one is
}

// add adds a value over an interval of time, and a gap if the previous interval ended long before.
func (c *column) add(start, length time.Duration, value float64) {
	if len(c.x) > 0 && start-c.end > 2*max(length, c.last) {
		c.x, c.y = append(c.x, c.end.Seconds()), append(c.y, math.NaN())
	}
	c.x, c.y = append(c.x, (start+length/2).Seconds()), append(c.y, value)
	c.end, c.last = start+length, length
}

// both returns a line for head, and one for base if there is a base.
func (p *page) both(ofSecond func(result.Second) float64, ofRound func(result.Round) float64) (lines []laneLine) {
	base, head := p.sides()
	if p.base != nil {
		x, y := p.base.seconds(ofSecond, ofRound)
		lines = append(lines, laneLine{name: base, x: x, y: y, colour: chart.Orange, dashed: true})
	} else {
		head = ""
	}
	x, y := p.head.seconds(ofSecond, ofRound)
	return append(lines, laneLine{name: head, x: x, y: y, colour: chart.Blue})
}

// loadLanes returns the lanes of users, requests and failures.
func (p *page) loadLanes() []lane {
	requests := lane{title: "Requests each second", words: report.Trimmed}
	requests.lines = p.both(
		func(s result.Second) float64 { return float64(s.Requests) / max(s.Length.Seconds(), 1e-3) },
		func(r result.Round) float64 { return float64(r.Total.Requests) / max(r.Length.Seconds(), 1e-3) })
	failures := lane{title: "Failed requests", words: inPercent}
	failures.lines = p.both(
		func(s result.Second) float64 { return portion(s.Failures, s.Requests) },
		func(r result.Round) float64 { return portion(r.Total.Failures, r.Total.Requests) })
	switch n := p.base.failed() + p.head.failed(); {
	case n == 0:
		failures.lines, failures.beside = nil, "none"
	case !slices.ContainsFunc(failures.lines, func(l laneLine) bool {
		return slices.ContainsFunc(l.y, func(v float64) bool { return v > 0 })
	}):
		failures.lines, failures.beside = nil, report.Thousands(n)+", in none of the seconds that are drawn"
	}
	return []lane{p.users(), requests, failures}
}

func portion(part, of int64) float64 {
	if of == 0 {
		return math.NaN()
	}
	return float64(part) / float64(of)
}

// users returns the users at work, by the second or from the plan of each round; in the open model the tasks that fell due.
func (p *page) users() lane {
	l := lane{title: "Users", words: report.Trimmed}
	if p.head.Users == 0 {
		l.title = "Tasks in flight"
	}
	if slices.ContainsFunc(p.head.Timeline, func(s result.Second) bool { return s.Users > 0 }) {
		l.lines = p.both(func(s result.Second) float64 { return float64(s.Users) }, nil)
		return l
	}
	for _, one := range [][2]string{{result.Users, "Users"}, {result.TasksPerSec, "Tasks due each second"}} {
		name := result.Reading(result.OfGenerator, one[0])
		if slices.ContainsFunc(p.head.Rounds, func(r result.Round) bool { _, ok := r.Readings[name]; return ok }) {
			l.title = one[1]
			l.lines = p.both(nil, func(r result.Round) float64 {
				if v, ok := r.Readings[name]; ok && v >= 0 && v <= maxValue {
					return v
				}
				return math.NaN()
			})
			return l
		}
	}
	return lane{}
}

// latencyLane has the percentiles of the response times. Results of older programs have only p95 by the second.
func (p *page) latencyLane() lane {
	l := lane{title: "Response time", words: nanos, log: true}
	for _, one := range []struct {
		name     string
		colour   chart.Colour
		ofSecond func(result.Second) time.Duration
		ofRound  func(result.Round) time.Duration
	}{
		{"p99", chart.Purple, func(s result.Second) time.Duration { return s.P99 }, func(r result.Round) time.Duration { return r.Total.P99 }},
		{"p95", chart.Blue, func(s result.Second) time.Duration { return s.P95 }, func(r result.Round) time.Duration { return r.Total.P95 }},
		{"p50", chart.Green, func(s result.Second) time.Duration { return s.P50 }, func(r result.Round) time.Duration { return r.Total.P50 }},
	} {
		if p.base != nil && one.name == "p95" {
			base, _ := p.sides()
			l.add(p.base, base+", p95", chart.Orange, one.ofSecond, one.ofRound)
		}
		l.add(p.head, one.name, one.colour, one.ofSecond, one.ofRound)
	}
	return l
}

// add adds a line of latencies by the second. If the seconds have none, it adds a line by round, and the line's name says so.
func (l *lane) add(side *rounds, name string, c chart.Colour, ofSecond func(result.Second) time.Duration, ofRound func(result.Round) time.Duration) {
	positive := func(d time.Duration) float64 {
		if d <= 0 {
			return math.NaN()
		}
		return float64(d)
	}
	known := func(v float64) bool { return !math.IsNaN(v) }
	x, y := side.seconds(func(s result.Second) float64 { return positive(ofSecond(s)) }, func(r result.Round) float64 { return positive(ofRound(r)) })
	if !slices.ContainsFunc(y, known) {
		x, y = side.seconds(nil, func(r result.Round) float64 { return positive(ofRound(r)) })
		name += " by round"
	}
	if slices.ContainsFunc(y, known) {
		l.lines = append(l.lines, laneLine{name: name, x: x, y: y, colour: c, dashed: c == chart.Orange})
	}
}

// heat shows the distribution of response times in each round.
func (p *page) heat(x chart.Axis) lane {
	l := lane{title: "Spread of response times"}
	total := &p.head.total.Response
	if p.head.n() == 0 || total.Count() == 0 {
		return lane{}
	}
	if p.head.bare() {
		l.beside = "not drawn: this result keeps no histograms of its rounds"
		return l
	}
	low, high := total.Quantile(0), total.Quantile(1)
	h := &chart.Heat{Title: "Spread of response times over time", Height: tallHeight, X: x, Y: chart.Log(float64(max(low, 1)), float64(high), 6, nanos)}
	h.Desc = fmt.Sprintf("A column for each round, darker where more of its requests are. The shortest took %s, the longest %s.", report.Latency(total.Min()), report.Latency(total.Max()))
	for i, round := range p.head.Rounds {
		if round.Tally == nil {
			continue
		}
		c := chart.Column{From: round.Start.Seconds(), To: (round.Start + round.Length).Seconds()}
		p.head.each(i, tally.All, func(of *hist.Histogram) {
			of.Each(func(v time.Duration, n int64) bool {
				c.Counts[chart.Row(h.Y, float64(max(v, 1)))] += n
				return true
			})
		})
		h.Columns = append(h.Columns, c)
	}
	l.heat = h
	l.beside = "a column for each round, darker where more requests are"
	if len(h.Columns) > chart.MostColumns {
		l.beside = fmt.Sprintf("%d columns of %s rounds, darker where more requests are", chart.MostColumns, report.Thousands(int64(len(h.Columns))))
	}
	return l
}

// maxRoundRows is the most rounds that are listed.
const maxRoundRows = 200

// roundFigures folds the figures of the rounds away.
func (p *page) roundFigures() {
	if p.head.n() == 0 {
		return
	}
	p.fold("Figures of the rounds, all routes together")
	g := report.Grid{Columns: "rrrrrrrr", Header: []string{"Round", "Start", "Requests", "Failed", "p50", "p95", "p99", "Succeeded each second"}, More: max(0, p.head.n()-maxRoundRows)}
	for i, r := range p.head.Rounds[:min(p.head.n(), maxRoundRows)] {
		row := []string{fmt.Sprint(i + 1), since(r.Start), report.Thousands(r.Total.Requests), "–", "–", "–", "–", report.Trimmed(r.Total.Throughput)}
		if r.Total.Requests > 0 {
			row[3] = report.Share(portion(r.Total.Failures, r.Total.Requests))
			row[4], row[5], row[6] = report.Latency(r.Total.P50), report.Latency(r.Total.P95), report.Latency(r.Total.P99)
		}
		g.Rows = append(g.Rows, row)
	}
	p.table(table{caption: "Rounds", Grid: g, upTo: maxPage})
	p.shut("details")
}
