// Package chart draws figures as SVG, for pages without scripts.
//
// A drawing is a value, such as a Plot or a Heat. Its SVG method returns one element as text, ready to put into an HTML
// page. The element fills the width of its container. Only the plotted area inside stretches: text keeps its size and lines
// their width.
//
// Colours, sizes and fonts are attributes, so a drawing looks the same where a viewer blocks style sheets. The colours are
// visible on white and on black; Style refines them for dark pages. Text has the colour of the page's text. Every drawing
// has a title and a description for screen readers, and lines differ in their dashes too.
//
// Drawing is a pure function: equal values give equal bytes. NaN is a gap. The package escapes all texts and bounds the
// size of a drawing: a line by its points, and a Heat by MostColumns.
package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// SVG is one element of SVG, escaped and whole.
type SVG string

// mostPoints bounds the points of a line. A longer line is split into parts, and keeps the lowest and highest of each.
const mostPoints = 600

// Colour is one of a few colours that are distinct on light and on dark pages.
type Colour uint8

// The colours.
const (
	Blue Colour = iota
	Orange
	Green
	Red
	Purple
	Grey
)

// tones have a contrast of at least 3 to 1 against both white and black. The second is for dark pages with a style sheet.
var tones = [...]struct{ usual, dark string }{
	Blue:   {"#2f7ad6", "#6cb0ff"},
	Orange: {"#cf6a0a", "#ffa94d"},
	Green:  {"#23915a", "#5fd396"},
	Red:    {"#d64545", "#ff8585"},
	Purple: {"#8a63d2", "#b99bff"},
	Grey:   {"#78828f", "#a3adba"},
}

// Style holds rules for a page's style sheet: brighter tones on dark pages. Drawings work without them.
func Style() string {
	var b strings.Builder
	b.WriteString("@media screen and (prefers-color-scheme:dark){")
	for i, t := range tones {
		fmt.Fprintf(&b, ".s%d{stroke:%s}.f%d{fill:%s}", i, t.dark, i, t.dark)
	}
	b.WriteString("}")
	return b.String()
}

// stroke and fill are the attributes that colour an element.
func (c Colour) stroke() string { return fmt.Sprintf(`class="s%d" stroke="%s"`, c, tones[c].usual) }
func (c Colour) fill() string   { return fmt.Sprintf(`class="f%d" fill="%s"`, c, tones[c].usual) }

// The plotted area has this many units on either axis, whatever its size on the page.
const units = 10_000

// drawing is an SVG that grows.
type drawing struct{ strings.Builder }

// begin opens the element. Without a title it is hidden from screen readers: the text beside it says the same.
func (d *drawing) begin(title, desc, width string, height int) {
	fmt.Fprintf(d, `<svg width="%s" height="%d" font-family="system-ui,sans-serif" font-size="12" fill="currentColor"`, width, height)
	if title == "" {
		d.WriteString(` aria-hidden="true">`)
		return
	}
	fmt.Fprintf(d, ` role="img"><title>%s</title>`, html.EscapeString(title))
	if desc != "" {
		fmt.Fprintf(d, `<desc>%s</desc>`, html.EscapeString(desc))
	}
}

// area opens the plotted area.
func (d *drawing) area(top, height int) {
	fmt.Fprintf(d, `<svg y="%d" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none">`, top, height, units, units)
}

// anchors of texts.
const (
	atStart  = "start"
	atMiddle = "middle"
	atEnd    = "end"
)

// text writes a text at a place: x from 0 to 1, y in pixels. A halo in the colour of the page keeps it readable on lines.
func (d *drawing) text(x float64, y int, anchor, text string) {
	fmt.Fprintf(d, `<text x="%s%%" y="%d" text-anchor="%s" stroke="Canvas" stroke-width="3" stroke-linejoin="round" paint-order="stroke">%s</text>`,
		decimal(100*x), y, anchor, html.EscapeString(text))
}

func (d *drawing) end() SVG {
	d.WriteString("</svg>")
	return SVG(d.String())
}

// decimal is a number with at most two decimals.
func decimal(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// path is the data of a path, in relative steps, which are short.
type path struct {
	b      []byte
	x, y   int
	in     bool // within a line
	repeat bool // the last command was a step
}

// to goes on to a point, or begins there.
func (p *path) to(x, y int) {
	switch {
	case !p.in:
		p.b = append(p.b, 'M')
		p.number(x, false)
		p.number(y, true)
		p.in, p.repeat = true, false
	case x == p.x && y == p.y:
		return
	case !p.repeat:
		p.b = append(p.b, 'l')
		p.number(x-p.x, false)
		p.number(y-p.y, true)
		p.repeat = true
	default:
		p.number(x-p.x, true)
		p.number(y-p.y, true)
	}
	p.x, p.y = x, y
}

// number adds a number; after another one it is set apart.
func (p *path) number(n int, apart bool) {
	if apart && n >= 0 {
		p.b = append(p.b, ' ')
	}
	p.b = strconv.AppendInt(p.b, int64(n), 10)
}

// lift ends a line: the next point begins another.
func (p *path) lift() { p.in = false }

// box adds a rectangle.
func (p *path) box(x, y, width, height int) {
	p.b = fmt.Appendf(p.b, "M%d %dh%dv%dh%dz", x, y, width, height, -width)
	p.in = false
}

// close joins the end with the beginning.
func (p *path) close() {
	p.b = append(p.b, 'z')
	p.in = false
}

// bar adds a line across the area.
func (p *path) across(y int) { p.b = fmt.Appendf(p.b, "M0 %dh%d", y, units); p.in = false }
func (p *path) down(x int)   { p.b = fmt.Appendf(p.b, "M%d 0v%d", x, units); p.in = false }
