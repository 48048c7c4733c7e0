package report

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// table is a markdown table. Its cells are markup already.
type table struct {
	header  []string
	columns string // a letter for each: l for text on the left, r for numbers on the right
	rows    [][]string
	bytes   int // of the rows, without padding
}

// A table is padded to be readable as plain text if it has at most maxPaddedRows, and the padding
// adds at most maxPadding of its bytes.
const (
	maxPaddedRows = 20
	maxPadding    = 0.6
)

// fill adds up to n rows, and stops before they take more bytes than the budget. It reports whether
// it added all of them. It makes no row beyond the budget.
func (t *table) fill(n, budget int, row func(int) []string) (whole bool) {
	for i := range n {
		cells := row(i)
		size := len("|\n")
		for _, cell := range cells {
			size += len("|  ") + len(cell)
		}
		if t.bytes+size > budget {
			return false
		}
		t.bytes += size
		t.rows = append(t.rows, cells)
	}
	return true
}

// write writes the table, padded if it is short.
func (t *table) write(b *strings.Builder) {
	widths := t.widths()
	t.line(b, t.header, widths)
	for i, letter := range t.columns {
		rule := strings.Repeat("-", max(widths[i]+1, 2))
		if letter == 'r' {
			b.WriteString("|" + rule + ":")
		} else {
			b.WriteString("|:" + rule)
		}
	}
	b.WriteString("|\n")
	for _, cells := range t.rows {
		t.line(b, cells, widths)
	}
}

// widths are the widths to which the columns are padded; 0 for no padding.
func (t *table) widths() []int {
	widths := make([]int, len(t.header))
	if len(t.rows) > maxPaddedRows {
		return widths
	}
	sum, cells := 0, 0
	for _, row := range append(t.rows[:len(t.rows):len(t.rows)], t.header) {
		for i, cell := range row {
			width := displaywidth.String(cell)
			widths[i], cells = max(widths[i], width), cells+width
		}
	}
	for _, width := range widths {
		sum += width
	}
	if added := sum*(len(t.rows)+1) - cells; float64(added) > maxPadding*float64(t.bytes)+512 {
		return make([]int, len(t.header))
	}
	return widths
}

func (t *table) line(b *strings.Builder, cells []string, widths []int) {
	for i, cell := range cells {
		padding := strings.Repeat(" ", max(widths[i]-displaywidth.String(cell), 0))
		if t.columns[i] == 'r' {
			b.WriteString("| " + padding + cell + " ")
		} else {
			b.WriteString("| " + cell + padding + " ")
		}
	}
	b.WriteString("|\n")
}
