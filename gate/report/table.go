package report

import (
	"strings"
)

// table is a table of markdown, whose cells are markup already.
type table struct {
	header  []string
	columns string // a letter for each: l for text on the left, r for numbers on the right
	rows    [][]string
	bytes   int // of the rows, without padding
}

// padded is the most rows of a table that is padded, so that it can be read raw, and padding
// the most that may be added to a table's bytes by that, as a share of them.
const (
	padded  = 20
	padding = 0.6
)

// fill adds up to n rows and stops before the budget in bytes is passed; it reports whether all
// of them were added. No row beyond the budget is made.
func (t *table) fill(n, budget int, row func(int) []string) (whole bool) {
	for i := range n {
		cells := row(i)
		size := len("|\n")
		for _, cell := range cells {
			size += len(cell) + len("|  ")
		}
		if t.bytes+size > budget {
			return false
		}
		t.bytes += size
		t.rows = append(t.rows, cells)
	}
	return true
}

// write writes the table: a short one padded, a long one as it is.
func (t *table) write(b *strings.Builder) {
	if len(t.rows) <= padded {
		var text strings.Builder
		// A Builder takes everything, and the rows are as wide as the header.
		if err := (grid{columns: t.columns, header: t.header, rows: t.rows}).markdown(&text); err == nil && float64(text.Len()) <= (1+padding)*float64(t.bytes)+512 {
			b.WriteString(text.String())
			return
		}
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(t.header)
	rule := make([]string, len(t.header))
	for i, letter := range t.columns {
		rule[i] = map[rune]string{'l': ":--", 'r': "--:"}[letter]
	}
	line(rule)
	for _, cells := range t.rows {
		line(cells)
	}
}
