package chart

import (
	"fmt"
	"math"
)

// Key draws a sample of a line, for the legend.
func Key(c Colour, dashed bool) SVG {
	var d drawing
	d.begin("", "", "22", 10)
	dash := ""
	if dashed {
		dash = ` stroke-dasharray="6 4"`
	}
	fmt.Fprintf(&d, `<path d="M1 5h20" fill="none" %s stroke-width="2.5"%s/>`, c.stroke(), dash)
	return d.end()
}

// MarkKey draws a sample of a Mark, for the legend.
func MarkKey(c Colour, s Shape) SVG {
	var d drawing
	d.begin("", "", "12", 10)
	d.WriteString(`<svg x="5" y="5" overflow="visible">` + s.drawn(c) + "</svg>")
	return d.end()
}

// Span is a change with its interval and its limit, drawn small for a row of a table.
type Span struct {
	Change, Low, High float64 // relative; equal for a change without an interval
	Limit             float64 // positive where a rise is bad, negative where a fall is
	Colour            Colour
}

// The size of a Span, and its reach to either side of no change, in limits.
const (
	spanWidth  = 104
	spanHeight = 16
	spanReach  = 2.5
)

// SVG draws the span: a dashed line for the limit, a solid one for no change. An arrow marks an interval that reaches beyond
// the drawing.
func (s Span) SVG() SVG {
	var d drawing
	d.begin("", "", fmt.Sprint(spanWidth), spanHeight)
	reach := spanReach * math.Abs(s.Limit)
	if !(reach > 0) {
		reach = max(math.Abs(s.Low), math.Abs(s.High), math.Abs(s.Change), 0.01)
	}
	const middle, half = spanWidth / 2, spanWidth/2 - 5
	x := func(v float64) float64 { return middle + half*min(max(v/reach, -1), 1) }
	fmt.Fprintf(&d, `<path d="M%d 1v14" stroke="currentColor" stroke-opacity=".5"/>`, middle)
	if s.Limit != 0 {
		fmt.Fprintf(&d, `<path d="M%s 1v14" stroke="currentColor" stroke-opacity=".7" stroke-dasharray="2 2"/>`, decimal(x(s.Limit)))
	}
	fmt.Fprintf(&d, `<path d="M%s 8H%s" %s stroke-width="2"/>`, decimal(x(s.Low)), decimal(x(s.High)), s.Colour.stroke())
	if s.High > reach {
		fmt.Fprintf(&d, `<path d="M%d 4l4 4-4 4" fill="none" %s stroke-width="2"/>`, middle+half-2, s.Colour.stroke())
	}
	if s.Low < -reach {
		fmt.Fprintf(&d, `<path d="M%d 4l-4 4 4 4" fill="none" %s stroke-width="2"/>`, middle-half+2, s.Colour.stroke())
	}
	fmt.Fprintf(&d, `<circle cx="%s" cy="8" r="3.5" %s/>`, decimal(x(s.Change)), s.Colour.fill())
	return d.end()
}
