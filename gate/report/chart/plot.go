package chart

import (
	"fmt"
	"html"
	"math"
	"unicode/utf8"
)

// Plot is lines over two axes.
type Plot struct {
	Title string // what is drawn
	Desc  string // what can be seen, in a sentence
	// Height is the height of the plotted area, in pixels.
	Height int
	X, Y   Axis
	Lines  []Line
	Marks  []Mark
	Shades []Shade
	Rules  []Rule
	// Bare leaves out the labels of the x axis: a drawing below has them.
	Bare bool
}

// Line is one line, and the band around it. X grows. A NaN of Y is a gap.
type Line struct {
	X, Y      []float64
	Low, High []float64 // edges of the band, for each X; nil for none
	Colour    Colour
	Dashed    bool
	Dots      bool // a dot at each point
	Filled    bool // down to the x axis
}

// Mark is a point with a label of its own.
type Mark struct {
	X, Y   float64
	Colour Colour
	Shape  Shape
	Label  string
}

// Shape is the form of a Mark: marks differ without their colours too.
type Shape uint8

// The shapes.
const (
	Dot Shape = iota
	Cross
	Ring
)

// Shade marks a span of the x axis.
type Shade struct {
	From, To float64
	Label    string
}

// Rule is a line across the area at a value of the y axis.
type Rule struct {
	At     float64
	Label  string
	Colour Colour
}

// Room around the plotted area, in pixels.
const (
	above = 16 // for the label of the highest tick
	below = 18 // for the labels of the x axis
	flush = 4
)

// begin opens the element and its plotted area.
func (p Plot) begin(d *drawing) {
	bottom := below
	if p.Bare {
		bottom = flush
	}
	d.begin(p.Title, p.Desc, "100%", above+p.Height+bottom)
	d.area(above, p.Height)
}

// SVG draws the plot.
func (p Plot) SVG() SVG {
	var d drawing
	p.begin(&d)
	for _, s := range p.Shades {
		var b path
		from := p.X.place(s.From)
		b.box(from, 0, p.X.place(s.To)-from, units)
		fmt.Fprintf(&d, `<path d="%s" fill="currentColor" fill-opacity=".07"/>`, b.b)
	}
	p.grid(&d)
	for _, l := range p.Lines {
		p.band(&d, l)
	}
	for _, r := range p.Rules {
		var b path
		b.across(units - p.Y.place(r.At))
		fmt.Fprintf(&d, `<path d="%s" fill="none" %s stroke-width="1.5" stroke-dasharray="2 3" vector-effect="non-scaling-stroke"/>`, b.b, r.Colour.stroke())
	}
	for _, l := range p.Lines {
		p.line(&d, l)
	}
	d.WriteString("</svg>")
	p.dots(&d)
	p.labels(&d)
	return d.end()
}

// grid draws a thin line at each tick.
func (p Plot) grid(d *drawing) {
	var b path
	for _, t := range p.Y.Ticks {
		b.across(units - p.Y.place(t.At))
	}
	for _, t := range p.X.Ticks {
		b.down(p.X.place(t.At))
	}
	if len(b.b) > 0 {
		fmt.Fprintf(d, `<path d="%s" fill="none" stroke="currentColor" stroke-opacity=".16" vector-effect="non-scaling-stroke"/>`, b.b)
	}
}

// band draws the area between the edges of a line, or below it.
func (p Plot) band(d *drawing, l Line) {
	low, high := l.Low, l.High
	if l.Filled && low == nil {
		l.X, high = thin(l.X, l.Y, mostPoints)
		low = make([]float64, len(high))
		for i := range low {
			low[i] = p.Y.From
		}
	}
	if low == nil {
		return
	}
	var b path
	for from := 0; from < len(l.X); from++ {
		to := from
		for to < len(l.X) && !math.IsNaN(low[to]) && !math.IsNaN(high[to]) {
			to++
		}
		if to == from {
			continue
		}
		for i := from; i < to; i++ {
			b.to(p.X.place(l.X[i]), units-p.Y.place(high[i]))
		}
		for i := to - 1; i >= from; i-- {
			b.to(p.X.place(l.X[i]), units-p.Y.place(low[i]))
		}
		b.close()
		from = to
	}
	if len(b.b) > 0 {
		fmt.Fprintf(d, `<path d="%s" %s fill-opacity=".2"/>`, b.b, l.Colour.fill())
	}
}

func (p Plot) line(d *drawing, l Line) {
	x, y := thin(l.X, l.Y, mostPoints)
	var b path
	for i := range x {
		if math.IsNaN(y[i]) {
			b.lift()
			continue
		}
		b.to(p.X.place(x[i]), units-p.Y.place(y[i]))
		alone := (i == 0 || math.IsNaN(y[i-1])) && (i+1 == len(y) || math.IsNaN(y[i+1]))
		if alone { // a point by itself is a short line
			b.to(min(b.x+units/400, units), b.y)
		}
	}
	if len(b.b) == 0 {
		return
	}
	dash := ""
	if l.Dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(d, `<path d="%s" fill="none" %s stroke-width="1.8" stroke-linejoin="round"%s vector-effect="non-scaling-stroke"/>`, b.b, l.Colour.stroke(), dash)
}

// dots draws the points of lines with Dots, and the first mostPoints marks. It draws them outside of the stretched area, so they stay
// round.
func (p Plot) dots(d *drawing) {
	place := func(x, y float64) (string, string) {
		return decimal(100*p.X.at(x)) + "%", decimal(above + float64(p.Height)*(1-p.Y.at(y)))
	}
	for _, l := range p.Lines {
		if l.Dots {
			for i := range l.X[:min(len(l.X), mostPoints)] {
				if x, y := place(l.X[i], l.Y[i]); !math.IsNaN(l.Y[i]) {
					fmt.Fprintf(d, `<circle cx="%s" cy="%s" r="3" %s/>`, x, y, l.Colour.fill())
				}
			}
		}
	}
	for _, m := range p.Marks[:min(len(p.Marks), mostPoints)] {
		if x, y := place(m.X, m.Y); !math.IsNaN(m.Y) {
			fmt.Fprintf(d, `<svg x="%s" y="%s" overflow="visible">`, x, y)
			if m.Label != "" {
				fmt.Fprintf(d, "<title>%s</title>", html.EscapeString(m.Label))
			}
			d.WriteString(m.Shape.drawn(m.Colour) + "</svg>")
		}
	}
}

// drawn is a shape around the point 0, 0.
func (s Shape) drawn(c Colour) string {
	switch s {
	case Cross:
		return fmt.Sprintf(`<path d="M-4-4L4 4M-4 4L4-4" fill="none" %s stroke-width="2.5"/>`, c.stroke())
	case Ring:
		return fmt.Sprintf(`<circle r="4" fill="Canvas" %s stroke-width="2"/>`, c.stroke())
	default:
		return fmt.Sprintf(`<circle r="4.5" %s/>`, c.fill())
	}
}

// The least space between labels, in pixels, and the narrowest drawing in which the x axis still has it.
const (
	lineHeight = 15
	letter     = 6.6
	narrowest  = 325
)

// labels writes the labels of axes, rules and shades where there is room.
func (p Plot) labels(d *drawing) {
	last := math.MaxInt
	for _, t := range p.Y.Ticks {
		y := above + p.Height - int(math.Round(float64(p.Height)*p.Y.at(t.At)))
		if t.Label == "" || last-y < lineHeight {
			continue
		}
		d.text(0, y-3, atStart, t.Label)
		last = y
	}
	for _, s := range p.Shades {
		if s.Label != "" {
			middle := (p.X.at(s.From) + p.X.at(s.To)) / 2
			d.text(middle, above+12, anchorOf(middle, wide(s.Label)), s.Label)
		}
	}
	for _, r := range p.Rules {
		if r.Label != "" {
			d.text(1, above+p.Height-int(math.Round(float64(p.Height)*p.Y.at(r.At)))-3, atEnd, r.Label)
		}
	}
	if p.Bare {
		return
	}
	end := -math.MaxFloat64
	for _, t := range p.X.Ticks {
		if t.Label == "" {
			continue
		}
		at, width := p.X.at(t.At), wide(t.Label)
		anchor := anchorOf(at, width)
		from := narrowest*at - map[string]float64{atStart: 0, atMiddle: width / 2, atEnd: width}[anchor]
		if from < end+letter {
			continue
		}
		d.text(at, above+p.Height+13, anchor, t.Label)
		end = from + width
	}
}

// anchorOf keeps a label near an edge within the drawing, however narrow that is.
func anchorOf(at, wide float64) string {
	switch {
	case at*narrowest < wide/2:
		return atStart
	case (1-at)*narrowest < wide/2:
		return atEnd
	default:
		return atMiddle
	}
}

// wide estimates the width of a label.
func wide(label string) float64 { return letter * float64(utf8.RuneCountInString(label)) }

// thin reduces a line to at most most points: it splits the line into parts and keeps the lowest and the highest point of
// each, in their order. A part without points stays a gap.
func thin(x, y []float64, most int) (thinX, thinY []float64) {
	if len(x) <= most {
		return x, y
	}
	stretches := most / 2
	for s := range stretches {
		from, to := s*len(x)/stretches, (s+1)*len(x)/stretches
		low, high := -1, -1
		for i := from; i < to; i++ {
			switch {
			case math.IsNaN(y[i]):
			case low < 0:
				low, high = i, i
			case y[i] < y[low]:
				low = i
			case y[i] > y[high]:
				high = i
			}
		}
		switch {
		case low < 0:
			thinX, thinY = append(thinX, x[from]), append(thinY, math.NaN())
		case low == high:
			thinX, thinY = append(thinX, x[low]), append(thinY, y[low])
		default:
			first, second := min(low, high), max(low, high)
			thinX, thinY = append(thinX, x[first], x[second]), append(thinY, y[first], y[second])
		}
	}
	return thinX, thinY
}
