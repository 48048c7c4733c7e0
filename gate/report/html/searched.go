package html

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-ci/plimsoll/gate"
	"github.com/plimsoll-ci/plimsoll/gate/capacity"
	"github.com/plimsoll-ci/plimsoll/gate/report"
	"github.com/plimsoll-ci/plimsoll/gate/report/chart"
)

// onlySearched reports whether there is a search for the highest load, and neither a verdict nor a run.
func (p *page) onlySearched() bool { return p.searched != nil && p.told == nil && p.run == nil }

// claim writes what a search found.
func (d *doc) claim(found *report.CapacityTold, outcome gate.Outcome) {
	d.open("div", "class", "verdict "+outcome.String())
	d.open("p")
	d.element("strong", capital(found.Line))
	d.shut("p")
	d.list(found.Beside)
	d.shut("div")
}

// capacity draws a search for the highest load: the steps of it, and the response times that were limited by the load.
func (p *page) capacity() {
	if p.searched == nil {
		return
	}
	c := p.m.Capacity
	if !p.onlySearched() {
		p.claim(p.searched, c.Outcome())
	}
	if c.Bottleneck == nil {
		p.note("What limits the system is not known: the trials had too few figures of it.")
	} else {
		p.numbers(c.Bottleneck.Evidence)
	}
	if len(c.Trials) == 0 {
		p.note("No trial was made.")
		return
	}
	p.shapes(c.Trials)
	p.open("div", "class", "pair")
	p.steps(c)
	var undrawn []string
	for _, limit := range p.searched.Limits {
		if !p.byLoad(c, limit) {
			undrawn = append(undrawn, limit.Name)
		}
	}
	p.shut("div")
	if len(undrawn) > 0 {
		p.note("Not drawn, since no trial has a response time for it: " + strings.Join(undrawn, "; "))
	}
	p.more(p.searched.More, "more limits, which are neither drawn nor in the table")
	p.table(table{caption: "The trials, in the order of time", Grid: p.searched.Trials, upTo: errorsUpTo})
}

// looks are the colours and shapes of trials in a drawing.
var looks = []struct {
	status capacity.Status
	colour chart.Colour
	shape  chart.Shape
	words  string
}{
	{capacity.Held, chart.Blue, chart.Dot, "held"},
	{capacity.Broken, chart.Red, chart.Cross, "did not hold"},
	{capacity.Hindered, chart.Grey, chart.Ring, "hindered by the load generator or its machine: says nothing of the system"},
	{capacity.Refused, chart.Orange, chart.Ring, "more than a limit of the profile allows"},
}

// shapes is the legend of the drawings.
func (p *page) shapes(trials []capacity.Outcome) {
	p.open("p", "class", "keys")
	p.text("Each point is a trial. ")
	for _, look := range looks {
		if slices.ContainsFunc(trials, func(o capacity.Outcome) bool { return o.Status == look.status }) {
			p.key(chart.MarkKey(look.colour, look.shape), look.words)
		}
	}
	p.shut("p")
}

// mark is one trial of a search as a chart shows it.
func mark(o *capacity.Outcome, x, y float64, told string) chart.Mark {
	m := chart.Mark{X: x, Y: y, Label: told}
	for _, look := range looks {
		if look.status == o.Status {
			m.Colour, m.Shape = look.colour, look.shape
		}
	}
	return m
}

// maxMarks is the most trials that are drawn: the last ones, which decide.
const maxMarks = 200

// maxTold is the most trials that the description of a drawing tells; its table has all.
const maxTold = 30

// steps draws the loads in the order in which they were tried.
func (p *page) steps(c *capacity.Report) {
	var marks []chart.Mark
	var told []string
	line := chart.Line{Colour: chart.Grey}
	first := max(len(c.Trials)-maxMarks, 0)
	low, high := math.Inf(1), 0.0
	for i := first; i < len(c.Trials); i++ {
		o, x := &c.Trials[i], float64(i+1)
		line.X, line.Y = append(line.X, x), append(line.Y, o.Load)
		low, high = min(low, o.Load), max(high, o.Load)
		told = append(told, fmt.Sprintf("%s: %s", report.Load(c.Claim, o.Load), o.Status))
		marks = append(marks, mark(o, x, o.Load, told[len(told)-1]))
	}
	p.figure("The steps of the search", "load by trial", chart.Plot{
		Title: "The steps of the search", Desc: inAll(told), X: chart.Linear(float64(first), float64(len(c.Trials)+1), 6, whole), Y: chart.Log(low, high, 6, report.Trimmed),
		Lines: []chart.Line{line}, Marks: marks,
	})
}

// byLoad draws what each trial measured for a limit by its load. It reports whether there was anything to draw.
func (p *page) byLoad(c *capacity.Report, limit report.Limit) bool {
	var trials []*capacity.Outcome
	bound := 0.0
	for i := max(len(c.Trials)-maxMarks, 0); i < len(c.Trials); i++ {
		o := &c.Trials[i]
		if limit.At < len(o.Judged) && o.Judged[limit.At].Value > 0 {
			if most, ok := o.Judged[limit.At].Limit(); ok {
				trials, bound = append(trials, o), float64(most)
			}
		}
	}
	if len(trials) == 0 {
		return false
	}
	nanosOf := func(o *capacity.Outcome) float64 { return o.Judged[limit.At].Value * 1e6 }
	slices.SortStableFunc(trials, func(a, b *capacity.Outcome) int {
		return cmp.Or(cmp.Compare(a.Load, b.Load), cmp.Compare(nanosOf(a), nanosOf(b)))
	})
	line := chart.Line{Colour: chart.Grey}
	low, high := bound, bound
	var marks []chart.Mark
	var told []string
	for _, o := range trials {
		y := nanosOf(o)
		line.X, line.Y = append(line.X, o.Load), append(line.Y, y)
		low, high = min(low, y), max(high, y)
		told = append(told, fmt.Sprintf("%s at %s: %s", nanos(y), report.Load(c.Claim, o.Load), o.Status))
		marks = append(marks, mark(o, o.Load, y, told[len(told)-1]))
	}
	x := chart.Linear(0, 1.02*trials[len(trials)-1].Load, 6, report.Trimmed)
	x.From = -0.1 * x.To // room for the labels of the response times
	p.figure(limit.Name, "response time by "+unitOf(c), chart.Plot{
		Title: limit.Name + " by load", Desc: fmt.Sprintf("The limit is %s. %s", nanos(bound), inAll(told)), X: x,
		Y: chart.Log(low, high, 6, nanos), Lines: []chart.Line{line}, Marks: marks, Rules: []chart.Rule{{At: bound, Label: "limit " + nanos(bound), Colour: chart.Red}},
	})
	return true
}

// figure is a plot with its caption.
func (p *page) figure(title, of string, plot chart.Plot) {
	p.open("figure")
	p.open("figcaption")
	p.element("strong", title)
	p.text(of)
	p.shut("figcaption")
	plot.Height = 230
	p.svg(plot.SVG())
	p.shut("figure")
}

// unitOf is what the loads of a search count.
func unitOf(c *capacity.Report) string {
	if c.Users {
		return "users"
	}
	return "tasks each second"
}

// inAll joins the sentences of a description about trials.
func inAll(told []string) string {
	text := strings.Join(told[max(len(told)-maxTold, 0):], "; ")
	if more := len(told) - maxTold; more > 0 {
		return fmt.Sprintf("%s; and %d before.", text, more)
	}
	return text + "."
}

// whole is the label of a whole number; others have none.
func whole(v float64) string {
	if v != math.Trunc(v) || v < 1 {
		return ""
	}
	return report.Thousands(int64(v))
}

// howSearched tells where and how a search was made.
func (p *page) howSearched() {
	if p.searched == nil {
		return
	}
	p.facts("The search for the highest load", p.searched.Method)
	if p.onlySearched() {
		p.note("This page was made of a search for the highest load alone: response times by percentile, the course of a run and the errors are in the result of plimsoll run, which was not given.")
	}
	absent := slices.DeleteFunc(slices.Clone(p.searched.Absent), func(line string) bool { return p.run != nil && slices.Contains(p.run.Absent, line) })
	if len(absent) > 0 {
		p.element("h3", "Not read during the search")
		p.list(absent)
	}
}
