package draft

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Written is how many of the rows are sent.
func (d *Draft) Written() (count int) {
	for _, row := range d.Rows {
		if !row.Off {
			count++
		}
	}
	return count
}

// A table is at most as wide as it is asked to be, unless that makes a column narrower than minColumn.
const (
	minColumn = 18
	between   = 2 // spaces between columns, and in front of a table and of what is wrapped
)

// Table is the table of what was written as what, for a terminal of so many columns.
func (d *Draft) Table(width int) string {
	tried := slices.ContainsFunc(d.Rows, func(row *Row) bool { return row.Tried != "" })
	cells := [][]string{{"Operation", "Written as", "Tried"}}
	for _, row := range d.Rows {
		name := OneLine(row.Operation)
		if method, path, ok := strings.Cut(name, " "); ok {
			name = fmt.Sprintf("%-6s %s", method, path)
		}
		cells = append(cells, []string{name, OneLine(row.As), OneLine(row.Tried)})
	}
	if !tried {
		for i := range cells {
			cells[i] = cells[i][:2]
		}
	}
	return table(cells, width)
}

// table writes cells in columns. Texts are wrapped where the table would be too wide.
func table(cells [][]string, width int) string {
	widths := make([]int, len(cells[0]))
	total := 0
	for i := range widths {
		for _, row := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		total += between + widths[i]
	}
	for ; total > width; total-- {
		widest := slices.Index(widths, slices.Max(widths))
		if widths[widest] <= minColumn {
			break
		}
		widths[widest]--
	}
	var b strings.Builder
	for _, row := range cells {
		var lines []string
		for i, cell := range row {
			for j, part := range wrapped(cell, widths[i]) {
				if j == len(lines) {
					lines = append(lines, "")
				}
				begin := between
				for _, before := range widths[:i] {
					begin += before + between
				}
				lines[j] += strings.Repeat(" ", begin-utf8.RuneCountInString(lines[j])) + part
			}
		}
		for _, line := range lines {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.String()
}

// wrapped are the lines of a text that are at most so wide. It is cut between words, or behind a / or a dot of a long
// one. All lines but the first are indented.
func wrapped(text string, width int) (lines []string) {
	rest := []rune(text)
	indent := ""
	for len(rest)+len(indent) > width {
		room := width - len(indent)
		cut := room
		for i := room; i > room/3; i-- {
			if rest[i] == ' ' || i < room && (rest[i-1] == '/' || rest[i-1] == '.') && rest[i] != ' ' && !slices.Contains(rest[room/3:room+1], ' ') {
				cut = i
				break
			}
		}
		lines = append(lines, indent+strings.TrimRight(string(rest[:cut]), " "))
		rest = []rune(strings.TrimLeft(string(rest[cut:]), " "))
		indent = strings.Repeat(" ", between)
	}
	return append(lines, indent+string(rest))
}

// String is the note as compilers write theirs: file:line:column: text.
func (n Note) String() string {
	place := n.File
	if n.Line > 0 {
		place += fmt.Sprintf(":%d", n.Line)
	}
	if n.Column > 0 {
		place += fmt.Sprintf(":%d", n.Column)
	}
	if place == "" {
		return OneLine(n.Text)
	}
	return place + ": " + OneLine(n.Text)
}
