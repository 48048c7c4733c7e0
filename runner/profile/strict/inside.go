package strict

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// Inside is the place of a line and a column of the text that a node holds, both from 1. It is that of the node
// if the file writes the text otherwise, as with escapes or in folded lines.
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

// after is what stands from a column of a line on.
func after(line string, column int) string {
	characters := []rune(line)
	return string(characters[min(max(column-1, 0), len(characters)):])
}

// ProblemAt notes that something is wrong at a place, which was read before.
func (r *Reader) ProblemAt(p Place, format string, args ...any) {
	path := r.path
	r.path = []string{p.Key}
	r.at(p.Line, p.Column, format, args...)
	r.path = path
}
