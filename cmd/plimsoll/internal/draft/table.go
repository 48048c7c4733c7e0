package draft

import (
	"fmt"
	"strings"
	"text/tabwriter"
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

// Table is the table of what was written as what, for a terminal.
func (d *Draft) Table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	tried := ""
	for _, row := range d.Rows {
		if row.Tried != "" {
			tried = "\tTried"
		}
	}
	fmt.Fprintf(w, "  Operation\tWritten as%s\n", tried)
	for _, row := range d.Rows {
		name := OneLine(row.Operation)
		if method, path, ok := strings.Cut(name, " "); ok {
			name = fmt.Sprintf("%-6s %s", method, path)
		}
		fmt.Fprintf(w, "  %s\t%s", name, OneLine(row.As))
		if tried != "" {
			fmt.Fprintf(w, "\t%s", OneLine(row.Tried))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // into a strings.Builder
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
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
