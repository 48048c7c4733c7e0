package chart

import (
	"fmt"
	"math"
)

// The most columns and rows of a drawn Heat. Neighbouring columns are joined until they are few enough.
const (
	MostColumns = 100
	Rows        = 28
)

// Heat shows the distribution of values over time: a column for each interval of time, a row for each range of values,
// darker where there are more values.
type Heat struct {
	Title, Desc string
	Height      int
	X, Y        Axis
	Columns     []Column
	Bare        bool
}

// Column counts the values of one interval of time in Rows equal parts of the y axis, from the lowest to the highest.
type Column struct {
	From, To float64
	Counts   [Rows]int64
}

// Row is the row of a value on an axis.
func Row(a Axis, v float64) int { return min(int(a.at(v)*Rows), Rows-1) }

// levels of darkness.
const levels = 6

// SVG draws the map. The darkness of a cell shows its share of the fullest cell of its column. Even a single value gets the
// lightest tone, so the tail stays visible.
func (h Heat) SVG() SVG {
	columns := joined(h.Columns)
	cells := make([][Rows]int, len(columns)) // levels, 0 for none
	for i := range columns {
		most := int64(0)
		for _, n := range columns[i].Counts {
			most = max(most, n)
		}
		for row, n := range columns[i].Counts {
			if n > 0 {
				cells[i][row] = max(1, int(math.Ceil(levels*float64(n)/float64(most))))
			}
		}
	}
	plot := Plot{Title: h.Title, Desc: h.Desc, Height: h.Height, X: h.X, Y: h.Y, Bare: h.Bare}
	var d drawing
	plot.begin(&d)
	for level := 1; level <= levels; level++ {
		h.level(&d, columns, cells, level)
	}
	plot.grid(&d)
	d.WriteString("</svg>")
	plot.labels(&d)
	return d.end()
}

// level draws the cells of one level as one path. Neighbours in a row are one box.
func (h Heat) level(d *drawing, columns []Column, cells [][Rows]int, level int) {
	var b path
	for row := range Rows {
		top, bottom := units-(row+1)*units/Rows, units-row*units/Rows
		for from := 0; from < len(columns); from++ {
			to := from
			for to < len(columns) && cells[to][row] == level && (to == from || columns[to].From <= columns[to-1].To*(1+1e-9)) {
				to++
			}
			if to == from {
				continue
			}
			x := h.X.place(columns[from].From)
			b.box(x, top, max(h.X.place(columns[to-1].To)-x, units/400), bottom-top)
			from = to - 1
		}
	}
	if len(b.b) > 0 {
		fmt.Fprintf(d, `<path d="%s" %s fill-opacity="%s" shape-rendering="crispEdges"/>`, b.b, Blue.fill(), decimal(0.12+0.88*float64(level-1)/(levels-1)))
	}
}

// joined is at most MostColumns columns.
func joined(columns []Column) []Column {
	n := min(len(columns), MostColumns)
	all := make([]Column, 0, n)
	for i := range n {
		some := columns[i*len(columns)/n : (i+1)*len(columns)/n]
		one := Column{From: some[0].From, To: some[len(some)-1].To}
		for _, c := range some {
			for row, count := range c.Counts {
				one.Counts[row] += count
			}
		}
		all = append(all, one)
	}
	return all
}
