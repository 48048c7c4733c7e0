package strict

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// Inside is the place in the file of a line and a column, both from 1, of a node's text. If the file writes the
// text differently, with escapes or in folded lines, it is the place of the node.
func (r *Reader) Inside(n *yaml.Node, line, column int) Place {
	at := r.Place(n)
	lines := strings.Split(n.Value, "\n")
	if r.schemas != nil || line < 1 || line > len(lines) {
		return at
	}
	written := func(line int) string { return strings.TrimRight(lineOf(r.data, line), "\r\n") }
	inFile := Place{at.File, at.Line, at.Column + column - 1, at.Key}
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		inFile.Column++
	case yaml.LiteralStyle:
		inFile.Line += line
		inFile.Column = strings.Index(written(inFile.Line), lines[line-1]) + column
	}
	if strings.HasPrefix(after(written(inFile.Line), inFile.Column), after(lines[line-1], column)) {
		return inFile
	}
	return at
}

// after is the rest of a line from a column on.
func after(line string, column int) string {
	characters := []rune(line)
	return string(characters[min(max(column-1, 0), len(characters)):])
}

// ProblemAt notes a problem at a place that was read before.
func (r *Reader) ProblemAt(p Place, format string, args ...any) {
	path := r.path
	r.path = []string{p.Key}
	r.at(p.Line, p.Column, format, args...)
	r.path = path
}
